// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

/// A file system on a loop device whose image can be cut short: reads of what is gone give EIO.
///
/// What is written to a block behind the cut makes the image long again, with zeros in between. So all
/// blocks that are free then lie before it.
struct CutShortDisk {
    let path: String
    private let image: String
    private let workspace: Workspace

    init(in workspace: Workspace) throws {
        self.workspace = workspace
        path = try workspace.directory("short")
        image = "\(workspace.path)/short.img"
        try workspace.must("truncate", "--size=300M", image)
        try workspace.must(
            "mkfs.ext4",
            "-q",
            "-b",
            "4096",
            "-m",
            "0",
            "-O",
            "^has_journal",
            image
        )
        try workspace.must("mount", "-o", "loop", image, path)
        try workspace.must("fallocate", "-l", "100M", "\(path)/low")
    }

    /// Leaves free what lies before everything else, and nothing behind it.
    func fillBehind() throws {
        // It ends when the disk is full, and that is no success.
        _ = workspace.run(["dd", "if=/dev/zero", "of=\(path)/high", "bs=1M"])
        try workspace.must("sync", "-f", path)
        try workspace.must("rm", "\(path)/low")
        try workspace.must("sync", "-f", path)
    }

    /// Blocks at the end of a file that a cut takes, with everything behind them.
    private static let cutBlocks: UInt64 = 100

    /// Whether a file lies wholly before what a cut at another one takes; both must be synced.
    func lies(_ file: String, beforeCutAt other: String) throws -> Bool {
        try lastBlock(of: file) < lastBlock(of: other) - CutShortDisk.cutBlocks
    }

    /// Cuts the image where the last blocks of a file of the disk lie.
    func cut(at file: String) throws {
        let size = (try lastBlock(of: file) - CutShortDisk.cutBlocks) * 4096
        try workspace.must("truncate", "--size=\(size)", image)
    }

    private func lastBlock(of file: String) throws -> UInt64 {
        let last = try #require(
            try workspace.must("filefrag", "-e", file).split(separator: "\n")
                .last { $0.contains("eof") }
        )
        // "   1:     4096..    4882:      32897..     33683:    787:             last,eof"
        let numbers = last.split { !$0.isNumber }.compactMap { UInt64($0) }
        try #require(numbers.count > 4)
        return numbers[4]
    }
}
