// SPDX-License-Identifier: Apache-2.0

import Blobs
import Contracts
import Crypto
import HTTP
import OCI
import Platform
import Registry
import Telemetry
import Testing

@testable import RegistryAPI

@Suite struct `What is counted and logged` {
    @Test(arguments: [
        ("/v2/", RouteName.base), ("/v2", .base), ("/v2/_catalog", .catalog),
        ("/v2/a/manifests/latest", .manifest), ("/v2/a/b/c/manifests/sha256:0", .manifest),
        ("/v2/a/blobs/sha256:0", .blob), ("/v2/a/blobs/uploads/", .uploads),
        ("/v2/a/blobs/uploads", .uploads), ("/v2/a/blobs/uploads/0123", .upload),
        ("/v2/a/tags/list", .tags), ("/v2/a/referrers/sha256:0", .referrers),
        ("/livez", .health), ("/metrics", .health), ("/control/v1/status", .control), ("/", .other),
        ("", .other), ("//", .other),
        ("/v2//", .other), ("/v2/a", .other), ("/v2/a/tags/other", .other), ("/v3/x/y", .other),
    ])
    func `a route is told by the end of the path`(path: String, route: RouteName) {
        #expect(RouteName(path: path) == route)
    }

    @Test func `each route has its own place`() {
        #expect(RouteName.allCases.map(\.index) == Array(RouteName.allCases.indices))
    }

    @Test func `a name that looks like a route is told as the parser tells it`() throws {
        for path in ["/v2/manifests/manifests/manifests", "/v2/a/blobs/uploads/tags/list"] {
            let parsed = try #require(try Route.parse(path))
            switch (parsed, RouteName(path: path)) {
            case (.manifest, .manifest), (.tags, .tags): break
            default: Issue.record("\(path) is \(parsed) and \(RouteName(path: path))")
            }
        }
    }

    @Test func `requests are counted by route, method and status, never by repository`() {
        let metrics = Metrics()
        let telemetry = RequestTelemetry(log: quiet, metrics: metrics)
        for number in 0..<10 {
            finish(telemetry, "GET", "/v2/team/app\(number)/manifests/v1", 200, sent: 100)
        }
        finish(telemetry, "BREW", "/v2/a/blobs/uploads/1", 418, received: 7)
        let text = String(decoding: metrics.text(), as: UTF8.self)
        let expected = [
            #"breakwater_requests_total{route="manifest",method="GET",status="200"} 10"#,
            #"breakwater_requests_total{route="upload",method="other",status="other"} 1"#,
            #"breakwater_sent_bytes_total{route="manifest"} 1000"#,
            #"breakwater_received_bytes_total{route="upload"} 7"#,
            #"breakwater_request_duration_seconds_count{route="manifest"} 10"#,
        ]
        for line in expected { #expect(text.contains(line + "\n"), "\(line)") }
        #expect(!text.contains("team"))
    }

    @Test func `trouble is logged with its cause, which the client is not told`() async throws {
        let log = MemoryLog()
        let telemetry = RequestTelemetry(
            log: Log(to: log, format: .text, level: .info, clocks: HandClocks()),
            metrics: Metrics()
        )
        let file = FileError(kind: .device, errno: 5, operation: "open secret-path")
        let response = APIError(.blobs(.trouble(file))).response
        #expect(!String(decoding: response.bytes, as: UTF8.self).contains("secret-path"))
        finish(telemetry, "GET", "/v2/a/blobs/x", response.status, fields: response.logFields)
        #expect(log.text.contains("secret-path"))
    }

    @Test func `the registry tells its positions, commits and cache`() async throws {
        let test = try TestRegistry()
        await test.push(image: "one", to: "a", tag: "v1")
        _ = await test.send("GET", "/v2/a/manifests/v1")
        _ = await test.send("GET", "/v2/a/manifests/v1")
        let metrics = Metrics()
        test.registry.measure(in: metrics)
        let text = String(decoding: metrics.text(), as: UTF8.self)
        let expected = [
            "breakwater_ready 1", #"breakwater_journal_position{journal="region"} 3"#,
            #"breakwater_journal_position{journal="estate"} 1"#,
            "breakwater_journal_commits_total 3", "breakwater_journal_entries_total 4",
            "breakwater_changes_waiting 0", "breakwater_cache_answers 1",
            #"breakwater_cache_lookups_total{result="hit"} 1"#,
            #"breakwater_cache_lookups_total{result="miss"} 1"#,
        ]
        for line in expected { #expect(text.contains(line + "\n"), "\(line)\n\(text)") }
    }

    private var quiet: Log {
        Log(to: NoLog(), format: .text, level: .error, clocks: HandClocks())
    }

    private func finish(
        _ telemetry: RequestTelemetry,
        _ method: String,
        _ path: String,
        _ status: Int,
        received: UInt64 = 0,
        sent: UInt64 = 0,
        fields: [(String, String)] = []
    ) {
        telemetry.finished(
            RequestHead(method: method, path: path),
            status: status,
            bytesReceived: received,
            bytesSent: sent,
            duration: .milliseconds(1),
            logFields: fields
        )
    }
}
