// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Platform
import SQLite
import Synchronization
import Telemetry

/// What must be done now and then while a node runs, on a thread of its own.
///
/// Uploads that nobody finished are dropped by their age; pages whose check failed are told, and a
/// quarantine that grows too large.
final class Caretaker: Sendable {
    /// Time between two looks at what failed.
    private static let lookMilliseconds: Int32 = 10_000
    /// Looks between two cares for stagings: five minutes.
    private static let looksPerCare = 30

    private let blobs: DiskBlobStore
    private let stagingAge: Duration
    private let quarantineAlarm: UInt64
    private let pages: PageCheckVFS
    private let log: Log
    private let bell = Bell()
    private let isStopping = Atomic(false)
    private let thread = Mutex<Thread?>(nil)

    init(
        blobs: DiskBlobStore,
        stagingAge: Duration,
        quarantineAlarm: UInt64,
        pages: PageCheckVFS,
        log: Log
    ) {
        self.blobs = blobs
        self.stagingAge = stagingAge
        self.quarantineAlarm = quarantineAlarm
        self.pages = pages
        self.log = log
    }

    /// Begins; the first care is at once.
    func start() {
        let thread = Thread { [self] in run() }
        self.thread.withLock { $0 = thread }
    }

    /// Ends; blocks until a care under way has ended.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        bell.ring()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    private func run() {
        var looks = 0
        var failuresTold = 0
        var isAlarmTold = false
        while !isStopping.load(ordering: .acquiring) {
            if looks % Caretaker.looksPerCare == 0 { careForStagings() }
            looks += 1
            tellFailures(from: &failuresTold)
            tellQuarantine(&isAlarmTold)
            bell.wait(milliseconds: Caretaker.lookMilliseconds)
        }
    }

    private func careForStagings() {
        do throws(BlobError) {
            let dropped = try blobs.expireStagings(olderThan: stagingAge)
            guard dropped > 0 else { return }
            log.write(
                .info,
                "dropped uploads nobody finished",
                [("uploads", .number(Int64(dropped)))]
            )
        } catch .readOnly {
            // The start has said so; nothing can be dropped from such a disk.
        } catch {
            log.write(
                .error,
                "uploads' ages could not be looked at",
                [("cause", .text("\(error)"))]
            )
        }
    }

    /// Raises the alarm once for each time that the size goes above its bound.
    private func tellQuarantine(_ isTold: inout Bool) {
        let totals = blobs.quarantineTotals
        defer { isTold = totals.bytes > quarantineAlarm }
        guard totals.bytes > quarantineAlarm, !isTold else { return }
        log.write(
            .error,
            "the quarantine is larger than 'scrub.quarantine-alarm'; see 'breakwater content quarantine "
                + "list'",
            [
                ("copies", .number(Int64(clamping: totals.count))),
                ("bytes", .number(Int64(clamping: totals.bytes))),
            ]
        )
    }

    private func tellFailures(from told: inout Int) {
        let failures = pages.failures
        for failure in failures.dropFirst(told) {
            log.write(
                .error,
                "a page of the catalog is damaged; see the runbook on a damaged catalog",
                [("page", .text("\(failure)"))]
            )
        }
        told = failures.count
    }
}
