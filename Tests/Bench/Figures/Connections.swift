// SPDX-License-Identifier: Apache-2.0

import Crypto
import Glibc
import OCI
import Platform

/// Memory under load, and what connections cost that wait.
enum Connections {
    private static let pulls = 256
    private static let pushes = 64
    /// Connections held to tell what one costs.
    private static let waiting = 1_000
    /// How long so many handshakes may take.
    private static let handshakeSeconds = 4

    static func all(_ world: World, _ tools: LoadTools, _ runner: Runner) throws {
        try load(world, runner)
        try idle(world, runner)
    }

    /// 256 pulls and 64 pushes of 64 MiB at once.
    private static func load(_ world: World, _ runner: Runner) throws {
        guard runner.wants("memory-load") else { return }
        let bytes = Content.random(Blobs.size, seed: 11)
        let digest = Digest.of(bytes)
        try runner.measure(
            Figure(
                name: "memory-load",
                title: "VmHWM with 256 pulls and 64 pushes of 64 MiB at once",
                unit: .mebibytes,
                sides: [
                    Figure.Side("breakwater") {
                        let data = world.fresh("memory")
                        let peer = try world.breakwater(data: data)
                        let port = peer.port
                        try peer.connection().push(bytes, digest, to: "bench/memory")
                        try Clients.run(pulls + pushes) { client in
                            let connection = try Connection(port: port)
                            if client < pulls {
                                let path = "/v2/bench/memory/blobs/\(digest)"
                                try connection.must(200, "GET", path)
                            } else {
                                // Other content for each; the digest is that of what was sent.
                                try connection.pushVaried(bytes, client)
                            }
                        }
                        let peak = try peer.kibibytes("VmHWM") / 1_024
                        peer.stop()
                        try world.run(["rm", "-rf", data])
                        return peak
                    }
                ],
                requirements: [[.atMost(200)]]
            )
        )
    }

    /// What a kept-alive connection costs after its first request.
    private static func idle(_ world: World, _ runner: Runner) throws {
        guard runner.wants("connection") else { return }
        let count = waiting
        let certificate = try Certificate(world)
        try runner.measure(
            Figure(
                name: "connection",
                title: "memory of a connection that waits: kept alive, and before its first byte",
                unit: .kibibytes,
                sides: [("kept alive", true), ("silent", false)].map { name, asks in
                    Figure.Side(name) {
                        let peer = try world.breakwater(data: "\(world.path)/idle")
                        defer { peer.stop() }
                        try peer.connection().must(200, "GET", "/v2/")
                        let before = try peer.kibibytes("VmRSS")
                        let held = try (0..<count).map { _ in
                            let connection = try peer.connection()
                            if asks { try connection.must(200, "GET", "/v2/") }
                            return connection
                        }
                        try peer.connection().must(200, "GET", "/v2/")
                        let after = try peer.kibibytes("VmRSS")
                        return (after - before) / Double(held.count)
                    }
                } + [
                    Figure.Side("kept alive, TLS") { try encryptedCost(world, certificate) }
                ]
            )
        )
    }

    /// The same over TLS, where wrk holds the connections: each asks once, after all are there, and then
    /// not again.
    private static func encryptedCost(
        _ world: World,
        _ certificate: Certificate
    ) throws -> Double {
        let peer = try world.breakwater(data: "\(world.path)/idle-tls", tls: certificate)
        defer { peer.stop() }
        // What a first handshake makes for good is no cost of a connection.
        try world.run(["wrk", "-t1", "-c1", "-d1s", "\(peer.url)/v2/"])
        let before = try peer.kibibytes("VmRSS")
        let script = try world.write(
            """
            calls = 0
            delay = function()
              calls = calls + 1
              return calls <= \(waiting) and \(handshakeSeconds * 1_000) or 3600000
            end
            """,
            to: "hold.lua"
        )
        let words = ["wrk", "-t1", "-c\(waiting)", "-d60s", "-s", script, "\(peer.url)/v2/"]
        let clients = try world.start(words, log: world.fresh("hold"))
        defer { world.stop(clients, SIGKILL) }
        sleep(UInt32(handshakeSeconds + 2))
        return (try peer.kibibytes("VmRSS") - before) / Double(waiting)
    }
}

extension Connection {
    /// Pushes content of the client's own in one PATCH, without a second copy of it.
    func pushVaried(_ bytes: [UInt8], _ client: Int) throws {
        var own = Array(bytes.prefix(8))
        Content.vary(&own, UInt64(client) << 32)
        var context = DigestContext(.sha256)
        context.update(own)
        context.update(bytes.span.extracting(droppingFirst: 8))
        let digest = context.finish()
        let began = try must(202, "POST", "/v2/bench/memory/blobs/uploads/")
        let sent = try send("PATCH", began.location ?? "", parts: [own[...], bytes.dropFirst(8)])
        guard sent.status == 202, let place = sent.location else {
            throw Failure("PATCH: \(sent.status)")
        }
        try must(201, "PUT", "\(place)\(place.contains("?") ? "&" : "?")digest=\(digest)")
    }
}
