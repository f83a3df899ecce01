// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import OCI
import RegistryAPI
import Testing

@Suite struct `Conditions and ranges` {
    private let type = [("Content-Type", MediaType.ociManifest)]

    @Test func `memory and disk give the same answer to the same request`() async throws {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        let blob = Digest.of(Array("layer of one".utf8))
        let etag = "\"\(image.digest)\""
        let fields: [[(String, String)]] = [
            [], [("Accept", "*/*"), ("User-Agent", "x")], [("Range", "bytes=1-3")],
            [("range", "bytes=-2")], [("Range", "bytes=999999-")], [("Range", "bytes=0-1,4-5")],
            [("If-None-Match", etag)], [("if-none-match", "*")], [("If-None-Match", "\"x\"")],
            [("If-Match", etag)], [("If-Match", "\"x\"")], [("If-Match", "*")],
            [("If-Range", etag), ("Range", "bytes=2-")],
            [("If-Range", "\"x\""), ("Range", "bytes=2-")],
        ]
        for path in ["manifests/v1", "manifests/\(image.digest)", "blobs/\(blob)"] {
            for method in ["GET", "HEAD"] {
                for field in fields {
                    let head = RequestHead(
                        method: method,
                        path: "/v2/a/\(path)",
                        query: "ns=example.org",
                        headers: Headers(field)
                    )
                    // A registry that has nothing in memory, over the same files.
                    let fresh = test.handlerWithoutMemory()
                    #expect(fresh.answerNow(head) == nil)
                    let slow = await fresh.answer(head, body: BufferedBody([]))
                    let fast = try #require(fresh.answerNow(head))
                    #expect(fast.status == slow.status, "\(method) \(path) \(field)")
                    #expect(fast.headers == slow.headers, "\(method) \(path) \(field)")
                    #expect(fast.bytes == slow.bytes, "\(method) \(path) \(field)")
                }
            }
        }
    }

    @Test(arguments: [
        ("Range", "bytes=0-9", 206, "bytes 0-9/"), ("Range", "bytes=-1", 206, "bytes "),
        ("Range", "bytes=99999-", 416, "bytes */"),
    ])
    func `manifests have ranges too`(
        name: String,
        value: String,
        status: Int,
        range: String
    ) async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "v1")
        let answer = await test.send("GET", "/v2/a/manifests/v1", headers: [(name, value)])
        #expect(answer.status == status)
        #expect(answer.headers["Content-Range"]?.hasPrefix(range) == true)
        #expect(answer.headers["Accept-Ranges"] == (status == 206 ? "bytes" : nil))
        if status == 416 { #expect(answer.bytes.isEmpty) }
    }

    @Test func `HEAD knows no ranges`() async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "v1")
        let answer = await test.send(
            "HEAD",
            "/v2/a/manifests/v1",
            headers: [("Range", "bytes=0-1")]
        )
        #expect(answer.status == 200)
        #expect(answer.headers["Content-Range"] == nil)
    }

    @Test
    func `what a digest names may be kept for ever, what a tag names must be asked for again`()
        async throws
    {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        let blob = Digest.of(Array("layer of one".utf8))
        for path in ["manifests/\(image.digest)", "blobs/\(blob)"] {
            let answer = await test.send("GET", "/v2/a/\(path)")
            #expect(answer.headers["Cache-Control"] == "max-age=31536000, immutable")
        }
        let tagged = await test.send("GET", "/v2/a/manifests/v1")
        #expect(tagged.headers["Cache-Control"] == "no-cache")
    }

    @Test func `a tag is put only if it is what the client saw`() async throws {
        let test = try TestRegistry()
        let first = await test.push(image: "one", to: "a", tag: "v1")
        let second = await test.push(image: "two", to: "a", tag: "")
        func put(_ condition: (String, String)) async -> Response {
            await test.send(
                "PUT",
                "/v2/a/manifests/v1",
                headers: type + [condition],
                body: second.bytes
            )
        }
        let exists = await put(("If-None-Match", "*"))
        #expect(exists.status == 412 && exists.code == "DENIED")
        #expect(exists.headers["ETag"] == "\"\(first.digest)\"")
        let other = await put(("If-Match", "\"\(second.digest)\""))
        #expect(other.status == 412 && other.code == "DENIED")
        #expect(await put(("If-Match", "\"\(first.digest)\"")).status == 201)
        // It is so already: the first answer was lost.
        #expect(await put(("If-Match", "\"\(first.digest)\"")).status == 201)
        #expect(await test.send("GET", "/v2/a/manifests/v1").bytes == second.bytes)
    }

    @Test func `a condition goes with one tag and no more`() async throws {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        for query in ["", "?tag=x&tag=y"] {
            let answer = await test.send(
                "PUT",
                "/v2/a/manifests/\(image.digest)\(query)",
                headers: type + [("If-None-Match", "*")],
                body: image.bytes
            )
            #expect(answer.status == 400)
        }
        let one = await test.send(
            "PUT",
            "/v2/a/manifests/\(image.digest)?tag=x",
            headers: type + [("If-None-Match", "*")],
            body: image.bytes
        )
        #expect(one.status == 201)
    }

    @Test func `a deletion has conditions too`() async throws {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        let other = Digest.of([1])
        for reference in ["v1", image.digest.description] {
            let answer = await test.send(
                "DELETE",
                "/v2/a/manifests/\(reference)",
                headers: [("If-Match", "\"\(other)\"")]
            )
            #expect(answer.status == 412)
        }
        for reference in ["v1", image.digest.description] {
            let answer = await test.send(
                "DELETE",
                "/v2/a/manifests/\(reference)",
                headers: [("If-Match", "\"\(image.digest)\"")]
            )
            #expect(answer.status == 202)
        }
    }
}
