// SPDX-License-Identifier: Apache-2.0

import Testing

extension Workspace {
    /// Copies an image with skopeo, over plain HTTP where a registry is one end, byte for byte.
    @discardableResult
    func copy(
        _ source: String,
        to destination: String,
        _ options: String...,
        location: SourceLocation = #_sourceLocation
    ) throws -> String {
        let plain = ["--src-tls-verify=false", "--dest-tls-verify=false", "--preserve-digests"]
        return try must(
            ["skopeo", "copy"] + plain + options + [source, destination],
            location: location
        )
    }

    /// The digest a name has in a registry, as skopeo sees it.
    func digest(of reference: String) throws -> String {
        let format = "--format={{.Digest}}"
        let inspect = ["skopeo", "inspect", "--no-tags", "--tls-verify=false", format]
        let digest = try must(inspect + ["docker://\(reference)"])
        return String(digest.prefix { !$0.isWhitespace })
    }

    /// Pulls an image into a layout of its own and compares every blob with `layout`, bit for bit.
    func compare(
        _ reference: String,
        with layout: String,
        _ options: String...,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let pulled = "\(path)/pulled-\(reference.filter { $0.isLetter || $0.isNumber })"
        let plain = ["--src-tls-verify=false", "--preserve-digests"]
        try must(
            ["skopeo", "copy"] + plain + options + ["docker://\(reference)", "oci:\(pulled):v1"],
            location: location
        )
        try must("diff", "-r", "\(layout)/blobs", "\(pulled)/blobs", location: location)
    }
}
