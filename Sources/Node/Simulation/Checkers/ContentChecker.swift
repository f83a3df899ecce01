// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import Journal
import OCI

/// I2, with a god's view: whatever the catalog names lies on the platter, whole, and hashes to its name.
struct ContentChecker {
    let content: Content
    let findings: Findings
    let disk: SimulatedDisk
    /// The data directory's path on the disk.
    let directory: String
    /// What is damaged, and so cannot be there.
    let rot: Rot

    /// Checks every digest there could be, and everything each manifest names.
    func check(_ view: CatalogView) throws(CatalogError) {
        let durable = DiskView(disk, .durable)
        let digests = content.blobs.map(\.digest) + content.manifests.map(\.digest)
        for digest in digests {
            guard let row = try view.content(digest) else { continue }
            check(digest, row.generation, size: row.size, durable)
        }
        for name in content.repositories {
            guard let repository = try view.repository(name) else { continue }
            for blob in content.blobs where try view.link(repository.number, blob.digest) != nil {
                try requireContent(blob.digest, "\(name) has a link", view)
            }
            for manifest in content.manifests {
                let isLive = try view.manifest(repository.number, manifest.digest) != nil
                let isTrashed = try view.trashed(repository.number, manifest.digest) != nil
                guard isLive || isTrashed else { continue }
                for digest in [manifest.digest] + manifest.blobs {
                    let what = "\(name) has \(isLive ? "" : "in its trash ")\(manifest.digest)"
                    try requireContent(digest, what, view)
                }
                if isLive { try checkNamed(by: manifest, name, repository.number, view) }
            }
        }
    }

    /// What is named, also by the trash, is content that the catalog counts on.
    private func requireContent(
        _ digest: Digest,
        _ what: String,
        _ view: CatalogView
    ) throws(CatalogError) {
        let isCounted = try view.content(digest) != nil
        findings.require(
            isCounted,
            .noDangling,
            "\(what), and the catalog counts on no copy of \(digest)"
        )
    }

    /// Checks one copy, wherever the layout of the blob directory says it is.
    func check(
        _ digest: Digest,
        _ generation: Generation,
        size: UInt64?,
        _ durable: DiskView
    ) {
        let path = ContentChecker.path(directory, digest, generation)
        guard let bytes = durable.bytes(at: path) else {
            // Found damaged and set aside.
            guard !rot.isKnown(digest, at: path) else { return }
            return findings.report(
                Violation(
                    .noDangling,
                    "\(digest) is named, and the platter has no \(path), of which programs see "
                        + "\(DiskView(disk, .current).bytes(at: path)?.count ?? 0) bytes"
                )
            )
        }
        let isWhole =
            Digest.of(bytes, digest.algorithm) == digest
            && size ?? UInt64(bytes.count)
                == UInt64(bytes.count)
        if isWhole, durable.isReadable(path) { rot.isWhole(digest) }
        findings.require(
            isWhole || rot.isSuspect(digest),
            .noDangling,
            "\(digest) is named, and the platter has \(bytes.count) other bytes"
        )
    }

    /// Reports each copy of a generation at least two epochs old that the catalog does not count on.
    func requireSwept(_ view: CatalogView) throws(CatalogError) {
        let epoch = try view.epoch()
        for path in DiskView(disk, .current).paths() where path.hasPrefix("\(directory)/blobs/") {
            let parts = path.split(separator: "/")
            guard parts.count == 6, let generation = UInt64(parts[2]),
                generation + 2 <= epoch.number,
                let digest = Digest("\(parts[3]):\(parts[5])")
            else { continue }
            let row = try view.content(digest)
            findings.require(
                row?.generation.number == generation,
                .safeSweep,
                "at epoch \(epoch.number) nothing counts on \(path), and it is still there"
            )
        }
    }

    /// Where a blob lies (docs/formats/blob-directory.md), spelled out once more on purpose.
    static func path(
        _ directory: String,
        _ digest: Digest,
        _ generation: Generation
    ) -> String {
        let number = String(generation.number)
        let zeros = String(repeating: "0", count: 20 - number.utf8.count)
        let hex = digest.hex
        return "\(directory)/blobs/\(zeros)\(number)/\(digest.algorithm.name)/"
            + "\(hex.prefix(2))/\(hex)"
    }

    private func checkNamed(
        by manifest: Content.Manifest,
        _ name: RepositoryName,
        _ repository: Int64,
        _ view: CatalogView
    ) throws(CatalogError) {
        for digest in manifest.blobs where try view.link(repository, digest) == nil {
            findings.report(
                Violation(.noDangling, "\(name) has \(manifest.digest) without its blob \(digest)")
            )
        }
        for child in manifest.children where try view.manifest(repository, child) == nil {
            findings.report(
                Violation(.noDangling, "\(name) has \(manifest.digest) without its child \(child)")
            )
        }
    }
}
