// SPDX-License-Identifier: Apache-2.0

import SQLite
public import Journal
public import OCI

/// What lost its last name, in the order in which it did.
public struct Unnamed: Hashable, Sendable {
    /// A place in that order.
    public struct Place: Hashable, Sendable {
        /// The epoch when it happened.
        public var epoch: UInt64
        /// The region journal's position that did it.
        public var position: UInt64
        /// Which of the digests of that position.
        public var digest: Digest?

        /// Names a place.
        public init(epoch: UInt64, position: UInt64, digest: Digest?) {
            self.epoch = epoch
            self.position = position
            self.digest = digest
        }

        /// Before everything.
        public static let start = Place(epoch: 0, position: 0, digest: nil)
    }

    /// What.
    public var digest: Digest
    /// The generation its copies had.
    public var generation: Generation
    /// Its length in bytes.
    public var size: UInt64
    /// When.
    public var place: Place
}

extension CatalogView {
    /// Epochs for which it is known what lost its last name.
    public static var epochsNoted: UInt64 { Applier.epochsNoted }

    /// Up to `limit` copies that lost their last name behind a place, in order.
    public func unnamed(
        after place: Unnamed.Place,
        limit: Int
    ) throws(CatalogError) -> [Unnamed] {
        try session.all(
            """
            SELECT digest, generation, size, epoch, position FROM unnamed INDEXED BY unnamed_since
            WHERE (epoch, position, digest) > (?1, ?2, ?3)
            ORDER BY epoch, position, digest, generation LIMIT ?4
            """,
            .number(place.epoch),
            .number(place.position),
            .blob(place.digest?.key ?? []),
            .integer(Int64(limit)),
            read: { row in
                Digest(key: row.blob(0)).map { digest in
                    Unnamed(
                        digest: digest,
                        generation: Generation(UInt64(row.integer(1))),
                        size: UInt64(row.integer(2)),
                        place: Unnamed.Place(
                            epoch: UInt64(row.integer(3)),
                            position: UInt64(row.integer(4)),
                            digest: digest
                        )
                    )
                }
            }
        ).compactMap { $0 }
    }

    /// How many copies of generations up to one lost their last name behind a place; looks at `limit` at most.
    public func unnamedCount(
        after place: Unnamed.Place,
        upTo generation: Generation,
        limit: Int
    ) throws(CatalogError) -> UInt64 {
        try session.first(
            """
            SELECT count(*) FROM (
                SELECT generation FROM unnamed INDEXED BY unnamed_since
                WHERE (epoch, position, digest) > (?1, ?2, ?3) LIMIT ?5)
            WHERE generation <= ?4
            """,
            .number(place.epoch),
            .number(place.position),
            .blob(place.digest?.key ?? []),
            .number(generation.number),
            .integer(Int64(limit)),
            read: { UInt64($0.integer(0)) }
        ) ?? 0
    }

    /// The region journal's position that took the last name of a copy, if that is still known.
    public func unnamed(
        _ digest: Digest,
        _ generation: Generation
    ) throws(CatalogError) -> UInt64? {
        try session.first(
            "SELECT position FROM unnamed WHERE digest = ?1 AND generation = ?2",
            .digest(digest),
            .number(generation.number),
            read: { UInt64($0.integer(0)) }
        )
    }

    /// Whether a link, a manifest or the trash names a digest: what `content` says, by another way.
    public func isNamed(_ digest: Digest) throws(CatalogError) -> Bool {
        try session.first(
            """
            SELECT EXISTS (SELECT 1 FROM links INDEXED BY links_digest WHERE digest = ?1)
                OR EXISTS (SELECT 1 FROM manifests INDEXED BY manifests_digest WHERE digest = ?1)
                OR EXISTS (SELECT 1 FROM trash INDEXED BY trash_digest WHERE digest = ?1)
                OR EXISTS (SELECT 1 FROM trash_blobs INDEXED BY trash_blobs_digest
                    WHERE digest = ?1)
            """,
            .digest(digest),
            read: { $0.integer(0) != 0 }
        ) ?? true
    }

    /// Whether the epoch was raised twice since the region journal changed what is named.
    ///
    /// Looks back `restLooksMax` entries.
    public func isAtRest() throws(CatalogError) -> Bool {
        let position = try heads().region.position
        guard position > 0 else { return true }
        let first = position - min(position - 1, CatalogView.restLooksMax - 1)
        var raises = 0
        for stored in try entries(.region, from: first, limit: Int(CatalogView.restLooksMax))
            .reversed()
        {
            let events: [Event]
            do throws(EntryError) {
                events = try EntryCodec.decode(stored.bytes).entry.events
            } catch {
                throw .damaged(
                    "entry \(stored.position) of the region journal cannot be read: \(error)"
                )
            }
            guard events.allSatisfy(\.namesNothing) else { return false }
            if events.contains(where: \.raisesEpoch) { raises += 1 }
            if raises == 2 { return true }
        }
        return false
    }

    private static let restLooksMax: UInt64 = 16
}

extension Event {
    /// Whether it leaves what is named as it is.
    fileprivate var namesNothing: Bool {
        switch self {
        case .sweepEpochRaised, .expiryReached, .manifestPulled, .reasonGiven: true
        default: false
        }
    }

    fileprivate var raisesEpoch: Bool {
        if case .sweepEpochRaised = self { true } else { false }
    }
}
