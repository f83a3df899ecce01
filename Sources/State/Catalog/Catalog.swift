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
        /// Frames of the WAL after which it is copied into the file.
        ///
        /// Default 2,000 (8 MiB).
        public var checkpointFrames: Int32 = 2000
        /// Reader connections kept for the next read.
        ///
        /// Default 4.
        public var readersMax = 4
        /// Pages each connection may hold, in KiB: the writer's; a reader has a quarter.
        ///
        /// Default 8,192.
        public var cacheKiB = 8192
        /// Makes the default options.
        public init() {}

        /// Whether what is written never reaches a disk.
        var isInMemory: Bool { vfs?.isInMemory ?? false }
    }

    /// The file's name in its directory.
    public static let fileName = "catalog.db"

    private let path: String
    let world: World
    let options: Options
    let directory: String
    let files: any Directory
    let log = Mutex(LogState())
    private let writing = Mutex(Writing.free)
    private let opened: Mutex<Opened>
    private let inUse = SharedLock()

    /// Who may write.
    private enum Writing {
        case free, taken
        /// Nobody any more.
        case closed
    }

    /// The connections, replaced as a whole when a rebuilt file takes the place of this one.
    private struct Opened {
        /// Nil once the catalog is closed, or when what should have replaced it cannot be opened.
        var writer: Session?
        var readers: [Session] = []
    }

    /// Who this catalog belongs to.
    public let identity: EstateIdentity

    /// Whether the directory `files` has a catalog's file; one of no length is refused.
    public static func exists(in files: any Directory) throws(CatalogError) -> Bool {
        try CatalogFile.exists(in: files)
    }

    /// Whether whoever had the catalog of the directory `files` open last did not close it: a WAL is left then.
    public static func wasLeftOpen(in files: any Directory) throws(CatalogError) -> Bool {
        do throws(FileError) {
            _ = try files.open("\(fileName)-wal", .read)
            return true
        } catch {
            guard error.kind == .notFound else { throw CatalogError(error, "look for a WAL") }
            return false
        }
    }

    /// Opens the file in the directory at `directory`, making it at first.
    ///
    /// Refuses what is damaged or newer in a time that does not grow with the journal (`OpenCheck`); a
    /// file of an earlier form is rebuilt first, once, in a time that does.
    public init(
        at directory: String,
        world: World,
        options: Options = Options()
    ) throws(CatalogError) {
        self.directory = directory
        path = "\(directory)/\(Catalog.fileName)"
        self.world = world
        self.options = options
        files = try Catalog.files(at: directory, world)
        try CatalogFile.finishReplacing(in: files, or: world.lifeline)
        if !options.isInMemory { try CatalogFile.removeLeftovers(in: files) }
        if try CatalogFile.exists(in: files) {
            try LogRecovery.run(in: files, at: path, options)
        } else {
            try FirstOpening.make(in: files, at: directory, world: world, options: options)
        }
        let writer: Session
        (writer, identity) = try Catalog.recognised(path, at: directory, world, options)
        try OpenCheck(session: writer).run()
        opened = Mutex(Opened(writer: writer))
    }

    private static func recognised(
        _ path: String,
        at directory: String,
        _ world: World,
        _ options: Options
    ) throws(CatalogError) -> (Session, EstateIdentity) {
        for isRebuilt in [false, true] {
            let writer = try openWriter(path, options)
            if let identity = try FirstOpening.recognise(writer) { return (writer, identity) }
            do throws(SQLiteError) { try writer.connection.close() } catch {
                throw CatalogError(error)
            }
            guard !isRebuilt, !options.isInMemory else { break }
            try CatalogRebuild.offline(at: directory, world: world, options: options) { _, _ in }
        }
        throw .damaged(
            "the catalog has an earlier form and cannot be rebuilt here: start the server once where it "
                + "may write the data directory"
        )
    }

    /// Copies the WAL into the file and closes every connection; the last removes the WAL.
    ///
    /// Where the WAL could not be copied as a whole that is the error, and it stays for the next start.
    /// Where a change is under way nothing is closed, and that is the error: the change ends as it will.
    public func close() throws(CatalogError) {
        let isUnderWay = writing.withLock { writing in
            defer { if writing == .free { writing = .closed } }
            return writing == .taken
        }
        guard !isUnderWay else {
            throw .trouble(SQLiteError(code: .busy, message: "a change is still under way"))
        }
        try inUse.replacing { () throws(CatalogError) in
            // SQLite does this by itself too, but says nothing when it cannot.
            let copied = Result { () throws(CatalogError) in try copyLog() }
            try closeAll()
            try copied.get()
        }
    }

    private func copyLog() throws(CatalogError) {
        guard let writer = opened.withLock(\.writer), !options.isInMemory else { return }
        try CatalogFile.checkpoint(writer)
    }

    /// Copies what the WAL has into the file, as far as no reader is in the way, while others go on.
    func copyLogBesideOthers() throws(CatalogError) {
        try inUse.using { () throws(CatalogError) in
            do throws(SQLiteError) {
                let own = try Connection(path: path, mode: .readWrite, through: options.vfs)
                let copied = Result { () throws(SQLiteError) in
                    // Until it has read, a connection does not know of the WAL, and copies nothing.
                    try own.execute("SELECT 1 FROM sqlite_schema LIMIT 1")
                    try own.checkpoint(.passive)
                }
                try own.close()
                _ = try copied.get()
            } catch { throw CatalogError(error) }
        }
    }

    /// Reads from a snapshot.
    ///
    /// Blocks on the disk; every call sees one position. Not to be nested.
    public func read<Answer>(
        _ body: (CatalogView) throws(CatalogError) -> Answer
    ) throws(CatalogError) -> Answer {
        try inUse.using { () throws(CatalogError) in
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
    }

    /// Opens the one write transaction, which stands exactly at the head.
    ///
    /// The caller sees to it that there is one at a time; a second is our bug and ends the process.
    public func begin() throws(CatalogError) -> WriteTransaction {
        try take()
        do throws(CatalogError) {
            if let obstacle { throw obstacle }
            let writer = try self.writer()
            do throws(SQLiteError) { try writer.connection.beginImmediate() } catch {
                throw CatalogError(error)
            }
            return WriteTransaction(writer, of: self)
        } catch {
            free()
            throw error
        }
    }

    /// Becomes the one writer, until `free`.
    func take() throws(CatalogError) {
        let before = writing.withLock { writing in
            defer { if writing == .free { writing = .taken } }
            return writing
        }
        if before == .closed { throw Catalog.isClosed }
        precondition(before == .free, "two write transactions on one catalog")
    }

    func free() {
        writing.withLock { if $0 == .taken { $0 = .free } }
    }

    /// Puts another file in the place of this one, while nobody reads.
    ///
    /// When that fails the old one is opened again, its WAL looked at as at a start.
    func swap(_ replace: () throws(CatalogError) -> Void) throws(CatalogError) {
        try inUse.replacing { () throws(CatalogError) in
            try closeAll()
            let outcome = Result { () throws(CatalogError) in try replace() }
            do throws(CatalogError) {
                try LogRecovery.run(in: files, at: path, options)
                let writer = try Catalog.openWriter(path, options)
                opened.withLock { $0 = Opened(writer: writer) }
                log.withLock { $0 = LogState() }
            } catch {
                world.lifeline.halt("the catalog could not be opened again: \(error)")
                throw error
            }
            try outcome.get()
        }
    }

    private func writer() throws(CatalogError) -> Session {
        guard let writer = opened.withLock(\.writer) else { throw Catalog.isClosed }
        return writer
    }

    static let isClosed = CatalogError.trouble(
        SQLiteError(code: .misuse, message: "the catalog is closed; restart the node")
    )

    private func closeAll() throws(CatalogError) {
        let sessions = opened.withLock { opened in
            defer { opened = Opened(writer: nil) }
            return opened.readers + (opened.writer.map { [$0] } ?? [])
        }
        do throws(SQLiteError) {
            for session in sessions { try session.connection.close() }
        } catch { throw CatalogError(error) }
    }

    private func takeReader() throws(CatalogError) -> Session {
        let (idle, isOpen) = opened.withLock { ($0.readers.popLast(), $0.writer != nil) }
        if let idle { return idle }
        guard isOpen else { throw Catalog.isClosed }
        do throws(SQLiteError) {
            let session = Session(try Connection(path: path, mode: .readOnly, through: options.vfs))
            try Catalog.configureReader(session, cacheKiB: options.cacheKiB / 4)
            return session
        } catch { throw CatalogError(error) }
    }

    private func giveBack(_ session: Session) {
        opened.withLock { opened in
            if opened.readers.count < options.readersMax { opened.readers.append(session) }
        }
    }

    static func files(
        at directory: String,
        _ world: World
    ) throws(CatalogError) -> any Directory {
        do throws(FileError) {
            return try world.files.directory(at: directory, .mustExist)
        } catch {
            throw CatalogError(error, "open the data directory")
        }
    }

    static func openWriter(_ path: String, _ options: Options) throws(CatalogError) -> Session {
        let writer: Session
        do throws(SQLiteError) {
            writer = Session(
                try Connection(path: path, mode: .createIfMissing, through: options.vfs)
            )
        } catch { throw CatalogError(error) }
        try configure(writer, options, cacheKiB: options.cacheKiB)
        return writer
    }

    private static func configureReader(
        _ session: Session,
        cacheKiB: Int
    ) throws(SQLiteError) {
        session.connection.setBusyTimeout(milliseconds: Catalog.busyMilliseconds)
        try session.connection.execute("PRAGMA cache_size = -\(cacheKiB); PRAGMA query_only = ON")
    }

    private static func configure(
        _ session: Session,
        _ options: Options,
        cacheKiB: Int
    ) throws(CatalogError) {
        let connection = session.connection
        do throws(SQLiteError) {
            connection.setBusyTimeout(milliseconds: Catalog.busyMilliseconds)
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
