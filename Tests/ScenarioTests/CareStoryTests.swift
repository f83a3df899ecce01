// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import Registry
import Retention
import Scrub
import Simulation
import Testing

/// Stories worth reading of what takes days: the trash, retention, and copies that rot.
@Suite struct `A story of days` {
    private let home = "team/app"

    private func play(
        _ story: @escaping @Sendable (Stage, RepositoryName) async throws -> Void
    ) throws {
        let name = try #require(RepositoryName(home))
        #expect(try Stage.play { stage in try await story(stage, name) } == [])
    }

    // The trash.

    /// I1, I7.
    @Test(arguments: CrashFate.allCases)
    func `a deleted image is back with its tag and its bytes after 29 days and a crash`(
        _ fate: CrashFate
    ) throws {
        try play { [home] stage, name in
            try await stage.start()
            let image = stage.content.manifests[0]
            #expect(await stage.push(image, to: home, tag: "v1"))
            #expect(await stage.delete(image, from: home) == 202)
            try await stage.restart(fate)
            try await stage.pass(days: 29)
            try await stage.expire()
            try await stage.sweep(raises: 3)
            #expect(await stage.resolve("v1", in: home) == nil)
            let back = try await stage.registry.restore(
                name,
                .digest(image.digest),
                because: "needed"
            )
            #expect(back.tags.map { "\($0.tag)" } == ["v1"])
            try await stage.restart(fate)
            #expect(await stage.resolve("v1", in: home) == "\(image.digest)")
            for digest in image.blobs {
                let bytes = stage.content.blob(digest)?.bytes
                #expect(await stage.pull(digest, from: home) == bytes)
            }
        }
    }

    /// I7.
    @Test func `a deleted image keeps its blobs for a day and its bytes for thirty, and no longer`()
        throws
    {
        try play { [home] stage, name in
            try await stage.start()
            let image = stage.content.manifests[0]
            let blob = try #require(image.blobs.first)
            #expect(await stage.push(image, to: home, tag: "v1"))
            try await stage.pass(days: 3)
            #expect(await stage.delete(image, from: home) == 202)
            try await stage.pass(.seconds(23 * 3600))
            try await stage.expire()
            #expect(await stage.pull(blob, from: home) == stage.content.blob(blob)?.bytes)
            try await stage.pass(.seconds(2 * 3600))
            #expect(try await stage.expire().links > 0)
            #expect(await stage.pull(blob, from: home) == nil)
            try await stage.pass(days: 28)
            try await stage.expire()
            #expect(try await stage.sweep(raises: 3) == 0)
            try await stage.pass(days: 2)
            #expect(try await stage.expire().trash == 1)
            await #expect(throws: RegistryError.self) {
                try await stage.registry.restore(name, .digest(image.digest), because: "too late")
            }
            #expect(try await stage.sweep(raises: 3) > 0)
        }
    }

    /// I7: who was told that a blob exists may count on it for an hour.
    @Test func `a purge drops nothing at once that somebody was told of within the hour`() throws {
        try play { [home] stage, name in
            try await stage.start()
            let image = stage.content.manifests[0]
            #expect(await stage.push(image, to: home, tag: "v1"))
            #expect(await stage.delete(image, from: home) == 202)
            // The server is not new any more, and what it said at the push is long ago.
            try await stage.pass(.seconds(7200))
            let blob = try #require(image.blobs.first)
            #expect(await stage.send("HEAD", "/v2/\(home)/blobs/\(blob)")?.status == 200)
            try await stage.pass(.seconds(3000))
            let error = await #expect(throws: RegistryError.self) {
                try await stage.registry.purge(name, image.digest, now: true, because: "early")
            }
            guard case .refused(.promised) = error else {
                Issue.record("refused for something else: \(error as Any)")
                return
            }
            #expect(await stage.send("HEAD", "/v2/\(home)/blobs/\(blob)")?.status == 200)
            try await stage.pass(.seconds(7200))
            let until = try await stage.registry.purge(
                name,
                image.digest,
                now: true,
                because: "space"
            )
            #expect(until == nil)
            for digest in image.blobs { #expect(await stage.pull(digest, from: home) == nil) }
        }
    }

    // Retention.

    @Test func `retention spares what was pulled today, and what it removes can be had back`()
        throws
    {
        try play { [home] stage, name in
            try await stage.start()
            let images = stage.content.manifests
            #expect(await stage.push(images[0], to: home, tag: "v1"))
            try await stage.pass(days: 1)
            #expect(await stage.push(images[1], to: home, tag: "v2"))
            #expect(await stage.resolve("v1", in: home) != nil)
            let newest = [Rule(action: .keepNewest(1, by: .push))]
            #expect(try await stage.retain(by: newest, in: "team").removed == 0)
            try await stage.pass(days: 1)
            #expect(try await stage.retain(by: newest, in: "team").removed == 1)
            #expect(await stage.resolve("v1", in: home) == nil)
            #expect(await stage.resolve("v2", in: home) == "\(images[1].digest)")
            let tag = try #require(Tag("v1"))
            _ = try await stage.registry.restore(name, .tag(tag), because: "a host runs it")
            #expect(await stage.resolve("v1", in: home) == "\(images[0].digest)")
        }
    }

    // Rot.

    /// I2, I3.
    @Test(arguments: CrashFate.allCases)
    func `a copy that rots is denied once the scrub has found it, and a push heals it for good`(
        _ fate: CrashFate
    ) throws {
        try play { [home] stage, _ in
            try await stage.start()
            let image = stage.content.manifests[0]
            #expect(await stage.push(image, to: home, tag: "v1"))
            let blobs = image.blobs.compactMap { stage.content.blob($0) }
            let blob = try #require(blobs.first { !$0.bytes.isEmpty })
            try stage.damage(blob.digest)
            #expect(try await stage.scrub().setAside == 1)
            let target = "/v2/\(home)/blobs/\(blob.digest)"
            #expect(await stage.send("HEAD", target)?.status == 404)
            #expect(await stage.pull(blob.digest, from: home) == nil)
            try await stage.restart(fate)
            #expect(await stage.send("HEAD", target)?.status == 404)
            #expect(await stage.upload(blob.bytes, blob.digest, to: home))
            try await stage.restart(fate)
            #expect(await stage.pull(blob.digest, from: home) == blob.bytes)
            #expect(try await stage.scrub().isSound)
        }
    }
}

extension Stage {
    /// Deletes a manifest, and says with which status that was answered.
    fileprivate func delete(_ image: Content.Manifest, from repository: String) async -> Int? {
        await send("DELETE", "/v2/\(repository)/manifests/\(image.digest)")?.status
    }
}
