// SPDX-License-Identifier: Apache-2.0

extension StringProtocol {
    /// The identifiers and keywords of a line of code, in order.
    var words: [Substring] {
        Substring(self).split { !($0.isLetter || $0.isNumber || $0 == "_") }
    }

    /// True if `phrase` stands here and is not part of a longer word.
    func has(_ phrase: String) -> Bool {
        let text = Array(utf8)
        let wanted = Array(phrase.utf8)
        guard text.count >= wanted.count, let first = wanted.first, let last = wanted.last else {
            return false
        }
        for start in 0...(text.count - wanted.count) where text[start] == first {
            let end = start + wanted.count
            guard text[start..<end].elementsEqual(wanted) else { continue }
            let opens = !first.isWord || start == 0 || !text[start - 1].isWord
            let closes = !last.isWord || end == text.count || !text[end].isWord
            if opens && closes { return true }
        }
        return false
    }
}

extension UInt8 {
    fileprivate var isWord: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
