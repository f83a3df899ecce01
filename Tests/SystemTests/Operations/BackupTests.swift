// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import Platform
import Synchronization
import Testing

extension `Breakwater as built` {
    /// The commands are those of docs/operations/backup.md, word by word.
    @Suite struct `Backup and restore` {
        private let workspace: Workspace
        private let image: MultiArchImage

        init() throws {
            workspace = try Workspace()
            image = try MultiArchImage(in: workspace)
        }

        // R-ICR-08, for a whole directory at the moment of its copy: same dump, same pulls.
        @Test func `a copy of the stopped directory gives back what was`() async throws {
            let server = try RunningServer(in: workspace)
            let data = server.data
            try await fill(server)
            let open = try await beginUpload(to: server)
            #expect(server.stop() == .exited(0))
            let before = try dump(data)
            try follow("Copy of the stopped directory", data: data)

            // Afterwards the directory goes on, and is then damaged where it hurts.
            let later = try RunningServer(in: workspace)
            try push(to: later, "team/later:v1")
            #expect(try await later.ask("DELETE", "/v2/team/app/manifests/v1").status == 202)
            #expect(later.stop() == .exited(0))
            #expect(try dump(data) != before)
            try workspace.must("truncate", "--size=64K", "\(data)/catalog.db")
            #expect(
                !workspace.run([RunningServer.binary, "catalog", "dump", "--data", data]).succeeded
            )

            try follow("Restore", data: data)
            #expect(try dump(data) == before)
            let again = try RunningServer(in: workspace)
            for name in ["team/app:v1", "other/app:v1"] {
                try workspace.compare("\(again.address)/\(name)", with: image.layout, "--all")
            }
            #expect(try await again.ask("GET", "/v2/team/later/tags/list").status == 404)
            #expect(try await again.ask("GET", "/v2/team/app/manifests/gone").status == 404)
            let digest = try workspace.sha256(of: Array("one two".utf8))
            let done = try await again.ask(
                "PUT",
                "\(open)&digest=\(digest)",
                body: Array("two".utf8)
            )
            #expect(done.status == 201)
            #expect(again.stop() == .exited(0))
        }

        // I1: everything acknowledged before the snapshot began is in it; nothing in it dangles (I2).
        @Test func `a snapshot of the running one gives back what was acknowledged`() async throws {
            let disk = try Ext4Disk(in: workspace, mebibytes: 1024)
            let server = try RunningServer(in: workspace, data: "\(disk.path)/data")
            try await fill(server)
            let manifest = try await server.ask("GET", "/v2/team/app/manifests/v1", Self.accept)
                .body
            let pushed = try await withThrowingTaskGroup(of: Void.self) { group in
                let count = Progress()
                group.addTask {
                    while !count.isOver {
                        let tag = "/v2/team/app/manifests/t\(count.next)"
                        let answer = try await server.ask("PUT", tag, Self.type, body: manifest)
                        try #require(answer.status == 201)
                        count.acknowledge()
                    }
                }
                _ = try wait(for: "load") { count.acknowledged > 50 ? true : nil }
                let acknowledged = count.acknowledged
                try follow("Snapshot of the running one", data: server.data, mount: disk.path)
                _ = try wait(for: "load after the snapshot") {
                    count.acknowledged > acknowledged + 50 ? true : nil
                }
                count.end()
                try await group.waitForAll()
                return acknowledged
            }
            let journal = try journal(server)
            #expect(server.stop() == .exited(0))
            let last = try dump(server.data)

            try follow("Restore", data: server.data)
            let snapshot = try dump(server.data)
            #expect(snapshot != last)
            try workspace.must(
                RunningServer.binary,
                "catalog",
                "rebuild",
                "--offline",
                "--data",
                server.data
            )
            #expect(try dump(server.data) == snapshot)
            let again = try RunningServer(in: workspace, data: "\(disk.path)/data")
            let restored = try self.journal(again)
            #expect(restored.count < journal.count)
            #expect(journal.starts(with: restored), "another past than the server's")
            for number in 0..<pushed {
                let tag = try await again.ask("HEAD", "/v2/team/app/manifests/t\(number)")
                #expect(tag.status == 200, "t\(number)")
            }
            try workspace.compare("\(again.address)/team/app:v1", with: image.layout, "--all")
            try push(to: again, "team/later:v1")
            #expect(again.stop() == .exited(0))
        }

        private static let type = [("Content-Type", "application/vnd.oci.image.index.v1+json")]
        private static let accept = [("Accept", "application/vnd.oci.image.index.v1+json")]

        // MARK: What happens before

        private func push(to server: RunningServer, _ name: String) throws {
            try workspace.copy(
                "oci:\(image.layout):v1",
                to: "docker://\(server.address)/\(name)",
                "--all"
            )
        }

        /// Images in two namespaces, a tag that is gone.
        private func fill(_ server: RunningServer) async throws {
            for name in ["team/app:v1", "other/app:v1", "team/app:gone"] {
                try push(to: server, name)
            }
            #expect(try await server.ask("DELETE", "/v2/team/app/manifests/gone").status == 202)
        }

        private func beginUpload(to server: RunningServer) async throws -> String {
            let begun = try await server.ask("POST", "/v2/team/app/blobs/uploads/")
            let location = try #require(begun.headers["Location"])
            let sent = try await server.ask("PATCH", location, body: Array("one ".utf8))
            #expect(sent.status == 202)
            return try #require(sent.headers["Location"])
        }

        // MARK: What is compared

        private func dump(_ data: String) throws -> String {
            try workspace.must(RunningServer.binary, "catalog", "dump", "--data", data)
        }

        private func journal(_ server: RunningServer) throws -> [Substring] {
            try workspace.must(
                RunningServer.binary,
                "journal",
                "list",
                "--data",
                server.data
            ).split(separator: "\n")
        }

        // MARK: What the document says

        /// Runs the commands below a heading.
        private func follow(_ heading: String, data: String, mount: String = "") throws {
            let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
            let document = Workspace.read("\(root)/docs/operations/backup.md")
            let section = try #require(
                document.split(separator: "\n## ").first { $0.hasPrefix("\(heading)\n") },
                "there is no heading '\(heading)'"
            )
            let commands = section.split(separator: "```sh\n").dropFirst().compactMap {
                $0.split(separator: "```").first
            }.joined()
            try #require(!commands.isEmpty)
            try workspace.must(
                ["bash", "-euo", "pipefail", "-c", commands],
                environment: [
                    ("DATA", data), ("BACKUP", "\(workspace.path)/backup"), ("MOUNT", mount),
                    ("PATH", "\(binaries):\(try workspace.must("printenv", "PATH"))"),
                ]
            )
        }

        /// The folder of the program, which the document's commands find in PATH.
        private var binaries: String {
            RunningServer.binary.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        }
    }
}

/// How far a load is, told between the task that makes it and the one that watches it.
private final class Progress: Sendable {
    private let state = Mutex((acknowledged: 0, isOver: false))

    /// The number of the next write.
    var next: Int { acknowledged }
    var acknowledged: Int { state.withLock { $0.acknowledged } }
    var isOver: Bool { state.withLock { $0.isOver } }
    func acknowledge() { state.withLock { $0.acknowledged += 1 } }
    func end() { state.withLock { $0.isOver = true } }
}
