// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Journal
import OCI
import Platform
import SQLite
import Testing

@testable import Registry

@Suite struct `Links and trash that end` {
    private let hour = Duration.seconds(3600)

    private func isSeen(
        _ test: Fixture,
        _ digest: Digest,
        promise: Bool = true
    ) async throws -> Bool {
        try await test.registry.blob(try Fixture.name("app"), digest, promise: promise) != nil
    }

    @Test func `a blob that no manifest names goes a day after its upload`() async throws {
        let test = try Fixture()
        let digest = try await test.blob("x", in: "app")
        test.clocks.advance(hour * 23)
        #expect(try await test.registry.expireDue().links == 0)
        #expect(try await isSeen(test, digest))
        test.clocks.advance(hour)
        #expect(try await test.registry.expireDue().links == 1)
        #expect(try await !isSeen(test, digest, promise: false))
        #expect(try await test.registry.expireDue().links == 0)
    }

    @Test func `who is told that a blob exists may count on it for an hour`() async throws {
        let test = try Fixture()
        let digest = try await test.blob("x", in: "app")
        test.clocks.advance(hour * 23)
        #expect(try await isSeen(test, digest))
        test.clocks.advance(.milliseconds(1))
        // It can be read still, but nobody is told to count on it, by HEAD or by a mount.
        #expect(try await !isSeen(test, digest))
        #expect(try await isSeen(test, digest, promise: false))
        for source in [try Fixture.name("app"), nil] {
            let isMounted = try await test.registry.mount(
                digest,
                from: source,
                to: try Fixture.name("other")
            )
            #expect(!isMounted)
        }
        // The bytes sent again make it live its whole time again.
        try await test.blob("x", in: "app")
        test.clocks.advance(hour * 23)
        #expect(try await test.registry.expireDue().links == 0)
        #expect(try await isSeen(test, digest))
    }

    @Test func `a blob that a manifest names stays, until a day after the manifest went`()
        async throws
    {
        let test = try Fixture()
        let digest = try await test.push("x", to: "app", tags: ["v1"])
        let layer = Fixture.digest("x")
        test.clocks.advance(hour * 24 * 300)
        _ = try await test.registry.expireDue()
        test.clocks.advance(hour * 24 * 300)
        #expect(try await test.registry.expireDue().links == 0)
        #expect(try await isSeen(test, layer))
        try await test.registry.change(try Fixture.name("app"), .deleteManifest(digest))
        // What memory had answered is not answered for ever.
        #expect(try await isSeen(test, layer))
        test.clocks.advance(hour * 23 + .milliseconds(1))
        #expect(try await !isSeen(test, layer))
        test.clocks.advance(hour)
        #expect(try await test.registry.expireDue().links == 2)
        #expect(try await !isSeen(test, layer, promise: false))
    }

    @Test func `the trash keeps a manifest and its blobs for 30 days (I7)`() async throws {
        let test = try Fixture()
        let digest = try await test.push("x", to: "app", tags: ["v1"])
        try await test.registry.change(try Fixture.name("app"), .deleteManifest(digest))
        for days in [29, 1] {
            for _ in 0..<days {
                #expect(try await test.registry.expireDue().trash == 0)
                test.clocks.advance(hour * 24)
            }
            let named = try test.catalog.read { view throws(CatalogError) in
                [try view.content(digest) != nil, try view.content(Fixture.digest("x")) != nil]
            }
            #expect(named == [true, true])
        }
        #expect(try await test.registry.expireDue().trash == 1)
        let named = try test.catalog.read { view throws(CatalogError) in
            [try view.content(digest) != nil, try view.content(Fixture.digest("x")) != nil]
        }
        #expect(named == [false, false])
    }

    @Test func `a clock that jumps a year ahead ends nothing at once, and pushes go on`()
        async throws
    {
        let test = try Fixture()
        let digest = try await test.blob("x", in: "app")
        _ = try await test.registry.expireDue()
        let wall = test.clocks.wallMilliseconds()
        test.clocks.setWall(wall + 365 * Moment.dayMilliseconds)
        #expect(try await test.registry.expireDue().links == 0)
        #expect(try await isSeen(test, digest, promise: false))
        #expect(test.registry.clockAhead == 365 * Moment.dayMilliseconds)
        try await test.push("y", to: "app", tags: ["v1"])
        test.clocks.advance(hour * 11)
        #expect(try await test.registry.expireDue().links == 0)
        test.clocks.advance(hour)
        #expect(try await test.registry.expireDue().links == 1)
        #expect(try await !isSeen(test, digest, promise: false))
    }

    @Test func `a clock that is accepted ends at once what is due`() async throws {
        let test = try Fixture()
        let digest = try await test.blob("x", in: "app")
        _ = try await test.registry.expireDue()
        test.clocks.setWall(test.clocks.wallMilliseconds() + 90 * Moment.dayMilliseconds)
        let accepted = try await test.registry.acceptClock()
        #expect(accepted == test.clocks.wallMilliseconds())
        #expect(try await test.registry.expireDue().links == 1)
        #expect(try await !isSeen(test, digest, promise: false))
        // The journal says so too, for the next start.
        let horizon = try test.catalog.read { view throws(CatalogError) in try view.horizon() }
        #expect(horizon == accepted)
    }

    @Test func `a link that a manifest came to name between a look and its end stays (I2)`()
        async throws
    {
        let test = try Fixture()
        let image = try await test.image("x", in: "app")
        test.clocks.advance(hour * 25)
        let time = try test.registry.expiryNow()
        try await test.put(image, in: "app")
        let decision = try test.decide("app", .endLinks([Fixture.digest("x")], by: time)).get()
        #expect(decision.events.isEmpty)
    }

    @Test func `the journal is told the time a few times a day, and no more where nothing happens`()
        async throws
    {
        let test = try Fixture()
        func position() throws -> UInt64 {
            try test.catalog.read { view throws(CatalogError) in try view.heads() }.region.position
        }
        _ = try await test.registry.expireDue()
        let before = try position()
        for _ in 0..<48 {
            test.clocks.advance(hour / 2)
            _ = try await test.registry.expireDue()
        }
        #expect(try position() == before + 4)
    }

    @Test func `a node that never runs for long catches up too after days switched off`()
        async throws
    {
        var test = try Fixture()
        _ = try await test.registry.expireDue()
        var wall = test.clocks.wallMilliseconds() + 3 * Moment.dayMilliseconds
        var starts = 0
        repeat {
            try test.catalog.close()
            test = try Fixture(after: test)
            test.clocks.setWall(wall)
            // Two hours, and as often as the node looks while it is behind.
            for _ in 0..<8 {
                _ = try await test.registry.expireDue()
                test.clocks.advance(hour / 4)
            }
            wall = test.clocks.wallMilliseconds()
            starts += 1
        } while test.registry.clockAhead != nil && starts < 40
        #expect(test.registry.clockAhead == nil)
    }

    @Test func `a repository that cannot be changed keeps nothing of others from ending`()
        async throws
    {
        let test = try Fixture()
        try await test.blob("first", in: "spoilt")
        let digest = try await test.blob("x", in: "app")
        let image = try await test.push("y", to: "app", tags: ["v1"])
        try await test.registry.change(try Fixture.name("app"), .deleteManifest(image))
        let connection = try Connection(
            path: "\(test.temporary.path)/\(Catalog.fileName)",
            mode: .readWrite
        )
        try connection.execute("DELETE FROM namespaces WHERE name = 'spoilt'")
        try connection.close()
        test.clocks.advance(hour * 24 * 31)
        let failures = try await test.registry.expireDue().failures
        guard failures.count == 1, case .catalog(.damaged) = failures[0] else {
            Issue.record("\(failures)")
            return
        }
        #expect(try await !isSeen(test, digest, promise: false))
        let isNamed = try test.catalog.read { view throws(CatalogError) in
            try view.content(image) != nil
        }
        #expect(!isNamed)
    }

    @Test func `a row that cannot be read is told of, and keeps nothing of others from ending`()
        async throws
    {
        let test = try Fixture()
        try await test.blob("first", in: "spoilt")
        let digest = try await test.blob("x", in: "app")
        let connection = try Connection(
            path: "\(test.temporary.path)/\(Catalog.fileName)",
            mode: .readWrite
        )
        try connection.execute(
            """
            UPDATE expiring SET digest = x'00' WHERE repository = (
                SELECT repositories.id FROM repositories
                JOIN namespaces ON namespaces.id = namespace WHERE name = 'spoilt')
            """
        )
        try connection.close()
        test.clocks.advance(hour * 25)
        let round = try await test.registry.expireDue()
        guard case .catalog(.damaged(let sentence)) = round.failures.first else {
            Issue.record("\(round.failures)")
            return
        }
        #expect(sentence.contains("of the rows of 'expiring' that are due cannot be read"))
        #expect(round.links == 1)
        #expect(try await !isSeen(test, digest, promise: false))
    }
}
