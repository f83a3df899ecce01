// SPDX-License-Identifier: Apache-2.0

import Blobs
import OCI
import Platform
import Synchronization

/// All stagings of a store: opened when bytes come, closed when others need the descriptors.
final class Stagings: Sendable {
    /// What becomes of a staging when the work on it fails.
    enum Failure: Error {
        /// It is as it was.
        case refused(BlobError)
        /// Its bytes are wrong or unknown: it is dropped.
        case lost(BlobError)
    }

    /// A staging in the hands of the one who works on it.
    struct Held {
        var staged: StagedFile
        /// Whether its file has gone elsewhere.
        var isOver = false
    }

    /// How often one call waits for a closing that comes before it.
    private static let closingsMax = 16

    /// Where their files are.
    let directory: any Directory
    /// Where the store is.
    let store: any Directory
    let world: World
    let table: Mutex<StagingTable>
    let care: Mutex<Care>
    private let options: DiskBlobStore.Options

    init(
        _ directory: any Directory,
        of store: any Directory,
        world: World,
        options: DiskBlobStore.Options
    ) throws(FileError) {
        self.directory = directory
        self.store = store
        self.world = world
        self.options = options
        let names = try directory.names(after: "", limit: options.stagingsMax)
        table = Mutex(StagingTable(count: names.count { Identifier($0) != nil }))
        let written: [UInt8]?
        do throws(FileError) {
            written = try store.contents(
                of: StagingAges.fileName,
                limit: StagingAges.fileMax(options.stagingsMax)
            )
        } catch {
            // Without the file they are all young, which is safe; blobs are served all the same.
            written = nil
        }
        let ages = StagingAges(written, now: world.clocks.monotonic())
        care = Mutex(Care(ages: ages, written: written))
    }

    /// How many there are.
    var count: Int { table.withLock { $0.count } }
    /// How many are open.
    var openCount: Int { table.withLock { $0.openCount } }

    /// Makes a new staging.
    func begin(_ id: Identifier, _ algorithm: Digest.Algorithm) throws(BlobError) {
        try checkSpace()
        switch table.withLock({ $0.reserve(id, max: options.stagingsMax) }) {
        case .made: break
        case .exists: throw .stagingExists
        case .full: throw .tooManyStagings
        }
        let file: any File
        do throws(FileError) {
            file = try directory.open(id.description, .createNew)
        } catch {
            table.withLock { $0.end(id) }
            throw error.kind == .exists ? .stagingExists : BlobError(error)
        }
        let staged = StagedFile(
            file,
            size: 0,
            flushEvery: options.flushEvery,
            algorithm: algorithm
        )
        table.withLock { $0.release(id, staged) }
        closeSurplus()
    }

    /// Finds a staging, perhaps one that takes bytes; one that is being written is there.
    func find(
        _ id: Identifier,
        _ algorithm: Digest.Algorithm,
        takesBytes: Bool
    ) throws(BlobError) {
        do {
            try exclusively(id, algorithm) { held throws(Failure) in
                if takesBytes, held.staged.isPublished { throw .refused(.unknownStaging) }
            }
        } catch {
            guard error == .busy else { throw error }
        }
    }

    /// The length as of the last call that finished.
    func size(_ id: Identifier) throws(BlobError) -> UInt64 {
        switch table.withLock({ $0.length(id) }) {
        case .known(let size): return size
        case .condemned: throw .unknownStaging
        case .unknown: break
        }
        do throws(FileError) { return try directory.open(id.description, .read).size() } catch {
            throw error.kind == .notFound ? .unknownStaging : BlobError(error)
        }
    }

    /// Works on a staging that nobody else works on; throws `.busy` instead of waiting.
    func exclusively<Answer>(
        _ id: Identifier,
        _ algorithm: Digest.Algorithm,
        _ body: (inout Held) throws(Failure) -> Answer
    ) throws(BlobError) -> Answer {
        var held = Held(staged: try claim(id, algorithm))
        let answer: Answer
        do throws(Failure) { answer = try body(&held) } catch {
            switch error {
            case .refused(let reason):
                settle(id, held)
                throw reason
            case .lost(let reason):
                drop(id)
                throw reason
            }
        }
        settle(id, held)
        return answer
    }

    private func claim(
        _ id: Identifier,
        _ algorithm: Digest.Algorithm
    ) throws(BlobError) -> StagedFile {
        switch claimOpen(id) {
        case .held(let staged): return staged
        case .busy, .closing: throw .busy
        case .condemned: throw .unknownStaging
        case .absent: break
        }
        do throws(FileError) {
            let file = try directory.open(id.description, .write)
            var staged = StagedFile(
                file,
                size: try file.size(),
                flushEvery: options.flushEvery,
                algorithm: algorithm
            )
            staged.isPublished = try file.links() > 1
            return staged
        } catch {
            table.withLock { $0.close(id) }
            throw error.kind == .notFound ? .unknownStaging : BlobError(error)
        }
    }

    /// Claims a staging; one that is being closed is waited for, since its client is not to blame.
    private func claimOpen(_ id: Identifier) -> StagingTable.Claim {
        var claim = table.withLock { $0.claim(id) }
        for _ in 0..<Stagings.closingsMax {
            guard case .closing(let over) = claim else { break }
            over.wait(milliseconds: -1)
            claim = table.withLock { $0.claim(id) }
        }
        return claim
    }

    private func settle(_ id: Identifier, _ held: Held) {
        table.withLock { table in
            if held.isOver { table.end(id) } else { table.release(id, held.staged) }
        }
        closeSurplus()
    }

    /// Removes the file of a claimed staging.
    ///
    /// One that cannot be removed is never used again by this process; a directory that takes no
    /// removal takes no rename either, so it cannot become a blob after a restart on the same disk.
    func drop(_ id: Identifier) {
        do throws(FileError) {
            try remove(id)
        } catch {
            guard error.kind == .notFound else {
                table.withLock { $0.condemn(id) }
                return
            }
        }
        table.withLock { $0.end(id) }
    }

    /// Gives a claimed staging a second name, for publishing it and keeping the first.
    ///
    /// Returns nil where files have one name only.
    func secondName(_ id: Identifier) throws(FileError) -> String? {
        let name = Stagings.secondName(id)
        do throws(FileError) {
            // A process may have died before it used the name.
            do throws(FileError) { try directory.link("\(id)", to: directory, as: name) } catch {
                guard error.kind == .exists else { throw error }
                try directory.remove(name)
                try directory.link("\(id)", to: directory, as: name)
            }
            return name
        } catch {
            guard error.kind == .denied || error.kind == .other else { throw error }
            return nil
        }
    }

    private static func secondName(_ id: Identifier) -> String { "\(id).link" }

    /// Removes the second name; one that is not there is as well.
    func removeSecondName(_ id: Identifier) throws(FileError) {
        do throws(FileError) { try directory.remove(Stagings.secondName(id)) } catch {
            guard error.kind == .notFound else { throw error }
        }
    }

    /// Removes the names of a claimed staging, which is no more without the first.
    func remove(_ id: Identifier) throws(FileError) {
        try removeSecondName(id)
        try directory.remove(id.description)
    }

    private func closeSurplus() {
        while let closing = table.withLock({ $0.claimSurplus(max: options.openStagingsMax) }) {
            close(closing)
        }
    }

    /// Closes a claimed staging, synced first: the kernel may forget a failure to write once nobody
    /// has the file open.
    func close(_ closing: StagingTable.Closing) {
        defer { closing.over.ring() }
        do throws(FileError) {
            try closing.staged.file.sync()
            table.withLock { $0.close(closing.id) }
        } catch {
            drop(closing.id)
        }
    }

    /// Throws when the store has less room than its floor.
    func checkSpace() throws(BlobError) {
        let free: UInt64
        do throws(FileError) { free = try directory.freeBytes() } catch { throw BlobError(error) }
        guard free >= options.freeBytesFloor else { throw .noSpace }
    }
}
