// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import JSON
import BlobsDisk
import Journal
import OCI
import RegistryAPI
import Registry
import Testing

@Suite struct `Pull` {
    @Test func `a pushed image is pulled byte for byte by tag and by digest`() async throws {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "team/app", tag: "v1")
        for reference in ["v1", image.digest.description] {
            // Twice: from the disk, then from memory.
            for _ in 0..<2 {
                let pulled = await test.send("GET", "/v2/team/app/manifests/\(reference)")
                #expect(pulled.status == 200)
                #expect(pulled.bytes == image.bytes)
                #expect(pulled.headers["Docker-Content-Digest"] == image.digest.description)
                #expect(pulled.headers["Content-Type"] == MediaType.ociManifest)
                #expect(pulled.headers["ETag"] == "\"\(image.digest)\"")
            }
        }
    }

    @Test func `a digest answers only in repositories that it is linked to`() async throws {
        // I9: that the bytes are here is not told to who may see another repository only.
        let test = try TestRegistry()
        let digest = await test.push(blob: Array("secret".utf8), to: "team/app")
        #expect(await test.send("GET", "/v2/team/app/blobs/\(digest)").status == 200)
        let elsewhere = await test.send("GET", "/v2/team/other/blobs/\(digest)")
        #expect(elsewhere.status == 404)
        #expect(elsewhere.code == "BLOB_UNKNOWN")
    }

    @Test func `ranges of a blob are served, and refused beyond its end`() async throws {
        let test = try TestRegistry()
        let digest = await test.push(blob: Array("0123456789".utf8), to: "a")
        let part = await test.send(
            "GET",
            "/v2/a/blobs/\(digest)",
            headers: [("Range", "bytes=2-4")]
        )
        #expect(part.status == 206)
        #expect(part.bytes == Array("234".utf8))
        #expect(part.headers["Content-Range"] == "bytes 2-4/10")
        let beyond = await test.send(
            "GET",
            "/v2/a/blobs/\(digest)",
            headers: [("Range", "bytes=10-")]
        )
        #expect(beyond.status == 416)
        #expect(
            beyond.headers.fields.map(\.name).sorted() == [
                "Content-Range", "Docker-Distribution-API-Version",
            ]
        )
        #expect(beyond.headers["Content-Range"] == "bytes */10")
        #expect(beyond.bytes.isEmpty)
    }

    @Test func `If-None-Match with the digest answers 304 without a body`() async throws {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        let answer = await test.send(
            "GET",
            "/v2/a/manifests/v1",
            headers: [("If-None-Match", "\"\(image.digest)\"")]
        )
        #expect(answer.status == 304)
        #expect(answer.bytes.isEmpty)
    }

    @Test func `a tag that moved is read as moved at once`() async throws {
        // I5, with the first value in the cache.
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "latest")
        _ = await test.send("GET", "/v2/a/manifests/latest")
        let second = await test.push(image: "two", to: "a", tag: "latest")
        let read = await test.send("GET", "/v2/a/manifests/latest")
        #expect(read.bytes == second.bytes)
    }

    @Test func `what a tag was before stays without a tag, and is pulled by digest`() async throws {
        // F-ICR-13.
        let test = try TestRegistry()
        let first = await test.push(image: "one", to: "a", tag: "latest")
        await test.push(image: "two", to: "a", tag: "latest")
        #expect(await test.send("GET", "/v2/a/tags/list").tags == ["latest"])
        let old = await test.send("GET", "/v2/a/manifests/\(first.digest)")
        #expect(old.status == 200)
        #expect(old.bytes == first.bytes)
        let layer = Digest.of(Array("layer of one".utf8))
        #expect(await test.send("GET", "/v2/a/blobs/\(layer)").status == 200)
    }

    @Test func `what is lost here is told to who pulls, and asked for again of who pushes`()
        async throws
    {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        let layer = Digest.of(Array("layer of one".utf8))
        for digest in [image.digest, layer] {
            #expect(
                try await test.store.delete([digest], generation: Generation.first.number) == [
                    digest
                ]
            )
        }
        for (path, lost) in [
            ("blobs/\(layer)", layer), ("manifests/v1", image.digest),
            ("manifests/\(image.digest)", image.digest),
        ] {
            for mayReturn in [false, true] {
                var options = Registry.Options()
                options.hasRepairSources = mayReturn
                let handler = test.handlerWithoutMemory(options: options)
                func ask(_ method: String) async -> Response {
                    let head = RequestHead(
                        method: method,
                        path: "/v2/a/\(path)",
                        query: nil,
                        headers: Headers([])
                    )
                    return await handler.answer(head, body: BufferedBody([]))
                }
                #expect(await ask("HEAD").status == 404)
                let answer = await ask("GET")
                #expect(answer.status == (mayReturn ? 503 : 404))
                #expect((answer.headers["Retry-After"] != nil) == mayReturn)
                let error = answer.json?["errors"]?.array?.first
                guard !mayReturn else { continue }
                let isBlob = path.hasPrefix("blobs")
                #expect(error?["code"]?.string == (isBlob ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN"))
                #expect(error?["detail"]?["quarantined"]?.string == lost.description)
            }
        }
        let mount = "/v2/b/blobs/uploads/?mount=\(layer)&from=a"
        #expect(await test.send("POST", mount).status == 202)
        await test.push(image: "one", to: "a", tag: "v1")
        #expect(await test.send("POST", mount).status == 201)
        #expect(await test.send("HEAD", "/v2/a/blobs/\(layer)").status == 200)
    }
}
