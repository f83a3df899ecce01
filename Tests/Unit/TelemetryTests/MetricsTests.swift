// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Telemetry
import Testing

/// A text that one thread makes and another reads.
final class Box: Sendable {
    private let state = Mutex("")

    func set(_ text: String) { state.withLock { $0 = text } }
    var value: String { state.withLock { $0 } }
}

@Suite
struct `A registry of metrics` {
    let metrics = Metrics()

    var text: String { String(decoding: metrics.text(), as: UTF8.self) }

    @Test
    func `a counter has help, type and value`() {
        let counter = metrics.counter("requests_total", "All \\ of\nthem.")
        counter.add()
        counter.add(41)
        #expect(
            text == "# HELP requests_total All \\\\ of\\nthem.\n# TYPE requests_total counter\n"
                + "requests_total 42\n"
        )
    }

    @Test
    func `labelled counts stand in the order of their labels, escaped`() {
        let family = metrics.counters("answers_total", "Answers.", labels: ["route", "status"])
        family.with("tags", "404").add()
        family.with("blob", "200").add(2)
        family.with("a\"b\\c\nd", "200").add(3)
        #expect(
            text.split(separator: "\n").dropFirst(2) == [
                #"answers_total{route="a\"b\\c\nd",status="200"} 3"#,
                #"answers_total{route="blob",status="200"} 2"#,
                #"answers_total{route="tags",status="404"} 1"#,
            ]
        )
    }

    @Test
    func `what is beyond a family's bound is counted under other`() {
        let family = metrics.counters("n_total", "N.", labels: ["namespace"], limit: 3)
        for name in ["a", "b", "c", "d", "a"] { family.with(name).add() }
        #expect(
            text.split(separator: "\n").dropFirst(2) == [
                #"n_total{namespace="a"} 2"#, #"n_total{namespace="b"} 1"#,
                #"n_total{namespace="other"} 2"#,
            ]
        )
    }

    @Test
    func `gauges are asked for when the text is written`() {
        let value = Atomic(1)
        metrics.gauge("open", "Open.") { Double(value.load(ordering: .relaxed)) / 2 }
        metrics.gauge("absent", "Absent.") { nil }
        #expect(text.contains("\nopen 0.5\n"))
        #expect(text.hasSuffix("# TYPE absent gauge\n"))
    }

    @Test
    func `a histogram counts amounts up to and with each bound`() {
        let histogram = metrics.histogram(
            "took_seconds",
            "Took.",
            Buckets([100, 2_500_000_000], divisor: 1e9)
        )
        histogram.observe(100)
        histogram.observe(101)
        histogram.observe(.seconds(3))
        #expect(
            text.split(separator: "\n").dropFirst(2) == [
                #"took_seconds_bucket{le="1e-07"} 1"#, #"took_seconds_bucket{le="2.5"} 2"#,
                #"took_seconds_bucket{le="+Inf"} 3"#, "took_seconds_sum 3.000000201",
                "took_seconds_count 3",
            ]
        )
    }

    @Test
    func `a name cannot be registered twice`() async {
        await #expect(processExitsWith: .failure) {
            let metrics = Metrics()
            _ = metrics.counter("a_total", "A.")
            _ = metrics.counter("a_total", "A.")
        }
    }

    @Test
    func `counting from many tasks loses nothing`() async {
        let family = metrics.counters("all_total", "All.", labels: ["task"], limit: 4)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask { for _ in 0..<1_000 { family.with("\(task % 2)").add() } }
            }
        }
        #expect(family.with("0").value == 4_000)
        #expect(family.with("1").value == 4_000)
    }
}
