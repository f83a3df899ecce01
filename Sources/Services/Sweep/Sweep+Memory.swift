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
        /// Copies that somebody is just storing, and how many are at each.
        var expected: [Copy: Int] = [:]
        /// Copies that are just being looked at or deleted, and by how many.
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
        /// Who dies while it holds a copy leaves it in doubt: where nobody synced that it went, no list has it, and
        /// the power brings it back. So is one that was expected, where its generation was listed; others
        /// are listed with theirs.
        var noted: SweepState {
            var noted = state
            for copy in held.keys { noted.add(copy) }
            for copy in expected.keys where copy.generation <= state.listed.number {
                noted.add(copy)
            }
            return noted
        }
    }

    /// Has whatever is noted from now on name these as in doubt, until they are released.
    func hold(_ copies: [Copy]) {
        memory.withLock { memory in for copy in copies { memory.held[copy, default: 0] += 1 } }
    }

    /// Ends a hold.
    func release(_ copies: [Copy]) {
        memory.withLock { memory in for copy in copies { Sweep.endOne(copy, in: &memory.held) } }
    }

    /// Expects a copy no more.
    func settle(_ copy: Copy) {
        memory.withLock { Sweep.endOne(copy, in: &$0.expected) }
    }

    private static func endOne(_ copy: Copy, in counts: inout [Copy: Int]) {
        let others = (counts[copy] ?? 1) - 1
        counts[copy] = others == 0 ? nil : others
    }

    /// Holds copies that were in doubt, and are so no more where nobody says it again.
    func takeUp(_ copies: [Copy]) {
        memory.withLock { memory in
            for copy in copies {
                memory.held[copy, default: 0] += 1
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
