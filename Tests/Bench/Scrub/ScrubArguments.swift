// SPDX-License-Identifier: Apache-2.0

/// What the command line asks of a run with the scrub.
struct ScrubArguments {
    /// Content that is pushed, in MiB.
    var mebibytes = 2_048
    /// Windows of each kind, half of them with the scrub.
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
        guard numbers.count <= 2 else { return nil }
        if let first = numbers.first { mebibytes = first }
        if numbers.count == 2 { pairs = numbers[1] }
        // A round must last longer than a window, before which it has begun.
        let leastBytes = 2 * (seconds + 5) * Int(ScrubOutcome.budget)
        guard mebibytes << 20 >= leastBytes else { return nil }
    }
}
