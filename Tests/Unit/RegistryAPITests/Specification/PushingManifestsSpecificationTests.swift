// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import JSON
import OCI
import RegistryAPI
import Testing

/// OCI distribution spec, "Pushing Manifests" and "Pushing Manifests with Subject".
@Suite struct `Specification: pushing manifests` {
    private let unknown = Digest.of(Array("nobody pushed this".utf8))

    @Test func `a manifest is kept byte for byte and answered with where it is`() async throws {
        let test = try TestRegistry()
        let config = await test.push(blob: Array("{}".utf8), to: "a")
        let text = """
             {"schemaVersion" : 2,\r\n\t"layers":[ ],  "\\u0063onfig":
            {"size":2,"digest":"\(config)","mediaType":"a/b"},"x":1.50,"é":"\\u00e9"}\n
            """
        let put = await test.put(text, to: "a", "v1")
        #expect(put.status == 201)
        let digest = Digest.of(Array(text.utf8))
        #expect(put.headers["Docker-Content-Digest"] == digest.description)
        let place = try #require(put.headers["Location"])
        for path in [place, "/v2/a/manifests/v1", "/v2/a/manifests/\(digest)"] {
            #expect(await test.send("GET", path).bytes == Array(text.utf8))
        }
    }

    @Test func `the digest in the answer is the client's`() async throws {
        let test = try TestRegistry()
        let config = await test.push(blob: Array("{}".utf8), to: "a")
        let text =
            #"{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"\#(config)","size":2}}"#
        for algorithm in Digest.Algorithm.allCases {
            let digest = Digest.of(Array(text.utf8), algorithm)
            let put = await test.put(text, to: "a", digest.description)
            #expect(put.status == 201)
            #expect(put.headers["Docker-Content-Digest"] == digest.description)
            let pulled = await test.send("GET", "/v2/a/manifests/\(digest)")
            #expect(pulled.headers["Docker-Content-Digest"] == digest.description)
        }
        let other = await test.put(text, to: "a", unknown.description)
        #expect(other.status == 400 && other.code == "DIGEST_INVALID")
    }

    @Test func `a mediaType that the Content-Type contradicts is refused`() async throws {
        let test = try TestRegistry()
        let put = await test.put(TestRegistry.index([]), to: "a", "v1", as: MediaType.ociManifest)
        #expect(put.status == 400 && put.code == "MANIFEST_INVALID")
    }

    @Test func `what a manifest names must be there, or MANIFEST_BLOB_UNKNOWN`() async throws {
        // I2: a manifest is not acknowledged before all it references is named.
        let test = try TestRegistry()
        let config = await test.push(blob: Array("{}".utf8), to: "a")
        let missing = #"{"mediaType":"a/b","digest":"\#(unknown)","size":2}"#
        let there = #"{"mediaType":"a/b","digest":"\#(config)","size":2}"#
        for text in [
            #"{"schemaVersion":2,"config":\#(missing),"layers":[\#(there)]}"#,
            #"{"schemaVersion":2,"config":\#(there),"layers":[\#(there),\#(missing)]}"#,
            #"{"schemaVersion":2,"manifests":[\#(missing)]}"#,
        ] {
            let put = await test.put(text, to: "a", "v1", as: nil)
            #expect((400..<500).contains(put.status))
            #expect(put.code == "MANIFEST_BLOB_UNKNOWN")
        }
        #expect(await test.send("GET", "/v2/a/manifests/v1").status == 404)
    }

    @Test func `a manifest may name no blobs besides its config`() async throws {
        let test = try TestRegistry()
        #expect(
            await test.put(TestRegistry.index([]), to: "a", "none", as: MediaType.ociIndex).status
                == 201
        )
    }

    @Test func `ten and more tags are pushed with one manifest`() async throws {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "first")
        let tags = (1...12).map { "v\($0)" }
        let query = tags.map { "tag=\($0)" }.joined(separator: "&")
        let put = await test.put(
            String(decoding: image.bytes, as: UTF8.self),
            to: "a",
            "\(image.digest)?\(query)"
        )
        #expect(put.status == 201)
        let fields = put.headers.values("OCI-Tag").joined(separator: ",")
        let named = fields.split(separator: ",").map { String($0.drop { $0 == " " }) }
        #expect(named == tags)
        for tag in tags {
            let pulled = await test.send("GET", "/v2/a/manifests/\(tag)")
            #expect(pulled.headers["Docker-Content-Digest"] == image.digest.description)
        }
    }

    @Test func `too many tags are 414`() async throws {
        var api = DistributionHandler.Options()
        api.tagsMax = 10
        let test = try TestRegistry(api: api)
        let image = await test.push(image: "one", to: "a", tag: "first")
        let query = (1...11).map { "tag=v\($0)" }.joined(separator: "&")
        let put = await test.put(
            String(decoding: image.bytes, as: UTF8.self),
            to: "a",
            "\(image.digest)?\(query)"
        )
        #expect(put.status == 414)
        #expect(await test.send("GET", "/v2/a/manifests/v1").status == 404)
    }

    @Test func `a manifest of four megabytes is taken, a larger one than the limit is 413`()
        async throws
    {
        let test = try TestRegistry()
        let config = await test.push(blob: Array("{}".utf8), to: "a")
        let text = { (size: Int) in
            let start = #"{"schemaVersion":2,"layers":[],"annotations":{"a":""#
            let end = #""},"config":{"mediaType":"a/b","digest":"\#(config)","size":2}}"#
            let filling = size - start.utf8.count - end.utf8.count
            return start + String(repeating: "x", count: filling) + end
        }
        #expect(await test.put(text(4 << 20), to: "a", "large").status == 201)
        let over = await test.put(text((4 << 20) + 1), to: "a", "larger")
        #expect(over.status == 413 && over.code == "MANIFEST_INVALID")
        #expect(await test.send("GET", "/v2/a/manifests/larger").status == 404)
    }

    @Test func `a manifest whose subject is not there is taken and answered with OCI-Subject`()
        async throws
    {
        let test = try TestRegistry()
        let config = await test.push(blob: Array("{}".utf8), to: "a")
        let subject = TestRegistry.subject(unknown, 7)
        let image =
            #"{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"\#(config)","size":2}\#(subject)}"#
        for (text, type) in [
            (image, MediaType.ociManifest),
            (TestRegistry.index([], subject), MediaType.ociIndex),
        ] {
            let put = await test.put(
                text,
                to: "a",
                Digest.of(Array(text.utf8)).description,
                as: type
            )
            #expect(put.status == 201)
            #expect(put.headers["OCI-Subject"] == unknown.description)
        }
        let plain = await test.put(TestRegistry.index([]), to: "a", "v1", as: MediaType.ociIndex)
        #expect(plain.headers["OCI-Subject"] == nil)
    }
}
