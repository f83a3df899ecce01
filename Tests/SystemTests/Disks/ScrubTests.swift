// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `The scrub as built` {
        private let workspace: Workspace

        init() throws { workspace = try Workspace() }

        private func upload(_ bytes: [UInt8], to server: RunningServer) async throws -> String {
            let digest = try workspace.sha256(of: bytes)
            let path = "/v2/team/app/blobs/uploads/?digest=\(digest)"
            #expect(try await server.ask("POST", path, body: bytes).status == 201)
            return digest
        }

        private func copy(of digest: String, in data: String) -> String {
            let hex = digest.dropFirst("sha256:".count)
            return "\(data)/blobs/00000000000000000002/sha256/\(hex.prefix(2))/\(hex)"
        }

        // I3
        @Test func `finds sectors that cannot be read, past the page cache, and a push heals them`()
            async throws
        {
            let disk = try CutShortDisk(in: workspace)
            let configuration = try workspace.write(
                "storage:\n  free-space-floor: 64KiB\n",
                to: "floor.yaml"
            )
            let server = try RunningServer(
                in: workspace,
                data: "\(disk.path)/data",
                arguments: ["--config", configuration]
            )
            var bytes = (0..<(8 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
            let other = try await upload(Array("another".utf8), to: server)
            var digest = try await upload(bytes, to: server)
            // Where the file system puts a file it decides: the other one must not lie behind the cut.
            for attempt in 1..<10 as Range<UInt8> {
                let copies = (copy(of: other, in: server.data), copy(of: digest, in: server.data))
                if try disk.lies(copies.0, beforeCutAt: copies.1) { break }
                bytes[0] = attempt
                digest = try await upload(bytes, to: server)
            }
            try disk.fillBehind()
            try disk.cut(at: copy(of: digest, in: server.data))
            // The page cache has it still.
            let cached = try await server.ask("GET", "/v2/team/app/blobs/\(digest)")
            #expect(cached.status == 200 && cached.body == bytes)
            let scrub = [RunningServer.binary, "content", "scrub", "--data", server.data]
            let found = workspace.run(scrub)
            #expect(found.ending == .exited(5), "\(found)")
            #expect(found.output.contains("1 copies set aside"), "\(found)")
            let status = try workspace.must(scrub.prefix(3) + ["status"] + scrub.suffix(2))
            // Zeros instead, where the server wrote behind the cut and so made the image long again.
            let flaws = [
                "unreadable": "the disk does not give its bytes",
                "bytes": "its bytes hash to something else",
            ]
            let flaw = try #require(
                flaws.keys.first {
                    status.contains("lost       \(digest)  generation 2  \($0)")
                },
                "\(status)"
            )
            let list = [
                RunningServer.binary, "content", "quarantine", "list", "--data", server.data,
            ]
            #expect(try workspace.must(list).contains(flaws[flaw] ?? flaw))
            for (method, status) in [("GET", 404), ("HEAD", 404)] {
                let answer = try await server.ask(method, "/v2/team/app/blobs/\(digest)")
                #expect(answer.status == status)
                #expect(method == "HEAD" || answer.text.contains("\"quarantined\":\"\(digest)\""))
            }
            #expect(try await server.ask("GET", "/v2/team/app/blobs/\(other)").status == 200)
            _ = try await upload(bytes, to: server)
            let healed = try await server.ask("GET", "/v2/team/app/blobs/\(digest)")
            #expect(healed.body == bytes)
            let again = workspace.run(scrub)
            #expect(again.ending == .exited(0), "\(again)")
            #expect(server.stop() == .exited(0))
        }

        @Test func `goes on from its tables where an entry is damaged and no backup has it`()
            async throws
        {
            let server = try RunningServer(in: workspace)
            var digests: [String] = []
            for number in 0..<5 { digests.append(try await upload([UInt8(number)], to: server)) }
            let status = try workspace.must(
                RunningServer.binary,
                "status",
                "--json",
                "--data",
                server.data
            )
            #expect(server.stop() == .exited(0))
            let catalog = try LinuxFileSystem().directory(at: server.data, .mustExist)
                .open("catalog.db", .write)
            let place = try #require(try entry(of: try region(status), in: catalog))
            try catalog.write([0x5A, 0xA5, 0x5A].span, at: place)

            let refused = workspace.run([
                RunningServer.binary, "serve", "--listen", "127.0.0.1:0", "--data", server.data,
            ])
            #expect(refused.ending == .exited(1), "\(refused)")
            let offline = ["--offline", "--data", server.data]
            let rebuild = workspace.run([RunningServer.binary, "catalog", "rebuild"] + offline)
            #expect(rebuild.ending == .exited(1), "\(rebuild)")
            let adopted = workspace.run([RunningServer.binary, "journal", "adopt"] + offline)
            // Everything is there, but what came behind the entry is not proved.
            #expect(adopted.ending == .exited(5), "\(adopted)")
            #expect(adopted.output.contains("into incarnation 2"), "\(adopted)")
            #expect(adopted.output.contains("damaged entry"), "\(adopted)")
            #expect(!adopted.output.contains("the sweep is paused"), "\(adopted)")
            let twice = workspace.run([RunningServer.binary, "journal", "adopt"] + offline)
            #expect(twice.ending == .exited(1), "\(twice)")

            let again = try RunningServer(in: workspace)
            for digest in digests {
                let answer = try await again.ask("GET", "/v2/team/app/blobs/\(digest)")
                #expect(answer.status == 200)
            }
            _ = try await upload(Array("after".utf8), to: again)
            let scrub = workspace.run([
                RunningServer.binary, "content", "scrub", "--data", again.data,
            ])
            #expect(scrub.ending == .exited(0), "\(scrub)")
            #expect(again.stop() == .exited(0))
        }

        /// The region's id in a status, as bytes.
        private func region(_ status: String) throws -> [UInt8] {
            let hex = try #require(status.split(separator: "\"region\":\"").last?.prefix(32))
            return try stride(from: 0, to: 32, by: 2).map { index in
                let start = hex.index(hex.startIndex, offsetBy: index)
                return try #require(UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16))
            }
        }

        /// Where an entry of a journal's first life lies: its id, and the number of that life.
        private func entry(of journal: [UInt8], in file: any File) throws -> UInt64? {
            var bytes = [UInt8](repeating: 0, count: Int(try file.size()))
            _ = try file.read(into: &bytes, at: 0)
            let patterns = [journal + [0, 0, 0, 1], journal + [1, 0, 0, 0]]
            return bytes.indices.first { index in
                patterns.contains { bytes[index...].starts(with: $0) }
            }.map { UInt64($0) }
        }
    }
}
