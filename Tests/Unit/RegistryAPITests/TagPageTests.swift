// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import OCI
import RegistryAPI
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Pages of tags in memory` {
    private func inMemory(_ test: TestRegistry, _ path: String, _ query: String?) -> Response? {
        test.handler.answerNow(RequestHead(method: "GET", path: path, query: query))
    }

    @Test func `answer like the catalog, until any tag of the repository changes`() async throws {
        // I5.
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        _ = await test.push(image: "one", to: "a", tag: "v2")
        _ = await test.push(image: "one", to: "other", tag: "v1")
        let path = "/v2/a/tags/list"
        let type = [("Content-Type", MediaType.ociManifest)]
        let changes: [(String, String, [UInt8])] = [
            ("PUT", "/v2/a/manifests/v3", image.bytes), ("DELETE", "/v2/a/manifests/v1", []),
            ("PUT", "/v2/a/manifests/\(image.digest)?tag=v4&tag=v5", image.bytes),
            ("DELETE", "/v2/a/manifests/\(image.digest)", []),
        ]
        for (method, target, body) in changes {
            for query in [nil, "n=1", "n=1&last=v2", "last=v2"] {
                let read = await test.send("GET", query.map { "\(path)?\($0)" } ?? path)
                let kept = try #require(inMemory(test, path, query))
                #expect(kept.bytes == read.bytes && kept.headers == read.headers)
            }
            _ = await test.send("GET", "/v2/other/tags/list")
            let answer = await test.send(method, target, headers: type, body: body)
            #expect(answer.status / 100 == 2)
            for query in [nil, "n=1", "n=1&last=v2", "last=v2"] {
                #expect(inMemory(test, path, query) == nil, "\(method) \(target), \(query ?? "")")
            }
            #expect(inMemory(test, "/v2/other/tags/list", nil) != nil)
        }
        #expect(await test.send("GET", path).tags == [])
    }

    @Test func `are kept for one spelling of a query alone`() async throws {
        // I10: what a client can make up has no end.
        let test = try TestRegistry()
        _ = await test.push(image: "one", to: "a", tag: "v1")
        let path = "/v2/a/tags/list"
        for query in ["last=v0&n=1", "n=01", "n=1&x=2", "n=5000", "n=1&last=%76"] {
            #expect(await test.send("GET", "\(path)?\(query)").tags == ["v1"], "\(query)")
            #expect(inMemory(test, path, query) == nil, "\(query)")
        }
        #expect(await test.send("GET", "\(path)?").tags == ["v1"])
        #expect(inMemory(test, path, nil) != nil)
    }
}
