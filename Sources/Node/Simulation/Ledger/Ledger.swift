// SPDX-License-Identifier: Apache-2.0

public import OCI
import Synchronization

/// What clients were told, kept outside of the system: the judge of every later answer.
///
/// Each effect of each request is a write between two ticks: when the request was sent and when its
/// outcome was known. A value may be read if some write set it that was not certainly overwritten
/// before the read began. Concurrent writes may come in either order, and an unknown outcome is
/// neither done nor undone, so this accepts more than a linearizable history; it never accuses a
/// correct registry. What concerns tags and manifests is also kept as a history of each repository,
/// for `LinearizabilityChecker` to judge as a whole.
public final class Ledger: Sendable {
    /// The writes of one request that is under way.
    public struct Ticket: Hashable, Sendable {
        fileprivate var subjects: [Subject]
        /// When the request was sent.
        public fileprivate(set) var begun: Int
    }

    struct State {
        var now = 0
        var writes: [Subject: [Write]] = [:]
        var crashes: [Int] = []
        /// When links may have ended that began before.
        var expiries: [Int] = []
        /// When the wall clock was set forwards.
        var jumps: [Int] = []
        /// When clients were told lately that a blob exists.
        var tellings: [Subject: [Telling]] = [:]
        var histories: [RepositoryName: TagHistory] = [:]
        /// By when a request was sent: where the histories have it.
        var places: [Int: [HistoryPlace]] = [:]

        mutating func tick() -> Int {
            now += 1
            return now
        }
    }

    /// Where an operation is among those of a repository.
    struct HistoryPlace {
        var repository: RepositoryName
        var index: Int
    }

    let state = Mutex(State())
    private let mayComeLate: @Sendable () -> Bool

    /// Makes an empty ledger; where something `mayComeLate`, a request of unknown outcome may still take
    /// effect at any time after its end.
    public init(mayComeLate: @escaping @Sendable () -> Bool = { false }) {
        self.mayComeLate = mayComeLate
    }

    /// The time, in ticks.
    public func tick() -> Int {
        state.withLock { $0.tick() }
    }

    /// The newest tick.
    var now: Int { state.withLock(\.now) }

    /// Notes that a request is sent which means to do `effects`; `request` is for reports.
    public func begin(_ effects: [Effect], _ request: String) -> Ticket {
        state.withLock { state in
            let begun = state.tick()
            for effect in effects {
                let write = Write(effect: effect, request: request, begun: begun, isCertain: false)
                state.writes[effect.subject, default: []].append(write)
            }
            state.record(effects, request, at: begun)
            return Ticket(subjects: effects.map(\.subject), begun: begun)
        }
    }

    /// Puts the effects that a request is known to have had in the place of those it might have had.
    ///
    /// They are of subjects of the same repositories.
    func refine(_ ticket: Ticket, to effects: [Effect], _ request: String) -> Ticket {
        state.withLock { state in
            for subject in ticket.subjects {
                state.writes[subject]?.removeAll { $0.begun == ticket.begun }
            }
            for effect in effects {
                let write = Write(
                    effect: effect,
                    request: request,
                    begun: ticket.begun,
                    isCertain: false
                )
                state.writes[effect.subject, default: []].append(write)
            }
            state.refine(effects, at: ticket.begun)
            var refined = ticket
            refined.subjects = effects.map(\.subject)
            return refined
        }
    }

    /// Notes what became of it; returns the tick.
    @discardableResult public func end(_ ticket: Ticket, _ outcome: Outcome) -> Int {
        let isOpen = outcome == .unknown && mayComeLate()
        return state.withLock { state in
            let ended = state.tick()
            if isOpen { return ended }
            state.close(ticket.begun, at: ended, outcome)
            for subject in ticket.subjects {
                if outcome == .refused || outcome == .unmet {
                    state.writes[subject]?.removeAll { $0.begun == ticket.begun }
                    continue
                }
                for index in state.writes[subject]?.indices ?? 0..<0
                where state.writes[subject]?[index].begun == ticket.begun {
                    state.writes[subject]?[index].end(at: ended, outcome)
                }
            }
            return ended
        }
    }

    /// Notes that a machine stopped without warning.
    public func noteCrash() {
        state.withLock { state in state.crashes.append(state.tick()) }
    }

    /// Whether a machine has stopped without warning since that tick.
    public func hasCrashed(since tick: Int) -> Bool {
        state.withLock { state in state.crashes.contains { $0 >= tick } }
    }

    /// Notes that so much time passed, or seemed to, that links which nothing needs may have ended.
    public func noteExpiry() {
        state.withLock { state in state.expiries.append(state.tick()) }
    }

    /// Whether a link that was made before `tick` may have ended since, for want of a manifest that
    /// certainly names its blob: those in `named`, all of which may be absent.
    func mayHaveExpired(_ subject: Subject, named: [Subject], foundBy ticket: Ticket) -> Bool {
        let isOld = state.withLock { state in
            guard let last = state.expiries.last else { return false }
            let certain = (state.writes[subject] ?? []).filter { write in
                write.effect.value != nil && write.isCertain && write.ended ?? .max < ticket.begun
            }
            return certain.map(\.begun).max() ?? 0 < last
        }
        return isOld
            && named.allSatisfy { possibleValues($0, foundBy: ticket).contains(nil) }
    }

    /// Every subject any request meant to change, in order.
    public var subjects: [Subject] {
        state.withLock { $0.writes.keys.sorted() }
    }

    /// Judges a read of `subject` that was sent at tick `begun` and whose answer is known now.
    public func judge(_ subject: Subject, read value: Digest?, begunAt begun: Int) -> Verdict {
        state.withLock { state in
            let ended = state.tick()
            let writes = state.writes[subject] ?? []
            switch Ledger.search(value, writes, begun: begun, ended: ended) {
            case .explained: return .possible
            case .unwritten: return .neverWritten
            case .blocked(let by):
                let since = by.ended ?? 0
                return .overwritten(
                    by: by.request,
                    value: by.effect.value,
                    crashedSince: state.crashes.contains { $0 > since && $0 <= ended }
                )
            }
        }
    }

    /// Whether a read between those ticks could find `value`.
    public func allows(_ subject: Subject, _ value: Digest?, begunAt begun: Int) -> Bool {
        judge(subject, read: value, begunAt: begun) == .possible
    }

    /// Every value a request could have found, absence included, in order of first writing; what the
    /// request itself wrote does not count.
    public func possibleValues(_ subject: Subject, foundBy ticket: Ticket) -> [Digest?] {
        state.withLock { state in
            let ended = state.tick()
            let writes = (state.writes[subject] ?? []).filter { $0.begun != ticket.begun }
            var distinct: [Digest?] = [nil]
            for write in writes where !distinct.contains(write.effect.value) {
                distinct.append(write.effect.value)
            }
            return distinct.filter { value in
                Ledger.search(value, writes, begun: ticket.begun, ended: ended).isExplained
            }
        }
    }

    private enum Finding {
        case explained
        case unwritten
        case blocked(Write)

        var isExplained: Bool {
            if case .explained = self { return true }
            return false
        }
    }

    /// Looks for a write that explains a value, and for one that rules out all of those.
    private static func search(
        _ value: Digest?,
        _ writes: [Write],
        begun: Int,
        ended: Int
    ) -> Finding {
        var sources = writes.filter { write in
            guard write.effect.value == value, write.begun < ended else { return false }
            guard let onlyIf = write.effect.onlyIf else { return true }
            // A removal that concerns one value needs that value to have been there.
            return writes.contains { $0.effect.value == onlyIf && $0.begun < write.ended ?? ended }
        }.map { $0.ended ?? Int.max }
        if value == nil { sources.append(0) }
        guard let latest = sources.max() else { return .unwritten }
        let blocker = writes.first { write in
            guard write.overwrites(value), let end = write.ended else { return false }
            return write.begun > latest && end < begun
        }
        return blocker.map { .blocked($0) } ?? .explained
    }
}

extension Write {
    mutating func end(at tick: Int, _ outcome: Outcome) {
        ended = tick
        isCertain = outcome == .done && effect.force == .certain
    }
}

/// What the ledger says to an answer.
public enum Verdict: Hashable, Sendable {
    /// Some order of what clients did explains it.
    case possible
    /// Nobody ever wrote this value.
    case neverWritten
    /// An acknowledged write, before the read began, ended the value's life.
    case overwritten(by: String, value: Digest?, crashedSince: Bool)
}
