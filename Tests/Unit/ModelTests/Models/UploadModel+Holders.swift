// SPDX-License-Identifier: Apache-2.0

/// What happens at the holders and between them.
extension UploadModel {
    /// A chunk arrives at a holder, for the first time or once more.
    func addAppending(
        _ state: State,
        _ holder: Int,
        _ generation: Int,
        _ steps: inout Steps<State>
    ) {
        let own = state[holder]
        guard let staging = own.staging,
            own.generation == generation
                || mistake == .takesOlderGeneration && own.generation > generation
        else { return }
        for offset in 0..<size {
            let chunk = chunk(offset, generation, in: state)
            guard chunk != .none, staging.count < size,
                staging.count == offset || mistake == .appendsAtAnyLength
            else { continue }
            var next = state
            next[holder].staging = staging.appending(offset, isDamaged: chunk == .damaged)
            steps.add(
                "h\(holder) appends chunk \(offset) (generation \(generation), \(chunk))",
                next
            )
        }
    }

    /// A PUT arrives at a holder: it hashes what it has, and publishes it or drops it.
    func addPublishing(
        _ state: State,
        _ holder: Int,
        _ generation: Int,
        _ steps: inout Steps<State>
    ) {
        let own = state[holder]
        guard let staging = own.staging, own.generation == generation, staging.count == size,
            state.sent & finish(generation) != 0
        else { return }
        var next = state
        next[holder].staging = nil
        if staging == content || mistake == .publishesUnverified {
            next[holder].published = own.published ?? staging
            steps.add("h\(holder) publishes \(staging)", next)
        } else {
            steps.add("h\(holder) finds that \(staging) is not the blob, and drops it", next)
        }
    }

    func addFailures(_ state: State, _ holder: Int, _ steps: inout Steps<State>) {
        let own = state[holder]
        for count in 0..<(own.staging?.count ?? 0) {
            var next = state
            next[holder].staging = own.staging?.prefix(count)
            steps.add("the power of h\(holder) fails; \(count) of its staging are left", next)
        }
        if mistake == .publishesUnsynced, own.published != nil {
            var next = state
            next[holder].published = nil
            steps.add("the power of h\(holder) fails; the blob is gone", next)
        }
        if holders > 1, !state.hasLostDisk {
            var next = state
            next[holder] = Holder()
            next.hasLostDisk = true
            steps.add("h\(holder) loses its disk", next)
        }
    }

    /// Of two that differ, the one that has more begins a generation, and the other is refilled from it.
    ///
    /// What a generation begins with counts as sent in it: a client that sends it again sends the same.
    func addRefilling(
        _ state: State,
        _ holder: Int,
        from source: Int,
        _ steps: inout Steps<State>
    ) {
        let (own, other) = (state[holder], state[source])
        if let blob = other.published, own.published == nil {
            var next = state
            next[holder].published = blob
            steps.add("h\(holder) is repaired from h\(source)", next)
        }
        guard let bytes = other.staging, own.published == nil else { return }
        if other.generation > own.generation {
            var next = state
            next[holder].staging = bytes
            next[holder].generation = other.generation
            steps.add("h\(holder) is refilled from h\(source) with \(bytes)", next)
            return
        }
        let generation = max(other.generation, state.generation) + 1
        if other.generation == own.generation, generation <= lastGeneration,
            bytes.count > own.staging?.count ?? -1
        {
            var next = state
            next[source].generation = generation
            next.sent &= ~(0xFF << shift(0, generation))
            for offset in 0..<bytes.count {
                let chunk = bytes.isDamaged(offset) ? Chunk.damaged : .good
                next.sent |= chunk.rawValue << shift(offset, generation)
            }
            steps.add("h\(source) goes on with \(bytes) as generation \(generation)", next)
        }
    }
}
