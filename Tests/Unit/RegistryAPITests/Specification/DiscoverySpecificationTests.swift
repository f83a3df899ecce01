// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import JSON
import OCI
import RegistryAPI
import Testing

/// OCI distribution spec, "Listing Tags".
@Suite struct `Specification: listing tags` {
    private let tags = ["0", "1.0", "1.0.1", "10", "2", "A", "Z", "_x", "a", "a-b", "b"]

    /// A repository with the tags, pushed in another order.
    private func repository() async throws -> TestRegistry {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "team/app", tag: "a")
        let query = tags.reversed().map { "tag=\($0)" }.joined(separator: "&")
        let text = String(decoding: image.bytes, as: UTF8.self)
        #expect(await test.put(text, to: "team/app", "\(image.digest)?\(query)").status == 201)
        return test
    }

    @Test func `all tags are listed in order with the name`() async throws {
        let test = try await repository()
        let list = await test.send("GET", "/v2/team/app/tags/list")
        #expect(list.status == 200)
        #expect(list.json?["name"]?.string == "team/app")
        #expect(list.json?.members?.map(\.key) == ["name", "tags"])
        #expect(list.tags == tags)
        #expect(list.headers["Link"] == nil)
    }

    @Test func `a repository without tags has an empty list`() async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "")
        let list = await test.send("GET", "/v2/a/tags/list")
        #expect(list.status == 200)
        #expect(list.json?["tags"]?.array?.isEmpty == true)
    }

    @Test(arguments: [1, 3, 5, 10, 11])
    func `pages have as many as were asked for and lead to the next`(n: Int) async throws {
        let test = try await repository()
        var seen: [String] = []
        var target: String? = "/v2/team/app/tags/list?n=\(n)"
        while let here = target {
            let page = await test.send("GET", here)
            #expect(page.status == 200)
            #expect(page.tags.count == min(n, tags.count - seen.count))
            seen += page.tags
            target = page.next
            #expect((target != nil) == (seen.count < tags.count))
            try #require(seen.count <= tags.count)
        }
        #expect(seen == tags)
    }

    @Test func `n of zero is an empty list without a Link`() async throws {
        let test = try await repository()
        let list = await test.send("GET", "/v2/team/app/tags/list?n=0")
        #expect(list.status == 200)
        #expect(list.json?["tags"]?.array?.isEmpty == true)
        #expect(list.headers["Link"] == nil)
    }

    @Test func `last is left out, is a tag and no number, and needs neither n nor to be there`()
        async throws
    {
        let test = try await repository()
        let after = { (query: String) in
            await test.send("GET", "/v2/team/app/tags/list?\(query)").tags
        }
        #expect(await after("n=2&last=10") == ["2", "A"])
        #expect(await after("last=_x") == ["a", "a-b", "b"])
        // A tag named `1` is not there, and 1 is no index.
        #expect(await after("n=2&last=1") == ["1.0", "1.0.1"])
        #expect(await after("last=b").isEmpty)
    }

    @Test(arguments: ["-1", "x", "1.5", "", "%20"])
    func `n that is no number is refused`(n: String) async throws {
        let test = try await repository()
        #expect(await test.send("GET", "/v2/team/app/tags/list?n=\(n)").status == 400)
    }

    @Test func `a greater n than the most is clamped`() async throws {
        var api = DistributionHandler.Options()
        api.pageDefault = 1
        api.pageMax = 2
        let test = try TestRegistry(api: api)
        for tag in ["a", "b", "c"] { await test.push(image: "one", to: "r", tag: tag) }
        #expect(await test.send("GET", "/v2/r/tags/list").tags == ["a"])
        let clamped = await test.send("GET", "/v2/r/tags/list?n=99999999999999999999")
        #expect(clamped.tags == ["a", "b"])
        #expect(clamped.next != nil)
    }
}

/// OCI distribution spec, "Listing Referrers".
@Suite struct `Specification: listing referrers` {
    private let unknown = Digest.of(Array("nobody pushed this".utf8))

    @Test func `referrers are an index, empty where there are none, and never 404`() async throws {
        let test = try TestRegistry()
        let image = await test.push(image: "one", to: "a", tag: "v1")
        for path in [
            "a/referrers/\(image.digest)", "a/referrers/\(unknown)", "never/referrers/\(unknown)",
        ] {
            let list = await test.send("GET", "/v2/\(path)")
            #expect(list.status == 200)
            #expect(list.headers["Content-Type"] == MediaType.ociIndex)
            #expect(list.json?["schemaVersion"]?.integer == 2)
            #expect(list.json?["mediaType"]?.string == MediaType.ociIndex)
            #expect(list.json?["manifests"]?.array?.isEmpty == true)
        }
    }

    @Test(arguments: ["latest", "sha256:abc", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:"])
    func `a digest that is none is 400`(text: String) async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "latest")
        #expect(await test.send("GET", "/v2/a/referrers/\(text)").status == 400)
    }

    @Test func `each descriptor has its type, artifact type and annotations`() async throws {
        let test = try TestRegistry()
        let subject = await test.push(image: "one", to: "a", tag: "v1")
        let config = await test.push(blob: Array("{}".utf8), to: "a")
        let field = TestRegistry.subject(subject.digest, subject.bytes.count)
        let image = { (more: String) in
            #"{"schemaVersion":2,"layers":[],"config":{"mediaType":"x/config","digest":"\#(config)","size":2}\#(field)\#(more)}"#
        }
        let texts: [(text: String, type: String, artifactType: String?)] = [
            (
                image(#","artifactType":"x/sbom","annotations":{"b":"2","a":"é"}"#),
                MediaType.ociManifest, "x/sbom"
            ),
            (image(""), MediaType.ociManifest, "x/config"),
            (image(#","artifactType":"""#), MediaType.ociManifest, "x/config"),
            (
                TestRegistry.index([], field + #","artifactType":"x/list""#), MediaType.ociIndex,
                "x/list"
            ),
            (TestRegistry.index([], field), MediaType.ociIndex, nil),
        ]
        for (text, type, _) in texts {
            let digest = Digest.of(Array(text.utf8))
            #expect(await test.put(text, to: "a", digest.description, as: type).status == 201)
        }
        let list = await test.send("GET", "/v2/a/referrers/\(subject.digest)")
        #expect(list.manifests.count == texts.count)
        for (text, type, artifactType) in texts {
            let digest = Digest.of(Array(text.utf8)).description
            let found = try #require(list.manifests.first { $0["digest"]?.string == digest })
            #expect(found["mediaType"]?.string == type)
            #expect(found["size"]?.integer == Int64(text.utf8.count))
            #expect(found["artifactType"]?.string == artifactType)
            #expect((found["artifactType"] == nil) == (artifactType == nil))
        }
        let annotated = list.manifests.first { $0["annotations"] != nil }
        #expect(annotated?["annotations"]?["a"]?.string == "é")
        #expect(annotated?["annotations"]?.members?.count == 2)
    }

    @Test func `a filter is applied and said`() async throws {
        let test = try TestRegistry()
        let subject = await test.push(image: "one", to: "a", tag: "v1")
        var expected: [String] = []
        for (seed, type) in [("s1", "x/sbom+json"), ("s2", "x/sig"), ("s3", "x/sbom+json")] {
            let pushed = await test.push(
                image: seed,
                to: "a",
                tag: "",
                subject: subject.digest,
                artifactType: type
            )
            if type == "x/sbom+json" { expected.append(pushed.digest.description) }
        }
        for query in ["artifactType=x/sbom%2Bjson", "artifactType=x/sbom+json"] {
            let list = await test.send("GET", "/v2/a/referrers/\(subject.digest)?\(query)")
            #expect(list.headers["OCI-Filters-Applied"] == "artifactType")
            #expect(list.digests.sorted() == expected.sorted())
        }
        let all = await test.send("GET", "/v2/a/referrers/\(subject.digest)")
        #expect(all.headers["OCI-Filters-Applied"] == nil)
        #expect(all.digests.count == 3)
        let none = await test.send("GET", "/v2/a/referrers/\(subject.digest)?artifactType=x/none")
        #expect(none.status == 200 && none.digests.isEmpty)
        #expect(none.headers["OCI-Filters-Applied"] == "artifactType")
    }

    @Test func `a list that is too long for one answer has a Link, with the filter in it`()
        async throws
    {
        var api = DistributionHandler.Options()
        api.pageDefault = 2
        let test = try TestRegistry(api: api)
        let subject = await test.push(image: "one", to: "a", tag: "v1")
        var expected: Set<String> = []
        for seed in 0..<5 {
            let pushed = await test.push(
                image: "r\(seed)",
                to: "a",
                tag: "",
                subject: subject.digest,
                artifactType: "x/a+b"
            )
            expected.insert(pushed.digest.description)
        }
        await test.push(
            image: "other",
            to: "a",
            tag: "",
            subject: subject.digest,
            artifactType: "x/c"
        )
        var seen: [String] = []
        var target: String? = "/v2/a/referrers/\(subject.digest)?artifactType=x/a%2Bb"
        while let here = target {
            let page = await test.send("GET", here)
            #expect(page.json?["schemaVersion"]?.integer == 2)
            #expect(page.headers["OCI-Filters-Applied"] == "artifactType")
            #expect(page.digests.count <= 2)
            seen += page.digests
            target = page.next
            try #require(seen.count <= 5)
        }
        #expect(Set(seen) == expected && seen.count == 5)
    }

    @Test func `referrers pushed before their subject, or without it, are listed`() async throws {
        let test = try TestRegistry()
        let other = try TestRegistry()
        let subject = await other.push(image: "one", to: "a", tag: "v1")
        let early = await test.push(image: "early", to: "a", tag: "", subject: subject.digest)
        let list = await test.send("GET", "/v2/a/referrers/\(subject.digest)")
        #expect(list.digests == [early.digest.description])
        await test.push(image: "one", to: "a", tag: "v1")
        let late = await test.push(image: "late", to: "a", tag: "late", subject: subject.digest)
        let both = await test.send("GET", "/v2/a/referrers/\(subject.digest)")
        #expect(both.digests.sorted() == [early, late].map(\.digest.description).sorted())
        let elsewhere = await test.send("GET", "/v2/b/referrers/\(subject.digest)")
        #expect(elsewhere.digests.isEmpty)
    }
}
