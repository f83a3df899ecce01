// SPDX-License-Identifier: Apache-2.0

import Platform

/// Which stagings are open, and which of them somebody is writing: plain state, no calls.
///
/// Whoever works on a staging takes its file out and puts it back; meanwhile others are told that it
/// is busy. So two requests never write one staging, whichever of its names they came by.
struct StagingTable {
    /// What a caller who wants a staging gets.
    enum Claim {
        /// Its file, until `release`, `close` or `end`.
        case held(StagedFile)
        /// Nothing is open: the caller opens it and puts it back, or calls `abandon`.
        case absent
        /// Somebody else has it.
        case busy
        /// It is being closed, which is nobody's work on it: rung when that is over.
        case closing(Bell)
        /// It cannot be believed and could not be removed.
        case condemned
    }

    /// What a caller who wants to begin a staging gets.
    enum Reservation {
        /// The caller makes the file and puts it back, or calls `end`.
        case made
        case exists
        /// There are as many as may be.
        case full
    }

    private enum Holding {
        case nobody(StagedFile)
        case somebody
        case closing(Bell)
        case condemned
    }

    private struct Slot {
        var holding: Holding
        /// nil until it is known.
        var size: UInt64?
        var used: UInt64
    }

    private var slots: [Identifier: Slot] = [:]
    private var uses: UInt64 = 0
    /// How many stagings there are on the disk, open or not.
    private(set) var count: Int

    init(count: Int) {
        self.count = count
    }

    /// How many are open or being opened.
    var openCount: Int { slots.count }

    mutating func claim(_ id: Identifier) -> Claim {
        switch slots[id]?.holding {
        case nil:
            take(id, size: nil)
            return .absent
        case .somebody: return .busy
        case .closing(let over): return .closing(over)
        case .condemned: return .condemned
        case .nobody(let staged):
            take(id, size: staged.size)
            return .held(staged)
        }
    }

    private mutating func take(_ id: Identifier, size: UInt64?) {
        uses += 1
        slots[id] = Slot(holding: .somebody, size: size, used: uses)
    }

    mutating func reserve(_ id: Identifier, max: Int) -> Reservation {
        guard slots[id] == nil else { return .exists }
        guard count < max else { return .full }
        take(id, size: nil)
        count += 1
        return .made
    }

    /// Puts a file back.
    mutating func release(_ id: Identifier, _ staged: StagedFile) {
        slots[id]?.holding = .nobody(staged)
        slots[id]?.size = staged.size
    }

    /// Notes that a claimed staging is open no more, but still there.
    mutating func close(_ id: Identifier) {
        slots[id] = nil
    }

    /// Notes that a claimed staging is gone.
    mutating func end(_ id: Identifier) {
        slots[id] = nil
        count -= 1
    }

    /// Notes that a claimed staging must never be used, though its file is there.
    mutating func condemn(_ id: Identifier) {
        slots[id]?.holding = .condemned
    }

    /// What is known of the length.
    enum Length {
        /// As of the last call that finished.
        case known(UInt64)
        /// Only the file can say.
        case unknown
        case condemned
    }

    func length(_ id: Identifier) -> Length {
        guard let slot = slots[id] else { return .unknown }
        if case .condemned = slot.holding { return .condemned }
        return slot.size.map { .known($0) } ?? .unknown
    }

    /// Those that must never be used, in the order of ids.
    var condemned: [Identifier] {
        slots.filter { if case .condemned = $0.value.holding { true } else { false } }
            .keys.sorted()
    }

    /// One to be closed, whose claimer says so by `close` or `end` and then rings.
    struct Closing {
        let id: Identifier
        let staged: StagedFile
        let over: Bell
    }

    /// Claims the one unused the longest when more than `max` are open.
    mutating func claimSurplus(max: Int) -> Closing? {
        guard slots.count > max else { return nil }
        return claimOldest(usedBefore: .max)
    }

    /// Claims one that was not used since `mark`.
    mutating func claimIdle(since mark: UInt64) -> Closing? {
        claimOldest(usedBefore: mark)
    }

    /// What `claimIdle` compares with: now.
    var mark: UInt64 { uses + 1 }

    private mutating func claimOldest(usedBefore bound: UInt64) -> Closing? {
        var oldest: (id: Identifier, used: UInt64, staged: StagedFile)?
        for (id, slot) in slots where slot.used < min(bound, oldest?.used ?? .max) {
            if case .nobody(let staged) = slot.holding { oldest = (id, slot.used, staged) }
        }
        guard let oldest else { return nil }
        let over = Bell()
        slots[oldest.id]?.holding = .closing(over)
        return Closing(id: oldest.id, staged: oldest.staged, over: over)
    }
}
