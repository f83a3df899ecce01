// SPDX-License-Identifier: Apache-2.0

public import Blobs
import Journal
public import OCI
import Synchronization

extension Sweep {
    /// Expects a copy that is about to be stored, under the generation that is read now; `free` ends that.
    ///
    /// Its generation may be over, and listed, before it comes. From here on the file has it with whatever is
    /// noted. What was noted before the reading is behind neither: under the epoch a copy is of a
    /// generation that was not listed, and under a row's, the loss of that row is followed after it.
    public func expect(
        _ digest: Digest,
        under generation: () throws(BlobError) -> UInt64
    ) throws(BlobError) -> UInt64 {
        for _ in 1..<Sweep.readingsMax {
            let notes = memory.withLock { $0.notes }
            let number = try generation()
            let copy = Copy(digest: digest, generation: number)
            let isHeld = memory.withLock { memory in
                // What was noted since may have passed it.
                guard memory.notes == notes || number > memory.state.listed.number else {
                    return false
                }
                memory.expected[copy, default: 0] += 1
                return true
            }
            if isHeld { return number }
        }
        // What little this leaves to chance, the scrub finds.
        let number = try generation()
        memory.withLock {
            $0.expected[Copy(digest: digest, generation: number), default: 0] += 1
        }
        return number
    }

    /// How often the generation is read while the state is noted each time.
    private static let readingsMax = 8

    /// Frees a copy at once, by the rule of every round, when its generation is over and nothing counts on it.
    ///
    /// For one that was expected, whether it came or not: its generation may have been listed before. What
    /// cannot be freed now the next round looks at again.
    public func free(_ digest: Digest, generation: UInt64) async {
        let copy = Copy(digest: digest, generation: generation)
        var isDone = false
        do throws(SweepError) { isDone = try await frees(copy) } catch {
            // Whether it is gone, nobody knows: it is looked at again.
        }
        if !isDone {
            do throws(SweepError) { try note { $0.add(copy) } } catch {
                // Memory has it; and the file, as it was noted last, names it or leads to it.
            }
        }
        settle(copy)
    }

    /// Has the next round look at a copy that nothing seems to count on although its generation was listed.
    ///
    /// For the scrub. So many and no more: others are found again.
    public func suspect(_ digest: Digest, generation: UInt64) {
        memory.withLock { memory in
            guard generation <= memory.state.listed.number,
                memory.state.doubts.count < SweepState.suspectsMax
            else { return }
            memory.state.add(Copy(digest: digest, generation: generation))
        }
    }

    /// Frees it where that may be; false when it must be looked at again.
    private func frees(_ copy: Copy) async throws(SweepError) -> Bool {
        let found = try await Candidates(sweep: self, generation: copy.generation)
            .among([copy.digest])
        guard let candidate = found.candidates.first else { return found.doubted.isEmpty }
        guard !state.isPaused else { return false }
        hold([copy])
        defer { release([copy]) }
        guard try await delete([copy], [], generation: copy.generation).isEmpty else {
            tell([candidate])
            return true
        }
        do throws(BlobError) {
            // Somebody else may have freed it at the same moment.
            return try await blobs.stat(copy.digest, generation: copy.generation) == nil
        } catch {
            throw .blobs(error)
        }
    }
}
