// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

/// An OCI image layout made with skopeo from a directory that we write: one layer of real files.
enum OCILayout {
    /// Makes the layout and returns its path; the image in it is called `v1`.
    static func make(in workspace: Workspace) throws -> String {
        let tree = "\(workspace.path)/tree"
        try workspace.must("mkdir", "-p", tree)
        try workspace.must("cp", "-r", "/usr/share/common-licenses", tree)
        let layer = "\(workspace.path)/layer.tar"
        try workspace.must("tar", "-cf", layer, "-C", tree, ".")
        try workspace.must(
            "skopeo",
            "copy",
            "tarball:\(layer)",
            "oci:\(workspace.path)/image:v1"
        )
        return "\(workspace.path)/image"
    }
}
