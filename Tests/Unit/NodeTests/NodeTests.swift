// SPDX-License-Identifier: Apache-2.0

import Configuration
import Contracts
import ControlAPI
import Glibc
import HTTP
import HTTPClient
import Node
import Platform
import Synchronization
import Testing

@Suite(.ownThreads) struct `A node` {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func `answers at three levels of health, and nothing else beside the API`() async throws {
        let node = try await RunningNode(in: directory)
        for path in ["/livez", "/readyz", "/contentz"] {
            let answer = try await node.ask(path)
            #expect(answer.status == 200)
            #expect(answer.text == "ok\n")
        }
        let refused = try await node.ask("/livez", "DELETE")
        #expect(refused.status == 405)
        #expect(refused.headers["Allow"] == "GET, HEAD")
        #expect(try await node.ask("/").status == 404)
        #expect(try await node.ask("/control/v1/status").status == 404)
        try node.stop()
    }

    @Test func `gives health a listener of its own, and serves no content there`() async throws {
        let node = try await RunningNode(in: directory) { settings in
            settings.operations.listen = Endpoint(address: .loopback, port: 0)
        }
        #expect(try await node.ask("/livez").status == 404)
        #expect(try await node.ask("/metrics").status == 404)
        #expect(try await node.ask("/v2/").status == 200)
        try node.stop()
    }

    @Test func `takes no work on any listener while a request on one of them ends its time`()
        async throws
    {
        let node = try await RunningNode(in: directory) { $0.shutdownGrace = RunningNode.ample }
        let begun = try await node.ask("/v2/a/blobs/uploads/", "POST")
        let parts = try #require(begun.headers["Location"]).split(separator: "?", maxSplits: 1)
        let socket = Client(Client.Options(unixSocket: "\(node.settings.data)/\(Wire.socketName)"))
        func metrics() -> String? {
            do {
                let head = RequestHead(method: "GET", path: "/metrics")
                return try socket.send(head, .none, limit: 1 << 20).text
            } catch { return nil }
        }
        let running = node.node
        var own = Client.Options(base: running.address)
        own.connectTimeout = RunningNode.ample
        let failure = Mutex<String?>(nil)
        var stopping: Platform.Thread?
        var portions = 0
        let answer = try Client(own).exchange(
            RequestHead(
                method: "PATCH",
                path: String(parts[0]),
                query: String(parts[1])
            ),
            bodyCount: 2,
            produce: { _ in
                portions += 1
                guard portions == 2 else { return portions == 1 ? [1] : [] }
                while metrics()?.contains("breakwater_requests_working 1\n") == false {}
                stopping = Thread {
                    do { try running.stop() } catch { failure.withLock { $0 = "\(error)" } }
                }
                // Ends when the socket does not answer any more, long before the grace does.
                while metrics() != nil {}
                return [2]
            },
            consume: { _, _ in true }
        )
        #expect(answer.status == 202)
        stopping?.join()
        #expect(failure.withLock(\.self) == nil)
        try node.stop()
    }

    @Test func `writes one line for each request, with its id`() async throws {
        let node = try await RunningNode(in: directory)
        let answer = try await node.ask("/v2/a/manifests/b?secret=1")
        let id = try #require(answer.headers["X-Request-Id"])
        try node.stop()
        let lines = String(decoding: try directory.bytes(of: "log"), as: UTF8.self)
            .split(separator: "\n").filter { $0.contains("\"id\":\"\(id)\"") }
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        for part in [
            "\"message\":\"request\"", "\"method\":\"GET\"", "\"path\":\"/v2/a/manifests/b\"",
            "\"status\":404", "\"error\":\"MANIFEST_UNKNOWN\"",
        ] { #expect(line.contains(part), "\(part) is not in \(line)") }
        #expect(!line.contains("secret"))
    }

    @Test func `takes the log's level and goes on in a new file when it is told to`() async throws {
        let node = try await RunningNode(in: directory)
        // A line is written after its answer was sent, and before the connection's next request.
        for path in ["/first", "/next"] { _ = try await node.ask(path) }
        try directory.directory.rename("log", to: directory.directory, as: "log.1")
        var settings = node.settings
        settings.log.level = .error
        try node.node.reload(settings)
        _ = try await node.ask("/second")
        try node.stop()
        let old = String(decoding: try directory.bytes(of: "log.1"), as: UTF8.self)
        #expect(old.contains("/first"))
        let new = String(decoding: try directory.bytes(of: "log"), as: UTF8.self)
        #expect(!new.contains("/second"), "requests are below the level")
    }

    @Test func `refuses a data directory that another one uses`() async throws {
        do {
            let node = try await RunningNode(in: directory)
            let error = await #expect(throws: NodeError.self) {
                try await RunningNode(in: directory)
            }
            #expect(error?.description.contains("another breakwater uses") ?? false)
            try node.stop()
        }
        try await RunningNode(in: directory).stop()
    }

    @Test func `leaves no WAL when it is stopped, and files only for their owner`() async throws {
        let node = try await RunningNode(in: directory)
        let running = try access()
        #expect(running.contains { $0.name == "catalog.db-wal" })
        try node.stop()
        let stopped = try access()
        #expect(stopped.contains { $0.name == "catalog.db" })
        #expect(!stopped.contains { $0.name.hasPrefix("catalog.db-") })
        try Maintenance.rebuildCatalog(at: "\(directory.path)/data", world: World.linux()) { _, _ in
        }
        for (name, mode) in running + stopped + (try access()) {
            #expect(mode & 0o077 == 0, "\(name) has mode \(String(mode, radix: 8))")
        }
    }

    /// What lies in the data directory, and who may use it.
    private func access() throws -> [(name: String, mode: mode_t)] {
        let data = try directory.directory.directory("data", .mustExist)
        return try data.names(after: "", limit: 100).map { name in
            var facts = stat()
            #expect(lstat("\(directory.path)/data/\(name)", &facts) == 0)
            return (name, facts.st_mode)
        }
    }
}
