// SPDX-License-Identifier: Apache-2.0

import Testing

/// Reads OCI image layouts.
enum Layout {
    /// The digest that a layout's index has for a name.
    static func digest(of name: String, in layout: String) throws -> String {
        let index = Workspace.read("\(layout)/index.json")
        let descriptors = index.split(separator: "{\"mediaType\"").dropFirst()
        let named = try #require(
            descriptors.first { $0.contains("\"org.opencontainers.image.ref.name\":\"\(name)\"") },
            "\(index)"
        )
        return try digest(in: named)
    }

    /// The digests of everything in a layout, sorted.
    static func blobs(in layout: String) throws -> [String] {
        try names(in: "\(layout)/blobs/sha256").map { "sha256:\($0)" }
    }

    /// The first digest in a text.
    static func digest(in text: some StringProtocol) throws -> String {
        let start = try #require(text.firstRange(of: "sha256:"), "no digest in: \(text)")
        return "sha256:\(text[start.upperBound...].prefix { $0.isHexDigit })"
    }

    private static func names(in directory: String) throws -> [String] {
        let workspace = try Workspace()
        return try workspace.must("ls", directory).split(separator: "\n").map(String.init).sorted()
    }
}
