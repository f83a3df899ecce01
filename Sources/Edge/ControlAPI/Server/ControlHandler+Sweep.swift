// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTP
import Journal
import OCI
import Registry
import Sweep

extension ControlHandler {
    func sweepStatus() throws -> Wire.Sweep {
        let epoch = try registry.read { view throws(CatalogError) in try view.epoch() }
        let status = sweep.status
        return Wire.Sweep(
            epoch: epoch.number,
            listed: status.listed,
            isPaused: status.isPaused,
            isRunning: status.isRunning,
            round: status.round.map { Wire.SweepRound($0) },
            secondsLeft: status.timeLeft.map { Int($0.components.seconds) },
            roundSecondsAgo: status.sinceRound.map { Int($0.components.seconds) },
            freed: status.freed,
            freedBytes: status.freedBytes
        )
    }

    func planSweep(_ query: Query) async throws -> Wire.SweepPlan {
        let limit = try query.value("limit").map { text in
            guard let limit = Int(text), (0...Wire.pageMax).contains(limit) else {
                throw Wire.Problem(
                    message: "a limit is a number from 0 to \(Wire.pageMax)",
                    isRefusal: true
                )
            }
            return limit
        }
        let plan = try await sweeping { () async throws(SweepError) in
            try await sweep.plan(limit: limit ?? Wire.pageMax)
        }
        return Wire.SweepPlan(
            candidates: plan.candidates.map { candidate in
                Wire.SweepCandidate(
                    digest: candidate.digest.description,
                    generation: candidate.generation,
                    size: candidate.size,
                    unnamedAt: candidate.unnamedAt
                )
            },
            count: plan.count,
            bytes: plan.bytes,
            laterCount: plan.laterCount,
            laterBytes: plan.laterBytes,
            unlisted: plan.unlisted
        )
    }

    /// Bytes of copies that wait for the sweep; nil while a round is under way.
    func unnamedBytes() async throws -> UInt64? {
        guard !sweep.status.isRunning else { return nil }
        do throws(SweepError) {
            let plan = try await sweep.plan(limit: 0)
            return plan.bytes + plan.laterBytes
        } catch {
            guard case .busy = error else { throw ControlHandler.problem(error) }
            return nil
        }
    }

    var sweepGlance: Wire.SweepGlance {
        let status = sweep.status
        return Wire.SweepGlance(
            isPaused: status.isPaused,
            roundSecondsAgo: status.sinceRound.map { Int($0.components.seconds) },
            doubted: status.round?.doubted ?? 0
        )
    }

    /// How far the round under way is, as long work is shown; nil when there is none.
    var sweepProgress: Wire.Progress? {
        let status = sweep.status
        guard status.isRunning, let round = status.round else { return nil }
        return Wire.Progress(
            step: "sweep",
            done: round.looked,
            total: round.expected > round.looked ? round.expected : nil,
            unit: "copies"
        )
    }

    /// Ends what is due, raises the epoch and does one round, whenever the next was due.
    ///
    /// What cannot be ended keeps nothing else from being freed, and is told.
    func runSweep() async throws -> Wire.SweepRound {
        let status = sweep.status
        var failures: [RegistryError] = []
        if !status.isPaused, !status.isRunning {
            do throws(RegistryError) { failures = try await registry.expireDue().failures } catch {
                failures = [error]
            }
            try await registry.raiseEpoch()
        }
        var round = Wire.SweepRound(
            try await sweeping { () async throws(SweepError) in try await sweep.run() }
        )
        if !failures.isEmpty {
            round.unended = failures.map { Wire.Problem($0).message }.joined(separator: "; ")
        }
        return round
    }

    func pauseSweep(_ isPaused: Bool) async throws -> Wire.Sweep {
        try await sweeping { () async throws(SweepError) in try sweep.pause(isPaused) }
        return try sweepStatus()
    }

    private func sweeping<Answer>(
        _ body: () async throws(SweepError) -> Answer
    ) async throws(Wire.Problem) -> Answer {
        do throws(SweepError) { return try await body() } catch {
            throw ControlHandler.problem(error)
        }
    }

    private static func problem(_ error: SweepError) -> Wire.Problem {
        switch error {
        case .busy:
            Wire.Problem(
                message: "a round is under way; 'breakwater sweep status' shows how far",
                isRefusal: true
            )
        case .catalog(let error): Wire.Problem(.catalog(error))
        case .blobs(let error): Wire.Problem(.blobs(error))
        case .cancelled:
            Wire.Problem(message: "the server stops; run it again", isRefusal: true)
        }
    }
}

extension Wire.SweepRound {
    init(_ round: Sweep.Round) {
        self.init(
            epoch: round.epoch,
            expected: round.expected,
            looked: round.looked,
            freed: round.freed,
            freedBytes: round.freedBytes,
            doubted: round.doubted,
            doubts: round.doubts.map { doubt in
                Wire.SweepDoubt(
                    digest: doubt.digest.description,
                    generation: doubt.generation,
                    reason: doubt.reason.description
                )
            },
            isBrokenOff: round.isBrokenOff
        )
    }
}
