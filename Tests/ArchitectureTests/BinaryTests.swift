// SPDX-License-Identifier: Apache-2.0

import Testing

/// The built program, read as bytes.
@Suite struct `The built program` {
    /// Foundation costs 44 MB of program and 9 MB of memory (style: Foundation).
    @Test(.enabled(if: Self.program != nil, "breakwater is not built beside the tests"))
    func `does not need Foundation`() throws {
        let bytes = try #require(Self.program.flatMap(Repository.bytes))
        #expect(contains(bytes, "libswiftCore.so"))
        #expect(!contains(bytes, "libFoundation.so"))
    }

    /// Beside the bundle of tests that the toolchain's runner was given.
    private static let program: String? = CommandLine.arguments
        .first { $0.hasSuffix(".xctest") }
        .map { $0.split(separator: "/").dropLast().joined(separator: "/") }
        .map { "/\($0)/breakwater" }
        .flatMap { Repository.bytes(of: $0) == nil ? nil : $0 }

    private func contains(_ bytes: [UInt8], _ text: String) -> Bool {
        let wanted = Array(text.utf8) + [0]
        return bytes.indices.contains { index in
            bytes[index] == wanted[0] && bytes[index...].starts(with: wanted)
        }
    }
}
