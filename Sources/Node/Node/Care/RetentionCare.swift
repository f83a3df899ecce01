// SPDX-License-Identifier: Apache-2.0

import Configuration
import OCI
import Platform
import Registry
import Retention
import Telemetry

/// When retention runs again: after an interval, or, while runs fail, sooner.
struct RetentionPace {
    let interval: Duration
    private var pause = Registry.pullsEvery

    init(interval: Duration) {
        self.interval = interval
    }

    /// How long after a run the next one begins.
    ///
    /// The pause doubles with each failure, so that what passes is soon made up for and what does not pass costs
    /// little.
    mutating func next(hasFailed: Bool) -> Duration {
        guard hasFailed else {
            pause = Registry.pullsEvery
            return interval
        }
        defer { pause = min(interval, pause * 2) }
        return min(interval, pause)
    }
}

/// Writes noted pulls every few minutes, and runs retention once in an interval, until it is cancelled.
struct RetentionCare: Sendable {
    let registry: Registry
    let retention: Retention
    let interval: Duration
    /// Whether pulls stand in no entry, for a crash lost them.
    let lostPulls: LostPulls
    private let files: any Directory
    private let lifeline: any Lifeline
    let clocks: any Clocks
    let log: Log

    /// Makes a registry's retention and the care for it; each image that went is a line of the log.
    init(
        of registry: Registry,
        _ data: DataDirectory,
        _ settings: Settings,
        _ world: World,
        _ log: Log
    ) {
        self.registry = registry
        interval = settings.retention.interval
        lostPulls = data.lostPulls
        (files, lifeline, clocks) = (data.files, world.lifeline, world.clocks)
        self.log = log
        retention = Retention(
            registry: registry,
            clocks: world.clocks,
            observer: Retention.Observer { removed, ending in
                RetentionCare.tell(removed, ending, log)
            }
        )
    }

    /// When the first run begins after a start, at the latest.
    private static let firstAfter: Duration = .seconds(600)

    /// Between two waits there is never more than an interval, nor more than pulls may wait.
    ///
    /// A pull on the day of a run protects. So after a crash, which may have lost some, nothing goes on the day of the
    /// next start.
    func run() async {
        var due = clocks.monotonic() + min(interval, RetentionCare.firstAfter)
        var pace = RetentionPace(interval: interval)
        var (lost, hasTold) = (settled(lostPulls), false)
        while true {
            await flush()
            if clocks.monotonic() >= due {
                lost = settled(lost)
                if rests(after: lost) {
                    if !hasTold { tellOfRest() }
                    hasTold = true
                    due = clocks.monotonic() + min(interval, Registry.pullsEvery)
                } else {
                    let isWhole = await tidy()
                    due = clocks.monotonic() + pace.next(hasFailed: !isWhole)
                }
            }
            let wait = max(.zero, min(Registry.pullsEvery, due - clocks.monotonic()))
            do throws(CancellationError) { try await clocks.sleep(for: wait) } catch { return }
        }
    }

    /// The day that it is, on the clock by which pulls are noted; nil where nobody knows.
    private var today: UInt32? {
        do throws(RegistryError) {
            return Moment(milliseconds: try registry.expiryNow()).dayNumber
        } catch {
            // A run asks the same, and tells of it.
            return nil
        }
    }

    /// Gives what was lost a day: this one, for the crash was on it or before it.
    private func settled(_ lost: LostPulls) -> LostPulls {
        guard lost == .some, let today else { return lost }
        note(.upTo(day: today))
        return .upTo(day: today)
    }

    private func note(_ lost: LostPulls) {
        do throws(FileError) { try lost.note(in: files, or: lifeline) } catch {
            log.write(
                .warning,
                "that pulls may be lost was not noted; after one more start today retention does not rest",
                [("cause", .text("\(error)"))]
            )
        }
    }

    private func rests(after lost: LostPulls) -> Bool {
        switch lost {
        case .none: false
        case .some: true
        case .upTo(let day): today.map { $0 <= day } ?? true
        }
    }

    /// Notes that pulls are lost where some wait that cannot be written any more; at the end of a process.
    func noteUnwritten() {
        guard let today else { return }
        guard registry.pullsWaiting > 0 || registry.pullsMissedDay.map({ $0 >= today }) ?? false
        else { return }
        note(.upTo(day: today))
    }

    private func tellOfRest() {
        log.write(
            .warning,
            "the server was not stopped in order, and pulls of today may be lost: retention waits for tomorrow; "
                + "'breakwater retention run' does not",
            []
        )
    }

    /// Writes the pulls that were noted and stand in no entry yet.
    func flush() async {
        do throws(RegistryError) { try await registry.flushPulls() } catch {
            log.write(
                .warning,
                "pulls of manifests were not written; they are tried again",
                [
                    ("pulls", .number(Int64(registry.pullsWaiting))),
                    ("cause", .text("\(error)")),
                ]
            )
        }
    }
}
