// SPDX-License-Identifier: Apache-2.0

import SQLite
public import OCI
import Platform

extension CatalogView {
    /// Up to `limit` names of repositories that have a manifest, greater than `after`, in byte order.
    ///
    /// Rows are ordered inside a namespace; a namespace whose name begins another's (`a` and `a-b`)
    /// interleaves with it, because `-` and `.` sort before `/`. So the namespaces in question are
    /// merged: those whose names begin `after`, and those that follow, as far as the page needs.
    public func repositories(
        after: String,
        limit: Int
    ) throws(CatalogError) -> [RepositoryName] {
        guard limit > 0 else { return [] }
        var open: [Run] = []
        for prefix in CatalogView.prefixes(of: after) {
            if let run = try run(named: prefix, after: after, limit: limit) { open.append(run) }
        }
        var following = try namespaces(after: after)
        var page: [RepositoryName] = []
        while page.count < limit {
            let smallest = open.indices.min { open[$0].name < open[$1].name }
            if let next = following.last,
                smallest.map({ !precedes(open[$0].name, next) }) ?? true
            {
                following.removeLast()
                if let run = try run(named: next, after: after, limit: limit - page.count) {
                    open.append(run)
                }
                if following.isEmpty { following = try namespaces(after: next) }
                continue
            }
            guard let smallest else { break }
            page.append(open[smallest].name)
            if !open[smallest].advance() { open.remove(at: smallest) }
        }
        return page
    }

    /// Names of one namespace, from the next one on.
    private struct Run {
        var names: [RepositoryName]
        var index = 0
        var name: RepositoryName { names[index] }

        mutating func advance() -> Bool {
            index += 1
            return index < names.count
        }
    }

    /// Namespaces read at a time.
    private static let namespacesPage = 64

    private func precedes(_ name: RepositoryName, _ text: String) -> Bool {
        name.description.utf8.lexicographicallyPrecedes(text.utf8)
    }

    /// The texts before each `-`, `.`, `/` of `text`, and `text`: namespaces with names beyond it.
    ///
    /// No other byte of a name sorts before the `/` that ends a namespace. The text is a client's and may
    /// be no name at all: what is longer than names are is not looked for.
    static func prefixes(of text: String) -> [String] {
        var prefixes: [String] = []
        let lengthMax = RepositoryName.lengthMax
        for index in text.utf8.prefix(lengthMax + 1).indices
        where [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/")].contains(text.utf8[index]) {
            prefixes.append(String(text[..<index]))
            if text.utf8[index] == UInt8(ascii: "/") { return prefixes }
        }
        let isName = (1...lengthMax).contains(text.utf8.count)
        return isName ? prefixes + [text] : prefixes
    }

    /// Names of namespaces greater than `after` that have anything to list, greatest first.
    private func namespaces(after: String) throws(CatalogError) -> [String] {
        try session.all(
            """
            SELECT name FROM namespaces WHERE name > ?1 AND EXISTS (
                SELECT 1 FROM repositories WHERE namespace = namespaces.id AND manifests > 0)
            ORDER BY name LIMIT ?2
            """,
            .text(after),
            .integer(Int64(CatalogView.namespacesPage)),
            read: { $0.text(0) }
        ).reversed()
    }

    private func run(
        named name: String,
        after: String,
        limit: Int
    ) throws(CatalogError) -> Run? {
        guard let id = try namespace(named: name) else { return nil }
        // Every path, when the namespace's own name is beyond `after`; else those beyond its rest.
        let isBeyond = after.utf8.lexicographicallyPrecedes(name.utf8)
        let prefix = Array(name.utf8) + [UInt8(ascii: "/")]
        let isInside = after.utf8.starts(with: prefix)
        let rest =
            isInside ? String(decoding: after.utf8.dropFirst(prefix.count), as: UTF8.self) : ""
        let beyond = isBeyond ? ">=" : ">"
        let paths = try session.all(
            """
            SELECT path FROM repositories
            WHERE namespace = ?1 AND manifests > 0 AND path \(beyond) ?2
            ORDER BY path LIMIT ?3
            """,
            .id(id),
            .text(isBeyond ? "" : rest),
            .integer(Int64(limit)),
            read: { $0.text(0) }
        )
        let names = paths.compactMap { path in
            RepositoryName(path.isEmpty ? name : "\(name)/\(path)")
        }
        return names.isEmpty ? nil : Run(names: names)
    }
}
