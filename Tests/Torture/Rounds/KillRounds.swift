// SPDX-License-Identifier: Apache-2.0

import Platform

/// `kill -9` at any moment: nothing acknowledged is lost, nothing is left half (I1, I2, I3).
///
/// The page cache survives it, so it proves the order of things, not that anything was synced; for
/// that there is `PowerCutRounds`.
struct KillRounds {
    /// So many rounds a worker keeps its repository.
    private static let eraRounds = 4
    /// So often everything there is is read by the scrub, at the ends of eras, before the last audits do so: in a
    /// long run there is much of it.
    private static let scrubsMax = 25
    /// After so many rounds it says how far it is.
    private static let roundsPerLine = 25
    private static let loadMilliseconds = 20...900
    /// One start in so many is killed too, before or after it is ready.
    private static let startsPerKilledStart = 4
    private static let startMilliseconds = 0...150
    /// And so many first starts, which make what a data directory has.
    private static let roundsPerFirstStart = 4
    static let firstStartMilliseconds = 0...40

    let binary: String
    let rounds: Int
    let seed: UInt64

    /// Runs the rounds; returns what was found wrong.
    func run() async throws -> [String] {
        try await Files.withTemporaryDirectory { path in
            let crew = Crew(seed: seed)
            let begun = LinuxClocks().monotonic()
            for round in 0..<rounds {
                if round % KillRounds.eraRounds == 0 { crew.beginEra(round / KillRounds.eraRounds) }
                try await kill(in: path, crew)
                let isScrubbed = (round + 1) % roundsPerScrub == 0
                try await audit(crew.current, in: path, crew, scrubbing: isScrubbed)
                if crew.isOne(of: KillRounds.roundsPerFirstStart) {
                    try await killFirst("\(path)/first\(round)", log: "\(path)/log", crew)
                }
                guard crew.complaints.isEmpty else { return crew.complaints }
                if (round + 1) % KillRounds.roundsPerLine == 0 {
                    say("\(round + 1) of \(rounds) kills: \(crew.acknowledged)")
                }
            }
            // Everything that was ever acknowledged, once more, again after a stop in good order, and with all
            // that the trash should have.
            for isBack in [false, false, true] {
                try await audit(
                    crew.histories,
                    in: path,
                    crew,
                    scrubbing: true,
                    verifying: true,
                    bringingBack: isBack
                )
                guard crew.complaints.isEmpty else { return crew.complaints }
            }
            let seconds = (LinuxClocks().monotonic() - begun).components.seconds
            say("\(rounds) kills in \(seconds) s: \(crew.acknowledged); nothing lost")
            return []
        }
    }

    /// A multiple of the rounds of an era.
    private var roundsPerScrub: Int {
        let eras = (rounds / KillRounds.eraRounds + KillRounds.scrubsMax - 1) / KillRounds.scrubsMax
        return KillRounds.eraRounds * max(1, eras)
    }

    /// Starts a server, lets everybody work, and kills it; now and then the next one while it starts.
    private func kill(in path: String, _ crew: Crew) async throws {
        let server = try start(in: path)
        defer { server.kill() }
        try await crew.work(on: try await server.ready()) {
            try await LinuxClocks().sleep(for: crew.pause(KillRounds.loadMilliseconds))
            server.kill()
        }
        guard crew.isOne(of: KillRounds.startsPerKilledStart) else { return }
        let early = try start(in: path)
        defer { early.kill() }
        try await LinuxClocks().sleep(for: crew.pause(KillRounds.startMilliseconds))
    }

    /// Kills the first start in a directory: the next begins with what is there.
    private func killFirst(_ data: String, log: String, _ crew: Crew) async throws {
        let first = try Server(binary: binary, data: data, log: log)
        defer { first.kill() }
        try await LinuxClocks().sleep(for: crew.pause(KillRounds.firstStartMilliseconds))
        first.kill()
        let next = try Server(binary: binary, data: data, log: log)
        defer { next.kill() }
        await crew.tryWriting(to: try await next.ready())
        try Interruption.check()
        try next.stop()
        try Files.run("rm", "-r", data)
    }

    /// Starts a server, compares what it has with the ledgers, and stops it.
    private func audit(
        _ histories: [History],
        in path: String,
        _ crew: Crew,
        scrubbing: Bool,
        verifying: Bool = false,
        bringingBack: Bool = false
    ) async throws {
        let server = try start(in: path)
        defer { server.kill() }
        let registry = try await server.ready()
        if bringingBack { try await crew.bringBack(from: registry) }
        try await crew.audit(histories, on: registry, settling: .found)
        if let damage = try await registry.damageKnownToScrub() {
            crew.complain(["the scrub knows of damage: \(damage.prefix(2_000))"])
        }
        if scrubbing { try await crew.scrubOnce(on: registry) }
        if verifying {
            try Files.run(binary, "content", "verify", "--deep", "--data", "\(path)/data")
            // I7: what nothing names is gone.
            try await crew.requireSwept(on: registry)
        }
        try server.stop()
    }

    private func start(in path: String) throws -> Server {
        try Server(binary: binary, data: "\(path)/data", log: "\(path)/log")
    }
}
