// SPDX-License-Identifier: Apache-2.0

import Blobs
import OCI
public import Platform
import Synchronization

/// What is known of a staging from outside.
public struct StagingSummary: Equatable, Sendable {
    /// Its id.
    public var id: Identifier
    /// How many bytes it has.
    public var size: UInt64
    /// How long it lay untouched, as of the last care; see `StagingAges`.
    public var age: Duration
}

extension Stagings {
    /// Names read of the directory at a time.
    private static let namesPage = 10_000

    /// What care remembers from one time to the next.
    struct Care {
        var ages: StagingAges
        /// What the file says.
        var written: [UInt8]?
        /// Stagings not used since then are idle.
        var mark: UInt64 = 0
    }

    /// A page of what there is, in the order of ids.
    func page(after: Identifier?, limit: Int) throws(BlobError) -> [StagingSummary] {
        let names = try names(after: after?.description ?? "", limit: limit)
        let present = try sizes(of: names.compactMap { Identifier($0) })
        return care.withLock { care in
            present.map { StagingSummary(id: $0.id, size: $0.size, age: care.ages.age($0.id)) }
        }
    }

    /// Counts ages on, drops what lay untouched for `bound`, closes what was idle since the last time.
    func expire(olderThan bound: Duration) throws(BlobError) -> Int {
        let present = try sizes(of: try allIDs())
        let now = world.clocks.monotonic()
        let mark = table.withLock { $0.mark }
        let (old, idleMark) = care.withLock { care in
            care.ages.observe(present, now: now)
            defer { care.mark = mark }
            return (care.ages.entries.filter { $0.age >= bound }, care.mark)
        }
        for id in table.withLock({ $0.condemned }) { drop(id) }
        var dropped = 0
        for entry in old where try drop(entry) { dropped += 1 }
        while let closing = table.withLock({ $0.claimIdle(since: idleMark) }) { close(closing) }
        try writeAges()
        return dropped
    }

    private func drop(_ entry: StagingAges.Entry) throws(BlobError) -> Bool {
        do {
            return try exclusively(entry.id, .sha256) { held throws(Failure) in
                guard held.staged.size == entry.size else { return false }
                do throws(FileError) {
                    try remove(entry.id)
                } catch {
                    throw .refused(BlobError(error))
                }
                held.isOver = true
                return true
            }
        } catch {
            // Somebody has just come for it, or finished it.
            guard error == .busy || error == .unknownStaging else { throw error }
            return false
        }
    }

    private func writeAges() throws(BlobError) {
        let text = care.withLock { care -> [UInt8]? in
            let text = care.ages.text
            let isEmptyAndNew = care.written == nil && care.ages.entries.isEmpty
            return text == care.written || isEmptyAndNew ? nil : text
        }
        guard let text else { return }
        do throws(PublishError) {
            try store.publish(text, as: StagingAges.fileName, or: world.lifeline)
        } catch {
            throw BlobError(error.cause)
        }
        care.withLock { $0.written = text }
    }

    private func allIDs() throws(BlobError) -> [Identifier] {
        var ids: [Identifier] = []
        var last = ""
        while true {
            let names = try names(after: last, limit: Stagings.namesPage)
            ids += names.compactMap { Identifier($0) }
            guard names.count == Stagings.namesPage, let end = names.last else { return ids }
            last = end
        }
    }

    private func names(after: String, limit: Int) throws(BlobError) -> [String] {
        do throws(FileError) { return try directory.names(after: after, limit: limit) } catch {
            throw BlobError(error)
        }
    }

    /// Their sizes, without those that went meanwhile.
    private func sizes(
        of ids: [Identifier]
    ) throws(BlobError) -> [(id: Identifier, size: UInt64)] {
        var sizes: [(id: Identifier, size: UInt64)] = []
        sizes.reserveCapacity(ids.count)
        for id in ids {
            do throws(BlobError) { sizes.append((id, try size(id))) } catch {
                guard error == .unknownStaging else { throw error }
            }
        }
        return sizes
    }
}
