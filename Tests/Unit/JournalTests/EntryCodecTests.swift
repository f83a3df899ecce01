// SPDX-License-Identifier: Apache-2.0

import Journal
import OCI
import Platform
import Testing

@Suite struct `An entry's stored form` {
    static let zero = [UInt8](repeating: 0, count: 32)
    static let id = Identifier(high: 1, low: 2)
    static let digest = Digest(.sha256, [UInt8](repeating: 0xAB, count: 32))
    static let subject = Digest(.sha512, [UInt8](repeating: 0xCD, count: 64))

    static func entry(_ events: [Event], scope: Scope = .region, level: UInt32 = 1) -> Entry {
        Entry(
            id: id,
            scope: scope,
            origin: Origin(journal: Identifier(high: 3, low: 4), incarnation: 5, position: 6),
            stamp: Stamp(milliseconds: 7, counter: 8, region: Identifier(high: 9, low: 10)),
            basis: 11,
            actor: .zero,
            level: level,
            events: events
        )
    }

    static func everyEvent() throws -> [Event] {
        let digest = try #require(digest)
        let subject = try #require(subject)
        let tag = try #require(Tag("v1"))
        let key = RepositoryKey(namespace: id, path: "app/web")
        let facts = ManifestFacts(
            digest: digest,
            size: 12,
            generation: .first,
            mediaType: MediaType.ociManifest,
            artifactType: "application/x",
            subject: subject,
            references: [
                ManifestReference(role: .config, digest: digest),
                ManifestReference(role: .external, digest: subject),
            ]
        )
        return [
            .blobLinked(key, digest, size: 13, Generation(14)), .blobUnlinked(key, digest),
            .manifestPut(key, facts), .manifestDeleted(key, subject), .tagPut(key, tag, digest),
            .tagDeleted(key, tag), .sweepEpochRaised(15), .regionHandover("etcd"),
            .regionLevelRaised(2), .namespaceCreated(id, name: "team"), .estateHandover("etcd"),
            .estateLevelRaised(3),
            .blobLinked(key, digest, size: 13, Generation(14), expires: 16),
            .manifestTrashed(key, digest, until: 17, linksUntil: 18),
            .manifestPurged(key, digest), .manifestPulled(key, digest, day: 19),
            .expiryReached(20), .reasonGiven("asked for"),
            .retentionPolicySet(id, policy: "{}"),
        ]
    }

    @Test func `every kind of event is read as it was written`() throws {
        for event in try Self.everyEvent() {
            let entry = Self.entry([event, event], scope: event.scope)
            let bytes = EntryCodec.encode(entry, after: Self.zero)
            let read = try EntryCodec.decode(bytes)
            #expect(read.entry == entry)
            #expect(read.predecessor == Self.zero)
        }
    }

    @Test func `the bytes of an entry never change`() throws {
        // What was once written must be read for ever: these bytes are the form itself.
        let tag = try #require(Tag("v1"))
        let key = RepositoryKey(namespace: Self.id, path: "a")
        let bytes = EntryCodec.encode(Self.entry([.tagDeleted(key, tag)]), after: Self.zero)
        let hex = bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
        let expected =
            "0100000001" + "01" + "00000000000000010000000000000002"
            + "00000000000000030000000000000004" + "00000005" + "0000000000000006"
            + "0000000000000007" + "00000008" + "0000000000000009000000000000000a"
            + "000000000000000b" + String(repeating: "0", count: 32)
            + String(repeating: "0", count: 64) + "00000001" + "0106" + "00000017"
            + "00000000000000010000000000000002" + "000161" + "00027631"
        #expect(hex == expected)
    }

    @Test func `a kind belongs to one journal for ever`() {
        // The table of docs/formats/entry.md; a number that moves would be read as something else.
        let expected: [EventKind: (UInt16, Scope)] = [
            .blobLinked: (0x0101, .region), .blobUnlinked: (0x0102, .region),
            .manifestPut: (0x0103, .region), .manifestDeleted: (0x0104, .region),
            .tagPut: (0x0105, .region), .tagDeleted: (0x0106, .region),
            .sweepEpochRaised: (0x0107, .region), .regionHandover: (0x01F0, .region),
            .regionLevelRaised: (0x01F1, .region), .namespaceCreated: (0x0201, .estate),
            .estateHandover: (0x02F0, .estate), .estateLevelRaised: (0x02F1, .estate),
            .blobLinkedUntil: (0x0108, .region), .manifestTrashed: (0x0109, .region),
            .manifestPurged: (0x010A, .region), .manifestPulled: (0x010B, .region),
            .expiryReached: (0x010C, .region), .reasonGiven: (0x010D, .region),
            .retentionPolicySet: (0x0202, .estate),
        ]
        for kind in EventKind.allCases {
            #expect(kind.rawValue == expected[kind]?.0)
            #expect(kind.scope == expected[kind]?.1)
        }
    }

    @Test func `a level, a kind or a form of a later version is told apart from damage`() throws {
        let bytes = EntryCodec.encode(
            Self.entry([.sweepEpochRaised(3)]),
            after: Self.zero
        )
        var later = bytes
        later[0] = 2
        #expect(throws: EntryError.unknownForm(2)) { try EntryCodec.decode(later) }
        later = bytes
        later[4] = 9
        #expect(throws: EntryError.unknownLevel(9)) { try EntryCodec.decode(later) }
        later = bytes
        // The kind follows 134 bytes of head and count.
        later[bytes.count - 13] = 0x77
        #expect(throws: EntryError.unknownKind(0x0177)) { try EntryCodec.decode(later) }
    }

    @Test func `a byte too many or too few is refused, and no bit flip crashes`() throws {
        let bytes = EntryCodec.encode(
            Self.entry(try Self.everyEvent().prefix(9).map { $0 }),
            after: Self.zero
        )
        #expect(throws: EntryError.self) { try EntryCodec.decode(bytes + [0]) }
        for count in 0..<bytes.count {
            #expect(throws: EntryError.self) { try EntryCodec.decode(Array(bytes[..<count])) }
        }
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 0x10
            // Read as something else or refused; the chain tells that it is not what was written.
            _ = try? EntryCodec.decode(flipped)
            #expect(EntryCodec.chain(flipped) != EntryCodec.chain(bytes))
        }
    }
}

@Suite struct `A stamp` {
    @Test func `follows the clock, and what was seen when the clock was set back`() {
        // History 7: position order is stamp order, whatever the clock does.
        let region = Identifier(high: 1, low: 1)
        let first = Stamp.next(clock: 1000, seen: nil, region: region)
        let second = Stamp.next(clock: 1000, seen: first, region: region)
        let third = Stamp.next(clock: 400, seen: second, region: region)
        let fourth = Stamp.next(clock: 2000, seen: third, region: region)
        #expect(first < second && second < third && third < fourth)
        #expect(fourth.milliseconds == 2000)
    }

    @Test func `goes to the next millisecond when a counter is used up`() {
        let region = Identifier(high: 1, low: 1)
        let last = Stamp(milliseconds: 5, counter: .max, region: region)
        let next = Stamp.next(clock: 1, seen: last, region: region)
        #expect(next == Stamp(milliseconds: 6, counter: 0, region: region))
    }
}
