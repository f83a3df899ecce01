// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import HTTP
import Journal
import OCI
import Platform
import Testing

@testable import Registry

@Suite struct `Manifests that are purged from the trash before their time` {
    private let hour = Duration.seconds(3600)

    private func purge(
        _ test: Fixture,
        _ digest: Digest,
        now: Bool
    ) async throws -> Result<UInt64?, Refusal> {
        do {
            return .success(
                try await test.registry.purge(
                    try Fixture.name("app"),
                    digest,
                    now: now,
                    because: "a test"
                )
            )
        } catch RegistryError.refused(let refusal) {
            return .failure(refusal)
        }
    }

    private func isNamed(_ test: Fixture, _ digest: Digest) throws -> Bool {
        try test.catalog.read { view throws(CatalogError) in try view.content(digest) != nil }
    }

    /// An image that was deleted, and then some time.
    private func deleted(_ test: Fixture, after time: Duration) async throws -> Digest {
        let digest = try await test.push("x", to: "app", tags: ["v1"])
        try await test.registry.change(try Fixture.name("app"), .deleteManifest(digest))
        test.clocks.advance(time)
        return digest
    }

    /// Sends bytes as a client does.
    private func upload(_ test: Fixture, _ text: String) async throws {
        let name = try Fixture.name("app")
        let state = try await test.registry.beginUpload(name, .sha256)
        let bytes = Array(text.utf8)
        _ = try await test.registry.append(
            BufferedBody(bytes),
            to: state,
            range: nil,
            declared: UInt64(bytes.count)
        )
        try await test.registry.finishUpload(state, as: Fixture.digest(text), name)
    }

    @Test func `a purge says when the last link ends, and what the link names stays until then`()
        async throws
    {
        let test = try Fixture()
        let digest = try await deleted(test, after: hour * 2)
        let until = try await purge(test, digest, now: false).get()
        #expect(until == test.clocks.wallMilliseconds() + 22 * 3_600_000)
        #expect(try !isNamed(test, digest))
        #expect(try isNamed(test, Fixture.digest("x")))
        test.clocks.advance(hour * 22)
        _ = try await test.registry.expireDue()
        #expect(try !isNamed(test, Fixture.digest("x")))
        #expect(try await purge(test, digest, now: false) == .failure(.notInTrash("\(digest)")))
    }

    @Test func `a purge for now ends the links too, and leaves those that a manifest needs`()
        async throws
    {
        let test = try Fixture()
        let digest = try await deleted(test, after: hour * 2)
        // It names the same config.
        let other = try await test.push("y", to: "app", tags: ["v2"])
        test.clocks.advance(hour)
        #expect(try await purge(test, digest, now: true).get() == nil)
        #expect(try !isNamed(test, digest))
        #expect(try !isNamed(test, Fixture.digest("x")))
        #expect(try await test.has(other, in: "app"))
        #expect(try isNamed(test, Fixture.digest("{}")))
        let reason = try test.entries(.region).last?.events.last
        #expect(reason == .reasonGiven("a test"))
    }

    @Test func `nothing is dropped that somebody was told of, by a HEAD, a push or a mount`()
        async throws
    {
        let test = try Fixture()
        let name = try Fixture.name("app")
        let layer = Fixture.digest("x")
        let digest = try await deleted(test, after: hour * 2)
        let tellers: [() async throws -> Void] = [
            { _ = try await test.registry.blob(name, layer, promise: true) },
            { try await upload(test, "x") },
            { _ = try await test.registry.mount(layer, from: nil, to: name) },
        ]
        for tell in tellers {
            try await tell()
            test.clocks.advance(hour - .milliseconds(1))
            guard case .failure(.promised(let until)) = try await purge(test, digest, now: true)
            else {
                Issue.record("it was dropped")
                return
            }
            #expect(until >= test.clocks.wallMilliseconds())
            #expect(try isNamed(test, layer))
            test.clocks.advance(hour)
        }
        #expect(try await purge(test, digest, now: true).get() == nil)
    }

    @Test func `right after the deletion nothing is dropped: the image could be seen until then`()
        async throws
    {
        let test = try Fixture()
        test.clocks.advance(hour * 2)
        let digest = try await deleted(test, after: hour - .milliseconds(1))
        guard case .failure(.promised) = try await purge(test, digest, now: true) else {
            Issue.record("it was dropped")
            return
        }
        test.clocks.advance(.milliseconds(1))
        #expect(try await purge(test, digest, now: true).get() == nil)
    }

    @Test func `while links are dropped nobody is told that they exist`() throws {
        let told = ToldOfBlobs(since: .zero)
        let name = try Fixture.name("app")
        #expect(told.note(name, at: .seconds(5)))
        #expect(told.beginEnding(name) == .seconds(5))
        #expect(told.beginEnding(name) == .seconds(5))
        #expect(!told.note(name, at: .seconds(6)))
        told.end(name)
        #expect(!told.note(name, at: .seconds(6)))
        told.end(name)
        #expect(told.note(name, at: .seconds(7)))
        #expect(told.beginEnding(name) == .seconds(7))
    }
}
