// SPDX-License-Identifier: Apache-2.0

import Blobs
import OCI
import Platform

/// A name for one upload's bytes; they themselves are in the table of stagings.
final class DiskStaging: Staging {
    private let id: Identifier
    private let algorithm: Digest.Algorithm
    private let store: DiskBlobStore

    init(_ id: Identifier, _ algorithm: Digest.Algorithm, of store: DiskBlobStore) {
        self.id = id
        self.algorithm = algorithm
        self.store = store
    }

    var size: UInt64 {
        get async throws(BlobError) { try store.stagings.size(id) }
    }

    func append(_ bytes: [UInt8], at offset: UInt64) async throws(BlobError) {
        try store.stagings.exclusively(id, algorithm) { held throws(Stagings.Failure) in
            guard !held.staged.isPublished else { throw .refused(.unknownStaging) }
            guard offset == held.staged.size else {
                throw .refused(.offsetMismatch(has: held.staged.size))
            }
            do throws(BlobError) { try store.stagings.checkSpace() } catch { throw .refused(error) }
            do throws(StagedFile.Failure) { try held.staged.append(bytes) } catch {
                switch error {
                case .unchanged(let cause): throw .refused(BlobError(cause))
                case .unknown(let cause): throw .lost(BlobError(cause))
                }
            }
        }
    }

    func publish(
        as digest: Digest,
        generation: UInt64,
        keeps: Bool
    ) async throws(BlobError) -> Receipt {
        let size = try store.stagings.exclusively(id, algorithm) {
            held throws(Stagings.Failure) in
            try publish(&held, digest, generation, keeps: keeps)
            return held.staged.size
        }
        return Receipt(store: store.id, digest: digest, size: size, generation: generation)
    }

    private func publish(
        _ held: inout Stagings.Held,
        _ digest: Digest,
        _ generation: UInt64,
        keeps: Bool
    ) throws(Stagings.Failure) {
        #if SABOTAGE
        let isTrusted = held.staged.mustBeRead && Sabotage.makes("trustsBytesItHasNotSeen")
        #else
        let isTrusted = false
        #endif
        let actual: Digest
        do throws(FileError) { actual = try held.staged.digest(digest.algorithm) } catch {
            throw .refused(BlobError(error))
        }
        guard actual == digest || isTrusted else { throw .lost(.digestMismatch(actual: actual)) }
        let stagings = store.stagings
        let wasPublished = held.staged.isPublished
        let directory: any Directory
        let second: String?
        do throws(FileError) {
            directory = try store.tree.directory(forNew: digest, generation)
            second = keeps || wasPublished ? try stagings.secondName(id) : nil
        } catch {
            throw .refused(BlobError(error))
        }
        if second != nil { held.staged.isPublished = true }
        do throws(PublishError) {
            try store.tree.publishing(digest, generation) { () throws(PublishError) in
                try stagings.directory.publish(
                    second ?? id.description,
                    held.staged.file,
                    to: directory,
                    as: digest.hex,
                    or: stagings.world.lifeline
                )
            }
            held.isOver = second == nil
        } catch {
            switch error {
            case .notSynced(let cause): throw .lost(BlobError(cause))
            case .notRenamed(let cause):
                do throws(FileError) {
                    try stagings.removeSecondName(id)
                    held.staged.isPublished = wasPublished
                } catch {
                    throw .refused(BlobError(error))
                }
                throw .refused(BlobError(cause))
            case .halted(let cause):
                held.isOver = second == nil
                throw .refused(BlobError(cause))
            }
        }
    }

    func cancel() async throws(BlobError) {
        try store.stagings.exclusively(id, algorithm) { held throws(Stagings.Failure) in
            do throws(FileError) {
                try store.stagings.remove(id)
                held.isOver = true
            } catch {
                throw .refused(BlobError(error))
            }
        }
    }
}
