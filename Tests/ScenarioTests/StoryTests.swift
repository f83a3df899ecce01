// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI
import Simulation
import Testing

/// Stories worth reading, each a few lines: the histories with which the design was attacked, as far as one
/// machine can play them, and the crashes and disks a registry has to live with.
///
/// Each names the promises it looks at (docs/promises.md). Besides what it expects itself, whatever a
/// node finds when it starts is compared with the platter and with its entries.
@Suite struct `A story on one machine` {
    private let home = "team/app"

    private func play(
        _ story: @escaping @Sendable (Stage) async throws -> Void
    ) throws {
        #expect(try Stage.play(story) == [])
    }

    // History 3: outcomes that nobody knows.

    /// I5.
    @Test func `a conditional push whose answer was lost may be asked for again`() throws {
        try play { [home] stage in
            try await stage.start()
            let image = stage.content.manifests[0]
            let onlyNew = [("If-None-Match", "*")]
            #expect(await stage.push(image, to: home, tag: "v1", onlyNew))
            #expect(await stage.put(image, in: home, tag: "v1", onlyNew)?.status == 201)
            let other = stage.content.manifests[1]
            #expect(await !stage.push(other, to: home, tag: "v1", onlyNew))
            #expect(await stage.resolve("v1", in: home) == "\(image.digest)")
        }
    }

    // History 4 and 9: what was acknowledged is on the platter.

    /// I1, I2, I11.
    @Test(arguments: CrashFate.allCases)
    func `a push that was acknowledged is there after the power went`(_ fate: CrashFate) throws {
        try play { [home] stage in
            try await stage.start()
            let image = stage.content.manifests[0]
            #expect(await stage.push(image, to: home, tag: "v1"))
            try await stage.restart(fate)
            #expect(await stage.resolve("v1", in: home) == "\(image.digest)")
            for digest in image.blobs {
                let bytes = stage.content.blob(digest)?.bytes
                #expect(await stage.pull(digest, from: home) == bytes)
            }
        }
    }

    /// I1, I2, I11: the machine stops at each of its changes of the disk in turn.
    @Test func `a push is wholly there or wholly not, wherever the power went`() throws {
        for changes in stride(from: 0, to: 90, by: 3) {
            try play { [home] stage in
                try await stage.start()
                let image = stage.content.manifests[0]
                stage.disk.faults.crashAfter = changes
                let isAcknowledged = await stage.push(image, to: home, tag: "v1")
                try await stage.restart(.forgetsUnsynced)
                stage.disk.faults.crashAfter = nil
                let found = await stage.resolve("v1", in: home)
                if isAcknowledged || found != nil { #expect(found == "\(image.digest)") }
                #expect(await stage.push(image, to: home, tag: "v1"))
            }
        }
    }

    // History 6: content that the sweep may take.

    /// I7.
    @Test func `a copy that nothing names goes two epochs later, and no sooner`() throws {
        try play { [home] stage in
            try await stage.start()
            let blob = stage.content.blobs[3]
            #expect(await stage.upload(blob.bytes, blob.digest, to: home))
            #expect(await stage.send("DELETE", "/v2/\(home)/blobs/\(blob.digest)")?.status == 202)
            #expect(try await stage.sweep(raises: 1) == 0)
            #expect(try await stage.sweep(raises: 1) > 0)
            #expect(await stage.pull(blob.digest, from: home) == nil)
        }
    }

    /// I1, I7: a deletion that was decided long ago does not meet the copy that was pushed since.
    @Test func `what is pushed again before the sweep outlives it and the power`() throws {
        try play { [home] stage in
            try await stage.start()
            let blob = stage.content.blobs[3]
            #expect(await stage.upload(blob.bytes, blob.digest, to: home))
            #expect(await stage.send("DELETE", "/v2/\(home)/blobs/\(blob.digest)")?.status == 202)
            #expect(await stage.upload(blob.bytes, blob.digest, to: "team/other"))
            try await stage.sweep(raises: 3)
            try await stage.restart(.forgetsUnsynced)
            try await stage.sweep(raises: 3)
            #expect(await stage.pull(blob.digest, from: "team/other") == blob.bytes)
        }
    }

    /// I1, I2: an upload that was finished before the epoch rose twice is named for a copy that is there.
    @Test func `an upload that slept over two epochs is published all the same`() throws {
        try play { [home] stage in
            try await stage.start()
            let blob = stage.content.blobs[7]
            let location = try #require(await stage.begin(in: home))
            let sent = try #require(await stage.append(blob.bytes, at: 0, to: location))
            try await stage.sweep(raises: 3)
            let next = try #require(sent.headers["Location"])
            #expect(await stage.finish(next, as: blob.digest) == 201)
            try await stage.sweep(raises: 3)
            try stage.inspect()
            #expect(await stage.pull(blob.digest, from: home) == blob.bytes)
        }
    }

    // History 7: clocks.

    /// I5.
    @Test func `a tag that is moved after the clock was set back stays moved`() throws {
        try play { [home] stage in
            try await stage.start()
            let images = stage.content.manifests
            #expect(await stage.push(images[0], to: home, tag: "latest"))
            stage.clocks.jump(by: .seconds(-7 * 86_400))
            #expect(await stage.push(images[1], to: home, tag: "latest"))
            try await stage.restart(.forgetsUnsynced)
            #expect(await stage.resolve("latest", in: home) == "\(images[1].digest)")
        }
    }

    // History 13: names for what is being deleted.

    /// I2, I5: whichever comes first, a tag never points to nothing.
    @Test(arguments: UInt64(1)...8)
    func `a manifest that is tagged while it is deleted is there, or its tag is not`(
        _ seed: UInt64
    ) throws {
        let violations = try Stage.play(seed: seed) { [home] stage in
            try await stage.start()
            let image = stage.content.manifests[0]
            #expect(await stage.push(image, to: home, tag: "v1"))
            async let deleted = stage.send("DELETE", "/v2/\(home)/manifests/\(image.digest)")
            async let tagged = stage.put(image, in: home, tag: "v2")
            _ = await (deleted, tagged)
            let found = await stage.resolve("v2", in: home)
            let manifest = await stage.send("GET", "/v2/\(home)/manifests/\(image.digest)")
            #expect((found == nil) == (manifest?.status == 404))
            try stage.inspect()
        }
        #expect(violations == [])
    }

    // History 18: full disks.

    /// I1, I10: a disk without room refuses what needs some, and answers everything else.
    @Test func `a full disk serves what is there, and takes pushes once it has room`() throws {
        try play { [home] stage in
            try await stage.start()
            let images = stage.content.manifests
            #expect(await stage.push(images[0], to: home, tag: "v1"))
            let room = stage.disk.faults.capacity
            stage.disk.faults.capacity = 1
            #expect(await !stage.push(images[1], to: home, tag: "v2"))
            #expect(await stage.resolve("v1", in: home) == "\(images[0].digest)")
            stage.disk.faults.capacity = room
            #expect(await stage.push(images[1], to: home, tag: "v2"))
        }
    }

    // History 23: uploads that fork.

    /// I3.
    @Test(arguments: UInt64(1)...8)
    func `of two pieces for one place one is taken, and the blob is what its digest says`(
        _ seed: UInt64
    ) throws {
        let violations = try Stage.play(seed: seed) { [home] stage in
            try await stage.start()
            let blob = stage.content.blobs[7]
            let location = try #require(await stage.begin(in: home))
            let half = Array(blob.bytes[..<20_000])
            async let first = stage.append(half, at: 0, to: location)
            async let second = stage.append(half, at: 0, to: location)
            let answers = await [first, second].compactMap { $0 }
            #expect(answers.map(\.status).count { $0 == 202 } == 1)
            let next = answers.first { $0.status == 202 }?.headers["Location"]
            let rest = Array(blob.bytes[20_000...])
            let sent = await stage.append(rest, at: 20_000, to: try #require(next))
            let last = try #require(sent?.headers["Location"])
            #expect(await stage.finish(last, as: blob.digest) == 201)
            #expect(await stage.pull(blob.digest, from: home) == blob.bytes)
        }
        #expect(violations == [])
    }

    /// I3: 202 is no promise, but what is published has its digest.
    @Test(arguments: CrashFate.allCases)
    func `an upload over a power cut goes on or is refused, and is never of other bytes`(
        _ fate: CrashFate
    ) throws {
        try play { [home] stage in
            try await stage.start()
            let blob = stage.content.blobs[8]
            let location = try #require(await stage.begin(in: home))
            let sent = await stage.append(blob.bytes, at: 0, to: location)
            let next = try #require(sent?.headers["Location"])
            try await stage.restart(fate)
            let status = try #require(await stage.finish(next, as: blob.digest))
            let found = await stage.pull(blob.digest, from: home)
            #expect(found == (status == 201 ? blob.bytes : nil))
            if fate == .processOnly { #expect(status == 201) }
        }
    }
}
