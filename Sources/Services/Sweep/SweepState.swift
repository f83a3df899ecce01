// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Platform

/// How far the sweep of one store has come, kept in a small file over restarts.
///
/// A lost or unreadable file costs work and nothing else, and so does one that the catalog has not come
/// to: whatever may be deleted is derived from the catalog at the time, and what was not seen is looked at
/// again. One that a process left that was killed is as good as any: it has whatever that had in hand.
struct SweepState: Equatable, Sendable {
    /// The file in the data directory.
    static let fileName = "sweep"
    /// The longest file that is read, in bytes.
    static let fileMax = 256 << 10
    /// The most copies in doubt that are known by name.
    static let doubtsMax = 1000
    /// How many there may be for one more to be named that is merely suspected.
    static let suspectsMax = doubtsMax / 2
    /// The most places that the disk does not list which are known.
    static let gapsMax = 100
    /// The least time between two looks at everything because there is more in doubt than that.
    private static let anewAfter: UInt64 = 86_400_000

    /// What the disk did not list: digests of a generation behind one, up to another.
    struct Gap: Hashable, Comparable, Sendable {
        var generation: UInt64
        /// Nil for its begin.
        var after: Digest?
        var last: Digest

        /// Whether a copy lies in it.
        func contains(_ copy: Sweep.Copy) -> Bool {
            guard copy.generation == generation, copy.digest <= last else { return false }
            return after.map { $0 < copy.digest } ?? true
        }

        /// How it is told.
        var doubt: Sweep.Doubt {
            Sweep.Doubt(digest: last, generation: generation, reason: .isUnlisted)
        }

        static func < (one: Gap, other: Gap) -> Bool {
            (one.generation, one.last) < (other.generation, other.last)
        }
    }

    /// The store it is about; another one has other copies.
    var store: Identifier
    /// The life of the region journal that it has seen; what another one deleted it does not know.
    var incarnation: UInt32
    /// Every generation up to this one was listed as a whole.
    var listed = Generation(0)
    /// What lost its last name up to here was looked at, where its generation was listed.
    var place = Unnamed.Place.start
    /// Copies that must be looked at again.
    var doubts: Set<Sweep.Copy> = []
    /// What must be listed again.
    var gaps: Set<Gap> = []
    /// Whether there was more to look at again than can be named.
    var isOverfull = false
    /// When everything was begun anew the last time: milliseconds since 1970; 0 for never.
    var began: UInt64 = 0
    /// Whether the operator has stopped it.
    var isPaused = false

    init(store: Identifier, incarnation: UInt32) {
        self.store = store
        self.incarnation = incarnation
    }

    /// What a file said, where that is of this store and of what the catalog has come to; else a begin
    /// that keeps the operator's pause.
    init(_ text: [UInt8]?, store: Identifier, region: Head, epoch: Generation) {
        self.init(store: store, incarnation: region.incarnation)
        guard let text else { return }
        guard let known = SweepState(parsing: text) else {
            isPaused = SweepState.isPausedAnyway(text)
            return
        }
        isPaused = known.isPaused
        guard known.store == store, known.incarnation == region.incarnation,
            known.listed.number < epoch.number - 1, known.place.epoch <= epoch.number,
            known.place.position <= region.position
        else { return }
        self = known
    }

    /// Whether a round that goes by this epoch, at this time, looks at everything: more was left than can be
    /// named, which it does once a day, or names ended that the catalog has forgotten.
    ///
    /// A clock that jumps costs a look at everything, or a day.
    func beginsAnew(at epoch: Generation, _ now: UInt64) -> Bool {
        guard !forgets(at: epoch) else { return true }
        return isOverfull && (began > now || now - began >= SweepState.anewAfter)
    }

    /// Whether names ended so long ago that the catalog does not say any more which.
    func forgets(at epoch: Generation) -> Bool {
        epoch.number > CatalogView.epochsNoted
            && place.epoch < epoch.number - CatalogView.epochsNoted
    }

    /// Has a copy looked at again.
    mutating func add(_ copy: Sweep.Copy) {
        guard !doubts.contains(copy) else { return }
        if doubts.count < SweepState.doubtsMax { doubts.insert(copy) } else { isOverfull = true }
    }

    /// Has something listed again.
    mutating func add(_ gap: Gap) {
        guard !gaps.contains(gap) else { return }
        if gaps.count < SweepState.gapsMax { gaps.insert(gap) } else { isOverfull = true }
    }

    /// Looks at everything again from now on, and first at what is in doubt.
    ///
    /// What lost its last name before this epoch has no row any more when its generation is listed.
    mutating func beginAnew(at epoch: Generation, _ now: UInt64) {
        listed = Generation(0)
        place = .before(epoch: epoch.number)
        isOverfull = false
        began = now
    }
}
