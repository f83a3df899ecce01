// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@Suite struct `Digests` {
    private static let empty =
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test func `a digest has one spelling, which is read and written`() throws {
        let digest = try #require(Digest(Self.empty))
        #expect(digest.description == Self.empty)
        #expect(digest.algorithm == .sha256)
        #expect(digest.bytes.count == 32)
        #expect(digest.bytes.first == 0xE3 && digest.bytes.last == 0x55)
        #expect(Digest(.sha256, digest.bytes) == digest)
        let long = "sha512:" + String(repeating: "0f", count: 64)
        #expect(Digest(long)?.description == long)
        #expect(Digest(long)?.bytes == [UInt8](repeating: 0x0F, count: 64))
    }

    @Test(arguments: [
        "", ":", "sha256", "sha256:", "sha256:e3", "SHA256:" + String(repeating: "a", count: 64),
        "sha256:" + String(repeating: "A", count: 64),
        "sha256:" + String(repeating: "g", count: 64),
        "sha256:" + String(repeating: "a", count: 63),
        "sha256:" + String(repeating: "a", count: 65),
        "sha256:" + String(repeating: "a", count: 128),
        "sha512:" + String(repeating: "a", count: 64),
        "sha384:" + String(repeating: "a", count: 96), "md5:" + String(repeating: "a", count: 32),
        " sha256:" + String(repeating: "a", count: 64),
        "sha256-" + String(repeating: "a", count: 64),
        "sha256:" + String(repeating: "a", count: 62) + "é", "../../../../../etc/passwd",
        "sha256:" + String(repeating: "a", count: 63) + "\n",
    ])
    func `anything else is no digest`(text: String) {
        #expect(Digest(text) == nil)
    }

    @Test func `raw bytes must be as many as the algorithm has`() {
        for algorithm in Digest.Algorithm.allCases {
            let count = algorithm.byteCount
            #expect(Digest(algorithm, [UInt8](repeating: 1, count: count)) != nil)
            #expect(Digest(algorithm, [UInt8](repeating: 1, count: count - 1)) == nil)
            #expect(Digest(algorithm, [UInt8](repeating: 1, count: count + 1)) == nil)
        }
    }

    @Test func `the order is that of the texts`() throws {
        var digests: [Digest] = []
        for position in 0..<64 {
            for value in [0x00, 0x7F, 0x80, 0xFF] as [UInt8] {
                var bytes = [UInt8](repeating: 0x42, count: 64)
                bytes[position] = value
                digests.append(try #require(Digest(.sha512, bytes)))
                if position < 32 {
                    digests.append(try #require(Digest(.sha256, bytes.prefix(32))))
                }
            }
        }
        let sorted = digests.sorted()
        #expect(sorted.map(\.description) == digests.map(\.description).sorted())
        #expect(Set(digests).count == digests.count)
    }

    @Test func `companion tags are those of the specification and of cosign`() throws {
        let hex = String(repeating: "a", count: 64)
        let digest = try #require(Digest("sha256:\(hex)"))
        #expect(
            digest.companionTags.map(\.description)
                == [
                    "sha256-\(hex)", "sha256-\(hex).sig", "sha256-\(hex).att", "sha256-\(hex).sbom",
                ]
        )
        let long = try #require(Digest("sha512:\(hex)\(hex)"))
        #expect(long.referrersTag == "sha512-\(hex)")
        // cosign's names for it would be longer than a tag may be.
        #expect(long.companionTags.map(\.description) == ["sha512-\(hex)"])
    }
}

@Suite struct `Repository names` {
    @Test(arguments: [
        "a", "0", "library/ubuntu", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c/d/e/f/g",
        "a1.b2_c3",
        "blobs/uploads", "manifests/tags/list", "v2/catalog",
        String(repeating: "a", count: 255),
    ])
    func `what the grammar allows is a name`(text: String) {
        #expect(RepositoryName(text)?.description == text)
    }

    @Test(arguments: [
        "", "/", "a/", "/a", "a//b", "A", "a/B", ".a", "a.", "_a", "a_", "-a", "a-", "a..b",
        "a___b",
        "a._b", "a_-b", "a-_b", "a.-b", "a/.b", "a/../b", "..", "a b", "é", "a%2fb", "a\u{0}b",
        "a\n",
        "a:b", "a@b", "_catalog", String(repeating: "a", count: 256),
        String(repeating: "a/", count: 127) + "aa",
    ])
    func `what it does not allow is none`(text: String) {
        #expect(RepositoryName(text) == nil)
    }

    @Test func `the namespace is the first component`() throws {
        #expect(try #require(RepositoryName("team/app/web")).namespace == "team")
        #expect(try #require(RepositoryName("alone")).namespace == "alone")
    }

    @Test func `the order is that of the bytes`() throws {
        let names = ["a", "a-b", "a.b", "a/b", "a0", "a_b", "aa", "b"]
        let parsed = try names.reversed().map { try #require(RepositoryName($0)) }
        #expect(parsed.sorted().map(\.description) == names)
    }
}

@Suite struct `Tags and references` {
    @Test(arguments: [
        "latest", "1.2.3", "_x", "A-b_C.d", "0", "sha256-aa.sig",
        String(repeating: "a", count: 128),
    ])
    func `what the grammar allows is a tag`(text: String) {
        #expect(Tag(text)?.description == text)
        #expect(Reference(text) == Tag(text).map(Reference.tag))
    }

    @Test(arguments: [
        "", ".", "..", ".a", "-a", "a/b", "a b", "a+b", "é", "a\n", "a\u{0}", "a@b", "a%20",
        String(repeating: "a", count: 129),
    ])
    func `what it does not allow is neither tag nor reference`(text: String) {
        #expect(Tag(text) == nil)
        #expect(Reference(text) == nil)
    }

    @Test func `what has a colon is a digest or nothing`() throws {
        let text = "sha256:" + String(repeating: "0", count: 64)
        let digest = try #require(Digest(text))
        #expect(Reference(text) == .digest(digest))
        #expect(Reference("latest:1") == nil)
        #expect(Reference("sha256:00") == nil)
        #expect(Reference("sha256") == Tag("sha256").map(Reference.tag))
    }

    @Test func `the order is that of the bytes`() throws {
        let tags = ["1", "10", "2", "A", "B", "_", "a", "a-", "a.", "b"]
        let parsed = try tags.reversed().map { try #require(Tag($0)) }
        #expect(parsed.sorted().map(\.description) == tags)
    }
}
