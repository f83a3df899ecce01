// SPDX-License-Identifier: Apache-2.0

import Contracts
import ControlAPI
import HTTP
import OCI
import Registry
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The trash through the management interface` {
    private func delete(_ test: Management, _ digest: Digest) async throws {
        _ = try await test.client.send(
            "DELETE",
            "images",
            [("repository", "team/app"), ("reference", "\(digest)")],
            as: Wire.Changed.self
        )
    }

    private func restore(
        _ test: Management,
        _ query: [(String, String)]
    ) async throws -> Wire.Restored {
        try await test.client.send(
            "POST",
            "trash/restore",
            [("repository", "team/app")] + query,
            as: Wire.Restored.self
        )
    }

    @Test func `what was deleted is listed, and comes back with a reason`() async throws {
        let test = try Management()
        let image = try await test.push("x", to: "team/app", tag: "v1")
        #expect(try await test.client.trash().repositories.isEmpty)
        try await delete(test, image)
        let named = try await test.client.trash().repositories
        #expect(named.map(\.name) == ["team/app"] && named.map(\.manifests) == [1])
        #expect(try await test.client.get("status", as: Wire.Status.self).trashed == 1)
        let trash = try await test.client.trash(of: "team/app")
        let manifest = try #require(trash.manifests.first)
        #expect(manifest.digest == image.description)
        // The age and the stamp are read from the clock one after the other.
        let days = Double(Int64(manifest.until) - Int64(manifest.deleted)) / 86_400_000
        #expect(days.rounded() == 30)
        #expect(trash.tags.map(\.tag) == ["v1"])
        #expect(trash.tags.map(\.digest) == [image.description])
        #expect(trash.tags.map(\.position) == [manifest.position])
        let restored = try await restore(
            test,
            [("reference", image.description), ("reason", "it was needed")]
        )
        #expect(restored.manifests == [image.description] && restored.tags == ["v1"])
        #expect(restored.taken.isEmpty && restored.left.isEmpty)
        #expect(restored.summary == "1 manifests and 1 tags of 'team/app' are back")
        let head = try await test.client.get("status", as: Wire.Status.self).regionPosition
        let page = try await test.client.get(
            "journal",
            [("from", "\(head)")],
            as: Wire.JournalPage.self
        )
        #expect(page.entries.first?.events.last == "because: it was needed")
        #expect(try await test.client.trash(of: "team/app").manifests.isEmpty)
    }

    @Test func `a tag that is alive is overwritten by force alone`() async throws {
        let test = try Management()
        let old = try await test.push("x", to: "team/app", tag: "v1")
        let new = try await test.push("y", to: "team/app", tag: "v1")
        let query = [("repository", "team/app"), ("reference", "v1")]
        let problem = try #require(try await test.problem("POST", "trash/restore", query))
        #expect(problem.isRefusal && problem.message.contains(new.description))
        #expect(problem.message.contains("--force"))
        let restored = try await restore(test, [("reference", "v1"), ("force", "")])
        #expect(restored.tags == ["v1"])
        let name = try #require(RepositoryName("team/app"))
        let tag = try #require(Tag("v1"))
        #expect(try await test.registry.manifest(name, .tag(tag))?.digest == old)
    }

    @Test
    func `a purge says until when its blobs are seen and when they are gone, and cannot be undone`()
        async throws
    {
        let test = try Management()
        let image = try await test.push("x", to: "team/app", tag: "v1")
        try await delete(test, image)
        let query = [("repository", "team/app"), ("digest", image.description)]
        // The process has just begun: nobody knows who was told what.
        let early = try #require(
            try await test.problem("POST", "trash/purge", query + [("now", "")])
        )
        #expect(early.isRefusal && early.message.contains("count on it until"))
        let purged = try await test.client.send(
            "POST",
            "trash/purge",
            query,
            as: Wire.Purged.self
        )
        #expect(purged.digest == image.description)
        // The links end by the next look at what is due; the epoch rises twice after that.
        let until = try #require(purged.linksUntil)
        #expect(purged.goneBy == until + (60 + 2 * 3600) * 1000)
        let problem = try await test.problem("POST", "trash/purge", query)
        #expect(problem?.message == "there is no '\(image)' in the trash")
    }

    @Test func `a deleted repository comes back`() async throws {
        let test = try Management()
        let image = try await test.push("x", to: "team/app", tag: "v1")
        let name = [("repository", "team/app")]
        _ = try await test.client.send("DELETE", "repositories", name, as: Wire.Changed.self)
        let restored = try await test.client.send(
            "POST",
            "repositories/restore",
            name,
            as: Wire.Restored.self
        )
        #expect(restored.manifests == [image.description] && restored.tags == ["v1"])
        let again = try await test.problem("POST", "repositories/restore", name)
        #expect(again?.isRefusal == true)
    }

    @Test func `what is asked wrongly is refused with a sentence`() async throws {
        let test = try Management()
        let name = ("repository", "team/app")
        let wrong: [(String, String, [(String, String)])] = [
            ("GET", "trash", [("after", "x")]),
            ("GET", "trash/manifests", [name]), ("GET", "trash/tags", [name]),
            ("GET", "trash/manifests", [name, ("after", "x")]),
            ("GET", "trash/tags", [name, ("after", "1.x.v1")]),
            ("POST", "trash/restore", [name, ("reference", "v1")]),
            ("POST", "trash/restore", [name, ("reference", "v1"), ("reason", "")]),
            (
                "POST", "trash/restore",
                [name, ("reference", "v1"), ("reason", String(repeating: "x", count: 513))]
            ),
            ("POST", "trash/purge", [name, ("digest", "v1")]),
        ]
        for (method, path, query) in wrong {
            let problem = try await test.problem(method, path, query)
            #expect(problem?.isRefusal == true, "\(method) \(path) \(query)")
            #expect(problem?.message.contains(" ") == true)
        }
    }

    @Test func `the clock is told, and accepted`() async throws {
        let test = try Management()
        let before = try await test.client.get("clock", as: Wire.Clock.self)
        #expect(before.time > 0 && before.ahead == nil)
        let after = try await test.client.send("POST", "clock/accept", as: Wire.Clock.self)
        #expect(after.time >= before.time && after.ahead == nil)
        let status = try await test.client.get("status", as: Wire.Status.self)
        #expect(status.clock.time >= after.time && status.regionPosition == 1)
    }
}
