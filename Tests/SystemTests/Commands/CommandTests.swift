// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `From the command line` {
        private let workspace: Workspace
        private let image: MultiArchImage
        private let server: RunningServer

        init() throws {
            workspace = try Workspace()
            image = try MultiArchImage(in: workspace)
            server = try RunningServer(in: workspace)
        }

        /// Runs a command on the server's data directory.
        private func command(_ words: String...) -> Workspace.Finished {
            workspace.run([RunningServer.binary] + words + ["--data", server.data])
        }

        /// Runs one that must succeed, and returns what it printed.
        @discardableResult
        private func must(_ words: String...) throws -> String {
            try workspace.must([RunningServer.binary] + words + ["--data", server.data])
        }

        // I5: an index stands for what it names; F-ICR-34.
        @Test func `an image is imported, copied by reference and exported bit for bit`() throws {
            try must("image", "import", image.layout, "team/app:v1")
            #expect(try must("repository", "list") == "team/app\n")
            let before = try must("usage", "--json")
            let copied = try must("image", "copy", "team/app:v1", "prod/app:stable")
            #expect(copied.contains(image.digest))
            let after = try must("usage", "--json")
            #expect(Self.number("deduplicatedBytes", in: before) > 0)
            #expect(
                Self.number("deduplicatedBytes", in: after)
                    == Self.number("deduplicatedBytes", in: before),
                "nothing is stored again"
            )
            #expect(
                Self.number("logicalBytes", in: after)
                    == 2 * Self.number("logicalBytes", in: before)
            )
            try workspace.compare(
                "\(server.address)/prod/app:stable",
                with: image.layout,
                "--all"
            )
            let exported = "\(workspace.path)/exported"
            try must("image", "export", "prod/app:stable", exported)
            try workspace.must("diff", "-r", "\(image.layout)/blobs", "\(exported)/blobs")
            try must("image", "import", exported, "again/app:v1")
            #expect(try workspace.digest(of: "\(server.address)/again/app:v1") == image.digest)
        }

        @Test func `tags are added, removed, and told in full`() throws {
            try must("image", "import", image.layout, "team/app:v1")
            try must("tag", "add", "team/app:v1", "latest")
            #expect(try workspace.digest(of: "\(server.address)/team/app:latest") == image.digest)
            try must("tag", "remove", "team/app:latest")
            let history = try must("tag", "history", "team/app:latest")
            let lines = history.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.first?.hasSuffix("deleted") == true)
            #expect(lines.last?.hasSuffix(image.digest) == true)
            let unknown = command("tag", "remove", "team/app:latest")
            #expect(unknown.ending == .exited(4), "\(unknown)")
            // F-ICR-12: never an image when a tag was meant.
            let nameless = command("tag", "remove", "team/app")
            #expect(nameless.ending == .exited(2), "\(nameless)")
            #expect(try workspace.digest(of: "\(server.address)/team/app:v1") == image.digest)
        }

        @Test func `a tag's history is told in full when it is longer than a page`() async throws {
            let type = "application/vnd.oci.image.index.v1+json"
            let count = 1_003
            for number in 0..<count {
                let manifest = """
                    {"schemaVersion":2,"mediaType":"\(type)","manifests":[],\
                    "annotations":{"number":"\(number % 2)"}}
                    """
                let put = try await server.ask(
                    "PUT",
                    "/v2/team/app/manifests/v1",
                    [("Content-Type", type)],
                    body: Array(manifest.utf8)
                )
                try #require(put.status == 201)
            }
            #expect(try must("tag", "history", "team/app:v1").split(separator: "\n").count == count)
        }

        // F-ICR-11.
        @Test func `images are deleted by tag or digest with every tag they have, several at once`()
            async throws
        {
            for repository in ["team/a", "team/b", "team/c", "team/d"] {
                try must("image", "import", image.layout, "\(repository):latest")
                try must("tag", "add", "\(repository):latest", "v1")
            }
            let finished = command(
                "image",
                "delete",
                "team/a:v1",
                "team/none:v1",
                "team/b@\(image.digest)",
                "team/c"
            )
            #expect(finished.ending == .exited(4), "one of them is not there: \(finished)")
            for repository in ["team/a", "team/b", "team/c"] {
                let tags = try await server.ask("GET", "/v2/\(repository)/tags/list").text
                #expect(tags.contains("\"tags\":[]"), "\(tags)")
            }
            try workspace.compare(
                "\(server.address)/team/d:latest",
                with: image.layout,
                "--all"
            )
        }

        // R-ACR-45: what has no architecture is as portable as an image.
        @Test func `an artifact with a subject is exported and imported with its digest`()
            async throws
        {
            try must("image", "import", image.layout, "team/app:v1")
            let manifest = try await server.pushArtifact(to: "team/app", about: image, workspace)
            try must("tag", "add", "team/app@\(manifest)", "report")
            let exported = "\(workspace.path)/exported"
            try must("image", "export", "team/app:report", exported)
            try must("image", "import", exported, "other/app:report")
            let imported = try await server.ask("HEAD", "/v2/other/app/manifests/report")
            #expect(imported.headers["Docker-Content-Digest"] == manifest)
            let found = try await server.ask("GET", "/v2/other/app/referrers/\(image.digest)")
            #expect(found.text.contains(manifest))
        }

        // I2: every change is an entry.
        @Test func `every change is listed from both journals and followed as it is made`() throws {
            let follower = try workspace.start(
                "follow",
                [RunningServer.binary, "journal", "follow", "--data", server.data]
            )
            try must("image", "import", image.layout, "team/app:v1")
            try must("image", "delete", "team/app:v1")
            let region = try must("journal", "list")
            #expect(region.contains("team/app: tag v1 is \(image.digest)"))
            #expect(region.contains("team/app: manifest \(image.digest) in the trash"))
            #expect(try must("journal", "list", "--scope", "estate").contains("namespace 'team'"))
            let last = try #require(region.split(separator: "\n").last)
            let position = String(last.prefix { $0 != " " })
            #expect(try must("journal", "list", "--from", position) == "\(last)\n")
            #expect(try must("journal", "list", "--json").hasPrefix("{"))
            _ = try wait(for: "the last change to be followed") {
                follower.output.contains(last) ? true : nil
            }
        }

        // I4: the projection is a function of the entries.
        @Test func `the catalog is rebuilt and the content verified, with and without a server`()
            throws
        {
            try must("image", "import", image.layout, "team/app:v1")
            #expect(try must("catalog", "rebuild").contains("rebuilt"))
            #expect(try must("content", "verify", "--deep").contains(" 0 of them without"))
            #expect(command("catalog", "rebuild", "--offline").ending == .exited(3))
            #expect(command("content", "verify", "--offline").ending == .exited(3))
            #expect(server.stop() == .exited(0))
            #expect(command("status").ending == .exited(3))
            try must("catalog", "rebuild", "--offline")
            #expect(try must("content", "verify", "--offline").contains(" 0 of them without"))
            try workspace.must(
                "find",
                "\(server.data)/blobs",
                "-type",
                "f",
                "-size",
                "-2000c",
                "-delete"
            )
            let damaged = command("content", "verify", "--offline")
            #expect(damaged.ending == .exited(5), "\(damaged)")
            let again = try RunningServer(in: workspace)
            #expect(try must("status").contains("writes     taken"))
            #expect(again.stop() == .exited(0))
        }

        @Test func `a repository is emptied and leaves the list`() throws {
            try must("image", "import", image.layout, "team/app:v1")
            try must("repository", "delete", "team/app")
            #expect(try must("repository", "list") == "")
            #expect(try must("usage", "--json").contains("\"repositories\":0"))
        }

        @Test func `a wrong command line ends with status 2 and says what is right`() {
            for words in [["tag", "add"], ["serve", "--no-such"], ["nonsense"], []] {
                let finished = workspace.run([RunningServer.binary] + words)
                #expect(finished.ending == .exited(2), "\(words): \(finished)")
                #expect(finished.output.contains("usage") || finished.output.contains("--help"))
            }
        }

        private static func number(_ name: String, in json: String) -> Int {
            let after = json.split(separator: "\"\(name)\":").last ?? ""
            return Int(after.prefix { $0.isNumber }) ?? -1
        }
    }
}
