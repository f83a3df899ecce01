// SPDX-License-Identifier: Apache-2.0

import Contracts
import Crypto
import HTTP
import Journal
import OCI
import Registry
import RegistryAPI
import Testing

@Suite(.timeLimit(.minutes(10))) struct `While the catalog is rebuilt` {
    @Test func `pulls go on and changes are told to come again`() async throws {
        // I10: neither is kept waiting. The rebuild waits for the change before it, which is held here.
        let sequencer = GatedSequencer()
        let test = try TestRegistry(sequencer: sequencer)
        let image = await test.push(image: "one", to: "a", tag: "v1")
        let layer = Digest.of(Array("layer of one".utf8))
        let type = [("Content-Type", MediaType.ociManifest)]
        let pushed = Array("pushed meanwhile".utf8)
        let begun = await test.send("POST", "/v2/b/blobs/uploads/")
        let sent = await test.send("PATCH", try #require(begun.headers["Location"]), body: pushed)
        let last = "\(try #require(sent.headers["Location"]))&digest=\(Digest.of(pushed))"
        sequencer.close()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let sent = sequencer.batches.count
            group.addTask {
                let path = "/v2/a/manifests/held"
                let put = await test.send("PUT", path, headers: type, body: image.bytes)
                #expect(put.status == 201)
            }
            while sequencer.batches.count == sent { await Task.yield() }
            group.addTask { try await test.registry.rebuildCatalog { _, _ in } }
            while test.registry.registrar.refusal == nil { await Task.yield() }
            for (method, path, body) in [
                ("PUT", "/v2/a/manifests/v2", image.bytes), ("DELETE", "/v2/a/manifests/v1", []),
                ("POST", "/v2/b/blobs/uploads/?mount=\(layer)&from=a", []), ("PUT", last, []),
            ] as [(String, String, [UInt8])] {
                let answer = await test.send(method, path, headers: type, body: body)
                #expect(answer.status == 503, "\(method) \(path)")
                #expect(answer.headers["Retry-After"] != nil)
                #expect(answer.code == "UNAVAILABLE")
            }
            for reference in ["v1", "\(image.digest)"] {
                let pulled = await test.send("GET", "/v2/a/manifests/\(reference)")
                #expect(pulled.bytes == image.bytes)
            }
            sequencer.open()
            try await group.waitForAll()
        }
        #expect(await test.send("GET", "/v2/a/tags/list").tags == ["held", "v1"])
        let again = await test.send("PUT", "/v2/a/manifests/v2", headers: type, body: image.bytes)
        #expect(again.status == 201)
        // No byte of it is sent again.
        #expect(await test.send("PUT", last).status == 201)
        #expect(await test.send("GET", "/v2/b/blobs/\(Digest.of(pushed))").bytes == pushed)
    }
}
