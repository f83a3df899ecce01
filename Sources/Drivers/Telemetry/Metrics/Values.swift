// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A count that only grows.
public final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    init() {}

    /// Adds to it.
    public func add(_ amount: UInt64 = 1) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    /// What it has come to.
    public var value: UInt64 { count.load(ordering: .relaxed) }
}

/// Counts under one name, told apart by labels.
public final class CounterFamily: Family {
    let description: Description
    let kind = "counter"
    private let members: Members<Counter>

    init(_ description: Description, _ limit: Int) {
        self.description = description
        members = Members(labels: description.labels.count, limit: limit) { Counter() }
    }

    /// The count with these values of the labels; keep it where the path is hot.
    public func with(_ values: String...) -> Counter { members.with(values) }

    func write(to text: inout [UInt8]) {
        for (values, counter) in members.sorted {
            text.appendSample(description, "", values, nil, "\(counter.value)")
        }
    }
}

/// Values that are asked for.
final class SampledFamily: Family {
    let description: Description
    var kind: String { sampledKind.rawValue }
    private let sampledKind: SampledKind
    private let values: @Sendable () -> [([String], Double)]

    init(
        _ description: Description,
        _ kind: SampledKind,
        _ values: @escaping @Sendable () -> [([String], Double)]
    ) {
        self.description = description
        sampledKind = kind
        self.values = values
    }

    func write(to text: inout [UInt8]) {
        for (labels, value) in values().prefix(Metrics.familyMaxDefault) {
            text.appendSample(description, "", labels, nil, decimal(value))
        }
    }
}

/// The bounds of a histogram's buckets, in the unit that is observed.
public struct Buckets: Sendable {
    /// Inclusive upper bounds, rising; one bucket more takes what is beyond.
    let bounds: [UInt64]
    /// How many observed units are one that is shown.
    let divisor: Double

    /// Makes buckets; `divisor` observed units are one that is shown.
    public init(_ bounds: [UInt64], divisor: Double = 1) {
        precondition(!bounds.isEmpty && bounds.count <= 32, "a histogram has 1 to 32 bounds")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "bounds rise")
        self.bounds = bounds
        self.divisor = divisor
    }

    /// Nanoseconds, shown in seconds: 100 µs to 100 s.
    public static let durations = Buckets(
        [
            100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000,
            50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000,
            10_000_000_000, 100_000_000_000,
        ],
        divisor: 1e9
    )
}

/// Observed amounts, counted in buckets.
public final class Histogram: Sendable {
    private let buckets: Buckets
    private let counts: [Counter]
    private let sum = Counter()

    init(_ buckets: Buckets) {
        self.buckets = buckets
        counts = (0...buckets.bounds.count).map { _ in Counter() }
    }

    /// Counts an amount.
    public func observe(_ amount: UInt64) {
        var index = 0
        while index < buckets.bounds.count, amount > buckets.bounds[index] { index += 1 }
        counts[index].add()
        sum.add(amount)
    }

    /// Counts a duration, in nanoseconds.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
        observe(UInt64(max(0, nanoseconds)))
    }

    func write(_ description: Description, _ values: [String], to text: inout [UInt8]) {
        var total: UInt64 = 0
        for (index, counter) in counts.enumerated() {
            total += counter.value
            let isLast = index == buckets.bounds.count
            let bound = isLast ? "+Inf" : decimal(Double(buckets.bounds[index]) / buckets.divisor)
            text.appendSample(description, "_bucket", values, bound, "\(total)")
        }
        let shown = decimal(Double(sum.value) / buckets.divisor)
        text.appendSample(description, "_sum", values, nil, shown)
        text.appendSample(description, "_count", values, nil, "\(total)")
    }
}

/// Histograms under one name, told apart by labels.
public final class HistogramFamily: Family {
    let description: Description
    let kind = "histogram"
    private let members: Members<Histogram>

    init(_ description: Description, _ buckets: Buckets, _ limit: Int) {
        self.description = description
        members = Members(labels: description.labels.count, limit: limit) { Histogram(buckets) }
    }

    /// The histogram with these values of the labels; keep it where the path is hot.
    public func with(_ values: String...) -> Histogram { members.with(values) }

    func write(to text: inout [UInt8]) {
        for (values, histogram) in members.sorted {
            histogram.write(description, values, to: &text)
        }
    }
}

/// A number as the format has it; whole ones without a fraction.
func decimal(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int64(exactly: value).map { String($0) } ?? "\(value)"
}

extension [UInt8] {
    /// Adds one line: name, labels, value.
    mutating func appendSample(
        _ description: Description,
        _ suffix: String,
        _ values: [String],
        _ bound: String?,
        _ value: String
    ) {
        self += description.name.utf8
        self += suffix.utf8
        var pairs = Array<(String, String)>(zip(description.labels, values))
        if let bound { pairs.append(("le", bound)) }
        for (index, (name, value)) in pairs.enumerated() {
            append(index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
            self += name.utf8
            self += "=\"".utf8
            appendEscaped(value, quotes: true)
            append(UInt8(ascii: "\""))
        }
        if !pairs.isEmpty { append(UInt8(ascii: "}")) }
        append(UInt8(ascii: " "))
        self += value.utf8
        append(UInt8(ascii: "\n"))
    }

    /// Adds text with the format's escapes: of help without, of a label with quotation marks.
    mutating func appendEscaped(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): self += "\\\\".utf8
            case UInt8(ascii: "\n"): self += "\\n".utf8
            case UInt8(ascii: "\"") where quotes: self += "\\\"".utf8
            default: append(byte)
            }
        }
    }
}
