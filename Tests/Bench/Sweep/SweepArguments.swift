// SPDX-License-Identifier: Apache-2.0

/// What the command line asks of a run with the sweep.
struct SweepArguments {
    private static let blobsMin = 10_000

    /// Blobs that are pushed, five to a manifest; half of them are deleted.
    let blobs: Int
    /// The windows, half of them with the sweep.
    let windows: WindowArguments

    init?(_ words: some Sequence<String>) {
        guard let windows = WindowArguments(words), let blobs = windows.numbers.first,
            blobs >= SweepArguments.blobsMin
        else { return nil }
        (self.blobs, self.windows) = (blobs, windows)
    }
}
