// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// All measured values of a process, and their text for Prometheus.
///
/// Values are counted with atomics; the lock is taken to find a labelled one and to write the text.
/// Labels are bounded: what is beyond a family's bound is counted under `other`.
public final class Metrics: Sendable {
    private let families = Mutex<[any Family]>([])

    /// Makes an empty registry.
    public init() {}

    /// A count that only grows; its name ends with `_total`.
    public func counter(_ name: String, _ help: String) -> Counter {
        counters(name, help, labels: []).with()
    }

    /// Counts that only grow, told apart by labels.
    public func counters(
        _ name: String,
        _ help: String,
        labels: [String],
        limit: Int = familyMaxDefault
    ) -> CounterFamily {
        let family = CounterFamily(Description(name, help, labels), limit)
        register(family)
        return family
    }

    /// A value that is asked for when the text is written; nil leaves it out.
    public func gauge(_ name: String, _ help: String, _ value: @escaping @Sendable () -> Double?) {
        gauges(name, help, labels: []) { value().map { [([], $0)] } ?? [] }
    }

    /// Values that are asked for when the text is written, each with the values of its labels.
    public func gauges(
        _ name: String,
        _ help: String,
        labels: [String],
        kind: SampledKind = .gauge,
        _ values: @escaping @Sendable () -> [([String], Double)]
    ) {
        register(SampledFamily(Description(name, help, labels), kind, values))
    }

    /// Observed amounts, counted in buckets.
    public func histogram(_ name: String, _ help: String, _ buckets: Buckets) -> Histogram {
        histograms(name, help, labels: [], buckets).with()
    }

    /// Observed amounts, counted in buckets and told apart by labels.
    public func histograms(
        _ name: String,
        _ help: String,
        labels: [String],
        _ buckets: Buckets,
        limit: Int = familyMaxDefault
    ) -> HistogramFamily {
        let family = HistogramFamily(Description(name, help, labels), buckets, limit)
        register(family)
        return family
    }

    /// How many members a family has at most.
    public static let familyMaxDefault = 256

    /// The text (Prometheus text exposition format, 0.0.4), families in the order of registration.
    public func text() -> [UInt8] {
        var text: [UInt8] = []
        for family in families.withLock({ $0 }) {
            text += "# HELP \(family.description.name) ".utf8
            text.appendEscaped(family.description.help, quotes: false)
            text += "\n# TYPE \(family.description.name) \(family.kind)\n".utf8
            family.write(to: &text)
        }
        return text
    }

    /// The media type of `text`.
    public static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private func register(_ family: any Family) {
        families.withLock { families in
            let name = family.description.name
            precondition(
                !families.contains { $0.description.name == name },
                "the metric \(name) is registered twice"
            )
            families.append(family)
        }
    }
}

/// What a sampled value is to Prometheus.
public enum SampledKind: String, Sendable {
    /// May go up and down.
    case gauge
    /// Only grows while the process lives.
    case counter
}

/// What a family is called.
struct Description: Sendable {
    let name: String
    let help: String
    let labels: [String]

    init(_ name: String, _ help: String, _ labels: [String]) {
        precondition(Description.isName(name), "\(name) is no metric's name")
        precondition(labels.allSatisfy(Description.isName), "\(labels) are no labels' names")
        self.name = name
        self.help = help
        self.labels = labels
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.enumerated().allSatisfy { index, byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
                default: false
                }
            }
    }
}

/// Values under one name.
protocol Family: Sendable {
    var description: Description { get }
    var kind: String { get }
    func write(to text: inout [UInt8])
}

/// The members of a family by the values of their labels.
final class Members<Member: AnyObject & Sendable>: Sendable {
    private let members = Mutex<[[String]: Member]>([:])
    private let limit: Int
    private let labels: Int
    private let make: @Sendable () -> Member

    init(labels: Int, limit: Int, _ make: @escaping @Sendable () -> Member) {
        self.labels = labels
        self.limit = max(1, limit)
        self.make = make
    }

    /// The member with these values, or, beyond the bound, the one for all others.
    func with(_ values: [String]) -> Member {
        precondition(values.count == labels, "there are \(labels) labels")
        return members.withLock { members in
            if let member = members[values] { return member }
            var key = values
            if members.count >= limit - 1 { key = values.map { _ in "other" } }
            if let member = members[key] { return member }
            let member = make()
            members[key] = member
            return member
        }
    }

    /// All members in the order of their values.
    var sorted: [(values: [String], member: Member)] {
        members.withLock { Array($0) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { ($0.key, $0.value) }
    }
}
