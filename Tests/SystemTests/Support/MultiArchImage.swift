// SPDX-License-Identifier: Apache-2.0

import Testing

/// A small image for two architectures, built by buildah: an index with two children.
struct MultiArchImage {
    /// The layout's index.json names exactly the image index.
    let layout: String
    let digest: String

    /// Another name gives another image.
    init(in workspace: Workspace, as name: String = "multi") throws {
        let storage = try Storage(in: workspace)
        try storage.buildah("manifest", "create", name)
        for architecture in ["amd64", "arm64"] {
            let file = try workspace.write(
                "\(name) for \(architecture): \(workspace.path)\n",
                to: "file-\(name)-\(architecture)"
            )
            let container = try storage.buildah("from", "--arch", architecture, "scratch").line
            try storage.buildah("copy", container, file, "/file")
            try storage.buildah("config", "--arch", architecture, container)
            let image = "\(name)-\(architecture)"
            try storage.buildah("commit", container, image)
            try storage.buildah("manifest", "add", "--arch", architecture, name, image)
        }
        layout = "\(workspace.path)/\(name)-layout"
        try storage.buildah("manifest", "push", "--all", name, "oci:\(layout):v1")
        digest = try Layout.digest(in: Workspace.read("\(layout)/index.json"))
    }
}

/// A place of their own for podman's and buildah's images.
struct Storage {
    private let workspace: Workspace
    private let places: [String]

    init(in workspace: Workspace) throws {
        self.workspace = workspace
        places = [
            "--root", "\(workspace.path)/storage", "--runroot", "\(workspace.path)/run",
            "--storage-driver", "overlay",
        ]
    }

    /// Runs `buildah`, which must succeed, and returns what it said.
    @discardableResult
    func buildah(
        _ arguments: String...,
        location: SourceLocation = #_sourceLocation
    ) throws -> String {
        try workspace.must(["buildah"] + places + arguments, location: location)
    }

    /// Runs `podman`, which must succeed, and returns what it said.
    @discardableResult
    func podman(
        _ arguments: String...,
        location: SourceLocation = #_sourceLocation
    ) throws -> String {
        try workspace.must(["podman"] + places + arguments, location: location)
    }
}

extension String {
    /// The last line that is not empty: what a command was asked for, after what it says besides.
    var line: String {
        split(separator: "\n").last.map { String($0) } ?? ""
    }
}
