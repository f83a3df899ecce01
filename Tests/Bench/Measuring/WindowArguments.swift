// SPDX-License-Identifier: Apache-2.0

/// What the command line asks of a run that compares windows with something under way with windows without.
struct WindowArguments {
    /// How much there is, in what the run counts, and how many pairs of windows; as far as given.
    var numbers: [Int] = []
    /// How long a window is.
    var seconds = 3
    /// Whether a bar that is missed is an error.
    var judges = false
    /// Pairs of windows.
    var pairs: Int { numbers.count == 2 ? numbers[1] : 7 }

    init?(_ words: some Sequence<String>) {
        var words = Array(words)[...]
        while let word = words.popFirst() {
            switch word {
            case "--judge": judges = true
            case "--seconds":
                guard let count = words.popFirst().flatMap({ Int($0) }), count > 0 else {
                    return nil
                }
                seconds = count
            default:
                guard let number = Int(word), number > 0 else { return nil }
                numbers.append(number)
            }
        }
        guard numbers.count <= 2 else { return nil }
    }
}
