// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import HTTPServer
import Platform
import Retention
import SQLite
import Scrub
import Sweep
import Telemetry

/// What only the node can measure: disks, pages, connections.
struct NodeMetrics {
    let data: DataDirectory
    let log: Log
    /// Bytes set aside from which on there is an alarm.
    let quarantineAlarm: UInt64

    /// Registers it; values are asked for when somebody looks.
    func register(in metrics: Metrics, version: String, started: Duration, clocks: any Clocks) {
        metrics.gauges(
            "breakwater_build_info",
            "1; the version is its label.",
            labels: ["version"]
        ) { [([version], 1)] }
        metrics.gauge("breakwater_uptime_seconds", "Time since the node was ready.") {
            let passed = (clocks.monotonic() - started).components
            return Double(passed.seconds) + Double(passed.attoseconds) / 1e18
        }
        registerDisk(in: metrics)
        registerPages(in: metrics)
        registerQuarantine(in: metrics)
        let log = log
        metrics.gauges(
            "breakwater_log_lines_dropped_total",
            "Log lines dropped because what they are written to took nothing.",
            labels: [],
            kind: .counter
        ) { [([], Double(log.droppedSinceStart))] }
    }

    /// Registers what the sweep has done.
    static func register(_ sweep: Sweep, in metrics: Metrics) {
        func counter(_ name: String, _ help: String, _ value: @escaping @Sendable () -> UInt64) {
            metrics.gauges(name, help, labels: [], kind: .counter) { [([], Double(value()))] }
        }
        counter("breakwater_sweep_freed_copies_total", "Copies freed since the start.") {
            sweep.status.freed
        }
        counter("breakwater_sweep_freed_bytes_total", "Bytes of copies freed since the start.") {
            sweep.status.freedBytes
        }
        counter("breakwater_sweep_failed_rounds_total", "Rounds that failed since the start.") {
            sweep.status.failed
        }
        metrics.gauge(
            "breakwater_sweep_paused",
            "1 while the sweep is paused, by command or by an adoption."
        ) { sweep.status.isPaused ? 1 : 0 }
        metrics.gauge(
            "breakwater_sweep_doubted_copies",
            "Copies the newest round left because it cannot be sure of them."
        ) { Double(sweep.status.round?.doubted ?? 0) }
        metrics.gauge("breakwater_sweep_running", "1 while a round is under way.") {
            sweep.status.isRunning ? 1 : 0
        }
        metrics.gauge(
            "breakwater_sweep_round_looked_copies",
            "Copies looked at by the round under way, or the newest; none before the first."
        ) { sweep.status.round.map { Double($0.looked) } }
        metrics.gauge(
            "breakwater_sweep_round_expected_copies",
            "About how many it looks at in all, as it seemed at its begin; none before the first."
        ) { sweep.status.round.map { Double($0.expected) } }
        metrics.gauge(
            "breakwater_sweep_round_age_seconds",
            "Time since the newest round ended; none before the first."
        ) { sweep.status.sinceRound.map { Double($0.components.seconds) } }
    }

    /// Registers what retention has done.
    static func register(_ retention: Retention, in metrics: Metrics) {
        func counter(_ name: String, _ help: String, _ value: @escaping @Sendable () -> UInt64) {
            metrics.gauges(name, help, labels: [], kind: .counter) { [([], Double(value()))] }
        }
        counter(
            "breakwater_retention_removed_images_total",
            "Images that retention put into the trash since the start."
        ) { retention.status.removed }
        counter(
            "breakwater_retention_removed_bytes_total",
            "Bytes that these named, those that others name too included."
        ) { retention.status.removedBytes }
        counter(
            "breakwater_retention_failed_runs_total",
            "Runs of retention that failed since the start, as a whole or in some repository."
        ) { retention.status.failed }
        metrics.gauge(
            "breakwater_retention_run_age_seconds",
            "Time since the newest run of retention ended; none before the first."
        ) { retention.status.sinceRound.map { Double($0.components.seconds) } }
    }

    /// Registers what the scrub has found; before its first round its age is that of this process, so that an
    /// alert also fires where none ever ends.
    static func register(
        _ scrub: Scrub,
        in metrics: Metrics,
        started: Duration,
        clocks: any Clocks
    ) {
        metrics.gauge(
            "breakwater_scrub_round_age_seconds",
            "Time since everything had been read again; before the first time, since the start."
        ) {
            Double((scrub.status.sinceRound ?? clocks.monotonic() - started).components.seconds)
        }
        metrics.gauge(
            "breakwater_scrub_lost_copies",
            "Digests that are named and have no sound copy here."
        ) { Double(scrub.status.losses.count) }
        metrics.gauge(
            "breakwater_scrub_damaged_entries",
            "Entries of the journals that are damaged; any at all stops changes."
        ) { Double(scrub.status.damagedEntries.count) }
        metrics.gauge(
            "breakwater_scrub_unexamined_copies",
            "Copies and directories that the round under way, or the one before it, could not look at."
        ) { Double(scrub.status.unexamined) }
        metrics.gauge(
            "breakwater_scrub_orphans",
            "Copies nothing names, as the newest round met them."
        ) {
            scrub.status.round.map { Double($0.orphans) }
        }
        func counter(_ name: String, _ help: String, _ value: @escaping @Sendable () -> UInt64) {
            metrics.gauges(name, help, labels: [], kind: .counter) { [([], Double(value()))] }
        }
        counter("breakwater_scrub_read_bytes_total", "Bytes of content read again since the start.")
        {
            scrub.status.bytesRead
        }
        counter("breakwater_scrub_repaired_total", "Lost copies that came back since the start.") {
            scrub.status.repaired
        }
        counter("breakwater_scrub_failed_rounds_total", "Rounds that failed since the start.") {
            scrub.status.failed
        }
    }

    private func registerDisk(in metrics: Metrics) {
        let (blobs, files) = (data.blobs, data.files)
        metrics.gauge("breakwater_uploads_open", "Uploads that began and are not finished.") {
            Double(blobs.stagingsLive)
        }
        metrics.gauge("breakwater_disk_free_bytes", "Bytes free in the data directory.") {
            NodeMetrics.value { () throws(FileError) in Double(try files.freeBytes()) }
        }
        metrics.gauges(
            "breakwater_catalog_bytes",
            "Bytes of the catalog's files.",
            labels: ["file"]
        ) {
            [("main", Catalog.fileName), ("wal", "\(Catalog.fileName)-wal")].compactMap {
                label,
                name in
                NodeMetrics.value { () throws(FileError) in
                    Double(try files.open(name, .read).size())
                }.map { ([label], $0) }
            }
        }
    }

    private func registerQuarantine(in metrics: Metrics) {
        let (blobs, alarm) = (data.blobs, quarantineAlarm)
        metrics.gauge(
            "breakwater_quarantine_copies",
            "Copies that were found corrupt and are set aside."
        ) { Double(blobs.quarantineTotals.count) }
        metrics.gauge("breakwater_quarantine_bytes", "Bytes of these.") {
            Double(blobs.quarantineTotals.bytes)
        }
        metrics.gauge(
            "breakwater_quarantine_alarm",
            "1 while they have more bytes than the configuration allows without an alarm."
        ) { blobs.quarantineTotals.bytes > alarm ? 1 : 0 }
    }

    private func registerPages(in metrics: Metrics) {
        let pages = data.pages
        metrics.gauges(
            "breakwater_fsyncs_total",
            "Files and directories synced, by what they are of.",
            labels: ["of"],
            kind: .counter
        ) {
            let counts = pages.counts
            return [
                (["catalog"], Double(counts.fileSyncs + counts.directorySyncs)),
                (["content"], Double(LinuxFileSystem.syncs)),
            ]
        }
        metrics.gauges(
            "breakwater_catalog_page_reads_total",
            "Pages read from the catalog's files, past SQLite's memory, each checked.",
            labels: [],
            kind: .counter
        ) { [([], Double(pages.counts.pageReads + pages.counts.frameReads))] }
        metrics.gauges(
            "breakwater_catalog_page_check_failures_total",
            "Pages that were not what had been written; any at all needs an operator.",
            labels: [],
            kind: .counter
        ) { [([], Double(pages.counts.failures))] }
    }

    /// Registers what a listener knows of itself.
    static func register(_ server: Server, in metrics: Metrics) {
        metrics.gauge("breakwater_connections", "Connections to the main listener.") {
            Double(server.connectionCount)
        }
        metrics.gauge("breakwater_requests_working", "Requests being worked on in tasks.") {
            Double(server.workingCount)
        }
    }

    /// No value is better than a wrong one; a disk that does not answer shows elsewhere.
    static func value<Value>(_ body: () throws(FileError) -> Value) -> Value? {
        do throws(FileError) { return try body() } catch { return nil }
    }
}
