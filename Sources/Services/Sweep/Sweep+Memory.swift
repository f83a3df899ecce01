// SPDX-License-Identifier: Apache-2.0

import Blobs
import Journal
import OCI
import Synchronization

extension Sweep {
    /// A copy, wherever it is.
    struct Copy: Hashable, Comparable, Sendable {
        var digest: Digest
        /// The generation it was stored under.
        var generation: UInt64

        static func < (one: Copy, other: Copy) -> Bool {
            (one.generation, one.digest) < (other.generation, other.digest)
        }
    }

    /// What it knows, of which its file has what must outlive the process.
    struct Memory {
        var state: SweepState
        /// Copies that somebody is just storing, looking at or deleting, and how many are at each.
        var held: [Copy: Int] = [:]
        /// How often the state was noted.
        var notes: UInt64 = 0
        var isRunning = false
        var round: Round?
        var begunAt = Duration.zero
        var endedAt: Duration?
        var freed: UInt64 = 0
        var freedBytes: UInt64 = 0
        var failed: UInt64 = 0

        init(state: SweepState) {
            self.state = state
        }

        /// What the file is to say.
        ///
        /// Who dies while it holds a copy of a generation that was listed leaves it in doubt: it may come yet, or
        /// come back with the power where nobody synced that it went. Others are listed with their generation.
        var noted: SweepState {
            var noted = state
            for copy in held.keys where copy.generation <= state.listed.number { noted.add(copy) }
            return noted
        }

        mutating func hold(_ copy: Copy) {
            held[copy, default: 0] += 1
        }

        mutating func release(_ copy: Copy) {
            let others = (held[copy] ?? 1) - 1
            held[copy] = others == 0 ? nil : others
        }
    }

    /// Has whatever is noted from now on name these as in doubt, until they are released.
    func hold(_ copies: [Copy]) {
        memory.withLock { memory in for copy in copies { memory.hold(copy) } }
    }

    /// Ends a hold.
    func release(_ copies: [Copy]) {
        memory.withLock { memory in for copy in copies { memory.release(copy) } }
    }

    /// Holds copies that were in doubt, and are so no more where nobody says it again.
    func takeUp(_ copies: [Copy]) {
        memory.withLock { memory in
            for copy in copies {
                memory.hold(copy)
                memory.state.doubts.remove(copy)
            }
        }
    }

    /// Has the next round look at copies again; the file says so with what is noted next.
    func keepInDoubt(_ copies: [Copy]) {
        memory.withLock { memory in for copy in copies { memory.state.add(copy) } }
    }

    /// Deletes copies that are held, and makes durable that others are not there; returns those that are gone.
    ///
    /// They are named in the file before: a process that dies before it synced leaves nothing to list, and
    /// the power could bring them back.
    func delete(
        _ copies: [Copy],
        _ absent: [Digest],
        generation: UInt64
    ) async throws(SweepError) -> Set<Digest> {
        if !copies.isEmpty {
            do throws(SweepError) { try note { _ in } } catch {
                // A full disk must not keep it from making room.
            }
        }
        do throws(BlobError) {
            let digests = copies.map(\.digest) + absent
            return Set(try await blobs.delete(digests, generation: generation))
        } catch {
            throw .blobs(error)
        }
    }
}

extension Sweep.Candidate {
    var copy: Sweep.Copy { Sweep.Copy(digest: digest, generation: generation) }
}

extension Sweep.Doubt {
    var copy: Sweep.Copy { Sweep.Copy(digest: digest, generation: generation) }
}
