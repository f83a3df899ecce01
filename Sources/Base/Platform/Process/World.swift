// SPDX-License-Identifier: Apache-2.0

/// The outside world, handed to everything that decides.
public struct World: Sendable {
    /// Time.
    public var clocks: any Clocks
    /// Chance.
    public var random: any RandomSource
    /// Disks.
    public var files: any FileSystem
    /// The way to end the process.
    public var lifeline: any Lifeline

    /// Makes a world of these parts.
    public init(
        clocks: any Clocks,
        random: any RandomSource,
        files: any FileSystem,
        lifeline: any Lifeline
    ) {
        self.clocks = clocks
        self.random = random
        self.files = files
        self.lifeline = lifeline
    }
}
