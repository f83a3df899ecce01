// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI
import Synchronization

/// Pushes, by the bench's own client, the same for every registry.
enum Pushing {
    private static let clients = 8
    private static let layerSize = 1 << 20
    private static let streamsEach = 4
    /// So that no content comes twice, in any figure.
    private static let counter = Atomic<UInt64>(1)

    private static func next() -> UInt64 {
        counter.wrappingAdd(1, ordering: .relaxed).newValue
    }

    static func all(_ world: World, _ tools: LoadTools, _ runner: Runner) throws {
        guard runner.wants("push-stream", "small-images", "tag-puts") else { return }
        let ours = try world.breakwater(data: "\(world.path)/pushing")
        let registry = try world.dockerRegistry()
        defer { for peer in [ours, registry] { peer.stop() } }
        let disk = Figure.Side("disk (64 MiB, fsync)") { try world.diskFigure() }
        var bytes = Content.random(Blobs.size, seed: 7)
        try runner.measure(
            Figure(
                name: "push-stream",
                title: "one push stream of 64 MiB",
                unit: .megabytesPerSecond,
                sides: [ours, registry].map { peer in
                    Figure.Side(peer.name) { try stream(&bytes, to: peer) }
                } + [disk],
                requirements: [
                    [.atLeast(2.5, times: "docker-registry"), .atLeast(0.85, times: disk.name)]
                ]
            )
        )
        try runner.measure(
            Figure(
                name: "small-images",
                title: "images of a 1 MB layer, config and manifest, 8 clients, in MB of layers",
                unit: .megabytesPerSecond,
                sides: [ours, registry].map { peer in
                    Figure.Side(peer.name) {
                        try images(to: peer, seconds: tools.seconds) * Double(layerSize) / 1e6
                    }
                } + [disk],
                requirements: [
                    [.atLeast(3, times: "docker-registry"), .atLeast(0.85, times: disk.name)]
                ]
            )
        )
        try tagPuts([ours, registry], tools, runner)
    }

    /// Pushes new content of 64 MiB several times; MB a second, hashing here not counted.
    private static func stream(_ bytes: inout [UInt8], to peer: Peer) throws -> Double {
        let connection = try peer.connection()
        var seconds = 0.0
        for _ in 0..<streamsEach {
            Content.vary(&bytes, next())
            let digest = Digest.of(bytes)
            let body = bytes
            seconds += try Clients.time {
                try connection.push(body, digest, to: "bench/stream")
            }
        }
        return Double(streamsEach * bytes.count) / seconds / 1e6
    }

    /// Images a second.
    private static func images(to peer: Peer, seconds: Int) throws -> Double {
        let port = peer.port
        let made = (0..<clients).map { client in
            Shared((Content.random(layerSize, seed: UInt64(client)), Connection?.none))
        }
        return try Clients.rate(clients, seconds: seconds) { client, turn in
            var (layer, known) = made[client].value
            let connection = try known ?? Connection(port: port)
            let number = next()
            Content.vary(&layer, number)
            let config = Array(#"{"number":\#(number)}"#.utf8)
            let (layerDigest, configDigest) = (Digest.of(layer), Digest.of(config))
            let manifest = Content.manifest(
                config: (configDigest, config.count),
                layers: [(layerDigest, layer.count)],
                note: "\(number)"
            )
            let repository = "bench/small\(client)"
            try connection.push(layer, layerDigest, to: repository)
            try connection.push(config, configDigest, to: repository)
            try connection.put(manifest, "t\(turn)", to: repository)
            made[client].set((layer, connection))
        }
    }

    private static func tagPuts(_ peers: [Peer], _ tools: LoadTools, _ runner: Runner) throws {
        guard runner.wants("tag-puts") else { return }
        let config = Array("{}".utf8)
        let digest = Digest.of(config)
        let manifest = Content.manifest(config: (digest, config.count), note: "tags")
        for peer in peers { try peer.connection().push(config, digest, to: "bench/tags") }
        try runner.measure(
            Figure(
                name: "tag-puts",
                title: "tag PUTs into one repository, 8 clients",
                unit: .perSecond,
                sides: peers.map { peer in
                    let port = peer.port
                    return Figure.Side(peer.name) {
                        let connections = try (0..<clients).map { _ in
                            Shared(try Connection(port: port))
                        }
                        return try Clients.rate(clients, seconds: tools.seconds) { client, _ in
                            try connections[client].value.put(
                                manifest,
                                "t\(next() % 1_000)",
                                to: "bench/tags"
                            )
                        }
                    }
                },
                requirements: [[.atLeast(5, times: "docker-registry")]]
            )
        )
    }
}

/// A connection is used by one thread at a time.
extension Connection: @unchecked Sendable {}
