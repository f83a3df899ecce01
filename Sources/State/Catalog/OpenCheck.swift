// SPDX-License-Identifier: Apache-2.0

import SQLite
import Journal

/// What is looked at before a catalog is used, in a time that does not grow with the journal.
///
/// The head against the last entry, the chain of the last entries, the projection's position against
/// the head. What lies deeper is found by scrubbing. (I11: a node never goes on after finding its
/// catalog ahead of, or unlike, the head.)
struct OpenCheck {
    /// Entries of each chain that are read.
    static let entriesMax = 1000
    /// Entries held in memory at a time: a thousand may have a gigabyte, and few use the same memory again.
    private static let pageMax = 50

    let session: Session

    func run() throws(CatalogError) {
        let view = CatalogView(session)
        let heads = try view.heads()
        for scope in Scope.allCases {
            try checkChain(view, scope, heads[scope])
            try checkMark(scope, heads[scope])
            let level = try view.level(scope)
            guard level <= EntryCodec.levelSupported else {
                throw .newer(
                    "the \(scope) journal uses level \(level) and this build knows "
                        + "\(EntryCodec.levelSupported): start a version that knows it"
                )
            }
        }
    }

    private func checkChain(
        _ view: CatalogView,
        _ scope: Scope,
        _ head: Head
    ) throws(CatalogError) {
        let last =
            try session.first(
                "SELECT coalesce(max(position), 0) FROM entries WHERE scope = ?1",
                .integer(Int64(scope.rawValue)),
                read: { UInt64($0.integer(0)) }
            ) ?? 0
        guard last == head.position else {
            throw damaged(scope, "the head is at \(head.position) but the last entry at \(last)")
        }
        guard head.position > 0 else { return }
        let first = head.position - min(head.position, UInt64(OpenCheck.entriesMax)) + 1
        var next = first
        var predecessor = first == 1 ? Head.empty.chain : nil
        while next <= head.position {
            let page = try view.entries(scope, from: next, limit: OpenCheck.pageMax)
            for entry in page {
                guard entry.position == next else { break }
                _ = try EntryCheck.frame(entry, after: predecessor)
                predecessor = entry.chain
                next += 1
            }
            guard page.last.map({ $0.position + 1 == next }) ?? false else {
                throw damaged(scope, "entry \(next) is missing")
            }
        }
        guard predecessor == head.chain else {
            throw damaged(scope, "the last entry's chain hash is not the head's")
        }
    }

    private func checkMark(_ scope: Scope, _ head: Head) throws(CatalogError) {
        let position = try session.first(
            "SELECT position FROM marks WHERE scope = ?1",
            .integer(Int64(scope.rawValue)),
            read: { UInt64($0.integer(0)) }
        )
        guard position == head.position else {
            throw damaged(
                scope,
                "the projection stands at \(position ?? 0), the journal at \(head.position)"
            )
        }
    }

    private func damaged(_ scope: Scope, _ problem: String) -> CatalogError {
        .damaged(
            "\(scope) journal: \(problem); restore the directory from a backup, or copy it and run "
                + "'breakwater catalog rebuild --offline' on the copy to see what it still proves"
        )
    }
}

/// Whether a stored entry is what its chain says.
enum EntryCheck {
    /// Decodes an entry and checks its place and hashes; `predecessor` nil leaves the link unchecked.
    static func check(
        _ stored: StoredEntry,
        after predecessor: [UInt8]?
    ) throws(CatalogError) -> Entry {
        let frame = try frame(stored, after: predecessor)
        do throws(EntryError) { return try frame.entry() } catch {
            throw refusal(error, place(stored))
        }
    }

    /// Checks an entry's place and hashes, and that its kinds are known, without reading its events.
    static func frame(
        _ stored: StoredEntry,
        after predecessor: [UInt8]?
    ) throws(CatalogError) -> EntryFrame {
        guard EntryCodec.chain(stored.bytes) == stored.chain else {
            throw .damaged("\(place(stored)) does not have its chain hash; restore from a backup")
        }
        let frame: EntryFrame
        do throws(EntryError) { frame = try EntryFrame(stored.bytes) } catch {
            throw refusal(error, place(stored))
        }
        guard frame.scope == stored.scope else {
            throw .damaged("\(place(stored)) belongs to the other journal; restore from a backup")
        }
        guard predecessor == nil || frame.predecessor == predecessor else {
            throw .damaged(
                "\(place(stored)) does not follow its predecessor; restore from a backup"
            )
        }
        return frame
    }

    private static func place(_ stored: StoredEntry) -> String {
        "entry \(stored.position) of the \(stored.scope) journal"
    }

    static func refusal(_ error: EntryError, _ place: String) -> CatalogError {
        switch error {
        case .unknownLevel(let level):
            .newer("\(place) needs level \(level): start a version that knows it")
        case .unknownKind(let kind):
            .newer("\(place) has an event of kind \(kind): start a version that knows it")
        case .unknownForm(let form):
            .newer("\(place) is stored in form \(form): start a version that knows it")
        case .malformed(let problem): .damaged("\(place): \(problem); restore from a backup")
        }
    }
}
