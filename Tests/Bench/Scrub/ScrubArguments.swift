// SPDX-License-Identifier: Apache-2.0

/// What the command line asks of a run with the scrub.
struct ScrubArguments {
    /// Content that is pushed, in MiB.
    let mebibytes: Int
    /// The windows, half of them with the scrub.
    let windows: WindowArguments

    init?(_ words: some Sequence<String>) {
        guard let windows = WindowArguments(words) else { return nil }
        (self.windows, mebibytes) = (windows, windows.numbers.first ?? 2_048)
        // A round must last longer than a window, before which it has begun.
        let leastBytes = 2 * (windows.seconds + 5) * Int(ScrubOutcome.budget)
        guard mebibytes << 20 >= leastBytes else { return nil }
    }
}
