// SPDX-License-Identifier: Apache-2.0

/// A tag (OCI distribution spec, "Pulling manifests"): `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
public struct Tag: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest tag in bytes.
    public static let lengthMax = 128

    /// The tag.
    public let description: String

    /// Parses a tag; nil when the grammar refuses it.
    public init?(_ text: some StringProtocol) {
        // Read as one concrete type: the compiler does not specialise for callers in other modules.
        let text = String(text)
        guard let first = text.utf8.first, text.utf8.count <= Tag.lengthMax,
            first != UInt8(ascii: "."), first != UInt8(ascii: "-"),
            text.utf8.allSatisfy(Tag.allows)
        else { return nil }
        description = text
    }

    /// Byte order.
    public static func < (left: Tag, right: Tag) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// What a client names a manifest by.
public enum Reference: Hashable, Sendable {
    case tag(Tag)
    case digest(Digest)

    /// Parses a digest when there is a colon, else a tag; nil for neither.
    public init?(_ text: some StringProtocol) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let digest = Digest(text) else { return nil }
            self = .digest(digest)
        } else {
            guard let tag = Tag(text) else { return nil }
            self = .tag(tag)
        }
    }
}
