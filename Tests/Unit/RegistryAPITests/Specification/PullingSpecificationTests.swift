// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import JSON
import OCI
import Testing

/// OCI distribution spec, "Pull".
@Suite struct `Specification: pulling` {
    private let unknown = Digest.of(Array("nobody pushed this".utf8))

    @Test(arguments: [
        "sha256:abc", "md5:d41d8cd98f00b204e9800998ecf8427e", "a:b", ".hidden", "-x", "a%20b",
        "%C3%A9", "a%2Bb", String(repeating: "a", count: 129), "",
    ])
    func `a reference that is neither tag nor digest is refused`(reference: String) async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "v1")
        let answer = await test.send("GET", "/v2/a/manifests/\(reference)")
        #expect(answer.status == 400)
        #expect(["DIGEST_INVALID", "MANIFEST_INVALID"].contains(answer.code))
    }

    @Test func `a tag of 128 characters is taken`() async throws {
        let test = try TestRegistry()
        let tag = "_" + String(repeating: "Z", count: 127)
        await test.push(image: "one", to: "a", tag: tag)
        #expect(await test.send("GET", "/v2/a/manifests/\(tag)").status == 200)
    }

    @Test(arguments: [
        "A", "a/B", "a..b", "a___b", "-a", "a-", "a//b", "_a", "a.", "%C3%A9", "..", "a/../b",
        "a%2F..%2Fb", String(repeating: "a", count: 256),
    ])
    func `a name outside the grammar is refused with NAME_INVALID`(name: String) async throws {
        let test = try TestRegistry()
        for (method, path) in [
            ("GET", "manifests/v1"), ("PUT", "manifests/v1"), ("GET", "tags/list"),
            ("POST", "blobs/uploads/"), ("GET", "blobs/\(unknown)"),
            ("GET", "referrers/\(unknown)"),
        ] {
            let answer = await test.send(method, "/v2/\(name)/\(path)")
            #expect(answer.status == 400)
            #expect(answer.code == "NAME_INVALID")
        }
    }

    @Test(arguments: ["a", "a/b/c/d", "a.b_c__d-e---f/0", String(repeating: "a", count: 255)])
    func `a name of the grammar is taken`(name: String) async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: name, tag: "v1")
        #expect(await test.send("GET", "/v2/\(name)/manifests/v1").status == 200)
    }

    @Test(arguments: [
        MediaType.ociManifest, MediaType.dockerManifest, MediaType.ociIndex, MediaType.dockerList,
    ])
    func `a manifest is served as the type it was pushed as, without parameters`(
        type: String
    ) async throws {
        let test = try TestRegistry()
        let digest = await test.push(blob: Array("{}".utf8), to: "a")
        let isImage = [MediaType.ociManifest, MediaType.dockerManifest].contains(type)
        let config = #""layers":[],"config":{"mediaType":"a/b","digest":"\#(digest)","size":2}"#
        let more = isImage ? config : #""manifests":[]"#
        let text = #"{"schemaVersion":2,"mediaType":"\#(type)",\#(more)}"#
        #expect(await test.put(text, to: "a", "v1", as: type + "; charset=utf-8").status == 201)
        for method in ["GET", "HEAD"] {
            let answer = await test.send(method, "/v2/a/manifests/v1")
            #expect(answer.headers.values("Content-Type") == [type])
        }
    }

    @Test func `a manifest that is not there is 404`() async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "v1")
        for method in ["GET", "HEAD"] {
            for reference in ["v2", unknown.description] {
                let answer = await test.send(method, "/v2/a/manifests/\(reference)")
                #expect(answer.status == 404)
                #expect(answer.code == "MANIFEST_UNKNOWN")
            }
        }
    }

    @Test func `a blob is pulled with its digest in the header`() async throws {
        let test = try TestRegistry()
        for algorithm in Digest.Algorithm.allCases {
            let bytes = Array("content for \(algorithm.name)".utf8)
            let digest = await test.push(blob: bytes, to: "a", algorithm)
            let answer = await test.send("GET", "/v2/a/blobs/\(digest)")
            #expect(answer.status == 200)
            #expect(answer.bytes == bytes)
            let header = answer.headers["Docker-Content-Digest"].flatMap { Digest($0) }
            #expect(header == digest && Digest.of(answer.bytes, algorithm) == digest)
        }
    }

    @Test func `a blob that is not there is 404`() async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "v1")
        for method in ["GET", "HEAD"] {
            let answer = await test.send(method, "/v2/a/blobs/\(unknown)")
            #expect(answer.status == 404)
            #expect(answer.code == "BLOB_UNKNOWN")
        }
    }

    @Test func `HEAD answers 200 with digest and size for manifests and blobs`() async throws {
        // The transport sends the length of the body that GET would send, and no body.
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        let blob = Array("0123456789".utf8)
        let digest = await test.push(blob: blob, to: "a")
        for (path, named, size) in [
            ("manifests/v1", image.digest, image.bytes.count),
            ("manifests/\(image.digest)", image.digest, image.bytes.count),
            ("blobs/\(digest)", digest, blob.count),
        ] {
            let answer = await test.send("HEAD", "/v2/a/\(path)")
            #expect(answer.status == 200)
            #expect(answer.headers["Docker-Content-Digest"] == named.description)
            #expect(answer.bytes.count == size)
        }
    }

    @Test func `pulling from a repository nobody pushed to is 404`() async throws {
        let test = try TestRegistry()
        for path in ["manifests/v1", "manifests/\(unknown)", "blobs/\(unknown)", "tags/list"] {
            for method in ["GET", "HEAD"] {
                #expect(await test.send(method, "/v2/nobody/was/here/\(path)").status == 404)
            }
        }
    }
}
