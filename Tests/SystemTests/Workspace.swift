// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Testing

/// A directory of its own for one test, and the programs it starts; both are gone at its end.
final class Workspace: Sendable {
    let path: String

    /// Whether the parts that need other people's programs run; `script/test` says so.
    static let isOn = getenv("BREAKWATER_SYSTEM") != nil

    init() throws {
        path = "/tmp/breakwater-system-\(Identifier(from: LinuxRandom()))"
        _ = try LinuxFileSystem().directory(at: path, .createIfMissing)
    }

    deinit {
        _ = run(["rm", "-rf", path])
    }

    /// What a program said and how it ended.
    struct Finished: CustomStringConvertible {
        var ending: ChildProcess.Ending
        var output: String
        var succeeded: Bool { ending == .exited(0) }
        var description: String { "\(ending): \(output.suffix(2000))" }
    }

    /// Runs a program to its end, at most `seconds`; `timeout` ends it with everything it started.
    func run(_ arguments: [String], seconds: Int = 120) -> Finished {
        let output = "/tmp/breakwater-output-\(Identifier(from: LinuxRandom()))"
        defer { unlink(output) }
        guard
            let process = try? ChildProcess(
                ["timeout", "--kill-after=5", "\(seconds)"] + arguments,
                output: output
            )
        else { return Finished(ending: .exited(127), output: "cannot start \(arguments[0])") }
        let ending = process.wait()
        return Finished(ending: ending, output: Workspace.read(output))
    }

    /// Runs a program and records a failure unless it succeeds; returns what it said.
    @discardableResult
    func must(_ arguments: String..., location: SourceLocation = #_sourceLocation) throws -> String
    {
        let finished = run(arguments)
        try #require(
            finished.succeeded,
            "\(arguments.joined(separator: " ")): \(finished)",
            sourceLocation: location
        )
        return finished.output
    }

    static func read(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func write(_ text: String, to name: String) throws {
        let file = try LinuxFileSystem().directory(at: path, .mustExist).open(name, .writeOrCreate)
        try file.truncate(to: 0)
        try file.write(Array(text.utf8).span, at: 0)
    }
}
