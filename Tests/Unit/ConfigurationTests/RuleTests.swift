// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Configuration

private func problems(_ text: String, flags: [(name: String, value: String)] = []) -> [String] {
    do {
        let source = Settings.Source(name: "f", bytes: Array(text.utf8))
        _ = try Settings.read(source, flags: flags)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

@Suite struct `Rules between keys` {
    private let tls = "tls: {certificate: c, key: k}\n"

    @Test func `beyond loopback needs TLS or insecure, and open`() {
        for address in ["0.0.0.0:5000", "192.168.1.2:5000", "\"[::]:5000\"", "\"[2001:db8::1]:1\""]
        {
            let listen = "listen: \(address)\n"
            #expect(problems(listen).count == 2)
            #expect(problems(listen + "open: true\n").count == 1)
            #expect(problems(listen + "insecure: true\n").count == 1)
            #expect(problems(listen + tls).count == 1)
            #expect(problems(listen + tls + "open: true\n").isEmpty)
            #expect(problems(listen + "insecure: true\nopen: true\n").isEmpty)
        }
        for address in ["127.0.0.1:5000", "127.9.9.9:1", "localhost:1", "\"[::1]:5000\""] {
            #expect(problems("listen: \(address)\n").isEmpty)
        }
    }

    @Test func `the rule names the line, or the option, that broke it`() {
        let found = problems("data: x\nlisten: 0.0.0.0:5000\nopen: true\n")
        #expect(
            found.first?.hasPrefix("f:2:9: 0.0.0.0:5000 is not loopback: set `tls.certificate`")
                == true
        )
        let flag = problems("", flags: [("listen", "0.0.0.0:5000")])
        #expect(flag.allSatisfy { $0.hasPrefix("--listen: ") } && flag.count == 2)
    }

    @Test func `an open server warns at every start`() throws {
        var settings = Settings()
        settings.open = true
        settings.insecure = true
        #expect(settings.warnings.isEmpty)
        settings.listen = try #require(Endpoint("0.0.0.0:5000"))
        #expect(settings.warnings.count == 2)
        settings.tls.certificate = "c"
        settings.tls.key = "k"
        #expect(settings.warnings.count == 1)
        #expect(settings.warnings.first?.hasPrefix("open: ") == true)
    }

    @Test func `certificate and key need each other`() {
        #expect(
            problems("tls:\n  certificate: c\n") == [
                "f:2:16: `tls.certificate` and `tls.key` need each other"
            ]
        )
        #expect(problems("tls:\n  key: c\n").first?.hasPrefix("f:2:8:") == true)
    }

    @Test func `health and metrics go beyond loopback only with both consents`() {
        let listen = "operations: {listen: 10.0.0.1:9000}\n"
        #expect(problems(listen).count == 1)
        #expect(problems(listen + "insecure: true\n").count == 1)
        #expect(problems(listen + "insecure: true\nopen: true\n").isEmpty)
        #expect(problems("operations: {listen: 127.0.0.1:9000}\n").isEmpty)
        #expect(problems("operations: {listen: 127.0.0.1:5000}\n").count == 1)
    }

    @Test func `health and metrics beyond loopback are warned of, whatever the main listener does`()
        throws
    {
        var settings = Settings()
        settings.open = true
        settings.insecure = true
        settings.operations.listen = Endpoint("127.0.0.1:9000")
        #expect(settings.warnings.isEmpty)
        settings.operations.listen = Endpoint("0.0.0.0:9000")
        #expect(settings.warnings.count == 1)
        #expect(settings.warnings.first?.contains("0.0.0.0:9000") == true)
        settings.listen = try #require(Endpoint("0.0.0.0:5000"))
        #expect(settings.warnings.count == 3)
    }

    @Test(arguments: [
        "requests: {page: 500, page-max: 100}", "connections: {idle-max: 100, max: 50}",
        "requests: {tags-per-push: 200}", "cache: {blob-size: 2MiB, blobs: 1MiB}",
    ])
    func `limits that contradict each other are refused`(text: String) {
        #expect(problems(text).count == 1)
    }
}
