// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import JSON
import OCI
import Testing

/// OCI distribution spec, "Pushing a blob in chunks" and "Cancel a blob upload".
@Suite struct `Specification: chunks` {
    private let digest = Digest.of(Array("0123456789".utf8))

    @Test func `chunks are answered with 202, where to go on, and how far it is`() async throws {
        let test = try TestRegistry()
        var location = await test.begin(in: "a")
        var first = 0
        for chunk in ["0123", "45", "6789"] {
            let answer = await test.patch(location, chunk, at: first)
            first += chunk.utf8.count
            #expect(answer.status == 202)
            #expect(answer.headers["Range"] == "0-\(first - 1)")
            location = try #require(answer.headers["Location"])
        }
        let put = await test.finish(location, digest.description)
        #expect(put.status == 201)
        let place = try #require(put.headers["Location"])
        #expect(await test.send("GET", place).bytes == Array("0123456789".utf8))
    }

    @Test func `the last chunk may come with the PUT`() async throws {
        let test = try TestRegistry()
        let chunk = await test.patch(await test.begin(in: "a"), "01234", at: 0)
        let location = try #require(chunk.headers["Location"])
        let put = await test.finish(location, digest.description, "56789", at: 5)
        #expect(put.status == 201)
        #expect(await test.send("GET", "/v2/a/blobs/\(digest)").status == 200)
    }

    @Test func `a chunk that does not follow is 416, and so is the last`() async throws {
        let test = try TestRegistry()
        let begun = await test.begin(in: "a")
        #expect(await test.patch(begun, "x", at: 1).status == 416)
        let chunk = await test.patch(begun, "0123", at: 0)
        let location = try #require(chunk.headers["Location"])
        for first in [0, 3, 5, 100] {
            let answer = await test.patch(location, "45", at: first)
            #expect(answer.status == 416)
            #expect(answer.code == "BLOB_UPLOAD_INVALID")
            #expect(answer.headers["Range"] == "0-3")
        }
        let last = await test.finish(location, digest.description, "56789", at: 5)
        #expect(last.status == 416)
        let status = await test.send("GET", location)
        let again = await test.finish(
            status.headers["Location"] ?? "",
            digest.description,
            "456789",
            at: 4
        )
        #expect(again.status == 201)
    }

    @Test(arguments: [
        "bytes 0-3", "0-", "-3", "3-0", "0-3/10", "a-b", "", "0-99999999999999999999",
    ])
    func `a Content-Range of another form is refused`(range: String) async throws {
        let test = try TestRegistry()
        let answer = await test.send(
            "PATCH",
            await test.begin(in: "a"),
            headers: [("Content-Range", range)],
            body: Array("0123".utf8)
        )
        #expect(answer.status == 400)
        #expect(answer.code == "BLOB_UPLOAD_INVALID")
    }

    @Test func `a chunk of another length than its range is refused`() async throws {
        let test = try TestRegistry()
        for range in ["0-1", "0-9"] {
            let answer = await test.send(
                "PATCH",
                await test.begin(in: "a"),
                headers: [("Content-Range", range)],
                body: Array("0123".utf8)
            )
            #expect(answer.status == 400 && answer.code == "SIZE_INVALID")
        }
    }

    @Test func `the status of an upload is 204 with where to go on`() async throws {
        let test = try TestRegistry()
        let chunk = await test.patch(await test.begin(in: "a"), "01234", at: 0)
        let status = await test.send("GET", chunk.headers["Location"] ?? "")
        #expect(status.status == 204)
        #expect(status.headers["Range"] == "0-4")
        let location = try #require(status.headers["Location"])
        #expect(await test.patch(location, "56789", at: 5).status == 202)
    }

    @Test func `without a digest the session is not closed`() async throws {
        let test = try TestRegistry()
        let chunk = await test.patch(await test.begin(in: "a"), "0123456789", at: 0)
        let location = try #require(chunk.headers["Location"])
        let put = await test.send("PUT", location)
        #expect(put.status == 400 && put.code == "DIGEST_INVALID")
        #expect(await test.send("GET", "/v2/a/blobs/\(digest)").status == 404)
        #expect(await test.finish(location, digest.description).status == 201)
    }

    @Test func `a cancelled upload is 204 and then unknown`() async throws {
        let test = try TestRegistry()
        let chunk = await test.patch(await test.begin(in: "a"), "0123456789", at: 0)
        let location = try #require(chunk.headers["Location"])
        #expect(await test.send("DELETE", location).status == 204)
        for answer in [
            await test.send("GET", location), await test.send("DELETE", location),
            await test.patch(location, "x"), await test.finish(location, digest.description),
        ] {
            #expect(answer.status == 404 && answer.code == "BLOB_UPLOAD_UNKNOWN")
        }
    }

    @Test func `a repeated last request answers 201 again`() async throws {
        let test = try TestRegistry()
        let chunk = await test.patch(await test.begin(in: "a"), "0123456789", at: 0)
        let location = try #require(chunk.headers["Location"])
        for _ in 0..<3 {
            #expect(await test.finish(location, digest.description).status == 201)
        }
    }
}
