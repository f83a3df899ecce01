// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Journal
import OCI
import Platform
import SQLite
import Testing

/// An entry is damaged, and so are pages of the tables.
@Suite(.timeLimit(.minutes(10))) struct `Adopting a projection that has damaged pages` {
    private static let pageBytes = 4096
    private let options: Catalog.Options
    private let fixture: CatalogFixture

    /// What a repository has.
    private struct Names: Equatable {
        var blobs: [Digest]
        var manifests: [Digest]
        var tags: [OCI.Tag]
    }

    init() throws {
        var options = Catalog.Options()
        options.vfs = PageCheckVFS(over: .system) { Issue.record("a sync failed: \($0)") }
        self.options = options
        fixture = try CatalogFixture(options)
    }

    /// Runs a change, with pages that are whole.
    private func alter(_ sql: String) throws {
        let path = "\(fixture.path)/\(Catalog.fileName)"
        let connection = try Connection(path: path, mode: .readWrite, through: options.vfs)
        try connection.execute(sql)
        try connection.close()
    }

    private func opened() throws -> any File {
        try LinuxFileSystem().directory(at: fixture.path, .mustExist)
            .open(Catalog.fileName, .write)
    }

    private func root(of name: String) throws -> Int {
        let path = "\(fixture.path)/\(Catalog.fileName)"
        let connection = try Connection(path: path, mode: .readWrite, through: options.vfs)
        let root = try connection.prepare(
            "SELECT rootpage FROM sqlite_schema WHERE name = '\(name)'"
        ).first { Int($0.integer(0)) }
        try connection.close()
        return try #require(root)
    }

    /// The leaves of a table or an index, in the order of their keys.
    private func leaves(of name: String) throws -> [Int] {
        let bytes = try opened().all()
        func number(_ offset: Int, _ count: Int) -> Int {
            bytes[offset..<(offset + count)].reduce(0) { $0 << 8 | Int($1) }
        }
        func leaves(below page: Int) -> [Int] {
            let start = (page - 1) * Self.pageBytes
            guard [2, 5].contains(bytes[start]) else { return [page] }
            let children = (0..<number(start + 3, 2)).map { cell in
                number(start + number(start + 12 + 2 * cell, 2), 4)
            }
            return (children + [number(start + 8, 4)]).flatMap { leaves(below: $0) }
        }
        return leaves(below: try root(of: name))
    }

    /// A leaf that has others before it and behind it.
    private func middle(of name: String) throws -> Int {
        let all = try leaves(of: name)
        try #require(all.count > 2, "\(name)")
        return all[all.count / 2]
    }

    private func flip(_ page: Int) throws {
        let file = try opened()
        let offset = UInt64((page - 1) * Self.pageBytes + Self.pageBytes / 2)
        try file.put([try file.get(1, at: offset)[0] ^ 1], at: offset)
    }

    private func adopt() throws -> CatalogAdoption.Report {
        try CatalogAdoption.offline(
            at: fixture.path,
            world: World.linux(),
            options: options,
            losing: {}
        )
    }

    /// A repository with many blobs, manifests and tags, and what it has.
    private func filled() throws -> Names {
        for number in 100..<220 { try fixture.image("image \(number)", tag: tag(number)) }
        let more = (0..<300).map { number in
            Event.blobLinked(fixture.key(), fixture.digest("more \(number)"), size: 1, .first)
        }
        try fixture.append(more)
        return try names()
    }

    private func tag(_ number: Int) -> String { "\(String(repeating: "x", count: 90))-\(number)" }

    private func names() throws -> Names {
        let names = try fixture.read { view, row throws(CatalogError) in
            Names(
                blobs: try view.links(row, after: nil, limit: 1000),
                manifests: try view.manifests(row, after: nil, limit: 1000),
                tags: try view.tags(row, after: "", limit: 1000)
            )
        }
        return try #require(names)
    }

    private func damageEntry() throws {
        try fixture.close()
        try alter("UPDATE entries SET bytes = zeroblob(40) WHERE scope = 1 AND position = 7")
    }

    @Test func `takes every tag over but those on the page, and names these`() throws {
        let before = try filled()
        try damageEntry()
        let page = try middle(of: "tags")
        try flip(page)
        let report = try adopt()
        try fixture.reopen()
        let after = try names()
        #expect(after.manifests == before.manifests && after.blobs == before.blobs)
        #expect(after.tags.first == before.tags.first && after.tags.last == before.tags.last)
        let lost = before.tags.filter { !after.tags.contains($0) }
        #expect(!lost.isEmpty && after.tags.count + lost.count == before.tags.count)
        #expect(report.unread.count == lost.count)
        for (tag, line) in zip(lost, report.unread) {
            #expect(line.hasPrefix("tag team/app:\(tag): page \(page) of "))
        }
        try fixture.close()
    }

    @Test func `takes every manifest over but those on the page, and names these`() throws {
        let before = try filled()
        try damageEntry()
        let page = try middle(of: "manifests")
        try flip(page)
        let report = try adopt()
        try fixture.reopen()
        let after = try names()
        #expect(after.tags == before.tags && after.blobs == before.blobs)
        let lost = before.manifests.filter { !after.manifests.contains($0) }
        #expect(!lost.isEmpty && after.manifests.count + lost.count == before.manifests.count)
        #expect(after.manifests.last == before.manifests.last)
        #expect(report.unread.count == lost.count)
        for (digest, line) in zip(lost, report.unread) {
            #expect(line.hasPrefix("manifest team/app@\(digest): page \(page) of "))
        }
        try fixture.close()
    }

    @Test func `loses no blob where the index has what a page of links had`() throws {
        let before = try filled()
        try damageEntry()
        try flip(middle(of: "links"))
        let report = try adopt()
        #expect(report.unread.isEmpty && report.unprovedCount > 0)
        try fixture.reopen()
        #expect(try names() == before)
        try fixture.close()
    }

    @Test func `goes on behind links that no way leads to, and says between which digests`() throws
    {
        let before = try filled()
        try damageEntry()
        try flip(middle(of: "links"))
        try flip(root(of: "links_digest"))
        let report = try adopt()
        try fixture.reopen()
        let after = try names()
        #expect(after.manifests == before.manifests && after.tags == before.tags)
        let lost = before.blobs.filter { !after.blobs.contains($0) }
        // One page has no more.
        #expect((1...80).contains(lost.count))
        #expect(after.blobs.count + lost.count == before.blobs.count)
        #expect(after.blobs.first == before.blobs.first && after.blobs.last == before.blobs.last)
        let first = try #require(lost.first)
        let place = try #require(before.blobs.last { $0 < first })
        try #require(report.unread.count == 1)
        #expect(report.unread[0].hasPrefix("blobs of team/app behind \(place) up to sha256:"))
        try fixture.close()
    }

    /// Repositories that fill pages.
    private func manyRepositories() throws -> [String] {
        let paths = (100..<220).map { "\(String(repeating: "y", count: 90))/\($0)" }
        for path in paths { try fixture.image("image of \(path)", tag: "v1", in: path) }
        return paths
    }

    private func present(_ paths: [String]) throws -> [String] {
        try fixture.catalog.read { view throws(CatalogError) in
            var present: [String] = []
            for path in paths {
                guard let row = try view.repository(fixture.key(path)) else { continue }
                if row.manifests == 1 && row.tags == 1 && row.blobs == 1 { present.append(path) }
            }
            return present
        }
    }

    @Test func `loses no repository where the index has what a page of them had`() throws {
        let paths = try manyRepositories()
        try damageEntry()
        try flip(middle(of: "repositories"))
        let report = try adopt()
        #expect(report.unread.isEmpty && report.unprovedCount > 0)
        try fixture.reopen()
        #expect(try present(paths) == paths)
        try fixture.close()
    }

    @Test func `goes on behind repositories that no way leads to, and says which are lost`() throws
    {
        let paths = try manyRepositories()
        try damageEntry()
        try flip(middle(of: "repositories"))
        try flip(root(of: "sqlite_autoindex_repositories_1"))
        let report = try adopt()
        try fixture.reopen()
        let after = try present(paths)
        #expect(after.first == paths.first && after.last == paths.last)
        let lost = paths.filter { !after.contains($0) }
        let first = try #require(lost.first.flatMap { paths.firstIndex(of: $0) })
        #expect(lost == Array(paths[first..<(first + lost.count)]))
        // They were numbered from 1 on.
        let sentence = "repositories behind number \(first) up to number \(first + lost.count): "
        try #require(report.unread.count == 1)
        #expect(report.unread[0].hasPrefix(sentence))
        try fixture.close()
    }

    @Test func `takes what the disk does not give for damaged, entries and rows alike`() throws {
        let before = try filled()
        try fixture.close()
        let files = FaultyFileSystem(LinuxFileSystem())
        for page in [try middle(of: "entries"), try middle(of: "manifests")] {
            let end = UInt64(page * Self.pageBytes)
            files.faults.lose(end - UInt64(Self.pageBytes)..<end, of: Catalog.fileName)
        }
        let linux = World.linux()
        let world = World(
            clocks: linux.clocks,
            random: linux.random,
            files: files,
            lifeline: NotedLifeline()
        )
        var options = options
        let directory = try files.directory(at: fixture.path, .mustExist)
        let faulty = DirectoryVFS(directory, clocks: linux.clocks, random: linux.random)
        options.vfs = PageCheckVFS(over: .directory(faulty)) { Issue.record("not synced: \($0)") }
        // Where the sweep cannot be paused, nothing has changed.
        #expect(throws: CatalogError.full) {
            try CatalogAdoption.offline(at: fixture.path, world: world, options: options) {
                () throws(FileError) in
                throw FileError(kind: .noSpace, errno: 0, operation: "pause")
            }
        }
        var isPaused = false
        let report = try CatalogAdoption.offline(
            at: fixture.path,
            world: world,
            options: options
        ) { isPaused = true }
        #expect(isPaused && report.damagedCount > 0)
        try fixture.reopen()
        let after = try names()
        #expect(after.tags == before.tags && after.blobs == before.blobs)
        let lost = before.manifests.filter { !after.manifests.contains($0) }
        #expect(!lost.isEmpty && report.unread.count == lost.count)
        try fixture.close()
    }
}
