// SPDX-License-Identifier: Apache-2.0

/// One figure: what is measured of whom, and what it must reach.
struct Figure {
    /// What `--only` calls it.
    var name: String
    /// What it is, in words.
    var title: String
    var unit: Unit
    var sides: [Side]
    /// Every one must be met; of one, any alternative.
    var requirements: [[Bar]] = []

    /// Somebody who is measured.
    struct Side {
        var name: String
        /// Measures one round.
        var sample: () throws -> Double

        init(_ name: String, _ sample: @escaping () throws -> Double) {
            self.name = name
            self.sample = sample
        }
    }
}

/// How a value is written.
enum Unit: String {
    case perSecond = "/s"
    case megabytesPerSecond = "MB/s"
    case gigabytesPerSecond = "GB/s"
    case milliseconds = "ms"
    case mebibytes = "MiB"
    case kibibytes = "KiB"
    case cpuSecondsPerGigabyte = "CPU s/GB"

    func text(_ value: Double) -> String {
        guard value.isFinite else { return Unit.rounded(value, 0) }
        let digits = abs(value) >= 1_000 ? 0 : abs(value) >= 10 ? 1 : 2
        return "\(Unit.rounded(value, digits)) \(rawValue)"
    }

    /// A number with so many digits after the point, thousands parted by commas; `-` for none.
    static func rounded(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "-" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((abs(value) * scale).rounded())
        let factor = Int(scale)
        var text = ""
        for (index, digit) in String(whole / factor).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        text = String(text.reversed())
        if digits > 0 {
            let rest = String(whole % factor)
            text += "." + String(repeating: "0", count: digits - rest.count) + rest
        }
        return value < 0 ? "-\(text)" : text
    }
}

/// What the median of the first side must reach.
struct Bar {
    enum Sense { case atLeast, atMost }

    var sense: Sense
    /// The limit, or what the other side's median is multiplied with.
    var value: Double
    /// Whose median; nil for a limit in the figure's own unit.
    var side: String?
    /// Whose median is compared; nil for the first side's.
    var of: String?

    static func atLeast(_ value: Double, times side: String, of: String? = nil) -> Bar {
        Bar(sense: .atLeast, value: value, side: side, of: of)
    }

    static func atMost(_ value: Double, times side: String? = nil, of: String? = nil) -> Bar {
        Bar(sense: .atMost, value: value, side: side, of: of)
    }
}

/// A figure with its series.
struct Measured {
    var figure: Figure
    var series: [String: Series]

    func median(_ side: String) -> Double { series[side]?.median ?? .nan }

    /// What is compared with a bar's value: a ratio, or the value itself.
    func reached(_ bar: Bar) -> Double {
        let own = median(bar.of ?? figure.sides[0].name)
        return bar.side.map { own / median($0) } ?? own
    }

    func meets(_ bar: Bar) -> Bool {
        switch bar.sense {
        case .atLeast: reached(bar) >= bar.value
        case .atMost: reached(bar) <= bar.value
        }
    }

    /// How many rounds of a side must count before its median is compared with a bar.
    static let roundsMin = 5

    /// Whether there were rounds enough to say that a bar is met.
    var isJudged: Bool {
        figure.sides.allSatisfy { (series[$0.name]?.values.count ?? 0) >= Measured.roundsMin }
    }

    /// Whether every requirement is met by one of its alternatives, which few rounds cannot show.
    var isMet: Bool {
        guard !figure.requirements.isEmpty else { return true }
        return isJudged && figure.requirements.allSatisfy { $0.contains(where: meets) }
    }
}
