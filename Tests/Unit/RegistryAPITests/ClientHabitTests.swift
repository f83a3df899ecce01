// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import JSON
import OCI
import Registry
import RegistryAPI
import Testing

/// What docker, containerd, BuildKit and Harbor's users do beyond the specification.
@Suite struct `What clients are used to` {
    @Test func `docker streams a layer without saying where it belongs`() async throws {
        let test = try TestRegistry()
        let layer = Array("a layer".utf8)
        let digest = Digest.of(layer)
        #expect(await test.send("HEAD", "/v2/a/blobs/\(digest)").status == 404)
        let begun = await test.send("POST", "/v2/a/blobs/uploads/")
        #expect(begun.headers["Docker-Upload-UUID"]?.isEmpty == false)
        let patched = await test.send(
            "PATCH",
            try #require(begun.headers["Location"]),
            headers: [("Transfer-Encoding", "chunked")],
            body: layer
        )
        #expect(patched.status == 202)
        #expect(patched.headers["Range"] == "0-\(layer.count - 1)")
        let location = try #require(patched.headers["Location"])
        let put = await test.send("PUT", "\(location)&digest=\(digest)")
        #expect(put.status == 201)
        #expect(put.headers["Docker-Content-Digest"] == digest.description)
        #expect(await test.send("HEAD", "/v2/a/blobs/\(digest)").status == 200)
    }

    @Test func `containerd asks for a mount and sends everything with the PUT if it gets none`()
        async throws
    {
        let test = try TestRegistry()
        let layer = Array("a layer".utf8)
        let digest = Digest.of(layer)
        let target = "/v2/a/blobs/uploads/?mount=\(digest)&from=b"
        let begun = await test.send("POST", target)
        #expect(begun.status == 202)
        let location = try #require(begun.headers["Location"])
        let put = await test.send("PUT", "\(location)&digest=\(digest)", body: layer)
        #expect(put.status == 201)
        await test.push(blob: layer, to: "b")
        #expect(await test.send("POST", "/v2/c/blobs/uploads/?mount=\(digest)").status == 201)
        #expect(await test.send("GET", "/v2/c/blobs/\(digest)").bytes == layer)
    }

    @Test func `every answer says which API it is`() async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "v1")
        for target in [
            "/v2/", "/v2/_catalog", "/v2/a/tags/list", "/v2/a/manifests/v1", "/v2/a/manifests/v9",
            "/v2/A/manifests/v1", "/v2/x/y", "/v2/a/tags/list?n=x",
        ] {
            let answer = await test.send("GET", target)
            #expect(
                answer.headers["Docker-Distribution-API-Version"] == "registry/2.0",
                "\(target)"
            )
        }
    }

    @Test func `the catalog lists repositories in order, page by page, and not the canary`()
        async throws
    {
        let test = try TestRegistry()
        let names = ["a", "a-b", "a/b", "a/b/c", "a0", "b", "team/app", "team.x/app", "z"]
        for name in names.reversed() { await test.push(image: "one", to: name, tag: "v1") }
        try await Canary(test.registry).place()
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for n in [1, 2, 4, 100] {
            var seen: [String] = []
            var target: String? = "/v2/_catalog?n=\(n)"
            while let here = target {
                let page = await test.send("GET", here)
                let items = page.json?["repositories"]?.array?.compactMap(\.string) ?? []
                #expect(items.count == min(n, sorted.count - seen.count))
                seen += items
                target = page.next
                try #require(seen.count <= sorted.count)
            }
            #expect(seen == sorted)
        }
        #expect(await test.send("GET", "/v2/_breakwater/canary/manifests/latest").status == 400)
    }

    @Test func `an emptied repository leaves the catalog and keeps an empty list of tags`()
        async throws
    {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        #expect(await test.send("DELETE", "/v2/a/manifests/\(image.digest)").status == 202)
        let catalog = await test.send("GET", "/v2/_catalog")
        #expect(catalog.json?["repositories"]?.array == [])
        let tags = await test.send("GET", "/v2/a/tags/list")
        #expect(tags.status == 200 && tags.json?["tags"]?.array == [])
        let never = await test.send("GET", "/v2/never/tags/list")
        #expect(never.status == 404 && never.code == "NAME_UNKNOWN")
    }

    @Test func `behind a public address every link is absolute`() async throws {
        var api = DistributionHandler.Options()
        api.publicURL = "https://registry.example.org"
        let test = try TestRegistry(api: api)
        let begun = await test.send("POST", "/v2/a/blobs/uploads/")
        let prefix = "https://registry.example.org/v2/"
        #expect(begun.headers["Location"]?.hasPrefix(prefix) == true)
        await test.push(image: "one", to: "a", tag: "v1")
        await test.push(image: "one", to: "a", tag: "v2")
        let page = await test.send("GET", "/v2/a/tags/list?n=1")
        #expect(page.headers["Link"]?.hasPrefix("<\(prefix)") == true)
    }

    @Test func `without one, what a client says of its host is not believed`() async throws {
        let test = try TestRegistry()
        let begun = await test.send(
            "POST",
            "/v2/a/blobs/uploads/",
            headers: [
                ("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"),
                ("X-Forwarded-Proto", "https"),
            ]
        )
        #expect(begun.headers["Location"]?.hasPrefix("/v2/a/blobs/uploads/") == true)
    }

    @Test func `an index of BuildKit's cache names blobs`() async throws {
        let test = try TestRegistry()
        let layer = await test.push(blob: Array("cached".utf8), to: "cache")
        let config = await test.push(blob: Array("{}".utf8), to: "cache")
        let text = """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociIndex)","manifests":[\
            {"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"\(layer)","size":6},\
            {"mediaType":"application/vnd.buildkit.cacheconfig.v0","digest":"\(config)","size":2}]}
            """
        #expect(await test.put(text, to: "cache", "main", as: MediaType.ociIndex).status == 201)
        let refused = await test.send("DELETE", "/v2/cache/blobs/\(layer)")
        #expect(refused.status == 405 && refused.code == "UNSUPPORTED")
        #expect(await test.put(text, to: "other", "main", as: MediaType.ociIndex).status == 400)
    }

    @Test func `layers from elsewhere need not be pushed`() async throws {
        let test = try TestRegistry()
        let config = await test.push(blob: Array("{}".utf8), to: "a")
        for type in [
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        ] {
            let text = """
                {"schemaVersion":2,"mediaType":"\(MediaType.dockerManifest)","config":\
                {"mediaType":"x/y","digest":"\(config)","size":2},"layers":[\
                {"mediaType":"\(type)","digest":"\(Digest.of([1]))","size":1}]}
                """
            let answer = await test.put(text, to: "a", "v1", as: MediaType.dockerManifest)
            #expect(answer.status == 201)
        }
    }

    @Test func `a manifest is no blob and a blob is no manifest`() async throws {
        // What HEAD finds, a manifest may name: otherwise a client would skip an upload it needs.
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        let blob = Digest.of(Array("layer of one".utf8))
        #expect(await test.send("HEAD", "/v2/a/blobs/\(image.digest)").status == 404)
        #expect(await test.send("HEAD", "/v2/a/manifests/\(blob)").status == 404)
        await test.push(blob: image.bytes, to: "a")
        #expect(await test.send("GET", "/v2/a/blobs/\(image.digest)").bytes == image.bytes)
        #expect(await test.send("DELETE", "/v2/a/manifests/\(image.digest)").status == 202)
        #expect(await test.send("GET", "/v2/a/blobs/\(image.digest)").bytes == image.bytes)
    }

    @Test func `sha512 serves from end to end, also when only the last request names it`()
        async throws
    {
        let test = try TestRegistry()
        let layer = Array("a layer".utf8)
        let digest = Digest.of(layer, .sha512)
        for query in ["", "?digest-algorithm=sha512"] {
            let begun = await test.begin(in: "a\(query.isEmpty ? "" : "b")", query: query)
            let patched = await test.patch(begun, "a layer")
            let location = try #require(patched.headers["Location"])
            let put = await test.finish(location, digest.description)
            #expect(put.status == 201)
        }
        let text = """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","layers":[],"config":\
            {"mediaType":"x/y","digest":"\(digest)","size":7}}
            """
        let manifest = Digest.of(Array(text.utf8), .sha512)
        let put = await test.put(text, to: "a", manifest.description)
        #expect(put.status == 201)
        #expect(put.headers["Docker-Content-Digest"] == manifest.description)
        let pulled = await test.send("GET", "/v2/a/manifests/\(manifest)")
        #expect(pulled.bytes == Array(text.utf8))
        #expect(await test.send("GET", "/v2/a/blobs/\(digest)").bytes == layer)
    }

    @Test func `two clients that push the same blob at once both succeed`() async throws {
        let test = try TestRegistry()
        let layer = [UInt8](repeating: 7, count: 300_000)
        let digest = Digest.of(layer)
        let statuses = await withTaskGroup(of: Int.self) { group in
            for client in 0..<8 {
                group.addTask {
                    let begun = await test.begin(in: client % 2 == 0 ? "a" : "b")
                    let separator = begun.contains("?") ? "&" : "?"
                    let target = "\(begun)\(separator)digest=\(digest)"
                    return await test.send("PUT", target, body: layer).status
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == [Int](repeating: 201, count: 8))
        #expect(await test.send("GET", "/v2/b/blobs/\(digest)").bytes == layer)
    }
}
