// SPDX-License-Identifier: Apache-2.0

/// The one moment at which the machine of a story stops, for the mode that tries each.
public struct CrashPoint: Hashable, Sendable {
    /// What is counted up to the crash.
    public enum Count: String, Hashable, Sendable {
        /// Changes of the disk: the crash comes instead of the next, which is just after the last.
        case change
        /// Jobs of the executor, one for each stretch between two awaits: the crash comes before the next.
        case job
    }

    /// What is counted.
    public var count: Count
    /// How many of them happen.
    public var number: Int
    /// What the crash does to what was not synced.
    public var fate: CrashFate

    /// Names a moment.
    public init(_ count: Count, _ number: Int, _ fate: CrashFate) {
        self.count = count
        self.number = number
        self.fate = fate
    }
}

/// The moments at which the machine of a story can stop and leave something else than at any other.
public struct Moments: Sendable {
    /// Changes of the disk.
    public private(set) var changes = 0
    /// Jobs before which the disk was changed or a client sent or learned something since the job before.
    public private(set) var jobs: [Int] = []
    private var ticks = -1

    /// Notes where disk and clients stand before a job.
    mutating func note(job: Int, changes: Int, ticks: Int) {
        guard changes != self.changes || ticks != self.ticks else { return }
        (self.changes, self.ticks) = (changes, ticks)
        jobs.append(job)
    }

    /// A crash at each of them.
    public var crashPoints: [CrashPoint] {
        (0..<changes).flatMap { number in
            CrashFate.allCases.map { CrashPoint(.change, number, $0) }
        } + jobs.map { CrashPoint(.job, $0, .forgetsUnsynced) }
    }
}

extension CrashPoint: CustomStringConvertible {
    /// As the command line has it: `change.17.seeded`.
    public var description: String { "\(count.rawValue).\(number).\(fate)" }

    /// Reads what `description` says.
    public init?(_ text: String) {
        let words = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3, let count = Count(rawValue: words[0]), let number = Int(words[1]),
            let fate = CrashFate.allCases.first(where: { "\($0)" == words[2] })
        else { return nil }
        self.init(count, number, fate)
    }
}
