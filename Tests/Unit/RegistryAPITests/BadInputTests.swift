// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import JSON
import OCI
import RegistryAPI
import Testing

@Suite struct `Bad input` {
    private static let hex = String(repeating: "a", count: 64)
    private static let config = #"{"mediaType":"a/b","digest":"sha256:\#(hex)","size":2}"#

    private static func manifest(_ more: String) -> [UInt8] {
        Array(#"{"schemaVersion":2,"layers":[],"config":\#(config)\#(more)}"#.utf8)
    }

    private static func nested(_ open: String, _ close: String, _ depth: Int) -> String {
        String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }

    private func put(
        _ bytes: [UInt8],
        _ type: String? = MediaType.ociManifest
    ) async throws -> Response {
        let test = try TestRegistry()
        let headers = type.map { [("Content-Type", $0)] } ?? []
        let answer = await test.send("PUT", "/v2/a/manifests/v1", headers: headers, body: bytes)
        #expect(await test.send("GET", "/v2/a/manifests/v1").status == 404)
        return answer
    }

    @Test(
        arguments: [
            ("not JSON at all", Array("layers: []".utf8)),
            ("nothing", []),
            ("no object", Array("[]".utf8)),
            ("cut", manifest("").dropLast()),
            ("with something behind it", manifest("") + Array("{}".utf8)),
            ("two equal keys", manifest(#","layers":[]"#)),
            ("two equal keys, one escaped", manifest(#","\u006cayers":[]"#)),
            ("two equal keys deep inside", manifest(#","x":[{"y":1,"y":2}]"#)),
            ("deep arrays", manifest(#","x":"# + nested("[", "]", 100_000))),
            ("deep objects", manifest(#","x":"# + nested(#"{"x":"#, "}", 100_000))),
            (
                "a million values",
                manifest(#","x":[1"# + String(repeating: ",1", count: 1_000_000) + "]")
            ),
            ("bytes that are no UTF-8", manifest(#","x":""#) + [0xFF] + Array(#""}"#.utf8)),
            ("half a surrogate pair", manifest(#","x":"\ud800""#)),
            ("NUL in a text", manifest(#","x":"\u0000""#)),
            ("an integer of more than 64 bits", manifest(#","x":9223372036854775808"#)),
            ("a real beyond a double", manifest(#","x":1e999"#)),
            ("a byte-order mark", [0xEF, 0xBB, 0xBF] + manifest("")),
            (
                "a size below zero",
                Array(
                    #"{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"sha256:\#(hex)","size":-1}}"#
                        .utf8
                )
            ),
            (
                "a digest that climbs",
                Array(
                    #"{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"../../etc/passwd","size":1}}"#
                        .utf8
                )
            ),
            ("image and index at once", manifest(#","manifests":[]"#)),
            ("a key in another case", manifest(#","Layers":[]"#)),
        ] as [(String, [UInt8])]
    )
    func `a manifest that is not strictly one is refused`(what: String, bytes: [UInt8]) async throws
    {
        let answer = try await put(bytes)
        #expect(answer.status == 400)
        #expect(answer.code == "MANIFEST_INVALID")
        #expect(answer.json?["errors"]?.array?.first?["message"]?.string?.isEmpty == false)
    }

    @Test func `schema 1 is refused with what to do`() async throws {
        let schema1 = Array(
            #"{"schemaVersion":1,"name":"a","tag":"v1","fsLayers":[],"history":[]}"#.utf8
        )
        for type in MediaType.dockerSchema1 + ["application/json"] {
            let answer = try await put(schema1, type)
            #expect(answer.status == 400)
            #expect(answer.code == "MANIFEST_INVALID")
            let message = answer.json?["errors"]?.array?.first?["message"]?.string
            #expect(message?.contains("schema 1 is not supported: build or convert") == true)
        }
    }

    @Test(arguments: [
        "/v2/../etc/passwd", "/v2/a/../../manifests/v1", "/v2/a/manifests/..",
        "/v2/a/manifests/../v1",
        "/v2/%2e%2e/%2e%2e/manifests/v1", "/v2/a/blobs/..%2f..%2fkeyring", "/v2/a/blobs/%2e%2e",
        "/v2/a/manifests/v1%00", "/v2/a%00b/manifests/v1", "/v2//manifests/v1",
        "/v2/a/manifests/v1/x",
        "/v2/a/manifests/", "/v2/a/%ff/v1", "/v2/a/%zz/v1", "/v2/a/blobs/uploads/../../keyring",
        "/v3/", "/", "/v2x/", "/V2/",
    ])
    func `a path that leads elsewhere leads nowhere`(path: String) async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "v1")
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            let answer = await test.send(method, path)
            #expect((400..<500).contains(answer.status), "\(method)")
        }
        #expect(await test.send("GET", "/v2/a/manifests/v1").status == 200)
    }

    @Test(arguments: [
        ("GET", "/v2/a/tags/list?n=1&n=2", 400), ("GET", "/v2/a/tags/list?last=%zz", 400),
        ("GET", "/v2/a/tags/list?last=a%00", 400), ("GET", "/v2/_catalog?n=1x", 400),
        ("POST", "/v2/a/blobs/uploads/?mount=x&mount=y", 400),
        ("GET", "/v2/a/tags/list?x=\(String(repeating: "y", count: 9_000))", 414),
        ("GET", "/v2/a/tags/list?\(String(repeating: "x&", count: 200))", 414),
    ])
    func `a query that is none, says two things, or too much is refused`(
        method: String,
        target: String,
        status: Int
    ) async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "v1")
        let answer = await test.send(method, target)
        #expect(answer.status == status)
        #expect(answer.code != nil)
    }

    @Test(arguments: ["bytes=a-b", "bytes=5-2", "lines=1-2", "bytes=0-1,3-4", "bytes="])
    func `a range that is malformed or several is answered with everything`(
        range: String
    ) async throws {
        let test = try TestRegistry()
        let digest = await test.push(blob: Array("0123456789".utf8), to: "a")
        let answer = await test.send("GET", "/v2/a/blobs/\(digest)", headers: [("Range", range)])
        #expect(answer.status == 200)
        #expect(answer.bytes == Array("0123456789".utf8))
    }

    @Test func `a limit of the manifest that is set lower binds`() async throws {
        var api = DistributionHandler.Options()
        api.manifestLimits.referencesMax = 1
        api.queryLimits.lengthMax = 100
        let test = try TestRegistry(api: api)
        let child = await test.push(image: "one", to: "a", tag: "v1")
        let two = TestRegistry.index([(child.digest, child.bytes.count), (child.digest, 1)])
        let answer = await test.put(two, to: "a", "list", as: MediaType.ociIndex)
        #expect(answer.status == 400 && answer.code == "MANIFEST_INVALID")
        let long = await test.send("GET", "/v2/a/tags/list?\(String(repeating: "x", count: 101))")
        #expect(long.status == 414)
    }
}
