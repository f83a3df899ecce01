// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// Others pull while the scrub reads everything again, at the rate that 10 TB in 7 days need.
final class ScrubRun {
    private static let warmSeconds = 1
    private static let blobConnections = 4
    private static let manifestConnections = 32
    /// Until the scrub reads copies: it has the catalog before it.
    private static let startSecondsMax = 60.0

    let world: World
    let arguments: ScrubArguments
    let tell: @Sendable (String) -> Void
    private let data: String
    private var scrubbed: [Double] = []

    init(
        world: World,
        arguments: ScrubArguments,
        tell: @escaping @Sendable (String) -> Void
    ) throws {
        (self.world, self.arguments, self.tell) = (world, arguments, tell)
        data = try world.directory("scrubbing")
    }

    func run() throws -> ScrubOutcome {
        let server = try start()
        let images = arguments.mebibytes << 20 / ScrubStock.blobBytes
        let stock = try ScrubStock(images: images, to: server.port, tell)
        server.stop()
        let blobs = try measure("blobs") { server, tools in
            let (script, count) = (stock.everyBlob, ScrubRun.blobConnections)
            return try tools.wrk(server.url, connections: count, script: script).bytesPerSecond
        }
        let manifests = try measure("manifests") { server, tools in
            let (script, count) = (stock.everyManifest, ScrubRun.manifestConnections)
            return try tools.wrk(server.url, connections: count, script: script).perSecond
        }
        return ScrubOutcome(blobs: blobs, manifests: manifests, scrubbed: scrubbed)
    }

    /// A server whose scrub reads what the budget allows, when it is told to.
    private func start() throws -> Peer {
        let kibibytes = Int(ScrubOutcome.budget) / 1_024
        return try world.breakwater(
            data: data,
            extra: "scrub:\n  rate: \(kibibytes)KiB\nsweep:\n  interval: 30d\nshutdown-grace: 1s\n"
        )
    }

    private func measure(
        _ name: String,
        _ load: (Peer, LoadTools) throws -> Double
    ) throws -> ScrubFigures {
        var figures = ScrubFigures()
        for pair in 0..<arguments.windows.pairs {
            // Who is first changes, so that nobody always comes after the same other.
            var reached: [Bool: Double] = [:]
            for isScrubbed in pair % 2 == 0 ? [false, true] : [true, false] {
                let value = try window(isScrubbed, load)
                let rate = isScrubbed ? scrubbed.last.map { $0 / 1e6 } : nil
                let note = rate.map { ", scrubbing \(Unit.rounded($0, 1)) MB/s" } ?? ""
                tell("\(name) \(pair + 1)\(note): \(Unit.rounded(value, 0))/s")
                reached[isScrubbed] = value
            }
            figures.add(without: reached[false] ?? .nan, with: reached[true] ?? .nan)
        }
        return figures
    }

    /// One window, at a server of its own: a scrub that was told to ends only with its server.
    private func window(
        _ isScrubbed: Bool,
        _ load: (Peer, LoadTools) throws -> Double
    ) throws -> Double {
        let server = try start()
        defer { server.stop() }
        // Both begin with what a server remembers that has answered for a while.
        _ = try load(server, LoadTools(world: world, seconds: ScrubRun.warmSeconds, tell: tell))
        let tools = LoadTools(world: world, seconds: arguments.windows.seconds, tell: tell)
        guard isScrubbed else { return try load(server, tools) }
        let scrub = try world.start(
            [World.binary, "content", "scrub", "--data", data],
            log: world.fresh("scrub.log")
        )
        defer { world.stop(scrub) }
        try awaitCopies()
        let clocks = LinuxClocks()
        let (begun, before) = (clocks.monotonic(), try scrubbedBytes())
        let value = try load(server, tools)
        let (ended, after) = (clocks.monotonic(), try scrubbedBytes())
        scrubbed.append((Double(after) - Double(before)) / Clients.seconds(ended - begun))
        return value
    }

    /// Waits until the round under way reads more and more; what it says before may be of an earlier one.
    private func awaitCopies() throws {
        let clocks = LinuxClocks()
        let begun = clocks.monotonic()
        var bytes = UInt64.max
        while true {
            let status = try status()
            // A store that was never scrubbed has no round until the first shows.
            let isShown = status.isRunning && status.text.contains(#""round":"#)
            let now = isShown ? try ScrubRun.bytes(in: status.text) : .max
            if now > bytes, now < .max { return }
            bytes = now
            guard Clients.seconds(clocks.monotonic() - begun) < ScrubRun.startSecondsMax else {
                throw Failure("the scrub does not begin to read copies: \(status.text)")
            }
        }
    }

    /// Bytes of copies that the round under way has read.
    private func scrubbedBytes() throws -> UInt64 {
        let status = try status()
        guard status.isRunning else {
            throw Failure("the scrub was at its end before the window was: push more content")
        }
        return try ScrubRun.bytes(in: status.text)
    }

    private func status() throws -> (text: String, isRunning: Bool) {
        let text = try world.run([
            World.binary, "content", "scrub", "status", "--json", "--data", data,
        ])
        return (text, text.contains(#""isRunning":true"#))
    }

    static func bytes(in status: String) throws -> UInt64 {
        let parts = status.split(separator: #""bytes":"#, maxSplits: 1)
        guard parts.count == 2, let bytes = UInt64(parts[1].prefix { $0.isNumber }) else {
            throw Failure("the scrub's status says something else: \(status)")
        }
        return bytes
    }
}
