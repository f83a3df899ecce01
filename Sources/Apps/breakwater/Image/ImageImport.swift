// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform

extension Commands {
    /// `breakwater image import OCI-LAYOUT-DIR REPOSITORY[:TAG]`.
    static let imageImport = Command(
        words: ["image", "import"],
        summary: "push the images of an OCI image layout",
        operands: [
            Command.Operand(name: "OCI-LAYOUT-DIR", isRequired: true),
            Command.Operand(name: "REPOSITORY[:TAG]", isRequired: true),
        ],
        options: [Session.options[0]],
        run: { invocation in
            let image = ImageName(invocation.operands[1])
            let data = invocation.value("data") ?? "data"
            return await reporting(data) {
                let layout = try ImageLayout(at: invocation.operands[0], .mustExist)
                let session = RegistrySession(data: data, repository: image.repository)
                var run = ImageImport(session: session, layout: layout)
                let tops = try layout.index()
                let tag = image.reference.flatMap { Tag($0) }
                guard image.reference == nil || tag != nil else {
                    throw RegistrySession.Failure(
                        sentence: "'\(image.reference ?? "")' is not a tag",
                        code: .usage
                    )
                }
                guard tag == nil || tops.count == 1 else {
                    throw RegistrySession.Failure(
                        sentence: "the layout has \(tops.count) images; leave the tag away to keep "
                            + "their names",
                        code: .usage
                    )
                }
                for top in tops {
                    let tag = tag ?? top.name.flatMap { Tag($0) }
                    try await run.push(top.digest, top.mediaType, as: tag)
                    Output.line(
                        "\(image.repository)\(tag.map { ":\($0)" } ?? "") is \(top.digest)"
                    )
                }
                Output.line("\(run.pushed) blobs pushed, \(run.present) were there")
            }
        }
    )
}

/// One import under way.
struct ImageImport {
    let session: RegistrySession
    let layout: ImageLayout
    private(set) var pushed = 0
    private(set) var present = 0
    private var done: [Digest] = []

    init(session: RegistrySession, layout: ImageLayout) {
        self.session = session
        self.layout = layout
    }

    /// Pushes a manifest after everything it names.
    mutating func push(_ digest: Digest, _ type: String, as tag: Tag?) async throws {
        let bytes = try layout.read(try layout.blob(digest, .read))
        let manifest = try Manifest.parse(bytes, contentType: type)
        for child in manifest.children where !done.contains(child.digest) {
            done.append(child.digest)
            try await push(child.digest, child.mediaType, as: nil)
        }
        let own = (manifest.config.map { [$0] } ?? []) + manifest.layers
        for blob in own where !MediaType.isExternal(blob.mediaType) { try await push(blob) }
        try await session.put(digest, tag: tag, bytes, type: type)
    }

    private mutating func push(_ blob: Manifest.Descriptor) async throws {
        guard !done.contains(blob.digest) else { return }
        done.append(blob.digest)
        guard try await !session.has(blob.digest) else {
            present += 1
            return
        }
        let file = try layout.blob(blob.digest, .read)
        let size = try file.size()
        var position: UInt64 = 0
        var problem: FileError?
        try session.push(blob.digest, size: size) { most in
            var buffer = [UInt8](repeating: 0, count: Int(min(UInt64(most), size - position)))
            do throws(FileError) {
                let count = try file.read(into: &buffer, at: position)
                position += UInt64(count)
                if Output.isTerminal { Output.progress("bytes", position, of: size) }
                return Array(buffer[..<count])
            } catch {
                problem = error
                return []
            }
        }
        if let problem { throw problem }
        pushed += 1
    }
}
