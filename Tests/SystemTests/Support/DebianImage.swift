// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A Debian system as an image, built from Debian's packages once in a run.
///
/// Three layers, more than 100 MB as pushed: the minimal system, a compiler and an interpreter on
/// top, and a file of our own. As OCI layout at `layout`, named `v1`.
struct DebianImage {
    /// Paths and names of one image in a layout.
    let layout: String
    /// The manifest's digest.
    let digest: String
    /// Digests of manifest, config and layers.
    let blobs: [String]

    /// What a container of the image prints.
    static let greeting = "breakwater serves"
    /// Enough to be a real image, small enough for every run.
    static let bytesMin = 100_000_000

    private static let shared = Result { try DebianImage(in: Cache.workspace()) }

    /// The image, or why it could not be built.
    static func get() throws -> DebianImage { try shared.get() }

    private init(in workspace: Workspace) throws {
        let path = workspace.path
        layout = "\(path)/layout"
        // One system, cut in two: what the minimal one has not is the second layer.
        try workspace.must(
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            "--include=python3-minimal,gcc",
            "bookworm",
            "\(path)/system"
        )
        let upper = ["./usr/lib/gcc", "./usr/lib/python3.11", "./usr/lib/x86_64-linux-gnu"]
        let parts = upper.map { "--exclude=\($0)" }
        try workspace.must(
            ["tar", "-C", "\(path)/system", "-cf", "\(path)/lower.tar"] + parts + ["."]
        )
        try workspace.must(["tar", "-C", "\(path)/system", "-cf", "\(path)/upper.tar"] + upper)
        _ = try workspace.directory("own")
        try workspace.write("\(DebianImage.greeting)\n", to: "own/greeting")
        try workspace.must("tar", "-C", "\(path)/own", "-cf", "\(path)/own.tar", ".")
        try workspace.must("umoci", "init", "--layout", layout)
        try workspace.must("umoci", "new", "--image", "\(layout):v1")
        for layer in ["lower", "upper", "own"] {
            try workspace.must(
                "umoci",
                "raw",
                "add-layer",
                "--image",
                "\(layout):v1",
                "\(path)/\(layer).tar"
            )
        }
        try workspace.must(
            "umoci",
            "config",
            "--image",
            "\(layout):v1",
            "--config.cmd=/bin/cat",
            "--config.cmd=/greeting"
        )
        try workspace.must("umoci", "gc", "--layout", layout)
        try workspace.must("rm", "-rf", "\(path)/system", "\(path)/lower.tar", "\(path)/upper.tar")
        digest = try Layout.digest(of: "v1", in: layout)
        blobs = try Layout.blobs(in: layout)
        let bytes = try workspace.must("du", "--summarize", "--bytes", "\(layout)/blobs")
        let size = try #require(bytes.split(separator: "\t").first.flatMap { Int($0) })
        try #require(size > DebianImage.bytesMin)
        try #require(blobs.count == 5)
    }
}

/// What is built once and kept until the run ends.
private enum Cache {
    static func workspace() throws -> Workspace {
        let workspace = try Workspace()
        kept = workspace
        atexit { Cache.kept = nil }
        return workspace
    }

    nonisolated(unsafe) private static var kept: Workspace?
}
