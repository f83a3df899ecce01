// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import breakwater_bench

@Suite struct `A figure of the benchmark` {
    private static func series(_ values: Double...) -> Series {
        var series = Series()
        for value in values { series.add(value) }
        return series
    }

    private static func measured(_ requirements: [[Bar]]) -> Measured {
        let sides = ["ours", "peer"].map { name in Figure.Side(name) { 0 } }
        return Measured(
            figure: Figure(
                name: "f",
                title: "a figure",
                unit: .perSecond,
                sides: sides,
                requirements: requirements
            ),
            series: [
                "ours": series(9, 80, 90, 70, 85, 75), "peer": series(9, 100, 100, 90, 110, 100),
            ]
        )
    }

    @Test func `drops the first round and quotes the median`() {
        let series = Self.series(1_000, 3, 1, 2)
        #expect(series.values == [3, 1, 2])
        #expect(series.median == 2)
        #expect(series.least == 1)
        #expect(series.greatest == 3)
        #expect(Self.series(5, 1, 2).median == 1.5)
        #expect(Self.series(5).median.isNaN)
    }

    @Test func `is met when each requirement is, by any of its alternatives`() {
        #expect(Self.measured([[.atLeast(0.8, times: "peer")]]).isMet)
        #expect(!Self.measured([[.atLeast(0.81, times: "peer")]]).isMet)
        #expect(Self.measured([[.atMost(80)]]).isMet)
        #expect(!Self.measured([[.atMost(79)]]).isMet)
        #expect(Self.measured([[.atMost(79), .atLeast(0.5, times: "peer")]]).isMet)
        #expect(!Self.measured([[.atMost(80)], [.atLeast(0.9, times: "peer")]]).isMet)
        #expect(Self.measured([[.atMost(1.3, times: "ours", of: "peer")]]).isMet)
        #expect(!Report(measured: [Self.measured([[.atMost(79)]])]).isMet)
    }

    @Test func `is not judged by fewer than five rounds that count`() {
        var few = Self.measured([[.atMost(80)]])
        few.series["peer"] = Self.series(9, 100, 100, 100, 100)
        #expect(!few.isMet)
        let report = Report(measured: [few])
        #expect(!report.isMet)
        #expect(report.table.contains { $0.contains("not a judgement") })
        #expect(report.json.contains(#""judged":false,"met":false"#))
        few.figure.requirements = []
        #expect(few.isMet, "there is nothing to judge")
    }

    @Test func `has no number where there is none`() {
        var measured = Self.measured([[.atMost(1.5, times: "peer")]])
        for side in ["ours", "peer"] {
            let missed = Double.infinity
            measured.series[side] = Self.series(1, missed, missed, missed, missed, missed)
        }
        #expect(!measured.isMet, "what nobody reached is no tie")
        #expect(Report(measured: [measured]).json.contains(#""median":null"#))
    }

    @Test func `asks each side in each round, and only what is wanted`() throws {
        var asked: [String] = []
        let runner = Runner(rounds: 3, only: ["a"], tell: { _ in })
        for name in ["a", "b"] {
            try runner.measure(
                Figure(
                    name: name,
                    title: "",
                    unit: .perSecond,
                    sides: ["x", "y"].map { side in
                        Figure.Side(side) {
                            asked.append(name + side)
                            return 1
                        }
                    }
                )
            )
        }
        #expect(asked == ["ax", "ay", "ay", "ax", "ax", "ay"])
        #expect(runner.measured.map(\.figure.name) == ["a"])
        #expect(runner.wants("b", "a"))
        #expect(!runner.wants("b"))
    }

    @Test func `writes numbers as people read them`() {
        #expect(Unit.perSecond.text(78_123.6) == "78,124 /s")
        #expect(Unit.gigabytesPerSecond.text(2.345) == "2.35 GB/s")
        #expect(Unit.mebibytes.text(26.04) == "26.0 MiB")
        #expect(Unit.milliseconds.text(.nan) == "-")
        #expect(LoadTools.bytes("2.47GB") == 2.47 * 1_073_741_824)
        #expect(LoadTools.bytes("12.5MB") == 12.5 * 1_048_576)
        #expect(LoadTools.bytes("nonsense") == nil)
    }

    @Test func `gives the peer the versions of TLS that we take`() {
        let tls = Certificate(certificate: "CERTIFICATE", key: "KEY")
        let encrypted = World.nginxConfiguration(0, "FILES", "PLACE", tls)
        #expect(encrypted.contains("ssl_protocols TLSv1.2 TLSv1.3;"))
        #expect(encrypted.contains("ssl_session_tickets off; ssl_session_cache off;"))
        #expect(!World.nginxConfiguration(0, "FILES", "PLACE", nil).contains("ssl"))
    }
}
