// SPDX-License-Identifier: Apache-2.0

import JSON
import OCI
import Platform

/// An OCI image layout in a directory (image-spec, image-layout.md).
struct ImageLayout {
    /// The longest index or manifest read, in bytes.
    private static let documentMax: UInt64 = 64 << 20

    let path: String
    private let root: any Directory

    /// Opens a layout, or begins one in a directory that is made when missing.
    init(at path: String, _ presence: Presence) throws(FileError) {
        self.path = path
        root = try LinuxFileSystem().directory(at: path, presence)
    }

    /// The descriptors of `index.json`: digest, type, and the name it is given.
    func index() throws -> [(digest: Digest, mediaType: String, name: String?)] {
        let document = try read(root.open("index.json", .read))
        let index: JSONValue
        do throws(JSONError) {
            index = try JSONValue.parse(document)
        } catch {
            throw RegistrySession.Failure(
                sentence: "'\(path)/index.json' is not JSON: \(error)",
                code: .usage
            )
        }
        guard let manifests = index["manifests"]?.array else {
            throw RegistrySession.Failure(
                sentence: "'\(path)' has no index.json of an OCI image layout",
                code: .usage
            )
        }
        return try manifests.map { entry in
            guard let digest = entry["digest"]?.string.flatMap({ Digest($0) }) else {
                throw RegistrySession.Failure(
                    sentence: "'\(path)/index.json' names a manifest without a valid digest",
                    code: .usage
                )
            }
            return (
                digest, entry["mediaType"]?.string ?? MediaType.ociManifest,
                entry["annotations"]?["org.opencontainers.image.ref.name"]?.string
            )
        }
    }

    /// Writes the layout's marker and an index of one image.
    func finish(_ digest: Digest, type: String, size: Int, name: String) throws {
        try write(
            [JSONValue.Member("imageLayoutVersion", .string("1.0.0"))],
            to: "oci-layout"
        )
        let descriptor: [JSONValue.Member] = [
            JSONValue.Member("mediaType", .string(type)),
            JSONValue.Member("digest", .string(digest.description)),
            JSONValue.Member("size", .integer(Int64(size))),
            JSONValue.Member(
                "annotations",
                .object([
                    JSONValue.Member("org.opencontainers.image.ref.name", .string(name))
                ])
            ),
        ]
        try write(
            [
                JSONValue.Member("schemaVersion", .integer(2)),
                JSONValue.Member("mediaType", .string(MediaType.ociIndex)),
                JSONValue.Member("manifests", .array([.object(descriptor)])),
            ],
            to: "index.json"
        )
    }

    /// The file of a digest, for reading or made anew.
    func blob(_ digest: Digest, _ mode: OpenMode) throws(FileError) -> any File {
        let blobs = try root.directory("blobs", mode == .read ? .mustExist : .createIfMissing)
        let presence: Presence = mode == .read ? .mustExist : .createIfMissing
        return try blobs.directory(digest.algorithm.name, presence).open(digest.hex, mode)
    }

    /// All bytes of a small document.
    func read(_ file: any File) throws -> [UInt8] {
        let size = try file.size()
        guard size <= ImageLayout.documentMax else {
            throw RegistrySession.Failure(sentence: "a document in '\(path)' is too long")
        }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = try file.read(into: &bytes, at: 0)
        return Array(bytes[..<count])
    }

    private func write(_ members: [JSONValue.Member], to name: String) throws {
        let file = try root.open(name, .writeOrCreate)
        let bytes = JSONValue.object(members).encoded
        try file.truncate(to: 0)
        try file.write(bytes.span, at: 0)
        try file.sync()
    }
}
