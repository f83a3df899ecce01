// SPDX-License-Identifier: Apache-2.0

public import Platform
public import SQLite
import Journal
import Synchronization

/// The entries of both journals and what they mean: one SQLite file, one transaction.
///
/// Everything that is read is read here; nothing is decided here. Readers see a snapshot; there is
/// one writer, and its transaction may stay open while the sequencer is asked.
public final class Catalog: Sendable {
    /// How the file is opened.
    public struct Options: Sendable {
        /// The VFS that checks pages; nil is SQLite's own, for tools that must look at a damaged file.
        public var vfs: PageCheckVFS?
        /// `full` when the catalog's commit is what makes an entry durable; `normal` behind a
        /// sequencer that keeps entries elsewhere.
        public var synchronous = Connection.Synchronous.full
        /// Frames of the WAL after which it is copied into the file. Default 2,000 (8 MiB).
        public var checkpointFrames: Int32 = 2000
        /// Reader connections kept for the next read. Default 4.
        public var readersMax = 4
        /// Pages each connection may hold, in KiB: the writer's; a reader has a quarter. Default 8,192.
        public var cacheKiB = 8192
        /// Makes the default options.
        public init() {}
    }

    /// The file's name in its directory.
    public static let fileName = "catalog.db"

    private let path: String
    private let options: Options
    private let writer: Session
    private let writerIsFree = Mutex(true)
    private let readers = Mutex<[Session]>([])

    /// Who this catalog belongs to.
    public let identity: EstateIdentity

    /// Opens the file in the directory at `directory`, making it at first.
    ///
    /// Refuses what is damaged or newer in a time that does not grow with the journal (`OpenCheck`).
    public init(
        at directory: String,
        world: World,
        options: Options = Options()
    ) throws(CatalogError) {
        path = "\(directory)/\(Catalog.fileName)"
        self.options = options
        do throws(SQLiteError) {
            let connection = try Connection(path: path, mode: .createIfMissing, through: options.vfs)
            writer = Session(connection)
        } catch { throw CatalogError(error) }
        try Catalog.configure(writer, options, cacheKiB: options.cacheKiB)
        identity = try FirstOpening.prepare(writer, world: world)
        try OpenCheck(session: writer).run()
    }

    /// Closes every connection; the last copies the WAL into the file and removes it.
    public func close() throws(CatalogError) {
        let idle = readers.withLock { readers in
            defer { readers = [] }
            return readers
        }
        do throws(SQLiteError) {
            for reader in idle { try reader.connection.close() }
            try writer.connection.close()
        } catch { throw CatalogError(error) }
    }

    /// Reads from a snapshot. Blocks on the disk; every call sees one position.
    public func read<Answer>(
        _ body: (CatalogView) throws(CatalogError) -> Answer
    ) throws(CatalogError) -> Answer {
        let session = try takeReader()
        do throws(SQLiteError) { try session.connection.beginRead() } catch {
            throw CatalogError(error)
        }
        let answer = Result { () throws(CatalogError) in try body(CatalogView(session)) }
        do throws(SQLiteError) { try session.connection.rollback() } catch {
            throw CatalogError(error)
        }
        giveBack(session)
        return try answer.get()
    }

    /// Opens the one write transaction, which stands exactly at the head.
    ///
    /// The caller sees to it that there is one at a time; a second is our bug and ends the process.
    public func begin() throws(CatalogError) -> WriteTransaction {
        let wasFree = writerIsFree.withLock { isFree in
            defer { isFree = false }
            return isFree
        }
        precondition(wasFree, "two write transactions on one catalog")
        do throws(SQLiteError) { try writer.connection.beginImmediate() } catch {
            free()
            throw CatalogError(error)
        }
        return WriteTransaction(writer, of: self)
    }

    func free() {
        writerIsFree.withLock { $0 = true }
    }

    private func takeReader() throws(CatalogError) -> Session {
        if let idle = readers.withLock({ $0.popLast() }) { return idle }
        do throws(SQLiteError) {
            let session = Session(try Connection(path: path, mode: .readOnly, through: options.vfs))
            try Catalog.configureReader(session, cacheKiB: options.cacheKiB / 4)
            return session
        } catch { throw CatalogError(error) }
    }

    private func giveBack(_ session: Session) {
        readers.withLock { readers in
            if readers.count < options.readersMax { readers.append(session) }
        }
    }

    private static func configureReader(
        _ session: Session,
        cacheKiB: Int
    ) throws(SQLiteError) {
        session.connection.setBusyTimeout(milliseconds: 5000)
        try session.connection.execute("PRAGMA cache_size = -\(cacheKiB); PRAGMA query_only = ON")
    }

    private static func configure(
        _ session: Session,
        _ options: Options,
        cacheKiB: Int
    ) throws(CatalogError) {
        let connection = session.connection
        do throws(SQLiteError) {
            connection.setBusyTimeout(milliseconds: 5000)
            try connection.useWriteAheadLog()
            try connection.setSynchronous(options.synchronous)
            connection.setAutomaticCheckpoint(frames: options.checkpointFrames)
            try connection.execute(
                """
                PRAGMA cache_size = -\(cacheKiB);
                PRAGMA journal_size_limit = \(Int64(options.checkpointFrames) * 4096 * 2);
                PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON
                """
            )
        } catch { throw CatalogError(error) }
    }
}

/// The ids drawn at the first start.
public struct EstateIdentity: Hashable, Sendable {
    /// The estate's.
    public var estate: Identifier
    /// The region's.
    public var region: Identifier
    /// The node's.
    public var node: Identifier

    /// Makes an identity.
    public init(estate: Identifier, region: Identifier, node: Identifier) {
        self.estate = estate
        self.region = region
        self.node = node
    }
}
