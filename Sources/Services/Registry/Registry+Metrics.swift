// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
public import Telemetry

extension Registry {
    /// Registers what the registry knows of itself; values are asked for when somebody looks.
    public func measure(in metrics: Metrics) {
        metrics.gauge("breakwater_ready", "Whether changes are taken.") {
            self.registrar.refusal == nil ? 1 : 0
        }
        metrics.gauges(
            "breakwater_journal_position",
            "The last position of each journal.",
            labels: ["journal"]
        ) { self.positions }
        metrics.gauge(
            "breakwater_pulls_waiting",
            "Pulls of manifests that are noted and stand in no entry yet."
        ) { Double(self.pullsWaiting) }
        metrics.gauge(
            "breakwater_clock_ahead_seconds",
            "How far the clock is ahead of the journal's while it is not believed; 0 while it is."
        ) { Double(self.clockAhead ?? 0) / 1000 }
        measureRegistrar(in: metrics)
        measureCache(in: metrics)
    }

    private func measureRegistrar(in metrics: Metrics) {
        let counts: [(String, String, @Sendable (Registrar.Statistics) -> UInt64)] = [
            (
                "breakwater_journal_commits_total",
                "Batches committed since the start, each with one sync.", { $0.batches }
            ),
            (
                "breakwater_journal_entries_total", "Entries committed since the start.",
                { $0.entries }
            ),
        ]
        for (name, help, value) in counts {
            metrics.gauges(name, help, labels: [], kind: .counter) {
                [([], Double(value(self.registrar.statistics)))]
            }
        }
        metrics.gauge("breakwater_changes_waiting", "Changes that wait to be decided.") {
            Double(self.registrar.statistics.waiting)
        }
    }

    private func measureCache(in metrics: Metrics) {
        metrics.gauge("breakwater_cache_bytes", "Bytes of answers in memory.") {
            Double(self.cacheStatistics.bytes)
        }
        metrics.gauge("breakwater_cache_answers", "Answers in memory.") {
            Double(self.cacheStatistics.answers)
        }
        metrics.gauges(
            "breakwater_cache_lookups_total",
            "Lookups of manifests and small blobs, by whether memory had them.",
            labels: ["result"],
            kind: .counter
        ) {
            let statistics = self.cacheStatistics
            return [(["hit"], Double(statistics.hits)), (["miss"], Double(statistics.misses))]
        }
    }

    private var positions: [([String], Double)] {
        do throws(RegistryError) {
            let heads = try read { view throws(CatalogError) in try view.heads() }
            return [
                (["region"], Double(heads.region.position)),
                (["estate"], Double(heads.estate.position)),
            ]
        } catch {
            // No value is better than a wrong one; that the catalog does not answer shows elsewhere.
            return []
        }
    }
}
