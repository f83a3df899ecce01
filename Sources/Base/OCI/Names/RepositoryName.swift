// SPDX-License-Identifier: Apache-2.0

/// A repository's name (OCI distribution spec, "Pulling manifests"): components of
/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` joined by `/`, at most 255 bytes.
///
/// Names beginning with `_` cannot be spelled by a client, so they are ours (the canary's).
public struct RepositoryName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest name in bytes.
    public static let lengthMax = 255

    /// The name.
    public let description: String

    /// The repository of the registry's own canary content, which no client can spell.
    public static let canary = RepositoryName(unchecked: "_breakwater/canary")

    private init(unchecked text: String) {
        description = text
    }

    /// Parses a name; nil when the grammar refuses it.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        guard text.utf8.count <= RepositoryName.lengthMax, RepositoryName.isValid(text.utf8)
        else { return nil }
        description = text
    }

    /// The first component: the namespace's name.
    public var namespace: String {
        description.split(separator: "/", maxSplits: 1).first.map(String.init) ?? description
    }

    /// Byte order.
    public static func < (left: RepositoryName, right: RepositoryName) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    /// What the last bytes were: a component's start, a letter or digit, or a separator.
    private enum Place { case start, alphanumeric, dot, underscore, underscores, hyphens }

    private static func isValid(_ bytes: String.UTF8View) -> Bool {
        var place = Place.start
        for byte in bytes {
            switch (byte, place) {
            case (UInt8(ascii: "a")...UInt8(ascii: "z"), _),
                (UInt8(ascii: "0")...UInt8(ascii: "9"), _):
                place = .alphanumeric
            case (UInt8(ascii: "."), .alphanumeric): place = .dot
            case (UInt8(ascii: "_"), .alphanumeric): place = .underscore
            case (UInt8(ascii: "_"), .underscore): place = .underscores
            case (UInt8(ascii: "-"), .alphanumeric), (UInt8(ascii: "-"), .hyphens):
                place = .hyphens
            case (UInt8(ascii: "/"), .alphanumeric): place = .start
            default: return false
            }
        }
        return place == .alphanumeric
    }
}
