// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import JSON
import OCI
import Testing

/// OCI distribution spec, "Pushing blobs" and "Mounting a blob from another repository".
@Suite struct `Specification: pushing blobs` {
    private let content = "a layer"
    private var digest: Digest { Digest.of(Array(content.utf8)) }

    @Test func `POST then PUT pushes a blob, and each answer says where to go on`() async throws {
        let test = try TestRegistry()
        let begun = await test.send("POST", "/v2/team/app/blobs/uploads/")
        #expect(begun.status == 202)
        let location = try #require(begun.headers["Location"])
        #expect(location.hasPrefix("/v2/team/app/blobs/uploads/"))
        let put = await test.finish(location, digest.description, content)
        #expect(put.status == 201)
        let place = try #require(put.headers["Location"])
        #expect(await test.send("GET", place).bytes == Array(content.utf8))
        #expect(put.headers["Docker-Content-Digest"] == digest.description)
    }

    @Test func `each upload has a session id of its own, 128 random bits`() async throws {
        let test = try TestRegistry()
        var ids: Set<String> = []
        for _ in 0..<50 {
            let path = await test.begin(in: "a").prefix { $0 != "?" }
            let id = path.split(separator: "/").last.map(String.init) ?? ""
            #expect(id.utf8.filter { $0 != UInt8(ascii: "-") }.count == 32)
            ids.insert(id)
        }
        #expect(ids.count == 50)
    }

    @Test func `one POST pushes a blob`() async throws {
        let test = try TestRegistry()
        let put = await test.send(
            "POST",
            "/v2/a/blobs/uploads/?digest=\(digest)",
            body: Array(content.utf8)
        )
        #expect(put.status == 201)
        let place = try #require(put.headers["Location"])
        #expect(await test.send("GET", place).bytes == Array(content.utf8))
    }

    @Test(arguments: [
        "sha256:abc", "sha256", "", "md5:d41d8cd98f00b204e9800998ecf8427e", "latest",
        "sha384:" + String(repeating: "a", count: 96),
    ])
    func `a digest that is none, or of another algorithm, is 400`(text: String) async throws {
        let test = try TestRegistry()
        let single = await test.send("POST", "/v2/a/blobs/uploads/?digest=\(text)", body: [1])
        #expect(single.status == 400 && single.code == "DIGEST_INVALID")
        let put = await test.finish(await test.begin(in: "a"), text, "x")
        #expect(put.status == 400 && put.code == "DIGEST_INVALID")
        let mount = await test.send("POST", "/v2/a/blobs/uploads/?mount=\(text)&from=b")
        #expect(mount.status == 400 && mount.code == "DIGEST_INVALID")
        #expect(await test.send("GET", "/v2/a/blobs/\(text)").status == 400)
    }

    @Test func `a digest-algorithm that is not supported is 400`() async throws {
        let test = try TestRegistry()
        for algorithm in ["md5", "SHA256", "sha-256", ""] {
            let answer = await test.send(
                "POST",
                "/v2/a/blobs/uploads/?digest-algorithm=\(algorithm)"
            )
            #expect(answer.status == 400 && answer.code == "DIGEST_INVALID")
        }
    }

    @Test func `digest-algorithm says what a chunked upload is hashed with`() async throws {
        let test = try TestRegistry()
        let bytes = Array(content.utf8)
        for query in ["?digest-algorithm=sha512", ""] {
            // Without it the bytes are read again, and the push succeeds all the same.
            let digest = Digest.of(bytes + Array(query.utf8), .sha512)
            let location = await test.begin(in: "a", query: query)
            let chunk = await test.patch(location, content + query)
            let put = await test.finish(chunk.headers["Location"] ?? "", digest.description)
            #expect(put.status == 201)
            #expect(await test.send("GET", "/v2/a/blobs/\(digest)").status == 200)
        }
    }

    @Test func `bytes that do not have the digest are refused and leave nothing`() async throws {
        let test = try TestRegistry()
        let single = await test.send(
            "POST",
            "/v2/a/blobs/uploads/?digest=\(digest)",
            body: Array("something else".utf8)
        )
        #expect(single.status == 400 && single.code == "DIGEST_INVALID")
        let put = await test.finish(await test.begin(in: "a"), digest.description, "something else")
        #expect(put.status == 400 && put.code == "DIGEST_INVALID")
        #expect(await test.send("GET", "/v2/a/blobs/\(digest)").status == 404)
    }

    @Test func `a blob is mounted from another repository`() async throws {
        let test = try TestRegistry()
        await test.push(blob: Array(content.utf8), to: "source")
        let mounted = await test.send("POST", "/v2/a/b/blobs/uploads/?mount=\(digest)&from=source")
        #expect(mounted.status == 201)
        let place = try #require(mounted.headers["Location"])
        #expect(place.contains("/v2/a/b/blobs/"))
        #expect(await test.send("GET", place).bytes == Array(content.utf8))
        #expect(mounted.headers["Docker-Content-Digest"] == digest.description)
    }

    @Test func `a blob that cannot be mounted is uploaded instead`() async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "source", tag: "v1")
        for from in ["&from=source", "&from=nobody/was/here", ""] {
            let answer = await test.send("POST", "/v2/a/blobs/uploads/?mount=\(digest)\(from)")
            #expect(answer.status == 202)
            let location = try #require(answer.headers["Location"])
            #expect(await test.finish(location, digest.description, content).status == 201)
            #expect(await test.send("DELETE", "/v2/a/blobs/\(digest)").status == 202)
        }
    }

    @Test func `no minimum length of chunks is asked for, and one byte is taken`() async throws {
        let test = try TestRegistry()
        let begun = await test.send("POST", "/v2/a/blobs/uploads/")
        #expect(begun.headers["OCI-Chunk-Min-Length"] == nil)
        let chunk = await test.patch(begun.headers["Location"] ?? "", "x", at: 0)
        #expect(chunk.status == 202)
    }
}
