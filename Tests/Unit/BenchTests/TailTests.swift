// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import breakwater_bench

@Suite struct `The benchmark's tails` {
    /// What hey says, with these lines at its end.
    private static func report(_ end: String) -> String {
        """

        Summary:
          Total:\t3.0045 secs
          Slowest:\t0.0125 secs
          Requests/sec:\t7967.9655

        Response time histogram:
          0.000 [1]\t|
          0.001 [20413]\t|■■■■

        Latency distribution:
          95% in 0.0009 secs
          99% in 0.0012 secs

        Status code distribution:
        \(end)
        """
    }

    @Test func `are read with the rate that was reached`() throws {
        let tail = try Tail(hey: Self.report("  [200]\t23920 responses\n\n"))
        #expect(tail.perSecond == 7967.9655)
        #expect(tail.slowest == 12.5)
        #expect(tail.milliseconds(at: 8_000) == 1.2)
        #expect(tail.milliseconds(at: 9_500).isInfinite, "nobody knows the tail at that rate")
    }

    @Test func `are the slowest of fewer than a hundred`() throws {
        let few = Self.report("  [200]\t32 responses\n").split(separator: "\n")
            .filter { !$0.contains("99%") }.joined(separator: "\n")
        #expect(try Tail(hey: few).milliseconds == 12.5)
    }

    @Test(arguments: [
        "  [200]\t23919 responses\n  [503]\t1 responses\n",
        "  [404]\t23920 responses\n",
        "  [200]\t9 responses\n\nError distribution:\n  [1]\tGet: connection refused\n",
        "",
    ])
    func `are of answers with 200 alone`(end: String) {
        #expect(throws: Failure.self) { try Tail(hey: Self.report(end)) }
    }
}
