// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Journal
import OCI

#if SABOTAGE
import Platform
#endif

/// Which copies of a generation may go: nothing counts on them, and two ways to ask say so.
///
/// The sweep acts on what is not there, so a row that rot has taken must not look like one that never
/// was. Where there is no row, no link and no manifest may name the digest either; where the row counts
/// on another generation, the copy of that one must be here.
struct Candidates {
    let sweep: Sweep
    /// One of which no copy can be named any more.
    let generation: UInt64

    struct Found {
        var candidates: [Sweep.Candidate] = []
        /// Copies that were left.
        var doubted: [Sweep.Doubt] = []
        /// Of what there is no copy, although one might go.
        var absent: [Digest] = []
    }

    /// What the catalog says of a copy.
    private enum Standing {
        case counted
        case free(unnamedAt: UInt64?)
        case superseded(by: UInt64, unnamedAt: UInt64?)
        case doubtful
    }

    func among(_ digests: [Digest]) async throws(SweepError) -> Found {
        let standings = try sweep.read { view throws(CatalogError) in
            var standings: [(Digest, Standing)] = []
            for digest in digests { standings.append((digest, try standing(digest, view))) }
            return standings
        }
        var found = Found()
        for (digest, standing) in standings {
            switch standing {
            case .counted: continue
            case .doubtful: found.doubted.append(doubt(digest, .isNamed))
            case .free(let position):
                await add(digest, position, to: &found) { true }
            case .superseded(let other, let position):
                // Until the other copy is brought back, this one may be where it comes from.
                await add(digest, position, to: &found) { () async throws(BlobError) in
                    try await sweep.blobs.stat(digest, generation: other) != nil
                }
            }
        }
        return found
    }

    private func standing(
        _ digest: Digest,
        _ view: CatalogView
    ) throws(CatalogError) -> Standing {
        // Whatever brought us here: the rule is asked again of the state that is read now.
        guard generation + Sweep.ageMin <= (try view.epoch().number) else { return .counted }
        #if SABOTAGE
        if Sabotage.makes("replaysDeletesOfOldEntries"),
            let position = try view.unnamed(digest, Generation(generation))
        {
            return .free(unnamedAt: position)
        }
        #endif
        let row = try view.content(digest)
        if row?.generation.number == generation { return .counted }
        let position = try view.unnamed(digest, Generation(generation))
        if let row { return .superseded(by: row.generation.number, unnamedAt: position) }
        return try view.isNamed(digest) ? .doubtful : .free(unnamedAt: position)
    }

    /// Adds a copy that is here, and doubts one that cannot be looked at or must not go yet.
    private func add(
        _ digest: Digest,
        _ position: UInt64?,
        to found: inout Found,
        if mayGo: () async throws(BlobError) -> Bool
    ) async {
        do throws(BlobError) {
            guard let size = try await sweep.blobs.stat(digest, generation: generation) else {
                return found.absent.append(digest)
            }
            guard try await mayGo() else {
                return found.doubted.append(doubt(digest, .mayBeNeeded))
            }
            found.candidates.append(
                Sweep.Candidate(
                    digest: digest,
                    generation: generation,
                    size: size,
                    unnamedAt: position
                )
            )
        } catch {
            found.doubted.append(doubt(digest, .isUnreadable))
        }
    }

    private func doubt(_ digest: Digest, _ reason: Sweep.Doubt.Reason) -> Sweep.Doubt {
        Sweep.Doubt(digest: digest, generation: generation, reason: reason)
    }
}
