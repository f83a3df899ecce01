// SPDX-License-Identifier: Apache-2.0

/// Other people's load generators, for reads.
struct LoadTools {
    let world: World
    /// How long a round of one side takes.
    let seconds: Int
    /// Told what a figure alone does not say.
    let tell: (String) -> Void

    /// docker-registry gives OCI manifests only to who asks for them.
    private static let accept = "Accept: \(Content.manifestType), */*"

    /// What a run of wrk told.
    struct Result {
        var perSecond: Double
        var bytesPerSecond: Double
        var bytes: Double
    }

    /// Asks as fast as it can; any answer but a success is a failure.
    func wrk(_ url: String, connections: Int, script: String? = nil) throws -> Result {
        let scripted = try script.map { ["-s", try world.write($0, to: "load.lua")] } ?? []
        let text = try world.run(
            ["wrk", "-t1", "-c\(connections)", "-d\(seconds)s", "-H", LoadTools.accept] + scripted
                + [url]
        )
        guard !text.contains("Non-2xx"), !text.contains("Socket errors") else {
            throw Failure("wrk \(url): \(text)")
        }
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
        guard
            let rate = lines.first(where: { $0.first == "Requests/sec:" }).flatMap({ Double($0[1]) }
            ),
            let transfer = lines.first(where: { $0.first == "Transfer/sec:" }),
            let total = lines.first(where: { $0.count > 4 && $0[1] == "requests" && $0[2] == "in" }
            ),
            let transferred = LoadTools.bytes(transfer[1]), let read = LoadTools.bytes(total[4])
        else { throw Failure("wrk said something else: \(text)") }
        return Result(perSecond: rate, bytesPerSecond: transferred, bytes: read)
    }

    /// Asks at a fixed rate; the 99th percentile in milliseconds, infinite if the rate is not reached.
    func tail(_ url: String, perSecond: Double, connections: Int = 16) throws -> Double {
        let each = max(1, Int(perSecond / Double(connections)))
        let text = try world.run(
            [
                "hey", "-z", "\(seconds)s", "-c", "\(connections)", "-q", "\(each)", "-H",
                LoadTools.accept, url,
            ]
        )
        let (tail, asked) = (try Tail(hey: text), Double(each * connections))
        tell("hey reached \(Unit.rounded(tail.perSecond, 0))/s of \(Unit.rounded(asked, 0))/s")
        return tail.milliseconds(at: asked)
    }

    /// Tells what a client that offers everything agrees on with each of these over TLS.
    func tellAgreed(with peers: [Peer]) throws {
        for peer in peers {
            let said = try world.run([
                "openssl", "s_client", "-brief", "-connect", "127.0.0.1:\(peer.port)",
            ])
            let facts = ["Protocol version: ", "Ciphersuite: "].compactMap { name in
                said.split(separator: "\n").first { $0.hasPrefix(name) }?.dropFirst(name.count)
            }
            guard facts.count == 2 else { throw Failure("openssl said something else: \(said)") }
            tell("\(peer.name) over TLS: \(facts.joined(separator: ", "))")
        }
    }

    /// wrk counts in powers of 1,024 and calls them KB, MB, GB.
    static func bytes(_ text: some StringProtocol) -> Double? {
        let units: [(String, Double)] = [
            ("GB", 1_073_741_824), ("MB", 1_048_576), ("KB", 1_024), ("B", 1),
        ]
        for (unit, factor) in units where text.hasSuffix(unit) {
            return Double(text.dropLast(unit.count)).map { $0 * factor }
        }
        return nil
    }
}
