// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI

/// Pages of tag lists.
enum Listing {
    private static let tagsOfPut = 100

    /// Gives one repository so many tags, a hundred a push where the registry takes them.
    static func fill(_ peer: Peer, _ repository: String, tags: Int) throws {
        let config = Array("{}".utf8)
        let digest = Digest.of(config)
        let port = peer.port
        try peer.connection().push(config, digest, to: repository)
        let manifest = Content.manifest(config: (digest, config.count), note: "pages")
        let target = Digest.of(manifest)
        let takesSeveral = peer.name == "breakwater"
        try Clients.run(8) { client in
            let connection = try Connection(port: port)
            let step = takesSeveral ? tagsOfPut : 1
            for first in stride(from: client * step, to: tags, by: 8 * step) {
                let names = (first..<min(tags, first + step)).map(name)
                if takesSeveral {
                    let query = names.map { "tag=\($0)" }.joined(separator: "&")
                    try connection.put(manifest, "\(target)?\(query)", to: repository)
                } else {
                    try connection.put(manifest, names[0], to: repository)
                }
            }
        }
    }

    /// `t000042`: all of one length, so that lexical order is that of numbers.
    private static func name(_ number: Int) -> String {
        "t" + String(String(1_000_000 + number).dropFirst())
    }

    static func all(_ world: World, _ tools: LoadTools, _ runner: Runner) throws {
        guard runner.wants("tag-page", "tag-pages-large", "tag-pages-tail") else { return }
        let ours = try world.breakwater(data: "\(world.path)/listing")
        defer { ours.stop() }
        try fill(ours, "bench/thousand", tags: 1_000)
        let small = "/v2/bench/thousand/tags/list?n=100"
        if runner.wants("tag-page") {
            let registry = try world.dockerRegistry()
            defer { registry.stop() }
            try fill(registry, "bench/thousand", tags: 1_000)
            try runner.measure(
                Figure(
                    name: "tag-page",
                    title: "tag list n=100 of 1,000 tags, 8 connections",
                    unit: .perSecond,
                    sides: [ours, registry].map { peer in
                        Figure.Side(peer.name) {
                            try tools.wrk(peer.url + small, connections: 8).perSecond
                        }
                    },
                    requirements: [[.atLeast(20, times: "docker-registry")]]
                )
            )
        }
        guard runner.wants("tag-pages-large", "tag-pages-tail") else { return }
        try fill(ours, "bench/many", tags: 100_000)
        try large(ours, small, tools, runner)
    }

    private static func large(
        _ ours: Peer,
        _ small: String,
        _ tools: LoadTools,
        _ runner: Runner
    ) throws {
        let list = "/v2/bench/many/tags/list?n=100"
        let pages = [
            ("first of 100,000", list), ("middle of 100,000", "\(list)&last=\(name(50_000))"),
            ("last of 100,000", "\(list)&last=\(name(99_899))"), ("of 1,000", small),
        ]
        try runner.measure(
            Figure(
                name: "tag-pages-large",
                title: "tag list n=100: pages of 100,000 tags against 1,000",
                unit: .perSecond,
                sides: pages.map { name, path in
                    Figure.Side(name) {
                        try tools.wrk(ours.url + path, connections: 8).perSecond
                    }
                },
                requirements: pages.dropLast().map { name, _ in
                    [.atLeast(0.8, times: "of 1,000", of: name)]
                }
            )
        )
        guard runner.wants("tag-pages-tail") else { return }
        let rate = try tools.wrk(ours.url + small, connections: 8).perSecond / 4
        try runner.measure(
            Figure(
                name: "tag-pages-tail",
                title: "the same, p99 at \(Unit.rounded(rate, 0))/s",
                unit: .milliseconds,
                sides: pages.map { name, path in
                    Figure.Side(name) { try tools.tail(ours.url + path, perSecond: rate) }
                },
                requirements: pages.dropLast().map { name, _ in
                    [.atMost(1.5, times: "of 1,000", of: name)]
                }
            )
        )
    }
}
