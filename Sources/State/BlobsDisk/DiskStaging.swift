// SPDX-License-Identifier: Apache-2.0

import Blobs
import Crypto
import OCI
import Platform
import Synchronization

/// One upload's bytes in a file.
///
/// The lock is held for a whole append or publish and never waited for: a second caller at the same
/// time is a client that repeats itself, and is told `busy`.
final class DiskStaging: Staging {
    /// Bytes read at a time when a hash did not run along.
    private static let readSize = 1 << 20

    private let id: Identifier
    private let store: DiskBlobStore
    private let state: Mutex<State>

    private struct State: ~Copyable {
        var file: (any File)?
        var size: UInt64
        var syncedTo: UInt64
        var hash: DigestContext?
        var isOver = false
    }

    init(_ id: Identifier, of store: DiskBlobStore, size: UInt64, algorithm: Digest.Algorithm) {
        self.id = id
        self.store = store
        // A hash runs along from the first byte or not at all.
        state = Mutex(
            State(
                file: nil,
                size: size,
                syncedTo: size,
                hash: size == 0 ? DigestContext(algorithm) : nil
            )
        )
    }

    var size: UInt64 {
        get async { state.withLock { $0.size } }
    }

    func append(_ bytes: [UInt8], at offset: UInt64) async throws(BlobError) {
        try exclusively { @Sendable (state: inout State) throws(BlobError) in
            guard offset == state.size else { throw .offsetMismatch(has: state.size) }
            do throws(FileError) {
                let file = try open(&state)
                try file.write(bytes.span, at: offset)
                state.hash?.update(bytes.span)
                state.size += UInt64(bytes.count)
                if state.size - state.syncedTo >= store.options.syncEvery {
                    try sync(file, &state)
                    state.file = store.stagingsLive > store.options.openStagingsMax ? nil : file
                }
            } catch {
                // What the file has now is unknown: the bytes after `size` are cut off, and a hash
                // that may have seen others than the file is not believed.
                state.hash = nil
                do { try state.file?.truncate(to: state.size) } catch { drop(&state) }
                throw BlobError(error)
            }
            try store.checkSpaceSometimes(state.size, added: bytes.count)
        }
    }

    func publish(
        as digest: Digest,
        generation: UInt64
    ) async throws(BlobError) -> Receipt {
        try exclusively { @Sendable (state: inout State) throws(BlobError) in
            let actual = try hash(&state, digest.algorithm)
            guard actual == digest else {
                drop(&state)
                throw .digestMismatch(actual: actual)
            }
            let directory: any Directory
            do throws(FileError) {
                try sync(try open(&state), &state)
                directory = try store.tree.directory(of: digest, generation, .createIfMissing)
                try store.stagingDirectory.rename(
                    id.description,
                    to: directory,
                    as: digest.hex
                )
            } catch {
                throw BlobError(error)
            }
            state.isOver = true
            store.forget(id)
            do throws(FileError) { try directory.sync() } catch {
                store.world.lifeline.halt("a directory could not be synced: \(error)")
                throw BlobError(error)
            }
            return Receipt(
                store: store.id,
                digest: digest,
                size: state.size,
                generation: generation
            )
        }
    }

    func cancel() async throws(BlobError) {
        try exclusively { @Sendable (state: inout State) throws(BlobError) in
            state.isOver = true
            store.forget(id)
            do throws(FileError) { try store.stagingDirectory.remove(id.description) } catch {
                throw BlobError(error)
            }
        }
    }

    private func exclusively<Answer: Sendable>(
        _ body: @Sendable (inout State) throws(BlobError) -> Answer
    ) throws(BlobError) -> Answer {
        let answer = state.withLockIfAvailable { state -> Result<Answer, BlobError> in
            guard !state.isOver else { return .failure(.unknownStaging) }
            do throws(BlobError) { return .success(try body(&state)) } catch {
                return .failure(error)
            }
        }
        guard let answer else { throw .busy }
        return try answer.get()
    }

    private func open(_ state: inout State) throws(FileError) -> any File {
        if let file = state.file { return file }
        let file = try store.stagingDirectory.open(id.description, .write)
        state.file = file
        return file
    }

    /// A sync that failed says nothing of what the disk has, now or later: the file goes.
    private func sync(_ file: any File, _ state: inout State) throws(FileError) {
        do throws(FileError) { try file.sync() } catch {
            drop(&state)
            throw error
        }
        state.syncedTo = state.size
    }

    private func drop(_ state: inout State) {
        state.isOver = true
        store.forget(id)
        try? store.stagingDirectory.remove(id.description)
    }

    private func hash(
        _ state: inout State,
        _ algorithm: Digest.Algorithm
    ) throws(BlobError) -> Digest {
        if let along = state.hash.take(), along.algorithm == algorithm {
            return along.finish()
        }
        var context = DigestContext(algorithm)
        var buffer = [UInt8](repeating: 0, count: DiskStaging.readSize)
        var position: UInt64 = 0
        do throws(FileError) {
            let file = try open(&state)
            while position < state.size {
                let wanted = min(UInt64(buffer.count), state.size - position)
                if wanted < UInt64(buffer.count) { buffer.removeLast(buffer.count - Int(wanted)) }
                let count = try file.read(into: &buffer, at: position)
                guard count > 0 else { break }
                context.update(buffer.span.extracting(0..<count))
                position += UInt64(count)
            }
        } catch {
            throw BlobError(error)
        }
        return context.finish()
    }
}

extension DiskBlobStore {
    /// Bytes staged between two looks at the free space.
    private static let spaceCheckEvery: UInt64 = 16 << 20

    func checkSpaceSometimes(_ size: UInt64, added: Int) throws(BlobError) {
        let before = (size - UInt64(added)) / DiskBlobStore.spaceCheckEvery
        if size / DiskBlobStore.spaceCheckEvery != before { try checkSpace() }
    }
}
