// SPDX-License-Identifier: Apache-2.0

/// Other people's load generators, for reads.
struct LoadTools {
    let world: World
    /// How long a round of one side takes.
    let seconds: Int

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

    /// Asks at a fixed rate; the 99th percentile in milliseconds.
    func tail(_ url: String, perSecond: Double, connections: Int = 16) throws -> Double {
        let each = max(1, Int(perSecond / Double(connections)))
        let text = try world.run(
            [
                "hey", "-z", "\(seconds)s", "-c", "\(connections)", "-q", "\(each)", "-H",
                LoadTools.accept, url,
            ]
        )
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
        guard let line = lines.first(where: { $0.first == "99%" }), line.count > 2,
            let value = Double(line[2])
        else { throw Failure("hey said something else: \(text)") }
        return value * 1_000
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
