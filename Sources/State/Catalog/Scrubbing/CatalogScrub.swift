// SPDX-License-Identifier: Apache-2.0

public import Journal
import Platform
import SQLite

/// Looks at everything a catalog has, step by step, so that whoever steps can wait in between.
///
/// First the pages of the file as they lie on the disk, then both journals' chains up to where they ended
/// when it began with them, from which the projection is made anew in a file aside, and at last its rows
/// against those in use. Nothing is locked meanwhile and no snapshot is held longer than a step: rows are
/// compared a part at a time, each part when both stand at the same positions. Where entries come faster
/// than they are followed for that, rows are not compared.
public struct CatalogScrub: Sendable {
    /// Where an entry stands.
    public struct EntryPlace: Hashable, Sendable {
        /// In which journal.
        public var scope: Scope
        /// At which position.
        public var position: UInt64

        /// Names a place.
        public init(scope: Scope, position: UInt64) {
            self.scope = scope
            self.position = position
        }
    }

    /// What was found.
    public struct Findings: Hashable, Sendable {
        /// Entries whose hashes were checked.
        public var entries: UInt64 = 0
        /// Entries that are missing, cannot be read or are not what their chain says; at most `listedMax`.
        public var damagedEntries: [EntryPlace] = []
        /// Pages read.
        public var pages: UInt64 = 0
        /// Pages in use that fail their check; at most `listedMax`.
        public var damagedPages: [UInt32] = []
        /// Pages that fail their check and that nothing uses.
        public var unusedPages: [UInt32] = []
        /// Where the projection is not what the entries mean, one sentence a table.
        public var differences: [String] = []
        /// Whether every row was compared; not where an entry is damaged, the disk has no room, or entries
        /// came faster than they could be followed.
        public var isCompared = false

        /// The most that each list holds.
        public static let listedMax = 1000

        /// Whether the projection must be made anew.
        public var needsRebuild: Bool { !damagedPages.isEmpty || !differences.isEmpty }
        /// Makes findings of nothing.
        public init() {}
    }

    enum Stage {
        case pages(next: UInt32)
        case entries(Scope)
        case rows(table: Int, after: String?)
        case done
    }

    static let asideName = "catalog.compared"
    /// Pages read in a step.
    private static let pagesMax = 256
    /// Times a page is read before it is called damaged: it may just have been written, or not be given once.
    static let readsMax = 3

    let catalog: Catalog
    /// What was found so far.
    public internal(set) var findings = Findings()
    var stage = Stage.pages(next: 1)
    /// The projection made anew; nil once it cannot be.
    var aside: Session?
    /// How far each journal was read.
    var heads = Heads(region: .empty, estate: .empty)
    /// Where each journal ended when its chain began to be read.
    var ends = Heads(region: .empty, estate: .empty)
    /// Entries followed behind these ends, at most, beyond one for each entry and page there was.
    var followedMax: UInt64 = 10_000

    /// Begins with a catalog.
    public init(_ catalog: Catalog) {
        self.catalog = catalog
    }

    /// Does a part of the work; false when there is nothing left to do.
    public mutating func step() throws(CatalogError) -> Bool {
        switch stage {
        case .pages(let next): try scanPages(from: next)
        case .entries(let scope): try readEntries(scope)
        case .rows(let table, let after): try compareRows(table, after: after)
        case .done: return false
        }
        return true
    }

    /// Removes what was made aside; to be called whether it came to its end or not.
    public mutating func finish() throws(CatalogError) {
        stage = .done
        guard let made = aside else { return }
        aside = nil
        do throws(SQLiteError) { try made.connection.close() } catch { throw CatalogError(error) }
        try CatalogFile.remove(CatalogScrub.asideName, in: catalog.files)
    }

    // MARK: Reading

    /// Takes a step on one snapshot; what it did before it failed stays done, for it may stand in the file aside.
    mutating func look<Answer>(
        _ body: (inout CatalogScrub, CatalogView) throws(CatalogError) -> Answer
    ) throws(CatalogError) -> Answer {
        var scrub = self
        do throws(CatalogError) {
            let answer = try catalog.read { view throws(CatalogError) in try body(&scrub, view) }
            self = scrub
            return answer
        } catch {
            self = scrub
            throw error
        }
    }

    /// The same; a failure where the disk does not give a page, however often it is asked.
    mutating func lookOften<Answer>(
        _ body: (inout CatalogScrub, CatalogView) throws(CatalogError) -> Answer
    ) throws(CatalogError) -> Result<Answer, CatalogError> {
        for _ in 1..<CatalogScrub.readsMax {
            do throws(CatalogError) { return .success(try look(body)) } catch {
                guard error.isOfOnePage else { throw error }
            }
        }
        do throws(CatalogError) { return .success(try look(body)) } catch {
            guard error.isOfOnePage else { throw error }
            return .failure(error)
        }
    }

    // MARK: Pages

    private mutating func scanPages(from first: UInt32) throws(CatalogError) {
        guard !catalog.options.isInMemory, catalog.options.vfs != nil else {
            return try beginEntries()
        }
        let (bytes, unreadable) = try reading { () throws(FileError) in try pages(from: first) }
        findings.pages += UInt64(bytes.count / PageScan.pageBytes)
        let suspects = Set(PageScan.damaged(bytes, first: first)).union(unreadable).sorted()
        if !suspects.isEmpty { try makeWhole() }
        let isLast = bytes.count < CatalogScrub.pagesMax * PageScan.pageBytes
        try reading { () throws(FileError) in
            for number in suspects where findings.damagedPages.count < Findings.listedMax {
                if try fails(number) { findings.damagedPages.append(number) }
            }
            if isLast { try tellUnusedApart() }
        }
        if isLast {
            try beginEntries()
        } else {
            stage = .pages(next: first + UInt32(CatalogScrub.pagesMax))
        }
    }

    /// Has pages written again that the WAL holds: a crash while it was copied leaves them torn in the
    /// file, which is no damage.
    private func makeWhole() throws(CatalogError) {
        do throws(CatalogError) { try catalog.copyLogBesideOthers() } catch {
            switch error {
            // Where nothing can be written, or page 1 is what fails, what lies there is judged as it is.
            case .readOnly: return
            default: guard error.isOfOnePage else { throw error }
            }
        }
    }

    private func reading<Answer>(
        _ body: () throws(FileError) -> Answer
    ) throws(CatalogError) -> Answer {
        do throws(FileError) { return try body() } catch {
            throw CatalogError(error, "read the catalog's pages")
        }
    }

    private func read(from first: UInt32, _ count: Int) throws(FileError) -> [UInt8] {
        // Opened each time: a rebuilt file may have taken the place of the one before.
        let file = try catalog.files.open(Catalog.fileName, .readPastCaches)
        var bytes = [UInt8](repeating: 0, count: count * PageScan.pageBytes)
        let read = try file.read(
            into: &bytes,
            at: UInt64(first - 1) * UInt64(PageScan.pageBytes)
        )
        bytes.removeLast(bytes.count - read)
        return bytes
    }

    /// So many pages from `first`, with zeros for those that the disk does not give, and which these are.
    private func pages(
        from first: UInt32
    ) throws(FileError) -> (bytes: [UInt8], unreadable: [UInt32]) {
        do throws(FileError) { return (try read(from: first, CatalogScrub.pagesMax), []) } catch {
            guard error.kind == .device else { throw error }
        }
        var (bytes, unreadable): ([UInt8], [UInt32]) = ([], [])
        for number in first..<(first + UInt32(CatalogScrub.pagesMax)) {
            guard let page = try page(number) else {
                bytes += [UInt8](repeating: 0, count: PageScan.pageBytes)
                unreadable.append(number)
                continue
            }
            bytes += page
            guard page.count == PageScan.pageBytes else { break }
        }
        return (bytes, unreadable)
    }

    /// A page; nil where the disk does not give it, however often it is asked.
    private func page(_ number: UInt32) throws(FileError) -> [UInt8]? {
        for _ in 0..<CatalogScrub.readsMax {
            do throws(FileError) { return try read(from: number, 1) } catch {
                guard error.kind == .device else { throw error }
            }
        }
        return nil
    }

    private func fails(_ number: UInt32) throws(FileError) -> Bool {
        for _ in 1..<CatalogScrub.readsMax {
            guard let page = try page(number) else { return true }
            if PageScan.damaged(page, first: number).isEmpty { return false }
        }
        return true
    }

    /// Whatever is on the list of free pages that the file has is written before it is read again.
    private mutating func tellUnusedApart() throws(FileError) {
        guard !findings.damagedPages.isEmpty else { return }
        var unused: Set<UInt32> = []
        var next: UInt32 = 1
        var isFirst = true
        for _ in 0...findings.pages where next != 0 {
            guard let page = try page(next), PageScan.damaged(page, first: next).isEmpty else {
                break
            }
            let (following, free) = PageScan.freePages(page, isFirst: isFirst)
            unused.formUnion(free)
            (next, isFirst) = (following, false)
        }
        findings.unusedPages = findings.damagedPages.filter { unused.contains($0) }
        findings.damagedPages.removeAll { unused.contains($0) }
    }
}
