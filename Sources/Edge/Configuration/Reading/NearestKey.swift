// SPDX-License-Identifier: Apache-2.0

/// What somebody may have meant who wrote a key that is not there.
enum NearestKey {
    /// The sentence about an unknown key, in `group` or, without one, at the top.
    static func unknown(_ written: String, in group: KeyGroup?) -> String {
        let whole = group.map { "\($0.name).\(written)" } ?? written
        let shown = String(
            whole.unicodeScalars.prefix(100).map { $0.isASCII ? Character($0) : "?" }
        )
        let names =
            group.map { $0.keys.map(\.name) }
            ?? KeyTable.groups.flatMap { $0.name.isEmpty ? $0.keys.map(\.name) : [$0.name] }
        let place = group.map { "in `\($0.name)`" } ?? "here"
        var sentence = "there is no key `\(shown)`"
        if let meant = meant(by: written, whole: whole, names: names, group: group) {
            sentence += "; did you mean `\(meant)`?"
        } else {
            sentence += "."
        }
        return sentence + " Allowed \(place): " + names.joined(separator: ", ")
    }

    private static func meant(
        by written: String,
        whole: String,
        names: [String],
        group: KeyGroup?
    ) -> String? {
        let wanted = normalized(written)
        let here = names.map { (group.map { "\($0.name)." } ?? "") + $0 }
        let near = zip(here, names).map { ($0, distance(wanted, Array($1.utf8))) }
        if let best = near.min(by: { $0.1 < $1.1 }), best.1 <= max(1, wanted.count / 3) {
            return best.0
        }
        // Perhaps the right key in the wrong place, or a whole path written in one.
        let paths = KeyTable.keys.map(\.path)
        if let exact = KeyTable.keys.first(where: { Array($0.name.utf8) == wanted }) {
            return exact.path
        }
        let wholeWanted = normalized(whole)
        return paths.first { distance(wholeWanted, Array($0.utf8)) <= 2 }
    }

    /// Lower case, and hyphens for what others use: at most 64 bytes of it.
    private static func normalized(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in text.utf8.prefix(64) {
            switch byte {
            case 0x41...0x5A:
                if let last = bytes.last, last != 0x2D, last != 0x2E { bytes.append(0x2D) }
                bytes.append(byte | 0x20)
            case 0x5F, 0x20: bytes.append(0x2D)
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    /// How many bytes must be inserted, dropped or replaced.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (position, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = position + 1
            for (other, otherByte) in right.enumerated() {
                let replaced = diagonal + (byte == otherByte ? 0 : 1)
                diagonal = row[other + 1]
                row[other + 1] = min(replaced, diagonal + 1, row[other] + 1)
            }
        }
        return row[right.count]
    }
}
