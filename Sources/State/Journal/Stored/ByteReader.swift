// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform

/// Reads the primitives of the stored form, and refuses every byte that does not belong.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var isAtEnd: Bool { position == bytes.endIndex }

    mutating func take(_ count: Int) throws(EntryError) -> ArraySlice<UInt8> {
        guard count <= bytes.endIndex - position else { throw .malformed("it ends early") }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type = Number.self
    ) throws(EntryError) -> Number {
        var number: Number = 0
        for byte in try take(Number.bitWidth / 8) {
            number = number << Number(Number.bitWidth > 8 ? 8 : 0) | Number(byte)
        }
        return number
    }

    mutating func id() throws(EntryError) -> Identifier {
        Identifier(high: try number(), low: try number())
    }

    mutating func text() throws(EntryError) -> String {
        let count = Int(try number(UInt16.self))
        guard let text = String(validating: try take(count), as: UTF8.self) else {
            throw .malformed("a text is not UTF-8")
        }
        return text
    }

    mutating func digest() throws(EntryError) -> Digest {
        guard let algorithm = Digest.Algorithm(rawValue: try number()) else {
            throw .malformed("a digest has no known algorithm")
        }
        guard let digest = Digest(algorithm, try take(algorithm.byteCount)) else {
            throw .malformed("a digest is cut")
        }
        return digest
    }

    mutating func stamp() throws(EntryError) -> Stamp {
        Stamp(milliseconds: try number(), counter: try number(), region: try id())
    }

    mutating func repository() throws(EntryError) -> RepositoryKey {
        let key = RepositoryKey(namespace: try id(), path: try text())
        guard key.path.isEmpty || RepositoryName("n/\(key.path)") != nil else {
            throw .malformed("a repository's path breaks the grammar")
        }
        return key
    }

    /// A component of a name; those that begin with `_`, which no client can spell, are ours.
    mutating func namespaceName() throws(EntryError) -> String {
        let name = try text()
        let isOurs = name.utf8.first == UInt8(ascii: "_")
        guard let component = RepositoryName(isOurs ? name.dropFirst() : name[...]),
            !component.description.utf8.contains(UInt8(ascii: "/"))
        else { throw .malformed("a namespace's name breaks the grammar") }
        return name
    }

    mutating func tag() throws(EntryError) -> Tag {
        guard let tag = Tag(try text()) else { throw .malformed("a tag breaks the grammar") }
        return tag
    }

    mutating func optional<Value>(
        _ read: (inout ByteReader) throws(EntryError) -> Value
    ) throws(EntryError) -> Value? {
        switch try number(UInt8.self) {
        case 0: return nil
        case 1: return try read(&self)
        default: throw .malformed("an optional field is neither there nor absent")
        }
    }
}
