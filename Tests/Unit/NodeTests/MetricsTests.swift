// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTP
import Platform
import Testing

@testable import Node

@Suite(.ownThreads) struct `Metrics of a node` {
    private static let root = #filePath.split(separator: "/").dropLast(4).reduce("") {
        "\($0)/\($1)"
    }

    @Test func `each is documented, and each that is documented is there`() async throws {
        let directory = try TemporaryDirectory()
        let node = try await RunningNode(in: directory)
        _ = try await node.ask("/v2/")
        let answer = try await node.ask("/metrics")
        try node.stop()
        #expect(answer.headers["Content-Type"]?.hasPrefix("text/plain; version=0.0.4") ?? false)
        let measured = answer.text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
            .map { String($0.split(separator: " ")[2]) }
        let page = String(
            decoding: try LinuxFileSystem()
                .directory(at: "\(Self.root)/docs/operations", .mustExist)
                .open("observability.md", .read).all(),
            as: UTF8.self
        )
        let documented = page.split(separator: "\n").filter { $0.hasPrefix("| `breakwater_") }
            .map { String($0.split(separator: "`")[1]) }
        #expect(measured.sorted() == documented.sorted())
    }

    @Test func `count requests by route and status, never by repository`() async throws {
        let directory = try TemporaryDirectory()
        let node = try await RunningNode(in: directory)
        _ = try await node.ask("/v2/some/repository/tags/list")
        let text = try await node.ask("/metrics").text
        try node.stop()
        #expect(
            text.contains(
                "breakwater_requests_total{route=\"tags\",method=\"GET\",status=\"404\"} 1\n"
            )
        )
        #expect(!text.contains("some/repository"))
    }
}
