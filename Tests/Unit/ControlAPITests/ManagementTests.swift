// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import ControlAPI
import HTTP
import Journal
import OCI
import Platform
import Registry
import SQLite
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The management interface` {
    @Test func `tells the node's state, and where its journals stand`() async throws {
        let test = try Management()
        let before = try await test.client.get("status", as: Wire.Status.self)
        _ = try await test.push("x", to: "team/app", tag: "v1")
        let after = try await test.client.get("status", as: Wire.Status.self)
        #expect(before.regionPosition == 0 && before.estatePosition == 0)
        #expect(after.regionPosition == 2 && after.estatePosition == 1)
        #expect(after.takesWrites && after.refusal == nil && after.work == nil)
        #expect(after.version == "1.2.3" && after.uptimeSeconds == 7 && after.uploadsOpen == 3)
        #expect(after.estate == test.registry.identity.estate.description)
    }

    @Test func `makes changes that are entries, and tells them again`() async throws {
        let test = try Management()
        let image = try await test.push("x", to: "team/app", tag: "v1")
        let query = [("repository", "team/app"), ("reference", "v1"), ("tag", "v2")]
        let added = try await test.client.send("POST", "tags", query, as: Wire.Changed.self)
        #expect(added.digest == image.description)
        _ = try await test.client.send(
            "DELETE",
            "tags",
            [("repository", "team/app"), ("tag", "v2")],
            as: Wire.Changed.self
        )
        let name = [("repository", "team/app"), ("tag", "v2")]
        let history = try await test.client.get("tags/history", name, as: Wire.TagHistory.self)
        #expect(history.values.map(\.digest) == [nil, image.description])
        let page = try await test.client.get("journal", [("from", "3")], as: Wire.JournalPage.self)
        #expect(page.entries.map(\.position) == [3, 4])
        #expect(page.entries.first?.events == ["team/app: tag v2 is \(image)"])
        #expect(page.entries.last?.events == ["team/app: tag v2 deleted"])
        #expect(page.head == 4)
        let estate = try await test.client.get(
            "journal",
            [("scope", "estate")],
            as: Wire.JournalPage.self
        )
        #expect(estate.entries.first?.events.last?.hasPrefix("namespace 'team' is ") == true)
    }

    @Test func `sets a retention policy with a dry run, lists it, plans, runs`() async throws {
        let test = try Management()
        let old = try await test.push("old", to: "team/app", tag: "v1")
        let new = try await test.push("new", to: "team/app", tag: "v2")
        let (team, policy) = ([("namespace", "team")], #"{"rules":[{"keepNewest":1}]}"#)
        func plan(
            _ method: String,
            _ path: String,
            _ body: String
        ) async throws -> Wire.RetentionPlan {
            try await test.client.send(
                method,
                path,
                team,
                body: Array(body.utf8),
                as: Wire.RetentionPlan.self
            )
        }
        let dry = try await plan("POST", "retention/plan", policy)
        #expect(dry.removed == 1 && dry.kept == 1 && dry.manifests == 1 && dry.bytes > 0)
        #expect(dry.images.map(\.goes) == [true, false])
        #expect(dry.images.map(\.digest) == [old.description, new.description])
        #expect(dry.images.first?.reason == "rule 1: number 2 of 2 by push, the newest 1 stay")
        let none = try await test.client.get("retention", as: Wire.Retention.self)
        #expect(none.policies.isEmpty && none.round == nil)
        #expect(try await plan("PUT", "retention", policy) == dry)
        let set = try await test.client.get("retention", as: Wire.Retention.self)
        #expect(set.policies.map(\.policy) == [#"{"rules":[{"keepNewest":1,"by":"push"}]}"#])
        #expect(try await plan("POST", "retention/plan", "") == dry)
        let round = try await test.client.send(
            "POST",
            "retention/run",
            as: Wire.RetentionRound.self
        )
        #expect(round.removed == 1 && round.images == 2 && round.repositories == 1)
        #expect(try await plan("POST", "retention/plan", "").removed == 0)
        let page = try await test.client.get("journal", [("from", "5")], as: Wire.JournalPage.self)
        let last = try #require(page.entries.last).events
        #expect(last.first == "team/app: tag v1 deleted")
        #expect(last.last == "because: rule 1: number 2 of 2 by push, the newest 1 stay")
    }

    @Test func `refuses policies that are none, and namespaces that are not there`() async throws {
        let test = try Management()
        _ = try await test.push("old", to: "team/app", tag: "v1")
        func problem(_ namespace: String, _ body: [UInt8]) async throws -> Wire.Problem? {
            do {
                _ = try await test.client.send(
                    "PUT",
                    "retention",
                    [("namespace", namespace)],
                    body: body,
                    as: Wire.RetentionPlan.self
                )
                return nil
            } catch let problem as Wire.Problem { return problem }
        }
        let policy = Array(#"{"rules":[{"keepNewest":1}]}"#.utf8)
        #expect(try await problem("nobody", policy)?.message == "there is no namespace 'nobody'")
        #expect(try await problem("team/app", policy)?.isRefusal == true)
        let wrong = try await problem("team", Array(#"{"rules":[{"keepNewest":0}]}"#.utf8))
        #expect(wrong?.message == "rules[0]: 'keepNewest' must be a whole number from 1 to 1000000")
        #expect(try await problem("team", [])?.message == "the policy is missing")
        let long = [UInt8](repeating: 32, count: 70_000)
        #expect(try await problem("team", long)?.message == "the policy is longer than 65536 bytes")
        let run = try await test.problem("POST", "retention/run", [("namespace", "team")])
        #expect(run?.message == "the namespace 'team' has no policy")
    }

    @Test func `plans, runs, pauses and resumes the sweep`() async throws {
        let test = try Management()
        let kept = try await test.push("kept", to: "team/app", tag: "v1")
        let gone = try await test.push("gone", to: "team/app", tag: "v2")
        let name = [("repository", "team/app"), ("reference", "\(gone)")]
        _ = try await test.client.send("DELETE", "images", name, as: Wire.Changed.self)
        // The trash keeps it, and what it names, for nobody.
        try await test.registry.change(
            try #require(RepositoryName("team/app")),
            .emptyTrash([gone], by: .max)
        )
        let early = try await test.client.get("sweep/plan", as: Wire.SweepPlan.self)
        #expect(early.count == 0 && early.laterCount == 1 && early.laterBytes > 0)
        let paused = try await test.client.send("POST", "sweep/pause", as: Wire.Sweep.self)
        #expect(paused.isPaused && paused.epoch == 2)
        let broken = try await test.client.send("POST", "sweep/run", as: Wire.SweepRound.self)
        #expect(broken.isBrokenOff && broken.freed == 0)
        let resumed = try await test.client.send("POST", "sweep/resume", as: Wire.Sweep.self)
        #expect(!resumed.isPaused && resumed.epoch == 2)
        let limit = [("limit", "0")]
        #expect(try await test.client.get("sweep/plan", limit, as: Wire.SweepPlan.self).count == 0)
        let first = try await test.client.send("POST", "sweep/run", as: Wire.SweepRound.self)
        #expect(first.epoch == 3 && first.freed == 0)
        let done = try await test.client.send("POST", "sweep/run", as: Wire.SweepRound.self)
        #expect(done.epoch == 4 && done.freed == 1 && done.doubted == 0)
        let status = try await test.client.get("sweep", as: Wire.Sweep.self)
        #expect(status.freed == 1 && status.listed == 2 && status.round == done)
        #expect(done.expected == done.looked && done.looked > 0 && status.secondsLeft == nil)
        let overview = try await test.client.get("status", as: Wire.Status.self)
        #expect(!overview.sweep.isPaused && overview.sweep.roundSecondsAgo != nil)
        #expect(overview.sweep.doubted == 0 && overview.work == nil)
        #expect(overview.scrub.roundSecondsAgo == nil && overview.scrub.isCompared == nil)
        let journal = try await test.client.get("journal", as: Wire.JournalPage.self)
        #expect(journal.entries.last?.events == ["sweep epoch is 4"])
        let copies = try await test.client.send("POST", "content/verify", as: Wire.Outcome.self)
        #expect(copies.isSound)
        let tags = try await test.client.get(
            "tags/history",
            [("repository", "team/app"), ("tag", "v1")],
            as: Wire.TagHistory.self
        )
        #expect(tags.values.first?.digest == "\(kept)")
        await #expect(throws: Wire.Problem.self) {
            try await test.client.get("sweep/plan", [("limit", "x")], as: Wire.SweepPlan.self)
        }
    }

    @Test func `sweeps by command where something that is due cannot be ended, and tells why`()
        async throws
    {
        let test = try Management()
        let gone = try await test.push("gone", to: "team/app", tag: "v1")
        let name = [("repository", "team/app"), ("reference", "\(gone)")]
        _ = try await test.client.send("DELETE", "images", name, as: Wire.Changed.self)
        let connection = try Connection(
            path: "\(test.path)/\(Catalog.fileName)",
            mode: .readWrite
        )
        try connection.execute("UPDATE trash SET until = 1, digest = x'00'")
        try connection.close()
        let round = try await test.client.send("POST", "sweep/run", as: Wire.SweepRound.self)
        #expect(round.epoch == 3 && !round.isBrokenOff)
        #expect(round.unended?.contains("1 of the rows of 'trash'") == true)
    }

    @Test func `lists what is set aside, and removes it when told`() async throws {
        let test = try Management()
        _ = try await test.push("x", to: "team/app", tag: "v1")
        let digests = try await test.breakCopies()
        let found = try await test.client.send(
            "POST",
            "content/verify",
            [("deep", "true")],
            as: Wire.Outcome.self
        )
        #expect(!found.isSound)
        let listed = try await test.client.quarantine()
        #expect(listed.count == UInt64(digests.count) && listed.next == nil && listed.bytes > 0)
        #expect(Set(listed.copies.map(\.digest)) == Set(digests.map(\.description)))
        #expect(listed.copies.allSatisfy { $0.flaw == "bytes" && $0.milliseconds != nil })
        let status = try await test.client.get("status", as: Wire.Status.self)
        #expect(status.quarantinedCopies == listed.count && status.quarantinedBytes == listed.bytes)
        #expect(try await test.problem("DELETE", "quarantine")?.message.contains("'all'") == true)
        let other = [("digest", "sha256:" + String(repeating: "0", count: 64))]
        #expect(try await test.problem("DELETE", "quarantine", other)?.isRefusal == true)
        #expect(try await test.problem("DELETE", "quarantine", [("digest", "x")]) != nil)
        let one = [("digest", "\(digests[0])")]
        let first = try await test.client.send(
            "DELETE",
            "quarantine",
            one,
            as: Wire.QuarantinePurged.self
        )
        #expect(first.count == 1)
        let all = [("all", "true")]
        let rest = try await test.client.send(
            "DELETE",
            "quarantine",
            all,
            as: Wire.QuarantinePurged.self
        )
        #expect(first.count + rest.count == listed.count)
        #expect(try await test.client.quarantine().copies.isEmpty)
    }

    @Test func `tells all of a tag's history, however small its pages are`() async throws {
        let test = try Management()
        var pushed: [String?] = []
        for seed in 1...7 {
            pushed.append(try await test.push("\(seed)", to: "team/app", tag: "v1").description)
        }
        _ = try await test.push("other", to: "team/app", tag: "v2")
        let whole = try await test.client.history(of: "v1", in: "team/app")
        #expect(whole.values.map(\.digest) == pushed.reversed())
        for size in [1, 2, 6, 7, 8] {
            let pages = try await test.client.history(of: "v1", in: "team/app", pageSize: size)
            #expect(pages == whole, "in pages of \(size)")
        }
        let first = try await test.client.get(
            "tags/history",
            [("repository", "team/app"), ("tag", "v1"), ("limit", "3")],
            as: Wire.TagHistory.self
        )
        #expect(first.values == Array(whole.values.prefix(3)) && first.next != nil)
    }

    @Test func `refuses what is missing, wrong or not there, with a sentence`() async throws {
        let test = try Management()
        _ = try await test.push("x", to: "team/app", tag: "v1")
        let app = ("repository", "team/app")
        let cases: [(String, String, [(String, String)], String)] = [
            ("DELETE", "tags", [app], "'tag' is missing"),
            ("DELETE", "tags", [app, ("tag", "no tag")], "'no tag' is not a tag"),
            ("DELETE", "tags", [app, ("tag", "v9")], "v9"),
            ("DELETE", "repositories", [("repository", "UPPER")], "not a repository name"),
            ("DELETE", "images", [app, ("reference", "@")], "neither a tag nor a digest"),
            ("DELETE", "images", [app, ("reference", "v9")], "no such image"),
            ("GET", "journal", [("scope", "moon")], "no journal 'moon'"),
            ("GET", "journal", [("from", "-1")], "a number from 1"),
            ("GET", "usage", [("name", "nobody")], "'nobody'"),
            ("GET", "tags/history", [app, ("tag", "v9")], "v9"),
            ("GET", "tags/history", [app, ("tag", "v1"), ("limit", "0")], "1 to 1000"),
            ("GET", "tags/history", [app, ("tag", "v1"), ("before", "1")], "no place"),
            ("GET", "nonsense", [], "no such request"),
            ("PUT", "status", [], "no such request"),
        ]
        for (method, path, query, sentence) in cases {
            let problem = try await test.problem(method, path, query)
            #expect(problem?.isRefusal == true, "\(method) \(path)")
            #expect(problem?.message.contains(sentence) == true, "\(method) \(path): \(problem)")
        }
    }

    @Test func `says how far a rebuild is, does one thing at a time, and changes nothing by it`()
        async throws
    {
        // I4. A rebuild waits for the change before it, which is held here while we look.
        let sequencer = GatedSequencer()
        let test = try Management(sequencer: sequencer)
        _ = try await test.push("x", to: "team/app", tag: "v1")
        func dump() throws -> [String] {
            var lines: [String] = []
            try test.catalog.canonicalDump { lines.append($0) }
            return lines
        }
        sequencer.close()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let sent = sequencer.batches.count
            group.addTask {
                let tag = [("repository", "team/app"), ("reference", "v1"), ("tag", "held")]
                _ = try await test.client.send("POST", "tags", tag, as: Wire.Changed.self)
            }
            while sequencer.batches.count == sent { await Task.yield() }
            group.addTask {
                let outcome = try await test.client.send(
                    "POST",
                    "catalog/rebuild",
                    as: Wire.Outcome.self
                )
                #expect(outcome.isSound)
            }
            do { try await look(at: test) } catch { Issue.record(error) }
            sequencer.open()
            try await group.waitForAll()
        }
        let before = try dump()
        _ = try await test.client.send("POST", "catalog/rebuild", as: Wire.Outcome.self)
        #expect(try dump() == before)
        #expect(try await test.client.get("status", as: Wire.Status.self).work == nil)
        #expect(try await test.client.get("status", as: Wire.Status.self).takesWrites)
    }

    private func look(at test: Management) async throws {
        var status = try await test.client.get("status", as: Wire.Status.self)
        while status.work == nil {
            await Task.yield()
            status = try await test.client.get("status", as: Wire.Status.self)
        }
        #expect(status.work?.step == "rebuild the catalog")
        #expect(!status.takesWrites)
        let other = try await test.problem("POST", "content/verify")
        #expect(other?.isRefusal == true)
        #expect(other?.message.contains("'rebuild the catalog' is under way") == true)
        // What only reads goes on; a change is told to come again.
        let list = try await test.client.get("repositories", as: Wire.Repositories.self)
        #expect(list.repositories.map(\.name) == ["team/app"])
        let change = try await test.problem("DELETE", "repositories", [("repository", "team/app")])
        #expect(change?.isRefusal == false)
        #expect(change?.message.contains("no changes are taken now") == true)
    }

    @Test func `lists repositories page by page, and finds content that is gone`() async throws {
        let test = try Management()
        for name in ["b/x", "a/x", "c"] { _ = try await test.push(name, to: name, tag: "v1") }
        let all = try await test.client.get("repositories", as: Wire.Repositories.self)
        #expect(all.repositories.map(\.name) == ["a/x", "b/x", "c"])
        let rest = try await test.client.get(
            "repositories",
            [("after", "a/x")],
            as: Wire.Repositories.self
        )
        #expect(rest.repositories.map(\.name) == ["b/x", "c"])
        let sound = try await test.client.send("POST", "content/verify", as: Wire.Outcome.self)
        #expect(sound.isSound && sound.findings.isEmpty)
    }

    @Test func `carries every character of a parameter`() throws {
        let text = "a b+c&d=e%f/g?h#i\u{e9}\u{1F40B}"
        let head = ControlClient.head("GET", "usage", [("name", text)])
        #expect(try Query(head.query).value("name") == text)
    }
}
