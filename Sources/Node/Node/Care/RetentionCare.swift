// SPDX-License-Identifier: Apache-2.0

import Configuration
import OCI
import Platform
import Registry
import Retention
import Telemetry

/// Writes noted pulls every few minutes, and runs retention once in an interval, until it is cancelled.
struct RetentionCare: Sendable {
    let registry: Registry
    let retention: Retention
    let interval: Duration
    /// The day of which pulls may stand in no entry, for a crash lost them.
    let lostPulls: LostPulls?
    let clocks: any Clocks
    let log: Log

    /// Makes a registry's retention and the care for it; each image that went is a line of the log.
    init(
        of registry: Registry,
        _ data: DataDirectory,
        _ settings: Settings,
        _ clocks: any Clocks,
        _ log: Log
    ) {
        self.registry = registry
        interval = settings.retention.interval
        lostPulls = data.lostPulls
        self.clocks = clocks
        self.log = log
        retention = Retention(
            registry: registry,
            clocks: clocks,
            observer: Retention.Observer { removed, ending in
                if ending == .removed { RetentionCare.tell(removed, log) }
            }
        )
    }

    /// When the first run begins after a start, at the latest.
    private static let firstAfter: Duration = .seconds(600)

    /// Between two waits there is never more than an interval, nor more than pulls may wait.
    ///
    /// A pull on the day of a run protects. So after a crash, which may have lost some, nothing goes on that day.
    func run() async {
        var due = clocks.monotonic() + min(interval, RetentionCare.firstAfter)
        var hasTold = false
        while true {
            await flush()
            if clocks.monotonic() >= due {
                if isDayOfLoss {
                    if !hasTold { tellOfRest() }
                    hasTold = true
                    due = clocks.monotonic() + min(interval, Registry.pullsEvery)
                } else {
                    await tidy()
                    due = clocks.monotonic() + interval
                }
            }
            let wait = max(.zero, min(Registry.pullsEvery, due - clocks.monotonic()))
            do throws(CancellationError) { try await clocks.sleep(for: wait) } catch { return }
        }
    }

    /// Whether it is the day of a crash, on the wall clock or on the one by which pulls are noted.
    private var isDayOfLoss: Bool {
        guard let lostPulls else { return false }
        let times = [clocks.wallMilliseconds(), registry.expiryReading].compactMap { $0 }
        return times.contains { Moment(milliseconds: $0).dayNumber == lostPulls.day }
    }

    private func tellOfRest() {
        log.write(
            .info,
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

    private func tidy() async {
        do throws(RetentionError) {
            let round = try await retention.run()
            for namespace in round.unreadable {
                log.write(
                    .error,
                    "a retention policy cannot be read; set it again",
                    [("namespace", .text(namespace))]
                )
            }
            for repository in round.tooLarge {
                log.write(
                    .error,
                    "a repository has more manifests than retention looks at; nothing of it was removed",
                    [("repository", .text(repository.description))]
                )
            }
            guard round.removed > 0 else { return }
            log.write(
                .info,
                "retention removed images",
                [
                    ("images", .number(Int64(clamping: round.removed))),
                    ("manifests", .number(Int64(clamping: round.manifests))),
                    ("bytes", .number(Int64(clamping: round.bytes))),
                ]
            )
        } catch {
            log.write(.error, "retention was broken off", [("cause", .text("\(error)"))])
        }
    }

    /// A line for each image that went.
    private static func tell(_ removed: Retention.Removed, _ log: Log) {
        let image = removed.removal.image
        log.write(
            .info,
            "retention put an image into the trash",
            [
                ("repository", .text(removed.repository.description)),
                ("digest", .text(image.digest.description)),
                ("tags", .text(image.tags.map(\.description).joined(separator: ","))),
                ("manifests", .number(Int64(image.manifests))),
                ("bytes", .number(Int64(clamping: image.bytes))),
                ("reason", .text(removed.removal.reason)),
            ]
        )
    }
}
