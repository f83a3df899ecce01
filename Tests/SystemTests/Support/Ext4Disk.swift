// SPDX-License-Identifier: Apache-2.0

import Testing

/// A file system of its own in an image file, as a server's disk has it.
struct Ext4Disk {
    let path: String

    /// Mounts one of so many MiB; the workspace unmounts it.
    init(in workspace: Workspace, mebibytes: Int) throws {
        path = try workspace.directory("ext4")
        let image = "\(workspace.path)/ext4.img"
        try workspace.must("truncate", "--size=\(mebibytes)M", image)
        try workspace.must("mkfs.ext4", "-q", image)
        try workspace.must("mount", "-o", "loop", image, path)
    }
}
