// SPDX-License-Identifier: Apache-2.0

import Blobs
import OCI
import Platform
import Registry
import Sweep
import Telemetry

/// Raises the sweep epoch and frees what nothing names, once in an interval, until it is cancelled.
struct SweepCare: Sendable {
    let registry: Registry
    let sweep: Sweep
    let interval: Duration
    let clocks: any Clocks
    let log: Log

    /// When the first round begins after a start, at the latest; it raises nothing, so that a server that
    /// starts often writes no more for that.
    private static let firstAfter: Duration = .seconds(60)

    func run() async {
        var wait = min(interval, SweepCare.firstAfter)
        var isFirst = true
        while true {
            do throws(CancellationError) { try await clocks.sleep(for: wait) } catch { return }
            if !isFirst { await raise() }
            await round()
            (wait, isFirst) = (interval, false)
        }
    }

    private func raise() async {
        guard !sweep.status.isPaused else { return }
        do throws(RegistryError) { try await registry.raiseEpoch() } catch {
            log.write(.warning, "the sweep epoch was not raised", [("cause", .text("\(error)"))])
        }
    }

    private func round() async {
        do throws(SweepError) {
            let round = try await sweep.run()
            if round.doubted > 0 {
                log.write(
                    .error,
                    "the sweep left copies that it cannot be sure of; see the runbook on space that does not "
                        + "come back",
                    [("copies", .number(Int64(clamping: round.doubted)))]
                )
                for doubt in round.doubts {
                    log.write(
                        .error,
                        "a copy was left",
                        [
                            ("digest", .text("\(doubt.digest)")),
                            ("generation", .number(Int64(clamping: doubt.generation))),
                            ("cause", .text("\(doubt.reason)")),
                        ]
                    )
                }
            }
            guard round.freed > 0 else { return }
            log.write(
                .info,
                "the sweep freed copies",
                [
                    ("copies", .number(Int64(clamping: round.freed))),
                    ("bytes", .number(Int64(clamping: round.freedBytes))),
                    ("epoch", .number(Int64(clamping: round.epoch))),
                ]
            )
        } catch {
            switch error {
            case .busy, .cancelled: return
            case .catalog, .blobs:
                log.write(.error, "the sweep was broken off", [("cause", .text("\(error)"))])
            }
        }
    }

    /// A line for each copy that is gone, with the entry that took its last name.
    static func tell(_ gone: [Sweep.Candidate], _ log: Log) {
        for copy in gone {
            var fields: [(String, LogValue)] = [
                ("digest", .text(copy.digest.description)),
                ("generation", .number(Int64(clamping: copy.generation))),
                ("bytes", .number(Int64(clamping: copy.size))),
            ]
            if let position = copy.unnamedAt {
                fields.append(("unnamed-at", .number(Int64(clamping: position))))
            }
            log.write(.info, "freed a copy", fields)
        }
    }
}
