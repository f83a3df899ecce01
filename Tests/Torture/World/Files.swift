// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// Files and programs, as far as the torture needs them.
enum Files {
    private static let programSecondsMax = 900

    /// A file's text; empty when there is none.
    static func text(of path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Makes a file hold a text.
    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw Failure("cannot write \(path)") }
        let written = fputs(text, file)
        guard fclose(file) == 0, written >= 0 else { throw Failure("cannot write \(path)") }
    }

    /// Lets `body` work in a directory that nobody else has, and takes it away whatever happens.
    static func withTemporaryDirectory<Value>(
        _ body: (String) async throws -> Value
    ) async throws -> Value {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let path = "\(parent)/breakwater-torture-\("\(Identifier(from: LinuxRandom()))".prefix(12))"
        _ = try LinuxFileSystem().directory(at: path, .createIfMissing)
        defer { _ = try? Files.run("rm", "-rf", "--one-file-system", path) }
        return try await body(path)
    }

    /// Runs a program to its end and returns what it said; anything but success is an error.
    @discardableResult
    static func run(_ arguments: String...) throws -> String {
        let output = "/tmp/breakwater-output-\(Identifier(from: LinuxRandom()))"
        defer { unlink(output) }
        let process = try ChildProcess(arguments, output: output)
        let ending = process.wait(atMost: .seconds(programSecondsMax))
        guard ending == .exited(0) else {
            process.sendToGroup(SIGKILL)
            let how = ending.map { "\($0)" } ?? "no end after \(programSecondsMax) s"
            throw Failure("\(arguments.joined(separator: " ")): \(how): \(text(of: output))")
        }
        return text(of: output)
    }
}
