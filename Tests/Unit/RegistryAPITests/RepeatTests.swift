// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import HTTP
import OCI
import Registry
import RegistryAPI
import Testing

/// What a client does whose answers were lost: it asks again (R-ACR-07).
@Suite struct `Requests that are repeated` {
    private static let layer = Array("a layer that is pushed".utf8)

    /// Sends a request up to three times, or once; all answers must have the status.
    private func send(
        _ times: Int,
        _ test: TestRegistry,
        _ method: String,
        _ target: String,
        headers: [(String, String)] = [],
        body: [UInt8] = [],
        status: Int
    ) async -> Response {
        var answer = await test.send(method, target, headers: headers, body: body)
        #expect(answer.status == status)
        for _ in 1..<times {
            answer = await test.send(method, target, headers: headers, body: body)
            #expect(answer.status == status, "\(method) \(target) again")
        }
        return answer
    }

    /// Everything of a push, each request so often; what is there at the end.
    private func push(_ times: Int) async throws -> [String] {
        let test = try TestRegistry()
        let config = Array("{}".utf8)
        let (configDigest, digest) = (Digest.of(config), Digest.of(Self.layer))
        _ = await send(times, test, "HEAD", "/v2/a/blobs/\(digest)", status: 404)
        let uploads = "/v2/a/blobs/uploads/"
        _ = await send(
            times,
            test,
            "POST",
            "\(uploads)?digest=\(configDigest)",
            body: config,
            status: 201
        )
        // The session whose answer was lost is simply not used; the last one is.
        let begun = await send(times, test, "POST", uploads, status: 202)
        var location = try #require(begun.headers["Location"])
        location = try await append(times, test, location)
        _ = await send(times, test, "PUT", "\(location)&digest=\(digest)", status: 201)
        let mount = "/v2/b/blobs/uploads/?mount=\(digest)&from=a"
        _ = await send(times, test, "POST", mount, status: 201)
        let manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":"a/b",\
            "digest":"\(configDigest)","size":2},"layers":[{"mediaType":"a/b","digest":"\(digest)",\
            "size":\(Self.layer.count)}]}
            """.utf8
        )
        let type = [("Content-Type", MediaType.ociManifest)]
        for (tag, conditions) in [("v1", []), ("v2", [("If-None-Match", "*")])] {
            _ = await send(
                times,
                test,
                "PUT",
                "/v2/a/manifests/\(tag)",
                headers: type + conditions,
                body: manifest,
                status: 201
            )
        }
        return await state(of: test, digest, manifest: Digest.of(manifest))
    }

    /// Sends the layer in two chunks; a repeated one is told how far the upload is.
    private func append(
        _ times: Int,
        _ test: TestRegistry,
        _ begun: String
    ) async throws -> String {
        var location = begun
        let middle = Self.layer.count / 2
        for (first, chunk) in [(0, Self.layer[..<middle]), (middle, Self.layer[middle...])] {
            let range = [("Content-Range", "\(first)-\(first + chunk.count - 1)")]
            let sent = await test.send("PATCH", location, headers: range, body: Array(chunk))
            #expect(sent.status == 202)
            for _ in 1..<times {
                let again = await test.send("PATCH", location, headers: range, body: Array(chunk))
                #expect(again.status == 416)
                let status = await test.send("GET", location)
                #expect(status.headers["Range"] == "0-\(first + chunk.count - 1)")
            }
            location = try #require(sent.headers["Location"])
        }
        return location
    }

    /// What clients can see of it.
    private func state(
        of test: TestRegistry,
        _ layer: Digest,
        manifest: Digest
    ) async -> [String] {
        var seen: [String] = []
        for target in [
            "a/tags/list", "a/manifests/v1", "a/manifests/v2", "a/blobs/\(layer)",
            "b/blobs/\(layer)", "_catalog", "a/referrers/\(manifest)",
        ] {
            let answer = await test.send("GET", "/v2/\(target)")
            seen.append("\(answer.status) \(String(decoding: answer.bytes, as: UTF8.self))")
        }
        let usage = try? test.catalog.read { view throws(CatalogError) in try view.usage(of: "a") }
        return seen + ["\(String(describing: usage))"]
    }

    @Test func `leave what a push made once leaves`() async throws {
        let once = try await push(1)
        #expect(once.prefix(6).allSatisfy { $0.hasPrefix("200 ") })
        for times in 2...3 { #expect(try await push(times) == once, "\(times) times") }
    }
}
