// SPDX-License-Identifier: Apache-2.0

import Glibc
import Crypto
import OCI
import Platform

/// Time to be ready, and memory, of a registry that holds much.
enum Starting {
    private static let manifests = 100_000
    private static let tagsEach = 10
    private static let repositories = 100

    /// Puts so many manifests, each with so many tags, into a hundred repositories.
    private static func fill(_ peer: Peer, manifests: Int) throws {
        let config = Array("{}".utf8)
        let digest = Digest.of(config)
        let port = peer.port
        try Clients.run(16) { client in
            let connection = try Connection(port: port)
            for repository in stride(from: client, to: repositories, by: 16) {
                try connection.push(config, digest, to: "bench/r\(repository)")
                for number in 0..<(manifests / repositories) {
                    let manifest = Content.manifest(
                        config: (digest, config.count),
                        note: "r\(repository) m\(number)"
                    )
                    let tags = (0..<tagsEach).map { "tag=m\(number)-\($0)" }.joined(separator: "&")
                    let reference = "\(Digest.of(manifest))?\(tags)"
                    try connection.put(manifest, reference, to: "bench/r\(repository)")
                }
            }
        }
    }

    static func all(_ world: World, _ tools: LoadTools, _ runner: Runner) throws {
        guard runner.wants("start", "start-after-kill", "memory-idle", "memory-full") else {
            return
        }
        let (few, many) = ("\(world.path)/few", "\(world.path)/many")
        for (data, count) in [(few, 100), (many, manifests)] {
            let peer = try world.breakwater(data: data)
            try fill(peer, manifests: count)
            peer.stop()
        }
        try start(world, few, many, runner)
        try memory(world, many, runner)
    }

    private static func start(
        _ world: World,
        _ few: String,
        _ many: String,
        _ runner: Runner
    ) throws {
        func side(_ name: String, _ data: String, kills: Bool) -> Figure.Side {
            Figure.Side(name) {
                if kills { try killUnderLoad(world, data) }
                var peer: Peer?
                let seconds = try Clients.time { peer = try world.breakwater(data: data) }
                peer?.stop()
                return seconds * 1_000
            }
        }
        for (name, words, kills) in [
            ("start", "SIGTERM", false), ("start-after-kill", "kill -9 under load", true),
        ] {
            try runner.measure(
                Figure(
                    name: name,
                    title: "from the start to ready, after \(words)",
                    unit: .milliseconds,
                    sides: [
                        side("100,000 manifests", many, kills: kills),
                        side("100 manifests", few, kills: kills),
                    ],
                    requirements: [[.atMost(500)], [.atMost(1.5, times: "100 manifests")]]
                )
            )
        }
    }

    /// Ends a server with SIGKILL while eight clients put tags.
    private static func killUnderLoad(_ world: World, _ data: String) throws {
        let peer = try world.breakwater(data: data)
        let port = peer.port
        let config = Array("{}".utf8)
        let digest = Digest.of(config)
        try peer.connection().push(config, digest, to: "bench/kill")
        let manifest = Content.manifest(config: (digest, config.count), note: "kill")
        let process = peer.process
        let killer = Thread {
            usleep(700_000)
            process.send(SIGKILL)
        }
        try Clients.run(8) { client in
            let connection = try Connection(port: port)
            for turn in 0..<1_000_000 {
                // What comes after the kill fails, which ends the client.
                do {
                    try connection.put(manifest, "t\(client)-\(turn % 100)", to: "bench/kill")
                } catch {
                    return
                }
            }
        }
        killer.join()
        peer.stop(SIGKILL)
    }

    private static func memory(_ world: World, _ many: String, _ runner: Runner) throws {
        func idle(_ name: String, _ title: String, _ data: String, _ most: Double) -> Figure {
            Figure(
                name: name,
                title: title,
                unit: .mebibytes,
                sides: [
                    Figure.Side("breakwater") {
                        let peer = try world.breakwater(data: data)
                        defer { peer.stop() }
                        // Ready, and asked what a supervisor asks.
                        try peer.connection().must(200, "GET", "/contentz")
                        try peer.connection().must(200, "GET", "/metrics")
                        return try peer.kibibytes("VmHWM") / 1_024
                    }
                ],
                requirements: [[.atMost(most)]]
            )
        }
        let new = "\(world.path)/idle"
        try runner.measure(idle("memory-idle", "VmHWM, idle", new, 40))
        try runner.measure(
            idle("memory-full", "VmHWM, idle, 100,000 manifests and 1,000,000 tags", many, 150)
        )
    }
}
