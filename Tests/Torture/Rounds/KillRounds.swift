// SPDX-License-Identifier: Apache-2.0

import Platform

/// `kill -9` at any moment: nothing acknowledged is lost, nothing is left half (I1, I2, I3).
///
/// The page cache survives it, so it proves the order of things, not that anything was synced; for
/// that there is `PowerCutRounds`.
struct KillRounds {
    /// So many rounds a worker keeps its repository.
    private static let eraRounds = 4
    private static let loadMilliseconds = 20...900
    /// One start in so many is killed too, before or after it is ready.
    private static let startsPerKilledStart = 4
    private static let startMilliseconds = 0...150

    let binary: String
    let rounds: Int
    let seed: UInt64

    /// Runs the rounds; returns what was found wrong.
    func run() async throws -> [String] {
        let path = try Files.temporaryDirectory()
        defer { _ = try? Files.run("rm", "-rf", path) }
        let crew = Crew(seed: seed)
        var server = try start(in: path)
        defer { server.kill() }
        var registry = try await server.ready()
        for round in 0..<rounds {
            if round % KillRounds.eraRounds == 0 { crew.beginEra(round / KillRounds.eraRounds) }
            try await crew.work(on: registry) {
                try await LinuxClocks().sleep(for: crew.pause(KillRounds.loadMilliseconds))
                server.kill()
            }
            if crew.isOne(of: KillRounds.startsPerKilledStart) {
                let early = try start(in: path)
                try await LinuxClocks().sleep(for: crew.pause(KillRounds.startMilliseconds))
                early.kill()
            }
            server = try start(in: path)
            registry = try await server.ready()
            try await crew.audit(crew.current, on: registry, settling: .found)
            guard crew.complaints.isEmpty else { return crew.complaints }
        }
        // Everything that was ever acknowledged, once more, and again after a stop in good order.
        try await crew.audit(crew.histories, on: registry, settling: .found)
        try Files.run(binary, "content", "verify", "--deep", "--data", "\(path)/data")
        try server.stop()
        server = try start(in: path)
        registry = try await server.ready()
        try await crew.audit(crew.histories, on: registry, settling: .found)
        try server.stop()
        print("\(rounds) kills, \(crew.changes) changes acknowledged, seed \(seed)")
        return crew.complaints
    }

    private func start(in path: String) throws -> Server {
        try Server(binary: binary, data: "\(path)/data", log: "\(path)/log")
    }
}
