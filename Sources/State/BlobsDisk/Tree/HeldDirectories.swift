// SPDX-License-Identifier: Apache-2.0

import Platform

/// Directories of the tree that are held open, by their path: plain state, no calls.
struct HeldDirectories {
    /// The most that are held; all are forgotten when there would be more.
    ///
    /// Enough for the 256 of each algorithm in the generation being written.
    static let countMax = 600

    private struct Leaf {
        var directory: any Directory
        var isDurable: Bool
    }

    private var leaves: [String: Leaf] = [:]
    private var durableNames: [String: Set<String>] = [:]

    var count: Int { leaves.count }

    /// One that was opened, for reading.
    func any(_ path: String) -> (any Directory)? {
        leaves[path]?.directory
    }

    /// One whose name and parents are known to be durable, for writing.
    func durable(_ path: String) -> (any Directory)? {
        leaves[path].flatMap { $0.isDurable ? $0.directory : nil }
    }

    mutating func keep(_ path: String, _ directory: any Directory, isDurable: Bool) {
        if leaves.count >= HeldDirectories.countMax {
            leaves.removeAll()
            durableNames.removeAll()
        }
        leaves[path] = Leaf(directory: directory, isDurable: isDurable)
    }

    /// Whether a name in a directory is known to be durable; nil when nothing is known of that one.
    func isDurable(_ name: String, in path: String) -> Bool? {
        durableNames[path].map { $0.contains(name) }
    }

    /// Notes names that were in a directory when it was synced.
    mutating func noteDurable(_ names: [String], in path: String) {
        durableNames[path, default: []].formUnion(names)
    }
}
