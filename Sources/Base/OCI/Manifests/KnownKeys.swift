// SPDX-License-Identifier: Apache-2.0

/// Keys that have a meaning, so that others which look like them can be refused.
///
/// Clients written in Go take `Layers` for `layers`, others do not: such a manifest would be two.
struct KnownKeys: Sendable {
    private let exact: [String]
    private let folded: [String]

    init(_ keys: [String]) {
        exact = keys
        folded = keys.map(KnownKeys.fold)
    }

    /// The known key that `key` is without being spelled so; nil for known and for other keys.
    func meant(by key: String) -> String? {
        // No spelling is longer than three bytes for each character.
        guard key.utf8.count <= 64, !exact.contains(key) else { return nil }
        return folded.firstIndex(of: KnownKeys.fold(key)).map { exact[$0] }
    }

    /// As Go's encoding/json compares keys: ASCII letters without case, and the two other
    /// characters that Unicode folds to one.
    private static func fold(_ key: String) -> String {
        var folded = ""
        for scalar in key.unicodeScalars {
            switch scalar {
            case "A"..."Z": folded.unicodeScalars.append(Unicode.Scalar(UInt8(scalar.value | 0x20)))
            case "\u{17F}": folded.unicodeScalars.append("s")
            case "\u{212A}": folded.unicodeScalars.append("k")
            default: folded.unicodeScalars.append(scalar)
            }
        }
        return folded
    }
}
