// SPDX-License-Identifier: Apache-2.0

import Platform

/// The power fails at any moment: what was acknowledged before is on the disk (I1, I2, I3).
///
/// The disk is copied under load and a server started on the copy. Run with `eatmydata`, which turns
/// every sync into nothing, it must find losses: else it would prove nothing.
struct PowerCutRounds {
    private static let loadMilliseconds = 300...1500

    let binary: String
    let rounds: Int
    let seed: UInt64
    /// What starts the server; `eatmydata` for the control.
    let wrapper: [String]

    /// Runs the rounds; returns what was found wrong.
    func run() async throws -> [String] {
        let path = try Files.temporaryDirectory()
        defer { _ = try? Files.run("rm", "-rf", "--one-file-system", path) }
        let disk = try CutDisk(in: path)
        defer { disk.remove() }
        let crew = Crew(seed: seed)
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
                // What was acknowledged until here must be there; what is asked for from now on may.
                for history in crew.histories { history.mark() }
                try disk.cut()
            }
            try await disk.withCopy { copy in
                let risen = try Server(
                    binary: binary,
                    data: "\(copy)/data",
                    log: "\(path)/log-copy"
                )
                defer { risen.kill() }
                let registry = try await ready(risen)
                try await crew.audit(crew.histories, on: registry, settling: .nothing)
            }
            for history in crew.histories { history.unmark() }
            guard crew.complaints.isEmpty else { return crew.complaints }
        }
        try await crew.audit(crew.histories, on: registry, settling: .found)
        try server.stop()
        print("\(rounds) cuts, \(crew.changes) changes acknowledged, seed \(seed)")
        return crew.complaints
    }

    private func ready(_ risen: Server) async throws -> Registry {
        do {
            return try await risen.ready()
        } catch var failure as Server.Failure {
            failure.isOfCopy = true
            throw failure
        }
    }
}
