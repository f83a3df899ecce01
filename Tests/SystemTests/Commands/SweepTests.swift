// SPDX-License-Identifier: Apache-2.0

import HTTP
import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `The sweep as built` {
        private let workspace: Workspace
        private let image: MultiArchImage
        private let server: RunningServer

        init() throws {
            workspace = try Workspace()
            image = try MultiArchImage(in: workspace)
            server = try RunningServer(in: workspace)
        }

        @discardableResult
        private func must(_ words: String...) throws -> String {
            try workspace.must([RunningServer.binary] + words + ["--data", server.data])
        }

        private func copies() throws -> Int {
            try workspace.must("find", "\(server.data)/blobs", "-type", "f")
                .split(separator: "\n").count
        }

        /// Lets the trash go of all that it keeps of a repository.
        private func purge(_ name: String) throws {
            for line in try must("trash", "list", name).split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count > 1, words[0] == "manifest" else { continue }
                try must("trash", "purge", "\(name)@\(words[1])", "--yes")
            }
        }

        // I7
        @Test func `frees a deleted repository's content, and leaves what others name`() throws {
            let empty = try copies()
            try must("image", "import", image.layout, "team/app:v1")
            try must("image", "copy", "team/app:v1", "prod/app:stable")
            let full = try copies()
            #expect(full > empty)
            try must("repository", "delete", "team/app")
            try purge("team/app")
            for _ in 0..<3 { try must("sweep", "run") }
            #expect(try copies() == full)
            try must("repository", "delete", "prod/app")
            #expect(try must("sweep", "plan").contains("now    0 copies"))
            try purge("prod/app")
            #expect(try must("sweep", "plan").contains("now    \(full - empty) copies"))
            try must("sweep", "pause")
            try must("sweep", "run")
            #expect(try copies() == full)
            #expect(try must("sweep", "resume").contains("waiting"))
            #expect(try must("sweep", "run").contains("freed \(full - empty) of"))
            #expect(try copies() == empty)
            #expect(try must("content", "verify", "--deep").contains("sound"))
            #expect(try must("sweep", "status", "--json").contains("\"freed\":\(full - empty)"))
            try must("image", "import", image.layout, "team/app:v2")
            try workspace.compare("\(server.address)/team/app:v2", with: image.layout, "--all")
        }
    }
}
