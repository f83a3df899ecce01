// SPDX-License-Identifier: Apache-2.0

import Blobs
import OCI
import Platform
import Synchronization

/// Where copies that were set aside lie; what is known of each is its name, so that a copy and what is
/// said of it cannot part.
final class Shelf: Sendable {
    /// Names read of the directory at a time.
    private static let namesPage = 1000
    /// Copies of one digest and generation that may be set aside within a second.
    private static let sameNameMax: UInt64 = 1000

    let directory: any Directory
    private let clocks: any Clocks
    private let counted: Mutex<QuarantineTotals>

    /// Opens the shelf and shows each copy that lies there to `body`.
    init(
        _ directory: any Directory,
        clocks: any Clocks,
        forEach body: (Quarantined) throws(FileError) -> Void
    ) throws(FileError) {
        self.directory = directory
        self.clocks = clocks
        var totals = QuarantineTotals()
        var after = ""
        while true {
            let names = try directory.names(after: after, limit: Shelf.namesPage)
            guard let last = names.last else { break }
            for case let copy? in names.map({ Shelf.copy($0, in: directory) }) {
                totals.count += 1
                totals.bytes += copy.size ?? 0
                try body(copy)
            }
            after = last
        }
        counted = Mutex(totals)
    }

    var totals: QuarantineTotals { counted.withLock { $0 } }

    /// A name for a copy that is about to be set aside, taken by none before it.
    ///
    /// Whoever asks keeps others from asking until the copy has it.
    func nameForNew(
        _ digest: Digest,
        _ generation: UInt64,
        _ flaw: Flaw
    ) throws(FileError) -> String {
        let now = clocks.wallMilliseconds()
        for milliseconds in now...(now + Shelf.sameNameMax) {
            let name = [
                BlobTree.name(generation), digest.algorithm.name, digest.hex, "\(milliseconds)",
                flaw.rawValue,
            ].joined(separator: ".")
            do throws(FileError) { _ = try directory.open(name, .read) } catch {
                guard error.kind == .notFound else { throw error }
                return name
            }
        }
        throw FileError(kind: .exists, errno: 0, operation: "set \(digest) aside once more")
    }

    /// Notes that a copy of so many bytes lies here now.
    func add(bytes: UInt64) {
        counted.withLock { counted in
            counted.count += 1
            counted.bytes += bytes
        }
    }

    /// Up to `limit` copies with names greater than `after`.
    func page(after: String, limit: Int) throws(FileError) -> [Quarantined] {
        var (page, after) = ([Quarantined](), after)
        while page.count < limit {
            let names = try directory.names(after: after, limit: limit - page.count)
            guard let last = names.last else { break }
            page += names.compactMap { Shelf.copy($0, in: directory) }
            after = last
        }
        return page
    }

    /// Removes copies, durably, and returns those that are gone.
    func remove(_ copies: [Quarantined]) throws(FileError) -> [Quarantined] {
        var removed: [Quarantined] = []
        for copy in copies where Shelf.copy(copy.name, in: nil) != nil {
            do throws(FileError) { try directory.remove(copy.name) } catch {
                guard error.kind == .notFound else { throw error }
                continue
            }
            removed.append(copy)
            counted.withLock { counted in
                counted.count -= 1
                counted.bytes -= min(counted.bytes, copy.size ?? 0)
            }
        }
        try directory.sync()
        return removed
    }

    /// What a name says; nil for one that is none of ours.
    ///
    /// Earlier versions wrote neither when nor why.
    private static func copy(_ name: String, in directory: (any Directory)?) -> Quarantined? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 || parts.count == 5, parts[0].utf8.count == 20,
            let generation = UInt64(parts[0]), let digest = Digest("\(parts[1]):\(parts[2])")
        else { return nil }
        var copy = Quarantined(
            name: name,
            digest: digest,
            generation: generation,
            size: nil,
            milliseconds: nil,
            flaw: nil
        )
        if parts.count == 5 {
            guard let milliseconds = UInt64(parts[3]), let flaw = Flaw(rawValue: String(parts[4]))
            else { return nil }
            (copy.milliseconds, copy.flaw) = (milliseconds, flaw)
        }
        // One that cannot be looked at is there all the same.
        do throws(FileError) { copy.size = try directory?.open(name, .read).size() } catch {
            copy.size = nil
        }
        return copy
    }
}
