// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform

extension Commands {
    /// `breakwater image export REPOSITORY:TAG DIR`: an OCI image layout, children and all.
    static let imageExport = Command(
        words: ["image", "export"],
        summary: "write an image as an OCI image layout",
        operands: [
            Command.Operand(name: "REPOSITORY:TAG|REPOSITORY@DIGEST", isRequired: true),
            Command.Operand(name: "DIR", isRequired: true),
        ],
        options: [Session.options[0]],
        run: { invocation in
            let image = ImageName(invocation.operands[0])
            let data = invocation.value("data") ?? "data"
            return await reporting(data) {
                let layout = try ImageLayout(at: invocation.operands[1], .createIfMissing)
                let session = RegistrySession(data: data, repository: image.repository)
                var export = ImageExport(session: session, layout: layout)
                try await export.run(image.reference ?? "latest")
                Output.line(
                    "\(image.repository) exported: \(export.blobs) blobs, \(Units.bytes(export.bytes))"
                )
            }
        }
    )

    /// Runs an import or export and says what stopped it.
    static func reporting(_ data: String, _ body: () async throws -> Void) async -> ExitCode {
        do {
            try await body()
            return .success
        } catch let failure as RegistrySession.Failure {
            Output.problem(failure.sentence)
            return failure.code
        } catch let error as FileError {
            Output.problem("\(error.operation): \(error.kind)")
            return .failure
        } catch {
            return Session.report(error, data: data)
        }
    }
}

/// One export under way.
struct ImageExport {
    let session: RegistrySession
    let layout: ImageLayout
    private(set) var blobs = 0
    private(set) var bytes: UInt64 = 0
    private var done: [Digest] = []

    init(session: RegistrySession, layout: ImageLayout) {
        self.session = session
        self.layout = layout
    }

    mutating func run(_ reference: String) async throws {
        let top = try await session.manifest(reference)
        try await write(top)
        try layout.finish(top.digest, type: top.type, size: top.bytes.count, name: reference)
    }

    /// A manifest after everything it names, so that a layout with a manifest is whole.
    private mutating func write(_ served: RegistrySession.Served) async throws {
        guard !done.contains(served.digest) else { return }
        done.append(served.digest)
        let manifest = try Manifest.parse(served.bytes, contentType: served.type)
        for child in manifest.children {
            try await write(try await session.manifest(child.digest.description))
        }
        let own = (manifest.config.map { [$0] } ?? []) + manifest.layers
        for blob in own where !MediaType.isExternal(blob.mediaType) { try copy(blob) }
        let file = try layout.blob(served.digest, .writeOrCreate)
        try file.truncate(to: 0)
        try file.write(served.bytes.span, at: 0)
        try file.sync()
    }

    private mutating func copy(_ blob: Manifest.Descriptor) throws {
        guard !done.contains(blob.digest) else { return }
        done.append(blob.digest)
        let file = try layout.blob(blob.digest, .writeOrCreate)
        try file.truncate(to: 0)
        var position: UInt64 = 0
        try session.blob(blob.digest) { bytes in
            try file.write(bytes.span, at: position)
            position += UInt64(bytes.count)
            if Output.isTerminal { Output.progress("bytes", position, of: blob.size) }
        }
        try file.sync()
        blobs += 1
        bytes += position
    }
}
