// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import JSON
import OCI
import Registry
import RegistryAPI
import Testing

/// OCI distribution spec, "Content Management".
@Suite struct `Specification: deleting` {
    private let unknown = Digest.of(Array("nobody pushed this".utf8))

    @Test func `a deleted tag is 202 and then 404, and its manifest stays`() async throws {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        #expect(await test.send("DELETE", "/v2/a/manifests/v1").status == 202)
        #expect(await test.send("GET", "/v2/a/manifests/v1").status == 404)
        #expect(await test.send("GET", "/v2/a/manifests/\(image.digest)").status == 200)
        #expect(await test.send("DELETE", "/v2/a/manifests/v1").status == 404)
    }

    @Test func `a deleted manifest is 202 and then 404, with every tag that was it`() async throws {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        await test.push(image: "one", to: "a", tag: "v2")
        await test.push(image: "two", to: "a", tag: "v3")
        let path = "/v2/a/manifests/\(image.digest)"
        #expect(await test.send("DELETE", path).status == 202)
        for reference in ["v1", "v2", image.digest.description] {
            #expect(await test.send("GET", "/v2/a/manifests/\(reference)").status == 404)
        }
        #expect(await test.send("GET", "/v2/a/tags/list").tags == ["v3"])
        #expect(await test.send("DELETE", path).status == 404)
    }

    @Test func `deleting in a repository that is not there is 404`() async throws {
        let test = try TestRegistry()
        for path in ["manifests/v1", "manifests/\(unknown)", "blobs/\(unknown)"] {
            #expect(await test.send("DELETE", "/v2/nobody/\(path)").status == 404)
        }
    }

    @Test func `a deleted blob is 202 and then 404, and one that is not there is 404`() async throws
    {
        let test = try TestRegistry()
        let digest = await test.push(blob: Array("x".utf8), to: "a")
        let path = "/v2/a/blobs/\(digest)"
        #expect(await test.send("DELETE", path).status == 202)
        #expect(await test.send("GET", path).status == 404)
        let again = await test.send("DELETE", path)
        #expect(again.status == 404 && again.code == "BLOB_UNKNOWN")
    }
}

/// OCI distribution spec, "API".
@Suite struct `Specification: endpoints and errors` {
    @Test func `the base says that this is a registry`() async throws {
        let test = try TestRegistry()
        #expect(await test.send("GET", "/v2/").status == 200)
    }

    @Test func `every endpoint answers with the status of the table`() async throws {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        let blob = await test.push(blob: Array("x".utf8), to: "a")
        let text = String(decoding: image.bytes, as: UTF8.self)
        let upload = await test.begin(in: "a")
        let cancelled = await test.begin(in: "a")
        let empty = Digest.of([])
        let table: [(String, String, Int)] = [
            ("GET", "/v2/", 200), ("GET", "/v2/a/blobs/\(blob)", 200),
            ("HEAD", "/v2/a/blobs/\(blob)", 200), ("GET", "/v2/a/manifests/v1", 200),
            ("HEAD", "/v2/a/manifests/\(image.digest)", 200), ("POST", "/v2/a/blobs/uploads/", 202),
            ("POST", "/v2/a/blobs/uploads/?digest-algorithm=sha512", 202),
            ("POST", "/v2/b/blobs/uploads/?mount=\(blob)&from=a", 201),
            ("GET", upload, 204), ("PUT", upload + "&digest=\(empty)", 201),
            ("DELETE", cancelled, 204),
            ("GET", "/v2/a/tags/list", 200), ("GET", "/v2/a/tags/list?n=1&last=v0", 200),
            ("GET", "/v2/a/referrers/\(image.digest)", 200),
            ("GET", "/v2/a/referrers/\(image.digest)?artifactType=x/y", 200),
            ("DELETE", "/v2/a/manifests/v1", 202),
            ("DELETE", "/v2/a/manifests/\(image.digest)", 202),
            ("DELETE", "/v2/a/blobs/\(blob)", 202),
        ]
        for (method, target, status) in table {
            #expect(await test.send(method, target).status == status, "\(method) \(target)")
        }
        await test.push(image: "one", to: "a", tag: "v1")
        #expect(await test.put(text, to: "a", "v2").status == 201)
        #expect(await test.put(text, to: "a", "\(image.digest)?tag=v3").status == 201)
    }

    @Test func `a method that an endpoint does not have is 405 with those it has`() async throws {
        let test = try TestRegistry()
        for (method, target) in [
            ("PUT", "/v2/"), ("POST", "/v2/a/manifests/v1"), ("PATCH", "/v2/a/tags/list"),
            ("DELETE", "/v2/a/tags/list"), ("GET", "/v2/a/blobs/uploads/"), ("TRACE", "/v2/"),
        ] {
            let answer = await test.send(method, target)
            #expect(answer.status == 405 && answer.code == "UNSUPPORTED")
            #expect(answer.headers["Allow"]?.isEmpty == false)
        }
    }

    @Test func `a refusal to delete what is named says what else can be done with it`() async throws
    {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        let layer = Digest.of(Array("layer of one".utf8))
        let index = """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociIndex)","manifests":[{"mediaType":\
            "\(MediaType.ociManifest)","digest":"\(image.digest)","size":\(image.bytes.count)}]}
            """
        #expect(await test.put(index, to: "a", "all", as: MediaType.ociIndex).status == 201)
        let blob = await test.send("DELETE", "/v2/a/blobs/\(layer)")
        #expect(blob.status == 405 && blob.headers["Allow"] == "GET, HEAD")
        let manifest = await test.send("DELETE", "/v2/a/manifests/\(image.digest)")
        #expect(manifest.status == 405 && manifest.headers["Allow"] == "GET, HEAD, PUT")
    }

    @Test func `every error has the body of the specification`() async throws {
        let test = try TestRegistry()
        let unknown = Digest.of(Array("nobody pushed this".utf8))
        await test.push(image: "one", to: "a", tag: "v1")
        let codes = Set(ErrorCode.allCases.map(\.rawValue))
        for (method, target) in [
            ("GET", "/v2/a/manifests/none"), ("GET", "/v2/a/blobs/\(unknown)"),
            ("GET", "/v2/A/tags/list"),
            ("GET", "/v2/none/tags/list"), ("PUT", "/v2/a/manifests/v2"), ("GET", "/v2/a/nothing"),
            ("DELETE", "/v2/a/blobs/\(unknown)"), ("GET", "/v2/a/tags/list?n=x"),
            ("GET", "/v2/a/tags/list?n=1&n=2"), ("GET", "/v2/a/referrers/x"), ("POST", "/v2/"),
            ("PATCH", "/v2/a/blobs/uploads/0123?_state=forged"), ("GET", "/v2/a/blobs/sha256:x"),
        ] {
            let answer = await test.send(method, target)
            #expect((400..<500).contains(answer.status), "\(method) \(target)")
            #expect(answer.headers["Content-Type"] == "application/json")
            #expect(answer.json?.members?.map(\.key) == ["errors"])
            let errors = try #require(answer.json?["errors"]?.array)
            #expect(!errors.isEmpty)
            for error in errors {
                #expect(error["code"]?.string.map(codes.contains) == true)
                #expect(error["message"]?.string?.isEmpty == false)
                let known = ["code", "message", "detail"]
                #expect(error.members?.allSatisfy { known.contains($0.key) } == true)
            }
        }
    }

    @Test func `an answer that asks to come again says when`() async throws {
        let put = { (test: TestRegistry) in
            await test.put(TestRegistry.index([]), to: "a", "v1", as: MediaType.ociIndex)
        }
        let refusing = try TestRegistry()
        refusing.registry.registrar.refuse("the test wants none")
        let unavailable = await put(refusing)
        #expect(unavailable.status == 503 && unavailable.code == "UNAVAILABLE")

        var full = Registry.Options()
        full.registrar.waitingMax = 0
        let test = try TestRegistry(options: full)
        let registrar = test.registry.registrar
        let tooMany = try await registrar.exclusively(because: "the test holds the lead") {
            // Changes may come and would have to wait, where no place is.
            registrar.refuse(nil)
            return await put(test)
        }
        #expect(tooMany.status == 429 && tooMany.code == "TOOMANYREQUESTS")
        #expect(await put(test).status == 201)

        for answer in [unavailable, tooMany] {
            let seconds = answer.headers["Retry-After"].flatMap { Int($0) }
            #expect(seconds.map { $0 > 0 } == true)
        }
    }
}
