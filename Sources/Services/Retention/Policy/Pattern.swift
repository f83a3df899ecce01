// SPDX-License-Identifier: Apache-2.0

/// A pattern of names: `*` stands for any run of characters without a slash, `**` for any run, `?` for
/// one character that is no slash; everything else stands for itself.
public struct Pattern: Hashable, Sendable, CustomStringConvertible {
    /// The longest pattern in bytes, as long as the longest name.
    public static let lengthMax = 255

    /// The pattern as it was written.
    public let description: String
    private let pieces: [Piece]

    private enum Piece: Hashable, Sendable {
        case byte(UInt8)
        case one
        case run
        case runOverSlashes
    }

    /// Reads a pattern; nil when it is empty, too long, or has a character that no name has.
    public init?(_ text: String) {
        guard (1...Pattern.lengthMax).contains(text.utf8.count),
            text.utf8.allSatisfy(Pattern.allows)
        else { return nil }
        description = text
        var pieces: [Piece] = []
        for byte in text.utf8 {
            switch (byte, pieces.last) {
            case (UInt8(ascii: "*"), .run?): pieces[pieces.count - 1] = .runOverSlashes
            case (UInt8(ascii: "*"), .runOverSlashes?): continue
            case (UInt8(ascii: "*"), _): pieces.append(.run)
            case (UInt8(ascii: "?"), _): pieces.append(.one)
            default: pieces.append(.byte(byte))
            }
        }
        self.pieces = pieces
    }

    /// Whether the whole of a name is what the pattern says.
    ///
    /// The time is bounded by the product of the two lengths, whatever they are.
    public func matches(_ name: String) -> Bool {
        // reached[i]: the pieces before the i-th stand for the bytes read so far.
        var reached = [Bool](repeating: false, count: pieces.count + 1)
        reached[0] = true
        skipRuns(&reached)
        for byte in name.utf8 {
            var next = [Bool](repeating: false, count: pieces.count + 1)
            for (index, piece) in pieces.enumerated() where reached[index] {
                switch piece {
                case .byte(byte): next[index + 1] = true
                case .byte: continue
                case .one: next[index + 1] = next[index + 1] || byte != UInt8(ascii: "/")
                case .run: next[index] = next[index] || byte != UInt8(ascii: "/")
                case .runOverSlashes: next[index] = true
                }
            }
            skipRuns(&next)
            reached = next
        }
        return reached[pieces.count]
    }

    /// A run may stand for nothing.
    private func skipRuns(_ reached: inout [Bool]) {
        for (index, piece) in pieces.enumerated()
        where reached[index] && (piece == .run || piece == .runOverSlashes) {
            reached[index + 1] = true
        }
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "*"), UInt8(ascii: "?"):
            true
        default: false
        }
    }
}
