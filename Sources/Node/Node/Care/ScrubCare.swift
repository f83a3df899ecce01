// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Journal
import OCI
import Platform
import Registry
import Scrub
import Sweep
import Telemetry

/// Scrubs when it is due, looks after what is lost, and does with what the scrub finds what must be done,
/// until it is cancelled.
struct ScrubCare: Sendable {
    let scrub: Scrub
    let clocks: any Clocks
    let log: Log

    /// Time between two looks; the first comes after it too, so that a start is nobody's burden.
    private static let interval: Duration = .seconds(60)

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await again(orTell: "the scrub was broken off") { () async throws(ScrubError) in
                    try await round()
                }
            }
            // A round takes days; what comes back meanwhile is not lost until its end.
            group.addTask {
                await again(orTell: "what is lost could not be looked at") {
                    () async throws(ScrubError) in
                    try await scrub.heal()
                }
            }
        }
    }

    /// Does something in each interval; where that fails the log says so.
    private func again(
        orTell failure: String,
        _ body: () async throws(ScrubError) -> Void
    ) async {
        while true {
            do throws(CancellationError) {
                try await clocks.sleep(for: ScrubCare.interval)
            } catch { return }
            do throws(ScrubError) { try await body() } catch {
                switch error {
                case .busy, .cancelled: continue
                case .catalog, .blobs:
                    log.write(.error, failure, [("cause", .text("\(error)"))])
                }
            }
        }
    }

    private func round() async throws(ScrubError) {
        guard scrub.isDue else { return }
        let round = try await scrub.run()
        guard !round.isBrokenOff else { return }
        log.write(
            round.isSound ? .info : .error,
            "the scrub has read everything",
            [
                ("copies", .number(Int64(clamping: round.copies))),
                ("bytes", .number(Int64(clamping: round.bytes))),
                ("set-aside", .number(Int64(clamping: round.setAside))),
                ("missing", .number(Int64(clamping: round.missing))),
                ("unexamined", .number(Int64(clamping: round.unexamined))),
                ("orphans", .number(Int64(clamping: round.orphans))),
            ]
        )
    }

    /// What follows from something the scrub found, before it goes on.
    ///
    /// Memory forgets what is lost; a projection that is damaged is made anew; where an entry is damaged
    /// no change is taken any more, and pulls go on; the sweep looks at what nothing can name.
    static func meet(
        _ event: Scrub.Event,
        _ registry: Registry,
        _ sweep: Sweep,
        _ log: Log
    ) async {
        switch event {
        case .orphaned(let digest, let generation): sweep.suspect(digest, generation: generation)
        case .lost(let loss):
            registry.forget(loss.digest)
            // What was set aside has its line already.
            guard loss.flaw == nil else { return }
            log.write(
                .error,
                "a copy is missing; see the runbook on content that is damaged or missing",
                [
                    ("digest", .text(loss.digest.description)),
                    ("generation", .number(Int64(clamping: loss.generation))),
                ]
            )
        case .repaired(let digest, let source):
            log.write(
                .info,
                "a lost copy is back",
                [("digest", .text(digest.description)), ("from", .text(source ?? "a push"))]
            )
        case .sourceFailed(let name, let digest, let reason):
            log.write(
                .warning,
                "a lost copy could not be repaired",
                [
                    ("digest", .text(digest.description)), ("from", .text(name)),
                    ("cause", .text(reason)),
                ]
            )
        case .unexamined(let digest, let generation, let error):
            log.write(
                .error,
                "a copy cannot be looked at",
                [
                    ("digest", .text(digest.description)),
                    ("generation", .number(Int64(clamping: generation))),
                    ("cause", .text("\(error)")),
                ]
            )
        case .catalogDamaged(let findings): await mend(findings, registry, log)
        }
    }

    private static func mend(
        _ findings: CatalogScrub.Findings,
        _ registry: Registry,
        _ log: Log
    ) async {
        let pages = findings.damagedPages.map { "page \($0)" }
        let cause = (findings.differences + pages).joined(separator: "; ")
        if findings.needsRebuild {
            log.write(.error, "the catalog is damaged", [("cause", .text(cause))])
        }
        switch await registry.mend(findings) {
        case .rebuilt: log.write(.info, "the catalog was made anew from its entries")
        case .stopped(let reason): tellStopped(reason, log)
        case .failed(let error):
            log.write(
                .error,
                "the catalog could not be made anew; see the runbook on a damaged catalog",
                [("cause", .text("\(error)"))]
            )
        }
    }

    /// Stops changes at a start where an earlier round found damaged entries.
    static func stop(
        because entries: [CatalogScrub.EntryPlace],
        _ registry: Registry,
        _ log: Log
    ) {
        guard !entries.isEmpty else { return }
        tellStopped(registry.stop(because: entries), log)
    }

    private static func tellStopped(_ reason: String, _ log: Log) {
        log.write(.error, "no change is taken any more", [("cause", .text(reason))])
    }
}
