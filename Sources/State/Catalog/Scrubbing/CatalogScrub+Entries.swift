// SPDX-License-Identifier: Apache-2.0

import Journal
import Platform
import SQLite

extension CatalogScrub {
    /// Entries checked and applied in a step.
    private static let entriesMax = 200

    mutating func beginEntries() throws(CatalogError) {
        switch try lookOften({ _, view throws(CatalogError) in try view.heads() }) {
        case .success(let heads): ends = heads
        case .failure(let reason):
            findings.differences.append("the ends of the journals: \(reason)")
            stage = .done
            return
        }
        stage = .entries(.estate)
        guard try hasRoom() else { return }
        // What cannot be begun, for a page that is not given, is not compared; the look at the pages told of it.
        for _ in 0..<CatalogScrub.readsMax where aside == nil {
            do throws(CatalogError) { try beginAside() } catch {
                guard error.isOfOnePage else { throw error }
                try drop()
            }
        }
    }

    private mutating func beginAside() throws(CatalogError) {
        var options = catalog.options
        // It counts for nothing, and is gone with the process.
        options.synchronous = .normal
        let made = try CatalogFile.make(
            CatalogScrub.asideName,
            in: catalog.files,
            at: catalog.directory,
            options
        )
        aside = made
        try catalog.read { view throws(CatalogError) in
            try CatalogRebuild.begin(made, from: view.session)
        }
    }

    /// Whether the disk has room for a second projection; what others write comes first.
    private func hasRoom() throws(CatalogError) -> Bool {
        guard !catalog.options.isInMemory else { return false }
        do throws(FileError) {
            let size = try catalog.files.open(Catalog.fileName, .read).size()
            return try catalog.files.freeBytes() / 2 > size
        } catch { throw CatalogError(error, "look for room") }
    }

    mutating func readEntries(_ scope: Scope) throws(CatalogError) {
        let end = ends[scope]
        var isAtEnd = false
        do throws(CatalogError) {
            isAtEnd = try look { scrub, view throws(CatalogError) in
                try scrub.follow(scope, view, to: end, limit: CatalogScrub.entriesMax)
            }
        } catch {
            guard error.isOfOnePage else { throw error }
            isAtEnd = try readOneByOne(scope, to: end)
        }
        guard isAtEnd else { return }
        if scope == .estate {
            stage = .entries(.region)
        } else {
            findings.isCompared = aside != nil
            stage = aside == nil ? .done : .rows(table: 0, after: nil)
        }
    }

    /// Reads on where a page of entries cannot be read: each position for itself.
    private mutating func readOneByOne(_ scope: Scope, to end: Head) throws(CatalogError) -> Bool {
        for _ in 0..<CatalogScrub.entriesMax {
            guard heads[scope].position < end.position else { return true }
            let read = try lookOften { scrub, view throws(CatalogError) in
                try scrub.follow(scope, view, to: end, limit: 1)
            }
            if case .failure = read { try note(scope, heads[scope].position + 1) }
        }
        return false
    }

    /// Checks up to `limit` entries and applies them aside; true at `last`.
    mutating func follow(
        _ scope: Scope,
        _ view: CatalogView,
        to last: Head,
        limit: Int
    ) throws(CatalogError) -> Bool {
        guard heads[scope].position < last.position else { return true }
        let from = heads[scope].position + 1
        let limit = Int(min(UInt64(limit), last.position - heads[scope].position))
        let page = try view.entries(scope, from: from, limit: limit)
        if let aside { try CatalogScrub.began(aside) }
        for stored in page {
            try noteMissing(scope, upTo: stored.position)
            let before = heads[scope].chain
            do throws(CatalogError) {
                let entry = try EntryCheck.check(stored, after: before.isEmpty ? nil : before)
                try apply(entry, stored)
            } catch {
                guard case .damaged = error else { throw error }
                try note(scope, stored.position)
            }
            findings.entries += 1
            heads[scope].position = stored.position
            heads[scope].chain = stored.chain
        }
        if let aside { try CatalogScrub.committed(aside) }
        // Where there is none up to there, all of them are missing.
        if page.isEmpty { try noteMissing(scope, upTo: last.position + 1) }
        guard heads[scope].position == last.position else { return false }
        if heads[scope].chain != last.chain { try note(scope, last.position) }
        return true
    }

    /// Where the file aside cannot take it, the rest is checked without being compared.
    private mutating func apply(_ entry: Entry, _ stored: StoredEntry) throws(CatalogError) {
        guard let aside else { return }
        do throws(CatalogError) {
            try WriteTransaction.write(entry, stored: stored, to: aside)
        } catch .full {
            try drop()
        }
    }

    /// Compares no more.
    mutating func drop() throws(CatalogError) {
        let before = stage
        try finish()
        stage = before
    }

    private mutating func noteMissing(
        _ scope: Scope,
        upTo position: UInt64
    ) throws(CatalogError) {
        for missing in (heads[scope].position + 1)..<position { try note(scope, missing) }
    }

    /// Notes a damaged entry; without it nothing that follows can be applied.
    private mutating func note(_ scope: Scope, _ position: UInt64) throws(CatalogError) {
        heads[scope].position = position
        // What follows it cannot be tied to anything.
        heads[scope].chain = []
        let place = EntryPlace(scope: scope, position: position)
        if findings.damagedEntries.count < Findings.listedMax,
            findings.damagedEntries.last != place
        {
            findings.damagedEntries.append(place)
        }
        try drop()
    }

    private static func began(_ session: Session) throws(CatalogError) {
        do throws(SQLiteError) { try session.connection.beginImmediate() } catch {
            throw CatalogError(error)
        }
    }

    private static func committed(_ session: Session) throws(CatalogError) {
        do throws(SQLiteError) { try session.connection.commit() } catch {
            throw CatalogError(error)
        }
    }
}
