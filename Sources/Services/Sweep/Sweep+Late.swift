// SPDX-License-Identifier: Apache-2.0

import Blobs
public import OCI

extension Sweep {
    /// Frees a copy at once, by the rule of every round, when its generation is over and nothing counts on it.
    ///
    /// For one that was just stored: its generation may have been listed before it came. What cannot be freed
    /// now makes the next round look at everything.
    public func free(_ digest: Digest, generation: UInt64) async {
        var isDone = false
        do throws(SweepError) { isDone = try await frees(digest, generation) } catch {
            // Whether it is gone, nobody knows: it is looked at again.
        }
        guard !isDone, !state.hasDoubts else { return }
        do throws(SweepError) { try note { $0.hasDoubts = true } } catch {
            // Memory has it; and after a crash the next round looks at everything anyway.
        }
    }

    /// Frees it where that may be; false when it must be looked at again.
    private func frees(_ digest: Digest, _ generation: UInt64) async throws(SweepError) -> Bool {
        let found = try await Candidates(sweep: self, generation: generation).among([digest])
        guard let copy = found.candidates.first else { return found.doubted.isEmpty }
        guard !state.isPaused else { return false }
        do throws(BlobError) {
            guard try await blobs.delete([digest], generation: generation).isEmpty else {
                tell([copy])
                return true
            }
            // Somebody else may have freed it at the same moment.
            return try await blobs.stat(digest, generation: generation) == nil
        } catch {
            throw .blobs(error)
        }
    }
}
