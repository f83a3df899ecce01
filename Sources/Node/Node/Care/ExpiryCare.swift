// SPDX-License-Identifier: Apache-2.0

import Configuration
import Platform
import Registry
import Telemetry

/// Ends what is due, once in an interval, until it is cancelled.
///
/// An hour at most, whatever the sweep's interval is: what is told to end at a time does so within the
/// hour, and a clock that is looked at once a day seems to jump by a day.
struct ExpiryCare: Sendable {
    let registry: Registry
    let interval: Duration
    let clocks: any Clocks
    let log: Log

    /// When it first looks after a start, at the latest.
    private static let firstAfter: Duration = .seconds(60)
    /// How often it looks at least while the clock is behind, so that little of that is lost at a stop.
    private static let behindEvery: Duration = .seconds(900)

    /// Makes the care for a registry; it looks as often as the sweep does, and at least every hour.
    init(of registry: Registry, _ settings: Settings, _ clocks: any Clocks, _ log: Log) {
        self.registry = registry
        interval = settings.expiryInterval
        self.clocks = clocks
        self.log = log
    }

    func run() async {
        var wait = min(interval, ExpiryCare.firstAfter)
        while true {
            do throws(CancellationError) { try await clocks.sleep(for: wait) } catch { return }
            await expire()
            wait = registry.clockAhead == nil ? interval : min(interval, ExpiryCare.behindEvery)
        }
    }

    private func expire() async {
        do throws(RegistryError) {
            let round = try await registry.expireDue()
            if let ahead = registry.clockAhead {
                log.write(
                    .error,
                    "the clock is far ahead of the journal: little ends until it is caught up with; if it is right, "
                        + "'breakwater clock accept'",
                    [("seconds", .number(Int64(clamping: ahead / 1000)))]
                )
            }
            for failure in round.failures {
                log.write(
                    .warning,
                    "not all that is due was ended",
                    [("cause", .text("\(failure)"))]
                )
            }
            guard round.links + round.trash > 0 else { return }
            log.write(
                .info,
                "ended what was due",
                [
                    ("links", .number(Int64(clamping: round.links))),
                    ("trash", .number(Int64(clamping: round.trash))),
                ]
            )
        } catch {
            log.write(.warning, "what is due was not ended", [("cause", .text("\(error)"))])
        }
    }
}
