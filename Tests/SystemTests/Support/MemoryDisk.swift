// SPDX-License-Identifier: Apache-2.0

import Testing

/// A file system of its own in memory, which can be full or become read-only without harming others.
struct MemoryDisk {
    let path: String
    private let workspace: Workspace

    /// Mounts one of so many MiB; the workspace unmounts it.
    init(in workspace: Workspace, mebibytes: Int) throws {
        self.workspace = workspace
        path = try workspace.directory("disk")
        try workspace.must("mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m", "breakwater", path)
    }

    /// Lets nothing be written any more; nobody may have a file open for writing.
    func becomeReadOnly() throws {
        try workspace.must("mount", "-o", "remount,ro", path)
    }

    /// Takes so many MiB away until `free`.
    func fill(mebibytes: Int) throws {
        try workspace.must(
            "dd",
            "if=/dev/zero",
            "of=\(path)/filler",
            "bs=1M",
            "count=\(mebibytes)"
        )
    }

    /// Gives back what `fill` took.
    func free() throws {
        try workspace.must("rm", "\(path)/filler")
    }
}
