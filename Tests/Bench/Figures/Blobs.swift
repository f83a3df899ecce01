// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI

/// Large blobs read and pushed.
enum Blobs {
    static let size = 64 << 20

    /// Reading one by four clients, plain and over TLS.
    static func reading(_ world: World, _ tools: LoadTools, _ runner: Runner) throws {
        guard runner.wants("blob", "blob-cpu", "blob-tls") else { return }
        let certificate = try Certificate(world)
        let bytes = Content.random(size, seed: 1)
        let digest = Digest.of(bytes)
        let data = "\(world.path)/blobs"
        let ours = try world.breakwater(data: data)
        try ours.connection().push(bytes, digest, to: "bench/blobs")
        let root = try world.directory("blob-files")
        for folder in ["v2", "v2/bench", "v2/bench/blobs", "v2/bench/blobs/blobs"] {
            _ = try world.directory("\(root)/\(folder)")
        }
        let path = "/v2/bench/blobs/blobs/\(digest)"
        try world.write(bytes, to: "\(root)\(path)")
        let nginx = try world.nginx(root: root)
        try throughput(
            [ours, nginx],
            path,
            tools,
            runner,
            name: "blob",
            title: "64 MiB blob, 4 connections",
            bar: 0.95
        )
        try cost([ours, nginx], path, tools, runner)
        for peer in [ours, nginx] { peer.stop() }
        guard runner.wants("blob-tls") else { return }
        let encrypted = [
            try world.breakwater(data: data, tls: certificate),
            try world.nginx(root: root, tls: certificate),
        ]
        try tools.tellAgreed(with: encrypted)
        try throughput(
            encrypted,
            path,
            tools,
            runner,
            name: "blob-tls",
            title: "64 MiB blob over TLS, 4 connections",
            bar: 0.8
        )
        for peer in encrypted { peer.stop() }
    }

    private static func throughput(
        _ peers: [Peer],
        _ path: String,
        _ tools: LoadTools,
        _ runner: Runner,
        name: String,
        title: String,
        bar: Double
    ) throws {
        try runner.measure(
            Figure(
                name: name,
                title: title,
                unit: .gigabytesPerSecond,
                sides: peers.map { peer in
                    Figure.Side(peer.name) {
                        try tools.wrk(peer.url + path, connections: 4).bytesPerSecond / 1e9
                    }
                },
                requirements: [[.atLeast(bar, times: "nginx")]]
            )
        )
    }

    private static func cost(
        _ peers: [Peer],
        _ path: String,
        _ tools: LoadTools,
        _ runner: Runner
    ) throws {
        try runner.measure(
            Figure(
                name: "blob-cpu",
                title: "processor time of a 64 MiB blob's server, 4 connections",
                unit: .cpuSecondsPerGigabyte,
                sides: peers.map { peer in
                    Figure.Side(peer.name) {
                        let before = peer.cpuSeconds()
                        let bytes = try tools.wrk(peer.url + path, connections: 4).bytes
                        return (peer.cpuSeconds() - before) / (bytes / 1e9)
                    }
                },
                requirements: [[.atMost(1.1, times: "nginx")]]
            )
        )
    }
}
