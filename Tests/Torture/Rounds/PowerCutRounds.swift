// SPDX-License-Identifier: Apache-2.0

import Platform

/// The power fails at any moment: what was acknowledged before is on the disk (I1, I2, I3).
///
/// The disk is copied under load and a server started on the copy. Run under `eatmydata`, which turns
/// every sync into nothing, it must find losses: else it would prove nothing.
struct PowerCutRounds {
    private static let loadMilliseconds = 300...1500
    /// A cut of less could lose nothing; on a slow machine it waits for them.
    private static let changesMin = 20
    /// After so many rounds it says how far it is.
    private static let roundsPerLine = 5

    let binary: String
    let rounds: Int
    let seed: UInt64
    /// What starts the server; `eatmydata` for the control.
    let wrapper: [String]

    /// Runs the rounds until something is lost; returns what.
    ///
    /// That the living server does wrong is an error: it says nothing of its disk.
    func run() async throws -> [String] {
        try await Files.withTemporaryDirectory { path in
            try await CutDisk.with(in: path) { disk in
                try await run(on: disk, in: path)
            }
        }
    }

    private func run(on disk: CutDisk, in path: String) async throws -> [String] {
        let crew = Crew(seed: seed)
        let begun = LinuxClocks().monotonic()
        let server = try Server(
            binary: binary,
            data: "\(disk.mounted)/data",
            log: "\(path)/log",
            wrapper: wrapper
        )
        defer { server.kill() }
        let registry = try await server.ready()
        for round in 0..<rounds {
            crew.beginEra(round)
            try await crew.work(on: registry) {
                try await LinuxClocks().sleep(for: crew.pause(PowerCutRounds.loadMilliseconds))
                try await crew.waitForChanges(PowerCutRounds.changesMin)
                // What was acknowledged until here must be there; what is asked for from now on may.
                for history in crew.histories { history.mark() }
                try disk.cut()
            }
            try living(crew)
            try await disk.withCopy { copy in
                try await audit("\(copy)/data", log: "\(path)/log-copy", crew)
            }
            guard crew.complaints.isEmpty else { return crew.complaints }
            try await cutFirst("first\(round)", on: disk, log: "\(path)/log-first", crew)
            guard crew.complaints.isEmpty else { return crew.complaints }
            for history in crew.histories { history.unmark() }
            if (round + 1) % PowerCutRounds.roundsPerLine == 0 {
                say("\(round + 1) of \(rounds) cuts: \(crew.acknowledged)")
            }
        }
        try await crew.bringBack(from: registry)
        try await crew.audit(crew.histories, on: registry, settling: .found)
        try await crew.scrubOnce(on: registry)
        try living(crew)
        try server.stop()
        let seconds = (LinuxClocks().monotonic() - begun).components.seconds
        say("\(rounds) cuts in \(seconds) s: \(crew.acknowledged); nothing lost")
        return []
    }

    /// Compares what a server finds on the copy with what was acknowledged before the cut.
    private func audit(_ data: String, log: String, _ crew: Crew) async throws {
        try await withRisen(data, log: log, crew) { registry in
            try await crew.audit(crew.histories, on: registry, settling: .nothing)
            try await crew.tryUploads(at: registry)
            await crew.tryWriting(to: registry)
            try Interruption.check()
            guard crew.complaints.isEmpty else { return }
            try await crew.scrubOnce(on: registry)
            try Files.run(binary, "content", "verify", "--deep", "--data", data)
            // I7: what nothing names is gone.
            try await crew.requireSwept(on: registry)
        }
    }

    /// Cuts the power of a first start in a directory: the next begins with what is there.
    private func cutFirst(
        _ name: String,
        on disk: CutDisk,
        log: String,
        _ crew: Crew
    ) async throws {
        let data = "\(disk.mounted)/\(name)"
        let first = try Server(binary: binary, data: data, log: log, wrapper: wrapper)
        defer { first.kill() }
        try await LinuxClocks().sleep(for: crew.pause(KillRounds.firstStartMilliseconds))
        try disk.cut()
        first.kill()
        try await disk.withCopy { copy in
            try await withRisen("\(copy)/\(name)", log: log, crew) { registry in
                await crew.tryWriting(to: registry)
                try Interruption.check()
            }
        }
        try Files.run("rm", "-rf", data)
    }

    /// Lets `body` ask a server that starts on what is left.
    private func withRisen(
        _ data: String,
        log: String,
        _ crew: Crew,
        _ body: (Registry) async throws -> Void
    ) async throws {
        let risen = try Server(binary: binary, data: data, log: log)
        defer { risen.kill() }
        let registry: Registry
        do {
            registry = try await risen.ready()
        } catch let failure as Failure {
            try Interruption.check()
            crew.complain(["nothing of it: \(failure)"])
            return
        }
        try await body(registry)
        if crew.complaints.isEmpty { try risen.stop() }
    }

    private func living(_ crew: Crew) throws {
        guard let complaint = crew.complaints.first else { return }
        throw Failure("the server, whose power was not cut: \(complaint)")
    }
}
