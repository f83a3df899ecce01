// SPDX-License-Identifier: Apache-2.0

/// What a run of hey at a fixed rate told.
struct Tail: Equatable {
    /// The share of the asked rate below which a run says nothing about that rate.
    static let shareMin = 0.9

    /// The 99th percentile.
    var milliseconds: Double
    /// The slowest of all.
    var slowest: Double
    /// The rate it reached.
    var perSecond: Double

    init(milliseconds: Double, slowest: Double, perSecond: Double) {
        (self.milliseconds, self.slowest, self.perSecond) = (milliseconds, slowest, perSecond)
    }

    /// Reads hey's report; any answer but `status`, or none at all, is a failure.
    init(hey text: String, status: Int = 200) throws(Failure) {
        let lines = text.split(separator: "\n").map { $0.split { $0 == " " || $0 == "\t" } }
        func value(_ name: String, at place: Int) -> Double? {
            lines.first { $0.first == name[...] && $0.count > place }.flatMap { Double($0[place]) }
        }
        let statuses = lines.drop { $0.first != "Status" }.dropFirst()
            .prefix { $0.first?.hasPrefix("[") ?? false }
        guard !text.contains("Error distribution"), !statuses.isEmpty,
            statuses.allSatisfy({ $0.first == "[\(status)]" }),
            let rate = value("Requests/sec:", at: 1), let slowest = value("Slowest:", at: 1)
        else { throw Failure("hey said something else: \(text)") }
        // Of fewer than a hundred it is the slowest, and hey does not say so.
        let tail = value("99%", at: 2) ?? slowest
        (milliseconds, perSecond, self.slowest) = (tail * 1_000, rate, slowest * 1_000)
    }

    /// The percentile at a rate; infinite where that was not reached.
    func milliseconds(at rate: Double) -> Double {
        perSecond >= Tail.shareMin * rate ? milliseconds : .infinity
    }
}
