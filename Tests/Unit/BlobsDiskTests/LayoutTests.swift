// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Contracts
import Crypto
import HTTP
import OCI
import Platform
import Testing

@Suite struct `Directory of a store` {
    private let fixture: DiskFixture

    init() throws {
        fixture = try DiskFixture()
    }

    // The paths are a format: docs/formats/blob-directory.md.
    @Test func `lies as the format says`() async throws {
        let store = try fixture.open()
        let (id, _) = try await fixture.begin([1, 2], in: store)
        for (bytes, algorithm, generation) in [
            ([], Digest.Algorithm.sha256, 2), ([], .sha512, 2), ([7], .sha256, UInt64.max),
        ] as [([UInt8], Digest.Algorithm, UInt64)] {
            let staging = try await store.stage(
                Identifier(from: LinuxRandom()),
                .begin,
                expected: algorithm
            )
            try await staging.append(bytes, at: 0)
            _ = try await staging.publish(
                as: Digest.of(bytes, algorithm),
                generation: generation
            )
        }
        let two = "blobs/00000000000000000002"
        let seven = Digest.of([7]).hex
        #expect(
            try fixture.paths() == [
                "\(two)/sha256/e3/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "\(two)/sha512/cf/cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                    + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
                "blobs/18446744073709551615/sha256/\(seven.prefix(2))/\(seven)",
                "staging/\(id)",
                "store",
            ]
        )
        #expect(try fixture.scratch.directory.names(after: "", limit: 9).contains("quarantine"))
        #expect(try fixture.scratch.bytes(of: "store") == Array("\(store.id)\n".utf8))
    }

    @Test(arguments: [
        "", "x", "0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF\n",
    ])
    func `without a readable id is not opened under a new one`(text: String) throws {
        try fixture.scratch.directory.open("store", .createNew).put(Array(text.utf8))
        #expect(throws: BlobError.self) { _ = try fixture.open() }
        #expect(try fixture.scratch.bytes(of: "store") == Array(text.utf8))
    }

    @Test func `with content and without an id is not opened under a new one`() async throws {
        let store = try fixture.open()
        _ = try await fixture.begin([1], in: store).staging
            .publish(as: Digest.of([1]), generation: 3)
        try fixture.scratch.directory.remove("store")
        #expect(throws: BlobError.self) { _ = try fixture.open() }
        #expect(try !fixture.paths().contains("store"))
    }

    @Test func `may have files of others, which are not seen`() async throws {
        let store = try fixture.open()
        _ = try await fixture.begin([1], in: store).staging
            .publish(as: Digest.of([1]), generation: 0)
        let blobs = try fixture.scratch.directory.directory("blobs", .mustExist)
        _ = try blobs.open("lost+found", .createNew)
        let top = try blobs.directory("00000000000000000000", .mustExist)
            .directory("sha256", .mustExist)
        _ = try top.open("README", .createNew)
        let leaf = try top.directory(String(Digest.of([1]).hex.prefix(2)), .mustExist)
        _ = try leaf.open("zzz", .createNew)
        let stagings = try fixture.scratch.directory.directory("staging", .mustExist)
        _ = try stagings.open("core.1234", .createNew)
        let again = try fixture.open()
        #expect(try await again.generations() == [0])
        #expect(try await again.page(generation: 0, after: nil, limit: 9) == [Digest.of([1])])
        #expect(try await again.stagingPage(after: nil, limit: 9) == [])
        #expect(again.stagingsLive == 0)
    }

    @Test func `may have files of others among its copies, behind which every copy is listed`()
        async throws
    {
        // I7: what is not listed is never freed.
        let store = try fixture.open()
        let top = try fixture.scratch.directory.directory("blobs", .createIfMissing)
            .directory("00000000000000000007", .createIfMissing)
            .directory("sha256", .createIfMissing)
        func digits(_ prefix: String, _ digit: Int) -> String {
            prefix + String(repeating: String(digit), count: 62)
        }
        let copies = (0..<5).map { digits("3f", $0) }
        let leaf = try top.directory("3f", .createIfMissing)
        // A backup of a copy, and copies that are not where copies of them lie.
        let foreign = ["\(copies[1]).bak", digits("00", 0), digits("40", 9)]
        for name in copies + foreign { _ = try leaf.open(name, .createNew) }
        let next = digits("40", 0)
        _ = try top.directory("40", .createIfMissing).open(next, .createNew)
        _ = try top.open("zz", .createNew)
        for number in 0..<1001 { _ = try top.open("#\(number)", .createNew) }
        for limit in 1...9 {
            var (found, after): ([Digest], Digest?) = ([], nil)
            for _ in 0..<10 {
                let page = try await store.page(generation: 7, after: after, limit: limit)
                guard let last = page.last else { break }
                #expect(page.count <= limit)
                found += page
                after = last
            }
            #expect(found.map(\.hex) == copies + [next])
        }
    }

    @Test
    func
        `may have a directory that cannot be read, which is told, and what is behind it is listed`()
        async throws
    {
        let store = try fixture.open()
        var digests: [Digest] = []
        for number in 0..<40 as Range<UInt8> {
            digests.append(Digest.of([number]))
            _ = try await fixture.begin([number], in: store).staging
                .publish(as: Digest.of([number]), generation: 7)
        }
        digests.sort()
        let spoilt = String(digests[20].hex.prefix(2))
        let top = try fixture.scratch.directory.directory("blobs", .mustExist)
            .directory("00000000000000000007", .mustExist).directory("sha256", .mustExist)
        try top.rename(spoilt, to: top, as: "\(spoilt) was here")
        _ = try top.open(spoilt, .createNew)
        let again = try fixture.open()
        var (found, unlisted, after): ([Digest], [Digest], Digest?) = ([], [], nil)
        for _ in 0..<100 {
            do throws(BlobError) {
                let page = try await again.page(generation: 7, after: after, limit: 3)
                guard let last = page.last else { break }
                found += page
                after = last
            } catch {
                guard case .unlisted(let last, _) = error else { throw error }
                unlisted.append(last)
                after = last
            }
        }
        #expect(found == digests.filter { $0.hex.prefix(2) != spoilt })
        let rest = String(repeating: "f", count: 62)
        #expect(unlisted.map(\.description) == ["sha256:\(spoilt)\(rest)"])
        // The same, where it is all of an algorithm.
        let generation = try fixture.scratch.directory.directory("blobs", .mustExist)
            .directory("00000000000000000007", .mustExist)
        _ = try generation.open("sha512", .createNew)
        let last = try #require(digests.last)
        let error = await #expect(throws: BlobError.self) {
            try await again.page(generation: 7, after: last, limit: 3)
        }
        guard case .unlisted(let end, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(end.description == "sha512:" + String(repeating: "f", count: 128))
        #expect(try await again.page(generation: 7, after: end, limit: 3) == [])
    }

    @Test func `holds blobs and stagings of more than four gibibytes`() async throws {
        let store = try fixture.open()
        let size: UInt64 = 5 << 30
        let digest = Digest.of([1])
        _ = try await fixture.begin([1], in: store).staging.publish(as: digest, generation: 0)
        let leaf = try fixture.scratch.directory.directory("blobs", .mustExist)
            .directory("00000000000000000000", .mustExist)
            .directory("sha256", .mustExist)
            .directory(String(digest.hex.prefix(2)), .mustExist)
        let file = try leaf.open(digest.hex, .write)
        try file.truncate(to: size)
        try file.put([9, 8], at: size - 2)
        #expect(try await store.stat(digest, generation: 0) == size)
        let region = try #require(try await store.open(digest, generation: 0))
        #expect(try region.read(at: size - 3, limit: 9) == [0, 9, 8])

        let id = Identifier(from: LinuxRandom())
        try fixture.scratch.directory.directory("staging", .mustExist)
            .open(id.description, .createNew).truncate(to: size)
        let staging = try await store.stage(id, .resume, expected: .sha256)
        try await staging.append([7], at: size)
        #expect(try await staging.size == size + 1)
    }
}
