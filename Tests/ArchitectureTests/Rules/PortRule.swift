// SPDX-License-Identifier: Apache-2.0

/// Tests that open sockets let the system choose the port.
enum PortRule {
    /// Where tests listen or connect; elsewhere an address is only text to parse.
    private static let places = [
        "Tests/SystemTests", "Tests/Unit/HTTPServerTests", "Tests/Unit/HTTPClientTests",
        "Tests/Unit/NodeTests",
    ]
    private static let before = ["127.0.0.1:", "localhost:", "[::1]:", "port: ", "PORT="]

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isSwift, file.lies(in: places) else { return [] }
        return file.lines.enumerated().flatMap { index, line in
            line.drop { $0 == " " }.hasPrefix("//")
                ? []
                : before.compactMap { start in
                    guard let found = line.firstRange(of: start),
                        let port = Int(line[found.upperBound...].prefix { $0.isNumber }), port > 0
                    else { return nil }
                    return Finding(
                        path: file.path,
                        line: index + 1,
                        sentence: "port \(port) is fixed; listen on 0 and ask"
                    )
                }
        }
    }
}
