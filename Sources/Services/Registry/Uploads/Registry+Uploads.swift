// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
public import HTTP
import Journal
public import OCI
import Platform

extension Registry {
    /// Begins an upload; the algorithm lets the hash run along with the bytes.
    public func beginUpload(
        _ repository: RepositoryName,
        _ algorithm: Digest.Algorithm
    ) async throws(RegistryError) -> UploadState {
        let id = Identifier(from: world.random)
        do throws(BlobError) {
            _ = try await blobs.stage(id, .begin, expected: algorithm)
        } catch { throw .blobs(error) }
        return UploadState(
            estate: identity.estate,
            repository: repository.description,
            actor: .zero,
            id: id,
            offset: 0,
            holders: [blobs.id],
            expiry: expiry()
        )
    }

    /// The text of an upload's state, for its `Location`; its expiry is counted from now.
    public func seal(_ state: UploadState) -> String {
        var state = state
        state.expiry = expiry()
        return state.sealed(with: keyring)
    }

    private func expiry() -> UInt64 {
        world.clocks.wallMilliseconds() + UInt64(options.uploadExpiry.components.seconds) * 1000
    }

    /// Reads the state a client brought back; refuses what we did not sign for this upload here.
    ///
    /// Its expiry refuses nothing: this is a holder, whose staging's own age is no matter of wall clocks.
    public func unseal(
        _ text: String?,
        id: String,
        _ repository: RepositoryName
    ) throws(RegistryError) -> UploadState {
        guard let text, let state = UploadState(sealed: text, with: keyring),
            state.estate == identity.estate, state.repository == repository.description,
            state.id.description == id, state.holders.contains(blobs.id)
        else { throw .uploadUnknown }
        return state
    }

    /// How many bytes the upload has.
    public func uploadSize(_ state: UploadState) async throws(RegistryError) -> UInt64 {
        try await size(of: try await staging(state, .find))
    }

    /// Appends a body to the upload and returns the new length.
    ///
    /// `range` is where the client says the bytes belong; without it, behind what it was told last.
    /// `declared` is how long it says the body is. What cannot be right is refused before a byte is
    /// read. Bytes that came before the client went away stay, so that it can resume.
    public func append(
        _ body: any RequestBody,
        to state: UploadState,
        range: ByteRange?,
        declared: UInt64?
    ) async throws(RegistryError) -> UInt64 {
        let staging = try await staging(state, .resume)
        var end = try await size(of: staging)
        #if SABOTAGE
        let takesAny = Sabotage.makes("appendsAtAnyLength")
        let start = takesAny ? end : range?.first ?? state.offset
        #else
        let start = range?.first ?? state.offset
        #endif
        guard start == end else { throw .chunkOutOfOrder(has: end) }
        if let range, let declared, range.count != declared {
            throw .wrongLength(declared: range.count, got: declared)
        }
        let expected = range?.count ?? declared
        try await checkSize(end, adding: expected ?? 0, staging)
        while let chunk = try await next(body) {
            let count = UInt64(chunk.count)
            if let expected, end - start + count > expected {
                throw .wrongLength(declared: expected, got: end - start + count)
            }
            try await checkSize(end, adding: count, staging)
            do throws(BlobError) {
                try await staging.append(chunk, at: end)
            } catch {
                if case .offsetMismatch(let has) = error { throw .chunkOutOfOrder(has: has) }
                throw .blobs(error)
            }
            end += count
        }
        if let expected, end - start != expected {
            throw .wrongLength(declared: expected, got: end - start)
        }
        return end
    }

    /// An upload that is to be larger than a blob may be can never succeed: it is dropped.
    private func checkSize(
        _ size: UInt64,
        adding count: UInt64,
        _ staging: any Staging
    ) async throws(RegistryError) {
        let (sum, isHuge) = size.addingReportingOverflow(count)
        guard isHuge || sum > options.blobSizeMax else { return }
        try? await staging.cancel()
        throw .tooLarge(limit: options.blobSizeMax)
    }

    /// Verifies the upload, makes it a blob and lets the repository see it.
    ///
    /// The staging stays until the link is committed: whoever is refused, or meets a process that dies,
    /// asks again without sending a byte. Repeated after a lost answer, it succeeds again: the staging
    /// is gone, the link is there, and lives as long as is promised; one from before that is about to end
    /// is none. Not where no change is taken, though: what is read there may never have reached the disk.
    public func finishUpload(
        _ state: UploadState,
        as digest: Digest,
        _ repository: RepositoryName
    ) async throws(RegistryError) {
        if let refusal = registrar.refusal { throw .notReady(refusal) }
        let staging: any Staging
        do throws(RegistryError) { staging = try await self.staging(state, .find) } catch {
            guard case .uploadUnknown = error, try isPromised(digest, repository) else {
                throw error
            }
            return
        }
        guard told.note(repository, at: world.clocks.monotonic()) else {
            throw .notReady("content of '\(repository)' is being dropped by command; try again")
        }
        try await naming(digest) { () async throws(RegistryError) in
            do throws(BlobError) {
                return try await storing(digest) { generation async throws(BlobError) in
                    try await staging.publish(as: digest, generation: generation, keeps: true)
                }
            } catch {
                throw .blobs(error)
            }
        } name: { receipt async throws(RegistryError) in
            try await change(repository, .linkBlob(receipt))
        }
        // One that cannot be removed goes by its age.
        try? await staging.cancel()
    }

    /// Lets the repository see a blob that another one sees; false when it must be uploaded instead.
    public func mount(
        _ digest: Digest,
        from source: RepositoryName?,
        to repository: RepositoryName
    ) async throws(RegistryError) -> Bool {
        // An upload of what is lost here heals it; a mount would name it once more.
        guard try await hasCopy(digest),
            told.note(repository, at: world.clocks.monotonic())
        else { return false }
        do throws(RegistryError) {
            try await change(repository, .mountBlob(digest, from: source))
            return true
        } catch {
            guard case .refused(.blobUnknown) = error else { throw error }
            return false
        }
    }

    /// Drops the upload.
    public func cancelUpload(_ state: UploadState) async throws(RegistryError) {
        let staging = try await staging(state, .find)
        do throws(BlobError) { try await staging.cancel() } catch { throw .blobs(error) }
    }

    /// Whether the repository sees the blob, and will for some time.
    private func isPromised(
        _ digest: Digest,
        _ repository: RepositoryName
    ) throws(RegistryError) -> Bool {
        let link = try read { view throws(CatalogError) -> (expires: UInt64?, horizon: UInt64)? in
            guard let row = try view.repository(repository),
                try view.link(row.number, digest) != nil
            else { return nil }
            return (try view.expiry(row.number, digest), try view.horizon())
        }
        return link.map { promise(repository, until: $0.expires, horizon: $0.horizon) } ?? false
    }

    /// New bytes go under the generation the catalog counts on, so that they heal a lost copy; a digest
    /// nobody names, under the epoch.
    func generationForNew(_ digest: Digest) throws(BlobError) -> UInt64 {
        do throws(CatalogError) {
            return try catalog.read { view throws(CatalogError) in
                if let row = try view.content(digest) { return row.generation.number }
                return try view.epoch().number
            }
        } catch {
            throw .trouble(FileError(kind: .other, errno: 0, operation: "read the catalog"))
        }
    }

    private func staging(
        _ state: UploadState,
        _ presence: StagingPresence
    ) async throws(RegistryError) -> any Staging {
        do throws(BlobError) {
            return try await blobs.stage(state.id, presence, expected: .sha256)
        } catch {
            throw error == .unknownStaging ? .uploadUnknown : .blobs(error)
        }
    }

    private func size(of staging: any Staging) async throws(RegistryError) -> UInt64 {
        do throws(BlobError) { return try await staging.size } catch {
            throw error == .unknownStaging ? .uploadUnknown : .blobs(error)
        }
    }

    private func next(_ body: any RequestBody) async throws(RegistryError) -> [UInt8]? {
        do throws(BodyError) { return try await body.next() } catch { throw .body(error) }
    }
}
