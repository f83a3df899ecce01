// SPDX-License-Identifier: Apache-2.0

/// Upload: one client that sends a blob in chunks of a byte, and holders that each keep a staging.
///
/// What was once sent can arrive at any later time, at each holder on its own, and as often as it likes;
/// answers may be lost. A chunk can be damaged before it reaches the first of us. A holder's power may
/// fail, which cuts its staging anywhere, and of several holders one may lose its disk. Holders that
/// differ go on under a new generation. Once the client may begin anew; that is another upload, and
/// what was sent for the one before finds nothing to be appended to.
struct UploadModel: SmallModel {
    enum Mistake {
        /// A holder takes a chunk wherever it comes, whatever its length.
        case appendsAtAnyLength
        /// A holder publishes without hashing what it has.
        case publishesUnverified
        /// A holder takes a chunk that was sent for an older generation.
        case takesOlderGeneration
        /// The client is told before as many as must hold the blob do.
        case acknowledgesBeforeQuorum
        /// What is published is not synced, and goes when the power fails.
        case publishesUnsynced
    }

    var holders = 2
    /// How many must hold a blob before it may be acknowledged.
    var quorum = 2
    /// Bytes, each sent as one chunk: at most three.
    var size = 2
    var lastGeneration = 1
    var mistake: Mistake?

    /// What the client sent as a byte of the blob.
    enum Chunk: UInt32 {
        case none, good, damaged
    }

    struct Holder: Hashable {
        /// Nil before the upload began here and after it ended.
        var staging: Bytes?
        var generation = 0
        var published: Bytes?
    }

    struct State: Hashable {
        var first = Holder(staging: Bytes())
        var second = Holder(staging: Bytes())
        /// What the client sent in each generation: two bits for each of three chunks, then one for the PUT.
        var sent: UInt32 = 0
        /// How many bytes the client was last told are there, and under which generation.
        var told = 0
        var generation = 0
        var hasBegunAnew = false
        /// The client was told that its blob is there.
        var isAcknowledged = false
        var hasLostDisk = false

        subscript(holder: Int) -> Holder {
            get { holder == 0 ? first : second }
            set { if holder == 0 { first = newValue } else { second = newValue } }
        }
    }

    var initial: State { State() }

    var everyone: Range<Int> { 0..<holders }
    var content: Bytes {
        (0..<size).reduce(Bytes()) { $0.appending($1, isDamaged: false) }
    }

    func violation(in state: State) -> String? {
        var publishedCount = 0
        for holder in everyone.map({ state[$0] }) {
            if let staging = holder.staging, !staging.isInPlace {
                return "a chunk was appended at another length than it was sent for: \(staging)"
            }
            guard let published = holder.published else { continue }
            publishedCount += 1
            if published != content { return "I3: \(published) is published as \(content)" }
        }
        if state.isAcknowledged, publishedCount == 0 {
            return "I1: acknowledged, and nobody has it"
        }
        if holders == 2, state.first.generation == state.second.generation,
            let first = state.first.staging, let second = state.second.staging,
            !first.agrees(with: second)
        {
            return "holders of one generation differ: \(first) and \(second)"
        }
        return nil
    }

    func addSteps(from state: State, to steps: inout Steps<State>) {
        addClient(state, &steps)
        for holder in everyone {
            for generation in 0...lastGeneration {
                addAppending(state, holder, generation, &steps)
                addPublishing(state, holder, generation, &steps)
            }
            addFailures(state, holder, &steps)
        }
        if holders == 2 {
            addRefilling(state, 0, from: 1, &steps)
            addRefilling(state, 1, from: 0, &steps)
        }
    }

    /// The client sends what is next, learns how far it is, finishes, or begins anew.
    private func addClient(_ state: State, _ steps: inout Steps<State>) {
        guard !state.isAcknowledged else { return }
        let generation = state.generation
        if state.told == size {
            var next = state
            next.sent |= finish(generation)
            steps.add("the client sends the PUT (generation \(generation))", next)
        } else if chunk(state.told, generation, in: state) == .none {
            for chunk in [Chunk.good, .damaged] {
                var next = state
                next.sent |= chunk.rawValue << shift(state.told, generation)
                steps.add(
                    "the client sends chunk \(state.told) (generation \(generation), \(chunk))",
                    next
                )
            }
        }
        let current = everyone.filter { state[$0].generation == generation }
        let lengths = Set(current.map { state[$0].staging?.count })
        if current.count == holders, lengths.count == 1, let known = lengths.first, let known {
            var next = state
            next.told = known
            steps.add("the client learns that \(known) are there", next)
        }
        for holder in everyone where state[holder].generation > generation {
            var next = state
            next.generation = state[holder].generation
            next.told = 0
            steps.add("the client learns of generation \(next.generation)", next)
        }
        let having = everyone.filter { state[$0].published != nil }
        let enough = mistake == .acknowledgesBeforeQuorum ? 1 : quorum
        if state.sent & finish(generation) != 0, having.count >= enough {
            var next = state
            next.isAcknowledged = true
            steps.add("the client is told that its blob is there", next)
        }
        if !state.hasBegunAnew {
            var next = State(hasBegunAnew: true, hasLostDisk: state.hasLostDisk)
            for holder in everyone { next[holder].published = state[holder].published }
            steps.add("the client begins anew", next)
        }
    }

    func shift(_ offset: Int, _ generation: Int) -> UInt32 {
        UInt32(8 * generation + 2 * offset)
    }

    func finish(_ generation: Int) -> UInt32 { 1 << UInt32(8 * generation + 7) }

    func chunk(_ offset: Int, _ generation: Int, in state: State) -> Chunk {
        Chunk(rawValue: state.sent >> shift(offset, generation) & 3) ?? .none
    }
}
