// SPDX-License-Identifier: Apache-2.0

/// What the command line asks of a run with the sweep.
struct SweepArguments {
    /// Blobs that are pushed, five to a manifest; half of them are deleted.
    var blobs = 100_000
    /// Windows of each kind, half of them with the sweep.
    var pairs = 7
    /// How long a window is.
    var seconds = 3
    /// Whether a bar that is missed is an error.
    var judges = false

    init?(_ words: some Sequence<String>) {
        var numbers: [Int] = []
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
        guard (1...2).contains(numbers.count), numbers[0] >= 10_000 else { return nil }
        blobs = numbers[0]
        if numbers.count == 2 { pairs = numbers[1] }
    }
}
