// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal
import OCI

/// What a tombstone of a link keeps: the blob's size and generation, big-endian.
private struct KeptLink {
    var size: UInt64
    var generation: Generation

    init(size: UInt64, generation: Generation) {
        self.size = size
        self.generation = generation
    }

    init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        size = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        generation = Generation(bytes[8...].reduce(0) { $0 << 8 | UInt64($1) })
    }

    var bytes: [UInt8] {
        [size, generation.number].flatMap { number in
            (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
        }
    }
}

extension Applier {
    /// The repository may see a blob, unless something newer ended that.
    func link(
        _ repository: Int64,
        _ digest: Digest,
        size: UInt64,
        _ generation: Generation,
        expires: UInt64
    ) throws(CatalogError) {
        guard try !raiseLink(digest, repository, to: entry.stamp) else {
            return try settleExpiry(of: digest, repository, expires)
        }
        var stamp = entry.stamp
        if let end = try tombstone(.link, repository, digest.key), end.stamp > stamp {
            let namer = try newestNamer(digest, .link, repository)
            stamp = max(stamp, namer ?? stamp)
            guard end.stamp <= stamp else {
                if end.kept == nil {
                    let kept = KeptLink(size: size, generation: generation)
                    try keep(kept.bytes, named: namer != nil, .link, repository, digest.key)
                }
                return
            }
        }
        try insertLink(
            digest,
            repository,
            size: size,
            generation,
            at: stamp,
            expires: expires
        )
    }

    /// The repository no longer sees a blob, unless something newer says it does.
    func unlink(_ repository: Int64, _ digest: Digest) throws(CatalogError) {
        let row = try session.first(
            """
            SELECT links.stamp, content.size, content.generation
            FROM links JOIN content USING (digest) WHERE repository = ?1 AND digest = ?2
            """,
            .integer(repository),
            .digest(digest),
            read: { row in
                (
                    Stamp(sortable: row.blob(0)),
                    KeptLink(
                        size: UInt64(row.integer(1)),
                        generation: Generation(UInt64(row.integer(2)))
                    )
                )
            }
        )
        try bury(.link, repository, digest.key)
        guard let (stamp, kept) = row, let stamp, stamp < entry.stamp else { return }
        let namer = try newestNamer(digest, .link, repository)
        guard namer.map({ $0 < entry.stamp }) ?? true else { return }
        try keep(kept.bytes, named: namer != nil, .link, repository, digest.key)
        try session.run(
            "DELETE FROM links WHERE repository = ?1 AND digest = ?2",
            .integer(repository),
            .digest(digest)
        )
        try endExpiry(of: digest, repository)
        try count(repository, blobs: -1, bytes: -(try unname(digest)))
    }

    /// A manifest of this stamp names a blob.
    func assertLink(
        _ digest: Digest,
        _ repository: Int64,
        at stamp: Stamp,
        _ holder: Holder
    ) throws(CatalogError) {
        switch holder {
        case .nobody:
            if try raiseLink(digest, repository, to: stamp) { return }
        case .namer:
            let isLive = try session.first(
                "SELECT 1 FROM links WHERE repository = ?1 AND digest = ?2",
                .integer(repository),
                .digest(digest),
                read: { _ in true }
            )
            if isLive != nil { return }
        }
        guard let end = try tombstone(.link, repository, digest.key), let bytes = end.kept
        else { return }
        guard let kept = KeptLink(bytes) else { throw unreadable(digest) }
        if end.stamp <= stamp {
            try insertLink(digest, repository, size: kept.size, kept.generation, at: stamp)
        } else if holder == .namer {
            try markNamed(.link, repository, digest)
        }
    }

    private func insertLink(
        _ digest: Digest,
        _ repository: Int64,
        size: UInt64,
        _ generation: Generation,
        at stamp: Stamp,
        expires: UInt64 = 0
    ) throws(CatalogError) {
        try exhume(.link, repository, digest.key)
        try session.run(
            "INSERT INTO links (repository, digest, stamp) VALUES (?1, ?2, ?3)",
            .integer(repository),
            .digest(digest),
            .stamp(stamp)
        )
        try count(repository, blobs: 1, bytes: try name(digest, size: size, generation))
        try settleExpiry(of: digest, repository, expires)
    }

    /// Makes a link at least this new; false when there is none.
    func raiseLink(
        _ digest: Digest,
        _ repository: Int64,
        to stamp: Stamp
    ) throws(CatalogError) -> Bool {
        try session.run(
            "UPDATE links SET stamp = max(stamp, ?1) WHERE repository = ?2 AND digest = ?3",
            .stamp(stamp),
            .integer(repository),
            .digest(digest)
        ) > 0
    }
}
