// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Configuration

private func read(
    _ text: String,
    flags: [(name: String, value: String)] = []
) throws(ConfigurationError) -> Settings {
    let source = Settings.Source(name: "breakwater.yaml", bytes: Array(text.utf8))
    return try Settings.read(source, flags: flags)
}

/// What is wrong, one problem a line.
private func problems(_ text: String, flags: [(name: String, value: String)] = []) -> [String] {
    do {
        _ = try read(text, flags: flags)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

@Suite struct `Reading the configuration` {
    @Test func `nothing has to be configured`() throws {
        let settings = try Settings.read(nil)
        #expect(settings == Settings())
        #expect(settings.listen == Endpoint("127.0.0.1:5000"))
        #expect(settings.requests.manifestSize == 4 << 20)
        #expect(settings.requests.headersSize == 16 << 10)
        #expect(settings.requests.page == 1_000)
        #expect(settings.connections.idleMax == 2_048)
        #expect(settings.connections.headerDeadline == .seconds(10))
        #expect(settings.cache.blobs == 32 << 20)
        #expect(settings.storage.stagingAge == .seconds(7 * 86_400))
        #expect(settings.warnings.isEmpty)
        #expect(try read("") == settings)
        #expect(try read("# nothing\ntls:\n  # certificate: x\n") == settings)
    }

    @Test func `every kind of value is read`() throws {
        let settings = try read(
            """
            listen: "[::1]:5001"
            public-url: https://registry.example.org:8443
            trusted-proxies: [127.0.0.1, 10.0.0.0/8]
            data: /var/lib/breakwater
            shutdown-grace: 500ms
            tls:
              certificate: /etc/breakwater/tls.crt
              key: /etc/breakwater/tls.key
            log:
              level: debug
              format: json
            names: {node: wharf-7}
            deletion:
              keep-referrers: true
            requests:
              manifest-size: 8MiB
              manifest-references: 500
            """
        )
        #expect(settings.listen == Endpoint("[::1]:5001"))
        #expect(settings.publicURL == "https://registry.example.org:8443")
        #expect(settings.trustedProxies.map(\.description) == ["127.0.0.1/32", "10.0.0.0/8"])
        #expect(settings.data == "/var/lib/breakwater")
        #expect(settings.shutdownGrace == .milliseconds(500))
        #expect(settings.hasTLS)
        #expect(settings.log.level == .debug && settings.log.format == .json)
        #expect(settings.names.node == "wharf-7")
        #expect(settings.deletion.keepReferrers)
        #expect(settings.requests.manifestSize == 8 << 20)
        #expect(settings.requests.manifestReferences == 500)
        #expect(try read("trusted-proxies: ::1\n").trustedProxies.count == 1)
    }

    @Test func `options go before the file`() throws {
        let text = "listen: 127.0.0.1:1\ndata: a\n"
        let settings = try read(text, flags: [("listen", "127.0.0.1:2"), ("log-format", "json")])
        #expect(settings.listen == Endpoint("127.0.0.1:2"))
        #expect(settings.data == "a")
        #expect(settings.log.format == .json)
        #expect(Settings.flags.map(\.name) == ["listen", "data", "log-format"])
    }

    @Test func `an unknown key is an error with file, line, what was meant and what is allowed`() {
        let text = "data: x\nlisen: 127.0.0.1:5000\nlog:\n  levle: info\n"
        let found = problems(text)
        #expect(found.count == 2)
        #expect(
            found.first?.hasPrefix(
                "breakwater.yaml:2:1: there is no key `lisen`; did you mean `listen`? Allowed here: listen,"
            ) == true
        )
        #expect(
            found.last
                == "breakwater.yaml:4:3: there is no key `log.levle`; did you mean `log.level`? "
                + "Allowed in `log`: level, format, file"
        )
    }

    @Test(arguments: [
        ("publicUrl: x", "public-url"), ("public_url: x", "public-url"), ("Listen: x", "listen"),
        ("manifest-size: 1MiB", "requests.manifest-size"), ("logs:\n  level: x", "log"),
        ("requests:\n  manifestSize: 1", "requests.manifest-size"),
        ("requests:\n  idle-max: 1", "connections.idle-max"), ("log.level: info", "log.level"),
    ])
    func `what was meant is found`(text: String, meant: String) {
        #expect(problems(text).first?.contains("did you mean `\(meant)`?") == true)
    }

    @Test func `what nobody meant gets no suggestion`() {
        let found = problems("zzzzzzzzzzzz: 1\n").first
        #expect(found?.contains("did you mean") == false)
        #expect(found?.contains("Allowed here: listen,") == true)
    }

    @Test func `a wrong value is an error with the line and what is allowed`() {
        #expect(
            problems("cache:\n  blobs: 32MB\n") == [
                "breakwater.yaml:2:10: `cache.blobs` must be a size from 0B to 64GiB, as in 512KiB, "
                    + "4MiB or 1GiB; '32MB' is not"
            ]
        )
        #expect(problems("", flags: [("listen", "5000")]).first?.hasPrefix("--listen: ") == true)
        #expect(problems("", flags: [("lisen", "x")]) == ["--lisen: there is no such option"])
    }

    @Test(arguments: [
        "listen: 5000", "listen: registry:5000", "listen: [a]", "listen: {a: b}", "listen:",
        "open: yes",
        "open: 1", "open: True", "public-url: registry.example.org", "public-url: ftp://a",
        "public-url: https://a/b", "public-url: https://", "public-url: https://u@a",
        "public-url: https://a:0", "public-url: \"https://a\\r\\nX: y\"", "trusted-proxies: [x]",
        "trusted-proxies: [10.0.0.1/8]", "trusted-proxies: [[::1]]", "data: \"\"",
        "data: \"a\\0b\"",
        "tls: x", "tls: [x]", "log: {level: verbose}", "log: {format: xml}", "names: {node: A}",
        "names: {node: -a}", "names: {zone: \"\"}", "requests: {manifest-size: 1}",
        "requests: {manifest-size: 65GiB}", "requests: {page: 0}", "requests: {page: -1}",
        "requests: {page: 1.5}", "requests: {page: 99999999999999999999}",
        "connections: {workers: 0}",
        "connections: {header-deadline: 10}", "connections: {header-deadline: 0s}", "- a", "a",
        "[1]",
        "listen: &x 127.0.0.1:1", "listen: !t 127.0.0.1:1", "data: a\ndata: b", "\tdata: a", "? a",
        "log:\n  level: info\n  level: info", "---\ndata: a\n---\ndata: b",
    ])
    func `a wrong value, kind or document is refused`(text: String) {
        let found = problems(text)
        #expect(!found.isEmpty)
        #expect(found.allSatisfy { $0.hasPrefix("breakwater.yaml:") })
    }

    @Test func `everything that is wrong is said at once, and not without end`() {
        let text = "a: 1\nlisten: x\nlog:\n  level: x\n  zz: 1\nopen: 2\n"
        #expect(
            problems(text).map { $0.prefix { $0 != " " } } == [
                "breakwater.yaml:1:1:", "breakwater.yaml:2:9:", "breakwater.yaml:4:10:",
                "breakwater.yaml:5:3:", "breakwater.yaml:6:7:",
            ]
        )
        let many = (0..<1_000).map { "key\($0): 1\n" }.joined()
        #expect(problems(many).count == SettingsReader.problemsMax)
    }

    @Test func `a message shows what was written without its control characters`() {
        let found = problems("listen: \"a\\u001b[31m\\n\(String(repeating: "x", count: 500))\"\n")
        #expect(found.first?.utf8.allSatisfy { $0 >= 0x20 } == true)
        #expect((found.first?.utf8.count ?? 0) < 400)
    }

    @Test func `a file that cannot be read is an error that says so`() throws {
        let scratch = try Scratch()
        let missing = #expect(throws: ConfigurationError.self) {
            try Settings.Source.read(scratch.path + "/none.yaml", from: scratch.files)
        }
        #expect(
            missing?.description.hasSuffix(
                "none.yaml: the configuration cannot be read: "
                    + "there is no such file"
            ) == true
        )
        try scratch.write("data: x\n", to: "a.yaml")
        let source = try Settings.Source.read(scratch.path + "/a.yaml", from: scratch.files)
        #expect(try Settings.read(source).data == "x")
        try scratch.write(String(repeating: "#", count: Settings.Source.sizeMax + 1), to: "b.yaml")
        let long = try Settings.Source.read(scratch.path + "/b.yaml", from: scratch.files)
        #expect(throws: ConfigurationError.self) { try Settings.read(long) }
    }
}
