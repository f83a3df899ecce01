// SPDX-License-Identifier: Apache-2.0

/// Append: two proposers, a sequencer, and a network that loses, delays and repeats.
///
/// Changes are asked for at any node, again and again: A, which is made only while B is not, B, and C.
/// What was once sent can take effect at any later time. A proposer may crash. Its catalog may roll back,
/// or the sequencer may once be restored to its past; both in one history can lose what was acknowledged,
/// as nobody has it then.
struct AppendModel: SmallModel {
    enum Fault {
        case catalogsRollBack
        case sequencerForgets
    }

    enum Mistake {
        /// A change that is asked for again gets another id.
        case newIdOnRetry
        /// The sequencer compares the position of the head, not the head.
        case comparesPositionOnly
        /// A client is told when its change was sent, not when it is known to be in.
        case acknowledgesWhenSent
        /// What was decided on an old catalog is put behind the newest head.
        case decidesAwayFromHead
    }

    var fault: Fault?
    var mistake: Mistake?
    /// Changes that clients ask for: two, or three with one more that is always made.
    var changes = 3
    /// How often each is asked for at most, three times or fewer; nil where nobody counts.
    var asksMax: UInt16?
    /// Whether a position may not be given twice even where the sequencer forgot that it gave it.
    var isStrict = false

    private static let conditional: UInt16 = 0
    private static let preventing: UInt16 = 1
    private static let nodes = [0, 1]

    /// If the head is still this log, put this entry behind it.
    struct Append: Hashable, Comparable {
        private let bits: UInt32

        init(head: Log, entry: UInt16) { bits = UInt32(head.bits) << 16 | UInt32(entry) }

        var head: Log { Log(bits: UInt16(bits >> 16)) }
        var entry: UInt16 { UInt16(truncatingIfNeeded: bits) }

        static func < (one: Append, other: Append) -> Bool { one.bits < other.bits }
    }

    struct Node: Hashable {
        var catalog = Log()
        /// What it sent and does not know the outcome of; it sends the same again and again.
        var pending: Append?
        /// The answer that the pending one is in is on its way.
        var isAnswered = false
    }

    struct State: Hashable {
        var journal = Log()
        var first = Node()
        var second = Node()
        /// Appends that no node waits for any more, and that may still arrive.
        var stray: [Append] = []
        /// By change, two bits each: how often it was asked for, where that is counted.
        var asks: UInt16 = 0
        /// The changes that a client was told are made, a bit each.
        var acknowledged: UInt8 = 0
        var hasForgotten = false
        /// An entry stands behind another past than its hash says.
        var isChainBroken = false

        subscript(node: Int) -> Node {
            get { node == 0 ? first : second }
            set { if node == 0 { first = newValue } else { second = newValue } }
        }

        func hasAcknowledged(_ change: UInt16) -> Bool { acknowledged >> UInt8(change) & 1 == 1 }

        mutating func acknowledge(_ change: UInt16) { acknowledged |= 1 << UInt8(change) }
    }

    var initial: State { State() }

    func violation(in state: State) -> String? {
        let logs = [state.journal, state.first.catalog, state.second.catalog]
        if state.isChainBroken { return "I11: an entry stands behind another past than its own" }
        for log in logs {
            let made = (0..<log.count).map { log[$0] >> 2 }
            if Set(made).count < made.count { return "a change is made twice: \(log)" }
            if let place = made.firstIndex(of: Self.preventing),
                made[place...].contains(Self.conditional)
            {
                return "A, which needs that B is not there, stands behind B: \(log)"
            }
        }
        let kept = fault == .sequencerForgets ? logs : [state.journal]
        for change in 0..<UInt16(changes) where state.hasAcknowledged(change) {
            if !kept.contains(where: { $0.has(change) }) {
                return "I11: \(name(change)) was acknowledged and is nowhere"
            }
        }
        if isStrict || fault != .sequencerForgets, !logs.allSatisfy(logs[0].agrees) {
            let catalogs = "\(logs[1]) and \(logs[2])"
            return "I11: two entries share a position: journal \(logs[0]), catalogs \(catalogs)"
        }
        return nil
    }

    func addSteps(from state: State, to steps: inout Steps<State>) {
        for place in Self.nodes {
            if let pending = state[place].pending {
                addOutcomes(of: pending, state, place, &steps)
                addTaking(pending, state, "n\(place)", &steps)
            } else {
                for change in 0..<UInt16(changes) { addAsking(change, state, place, &steps) }
            }
            addFollowing(state, place, &steps)
            addCrash(state, place, &steps)
        }
        for append in state.stray { addTaking(append, state, "late", &steps) }
        if fault == .sequencerForgets, !state.hasForgotten {
            for count in 0..<state.journal.count {
                var next = state
                next.journal = state.journal.prefix(count)
                next.hasForgotten = true
                steps.add("the sequencer is restored to \(next.journal)", tidied(next))
            }
        }
    }

    /// A client asks for a change; the node decides on its catalog, and sends what it decided.
    private func addAsking(
        _ change: UInt16,
        _ state: State,
        _ place: Int,
        _ steps: inout Steps<State>
    ) {
        var next = state
        let catalog = state[place].catalog
        let asks = state.asks >> (2 * change) & 3
        let entry = change << 2 | (mistake == .newIdOnRetry ? asks + 1 : 1)
        if let asksMax {
            guard asks < asksMax, !state.hasAcknowledged(change) else { return }
            next.asks += 1 << (2 * change)
        }
        let asked = "n\(place), at \(catalog), is asked for \(name(change))"
        if (0..<catalog.count).contains(where: { catalog[$0] == entry }) {
            next.acknowledge(change)
            steps.add("\(asked), has it, and says so", next)
            return
        }
        if change == Self.conditional, catalog.has(Self.preventing) { return }
        let head = mistake == .decidesAwayFromHead ? state.journal : catalog
        next[place].pending = Append(head: head, entry: entry)
        if mistake == .acknowledgesWhenSent { next.acknowledge(change) }
        let told = mistake == .acknowledgesWhenSent
        steps.add("\(asked), \(told ? "sends it, and says that it is in" : "and sends it")", next)
    }

    /// An append arrives at the sequencer, for the first time or once more.
    private func addTaking(
        _ append: Append,
        _ state: State,
        _ from: String,
        _ steps: inout Steps<State>
    ) {
        let isHead =
            mistake == .comparesPositionOnly
            ? state.journal.count == append.head.count : state.journal == append.head
        guard isHead else { return }
        var next = state
        next.isChainBroken = state.journal != append.head
        next.journal = state.journal.appending(append.entry)
        for place in Self.nodes where next[place].pending == append {
            next[place].isAnswered = true
        }
        steps.add("the append of \(name(append.entry >> 2)) (\(from)) takes effect", tidied(next))
    }

    /// A node learns what became of what it sent.
    private func addOutcomes(
        of pending: Append,
        _ state: State,
        _ place: Int,
        _ steps: inout Steps<State>
    ) {
        var next = state
        next[place].pending = nil
        next[place].isAnswered = false
        let log = pending.head.appending(pending.entry)
        let change = pending.entry >> 2
        if state[place].isAnswered || state.journal.hasPrefix(log) {
            next[place].catalog = log
            next.acknowledge(change)
            steps.add("n\(place) learns that \(name(change)) is in, and says so", next)
        } else if state.journal != pending.head {
            next.stray.append(pending)
            steps.add("n\(place) learns that the head is another", tidied(next))
        }
    }

    /// A node applies the next entry; one whose catalog is ahead of the head, or unlike it, goes nowhere.
    private func addFollowing(_ state: State, _ place: Int, _ steps: inout Steps<State>) {
        let catalog = state[place].catalog
        guard state[place].pending == nil, state.journal.count > catalog.count,
            state.journal.hasPrefix(catalog)
        else { return }
        var next = state
        next[place].catalog = state.journal.prefix(catalog.count + 1)
        steps.add("n\(place) follows to \(next[place].catalog)", next)
    }

    /// A node forgets what it waits for; after a power loss, also the end of its catalog.
    private func addCrash(_ state: State, _ place: Int, _ steps: inout Steps<State>) {
        let node = state[place]
        let shortest = fault == .catalogsRollBack ? 0 : node.catalog.count
        for count in shortest...node.catalog.count {
            var next = state
            next[place] = Node(catalog: node.catalog.prefix(count))
            if let pending = node.pending { next.stray.append(pending) }
            steps.add("n\(place) crashes and is at \(next[place].catalog)", tidied(next))
        }
    }

    /// The state without appends that can never take effect any more, the others in one order.
    private func tidied(_ state: State) -> State {
        let mayForget = fault == .sequencerForgets && !state.hasForgotten
        var tidy = state
        tidy.stray = Array(Set(state.stray)).filter { append in
            if mayForget { return true }
            return mistake == .comparesPositionOnly
                ? append.head.count >= state.journal.count : append.head.hasPrefix(state.journal)
        }
        tidy.stray.sort()
        return tidy
    }

    private func name(_ change: UInt16) -> String { ["A", "B", "C"][Int(change)] }
}
