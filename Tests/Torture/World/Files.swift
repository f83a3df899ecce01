// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// Files and programs, as far as the torture needs them.
enum Files {
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

    /// A directory that nobody else has.
    static func temporaryDirectory() throws -> String {
        let path = "/tmp/breakwater-\("\(Identifier(from: LinuxRandom()))".prefix(12))"
        _ = try LinuxFileSystem().directory(at: path, .createIfMissing)
        return path
    }

    /// Runs a program to its end and returns what it said; anything but success is an error.
    @discardableResult
    static func run(_ arguments: String...) throws -> String {
        let output = "/tmp/breakwater-output-\(Identifier(from: LinuxRandom()))"
        defer { unlink(output) }
        let process = try ChildProcess(arguments, output: output)
        let ending = process.wait(atMost: .seconds(300))
        let said = text(of: output)
        guard ending == .exited(0) else {
            process.sendToGroup(SIGKILL)
            let how = ending.map { "\($0)" } ?? "no end"
            throw Server.Failure(
                description: "\(arguments.joined(separator: " ")): \(how): \(said)"
            )
        }
        return said
    }
}
