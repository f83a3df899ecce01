// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI
import Platform

/// The one stored form of an entry (docs/formats/entry.md), and the chain over it.
public enum EntryCodec {
    /// The form's number, the first byte of every entry.
    public static let version: UInt8 = 1
    /// The greatest level this build understands.
    public static let levelSupported: UInt32 = 2
    /// The longest an entry may be, in bytes.
    public static let sizeMax = 1 << 20

    /// The bytes of `entry` behind an entry whose chain hash is `predecessor`.
    public static func encode(_ entry: Entry, after predecessor: [UInt8]) -> [UInt8] {
        precondition(predecessor.count == 32, "a chain hash has 32 bytes")
        var writer = ByteWriter()
        writer.number(version)
        writer.number(entry.level)
        writer.number(entry.scope.rawValue)
        writer.id(entry.id)
        writer.id(entry.origin.journal)
        writer.number(entry.origin.incarnation)
        writer.number(entry.origin.position)
        writer.stamp(entry.stamp)
        writer.number(entry.basis)
        writer.id(entry.actor)
        writer.raw(predecessor)
        writer.number(UInt32(entry.events.count))
        for event in entry.events {
            var payload = ByteWriter()
            event.write(to: &payload)
            writer.number(event.kind.rawValue)
            writer.number(UInt32(payload.bytes.count))
            writer.raw(payload.bytes)
        }
        return writer.bytes
    }

    /// Reads an entry and the chain hash of its predecessor; takes only what `encode` writes.
    public static func decode(
        _ bytes: [UInt8]
    ) throws(EntryError) -> (entry: Entry, predecessor: [UInt8]) {
        let frame = try EntryFrame(bytes)
        return (try frame.entry(), frame.predecessor)
    }

    /// The chain hash after an entry of these bytes, which themselves carry their predecessor's.
    public static func chain(_ bytes: [UInt8]) -> [UInt8] {
        var context = DigestContext(.sha256)
        context.update(Array("breakwater entry 1\n".utf8))
        context.update(bytes)
        return context.finish().bytes
    }
}

/// Why bytes are not an entry.
public enum EntryError: Error, Hashable, Sendable {
    /// Written by a later version: this node must stop applying and take no writes.
    case unknownLevel(UInt32)
    /// A kind of event this build does not know: as above.
    case unknownKind(UInt16)
    /// A form of entry this build does not know: as above.
    case unknownForm(UInt8)
    /// Not an entry at all; the words complete "the entry is damaged: …".
    case malformed(String)
}
