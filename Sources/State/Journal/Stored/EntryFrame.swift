// SPDX-License-Identifier: Apache-2.0

import Platform

/// A stored entry taken apart as far as its events: their kinds are known, their payloads not read.
///
/// What a check of a chain needs, at a fraction of the cost of `EntryCodec.decode`.
public struct EntryFrame {
    /// Which journal it says it is of.
    public let scope: Scope
    /// The chain hash of the entry before.
    public let predecessor: [UInt8]

    /// Room is made at once for this many events; a count is believed only as its events come.
    private static let expectedMax: UInt32 = 64

    private let id: Identifier
    private let origin: Origin
    private let stamp: Stamp
    private let basis: UInt64
    private let actor: Identifier
    private let level: UInt32
    private let payloads: [(kind: EventKind, bytes: ArraySlice<UInt8>)]

    /// Takes `bytes` apart; throws for a form, level or kind this build does not know, and for what
    /// is no entry.
    public init(_ bytes: [UInt8]) throws(EntryError) {
        guard bytes.count <= EntryCodec.sizeMax else {
            throw .malformed("it is longer than \(EntryCodec.sizeMax) bytes")
        }
        var reader = ByteReader(bytes[...])
        let form = try reader.number(UInt8.self)
        guard form == EntryCodec.version else { throw .unknownForm(form) }
        level = try reader.number(UInt32.self)
        guard level <= EntryCodec.levelSupported else { throw .unknownLevel(level) }
        guard level > 0 else { throw .malformed("it has no level") }
        guard let scope = Scope(rawValue: try reader.number()) else {
            throw .malformed("it is of no known journal")
        }
        self.scope = scope
        id = try reader.id()
        origin = Origin(
            journal: try reader.id(),
            incarnation: try reader.number(),
            position: try reader.number()
        )
        guard origin.incarnation > 0, origin.position > 0 else {
            throw .malformed("its origin is no place in a journal")
        }
        stamp = try reader.stamp()
        basis = try reader.number(UInt64.self)
        actor = try reader.id()
        predecessor = Array(try reader.take(32))
        let count = try reader.number(UInt32.self)
        guard count > 0 else { throw .malformed("it has no events") }
        var payloads: [(EventKind, ArraySlice<UInt8>)] = []
        payloads.reserveCapacity(Int(min(count, EntryFrame.expectedMax)))
        for _ in 0..<count { payloads.append(try EntryFrame.payload(&reader, in: scope)) }
        self.payloads = payloads
        guard reader.isAtEnd else { throw .malformed("bytes follow it") }
    }

    /// The entry itself; throws where a payload is not what its kind says.
    public func entry() throws(EntryError) -> Entry {
        var events: [Event] = []
        events.reserveCapacity(payloads.count)
        for payload in payloads {
            var reader = ByteReader(payload.bytes)
            events.append(try Event.read(payload.kind, from: &reader))
            guard reader.isAtEnd else { throw .malformed("bytes follow an event") }
        }
        return Entry(
            id: id,
            scope: scope,
            origin: origin,
            stamp: stamp,
            basis: basis,
            actor: actor,
            level: level,
            events: events
        )
    }

    private static func payload(
        _ reader: inout ByteReader,
        in scope: Scope
    ) throws(EntryError) -> (EventKind, ArraySlice<UInt8>) {
        let number = try reader.number(UInt16.self)
        let length = try reader.number(UInt32.self)
        guard let kind = EventKind(rawValue: number) else { throw .unknownKind(number) }
        guard kind.scope == scope else { throw .malformed("a kind of the other journal") }
        return (kind, try reader.take(Int(length)))
    }
}
