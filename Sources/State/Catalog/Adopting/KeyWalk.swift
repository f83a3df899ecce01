// SPDX-License-Identifier: Apache-2.0

import Journal
import OCI
import Platform
import SQLite

/// How far the keys of a list of a projection were read, in their order.
struct KeyWalk<Key> {
    /// What the operator calls the list.
    let what: String
    /// Statements that give at most `?3` keys behind the place `?2` of the repository `?1`: from the
    /// table, then from an index, which has them too.
    let ways: [String]
    /// The repository's number; 0 for a list of all.
    let repository: Int64
    /// A row's key, and its place in the list.
    let read: (Statement) -> (key: Key, place: Value)?
    /// What is behind this was not read yet.
    var after: Value

    /// Up to `limit` keys behind a place, by the first way that leads to them.
    func page(
        _ view: CatalogView,
        after place: Value,
        limit: Int
    ) throws(CatalogError) -> [(key: Key, place: Value)] {
        for (index, way) in ways.enumerated() {
            do throws(CatalogError) {
                return try view.session.all(
                    way,
                    .integer(repository),
                    place,
                    .integer(Int64(limit)),
                    read: read
                ).compactMap { $0 }
            } catch {
                guard error.isOfOnePage, index + 1 < ways.count else { throw error }
            }
        }
        return []
    }
}

extension KeyWalk where Key == Digest {
    /// The digests that a table has of a repository.
    init(_ what: String, in table: String, of repository: Int64) {
        self.init(
            what: what,
            ways: ["", "INDEXED BY \(table)_digest"].map { index in
                """
                SELECT digest FROM \(table) \(index)
                WHERE repository = ?1 AND digest > ?2 ORDER BY digest LIMIT ?3
                """
            },
            repository: repository,
            read: { row in
                let key = row.blob(0)
                return Digest(key: key).map { (key: $0, place: Value.blob(key)) }
            },
            after: .blob([])
        )
    }
}

extension KeyWalk where Key == Tag {
    /// The tags of a repository.
    init(_ what: String, of repository: Int64) {
        self.init(
            what: what,
            ways: ["", "INDEXED BY tags_digest"].map { index in
                """
                SELECT name FROM tags \(index)
                WHERE repository = ?1 AND name > ?2 ORDER BY name LIMIT ?3
                """
            },
            repository: repository,
            read: { row in
                let text = row.text(0)
                return Tag(text).map { (key: $0, place: Value.text(text)) }
            },
            after: .text("")
        )
    }
}

extension KeyWalk where Key == Restatement.Repository {
    /// All repositories, by their numbers.
    ///
    /// What is greater than a number is looked for from that number on, which may lie on the page before:
    /// so each is asked for from the next number on.
    static var repositories: KeyWalk<Restatement.Repository> {
        KeyWalk<Restatement.Repository>(
            what: "repositories",
            ways: ["", "INDEXED BY sqlite_autoindex_repositories_1"].map { index in
                """
                SELECT id, namespace, path FROM repositories \(index)
                WHERE id >= ?2 + 1 ORDER BY id LIMIT ?3
                """
            },
            repository: 0,
            read: { row in
                let number = row.integer(0)
                return Identifier(bytes: row.blob(1)).map { namespace in
                    let key = RepositoryKey(namespace: namespace, path: row.text(2))
                    let repository = Restatement.Repository(number: number, key: key)
                    return (key: repository, place: Value.integer(number))
                }
            },
            after: .integer(0)
        )
    }
}

/// Places behind one, for where no way leads to what is next: numbers one by one, digests by what the
/// first bytes of their keys say. Of texts none are known.
extension Value {
    /// Numbers that are tried.
    private static let numbersMax: UInt64 = 1 << 20
    /// Bytes of a digest's key that count, the first of which is the algorithm.
    private static let bytesMax = 4
    /// Before the first digest, and behind the last one.
    private static let first: UInt64 = 1 << 24
    private static let end: UInt64 = 3 << 24

    /// How many places there are.
    var stepsMax: UInt64 {
        switch self {
        case .integer(let number): min(Value.numbersMax, UInt64(Int64.max - number))
        case .blob(let key): Value.end - min(Value.end, Value.step(of: key))
        case .text, .null: 0
        }
    }

    /// The place that many behind this one, which are not more than there are.
    func moved(by steps: UInt64) -> Value {
        switch self {
        case .integer(let number): return .integer(number + Int64(steps))
        case .blob(let key):
            let step = Value.step(of: key) + steps
            return .blob(
                (1...Value.bytesMax).map { index in
                    UInt8(truncatingIfNeeded: step >> UInt64(8 * (Value.bytesMax - index)))
                }
            )
        case .text, .null: return self
        }
    }

    private static func step(of key: [UInt8]) -> UInt64 {
        let padded = key.prefix(bytesMax) + [UInt8](repeating: 0, count: bytesMax)
        return max(first, padded.prefix(bytesMax).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// What the operator calls it.
    var place: String {
        switch self {
        case .integer(let number): return "number \(number)"
        case .text(let text): return "'\(text)'"
        case .null: return "nothing"
        case .blob(let key):
            if let digest = Digest(key: key) { return "\(digest)" }
            guard let first = key.first else { return "nothing" }
            guard let algorithm = Digest.Algorithm(rawValue: first) else { return "the end" }
            let digits = key.dropFirst().map { byte in
                String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
            return "\(algorithm.name):\(digits.joined())"
        }
    }
}
