// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI

/// Manifests read from a registry full of tags.
enum Reading {
    static let repositories = 100
    static let tagsEach = 100

    /// Uniformly over all tags.
    static let everyTag = """
        request = function()
          return wrk.format("GET", "/v2/bench/r" .. math.random(0, \(repositories - 1))
            .. "/manifests/t" .. math.random(0, \(tagsEach - 1)))
        end
        """
    /// The same, with a connection of its own for each request.
    static let everyTagOnce = """
        request = function()
          return wrk.format("GET", "/v2/bench/r" .. math.random(0, \(repositories - 1))
            .. "/manifests/t" .. math.random(0, \(tagsEach - 1)), {["Connection"] = "close"})
        end
        """

    static func manifest(_ repository: Int, _ tag: Int, config: (Digest, Int)) -> [UInt8] {
        Content.manifest(config: config, note: "r\(repository) t\(tag)")
    }

    /// Puts the tags into a registry, with several clients.
    static func fill(_ peer: Peer) throws {
        let config = Array("{}".utf8)
        let digest = Digest.of(config)
        let port = peer.port
        try Clients.run(8) { client in
            let connection = try Connection(port: port)
            for repository in stride(from: client, to: repositories, by: 8) {
                try connection.push(config, digest, to: "bench/r\(repository)")
                for tag in 0..<tagsEach {
                    let manifest = manifest(repository, tag, config: (digest, config.count))
                    try connection.put(manifest, "t\(tag)", to: "bench/r\(repository)")
                }
            }
        }
    }

    /// The same answers as files.
    static func files(in world: World) throws -> String {
        let root = try world.directory("www")
        let config = (Digest.of(Array("{}".utf8)), 2)
        for repository in 0..<repositories {
            let folder = try world.directory("www/v2/bench/r\(repository)/manifests")
            for tag in 0..<tagsEach {
                let manifest = manifest(repository, tag, config: config)
                try world.write(manifest, to: "\(folder)/t\(tag)")
                if repository == 0, tag == 0 {
                    try world.write(manifest, to: "\(folder)/\(Digest.of(manifest))")
                }
            }
        }
        for directory in ["www/v2", "www/v2/bench"] { _ = try world.directory(directory) }
        return root
    }

    /// Manifests over plain HTTP.
    static func plain(_ world: World, _ tools: LoadTools, _ runner: Runner) throws {
        guard
            runner.wants(
                "manifest-by-tag",
                "manifest-hot-tag",
                "manifest-by-digest",
                "manifest-tail"
            )
        else { return }
        let ours = try world.breakwater(data: "\(world.path)/reading")
        let registry = try world.dockerRegistry()
        defer { for peer in [ours, registry] { peer.stop() } }
        try fill(ours)
        if runner.wants("manifest-by-tag", "manifest-hot-tag", "manifest-by-digest") {
            try fill(registry)
        }
        let nginx = try world.nginx(root: try files(in: world))
        defer { nginx.stop() }
        let bars = [[Bar.atLeast(1, times: "nginx")], [.atLeast(25, times: "docker-registry")]]
        let digest = Digest.of(manifest(0, 0, config: (Digest.of(Array("{}".utf8)), 2)))
        let cases: [(String, String, String, String?, [[Bar]])] = [
            (
                "manifest-by-tag", "manifests by tag, uniformly over 10,000 tags, 32 connections",
                "/", everyTag, bars
            ),
            (
                "manifest-hot-tag", "one manifest by tag, 32 connections",
                "/v2/bench/r0/manifests/t0", nil, []
            ),
            (
                "manifest-by-digest", "one manifest by digest, 32 connections",
                "/v2/bench/r0/manifests/\(digest)", nil, []
            ),
        ]
        for (name, title, path, script, requirements) in cases {
            let sides = [ours, nginx, registry].map { peer in
                Figure.Side(peer.name) {
                    try tools.wrk(peer.url + path, connections: 32, script: script).perSecond
                }
            }
            try runner.measure(
                Figure(
                    name: name,
                    title: title,
                    unit: .perSecond,
                    sides: sides,
                    requirements: requirements
                )
            )
        }
        try tails(ours, nginx, tools, runner)
    }

    /// The 99th percentile at a quarter of what the slower of the two takes.
    private static func tails(
        _ ours: Peer,
        _ nginx: Peer,
        _ tools: LoadTools,
        _ runner: Runner
    ) throws {
        guard runner.wants("manifest-tail") else { return }
        let path = "/v2/bench/r0/manifests/t0"
        let most =
            try [ours, nginx].map {
                try tools.wrk($0.url + path, connections: 32).perSecond
            }.min() ?? 0
        let rate = most / 4
        try runner.measure(
            Figure(
                name: "manifest-tail",
                title: "one manifest by tag, p99 at \(Unit.rounded(rate, 0))/s",
                unit: .milliseconds,
                sides: [ours, nginx].map { peer in
                    Figure.Side(peer.name) { try tools.tail(peer.url + path, perSecond: rate) }
                }
            )
        )
    }

    /// Manifests over TLS.
    static func encrypted(_ world: World, _ tools: LoadTools, _ runner: Runner) throws {
        guard runner.wants("manifest-tls", "handshake") else { return }
        let certificate = try Certificate(world)
        // Filled over plain HTTP, by the same client as everybody.
        let data = "\(world.path)/encrypted"
        let plain = try world.breakwater(data: data)
        try fill(plain)
        plain.stop()
        let ours = try world.breakwater(data: data, tls: certificate)
        let nginx = try world.nginx(root: try files(in: world), tls: certificate)
        defer { for peer in [ours, nginx] { peer.stop() } }
        try tools.tellAgreed(with: [ours, nginx])
        func sides(_ script: String) -> [Figure.Side] {
            [ours, nginx].map { peer in
                Figure.Side(peer.name) {
                    try tools.wrk(peer.url, connections: 32, script: script).perSecond
                }
            }
        }
        try runner.measure(
            Figure(
                name: "manifest-tls",
                title: "manifests by tag over TLS, kept alive, 32 connections",
                unit: .perSecond,
                sides: sides(everyTag),
                requirements: [[.atLeast(0.85, times: "nginx")]]
            )
        )
        try runner.measure(
            Figure(
                name: "handshake",
                title: "new TLS connections (ECDSA P-256, full handshakes), one manifest each",
                unit: .perSecond,
                sides: sides(everyTagOnce),
                requirements: [[.atLeast(0.6, times: "nginx")]]
            )
        )
    }
}
