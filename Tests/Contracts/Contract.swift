// SPDX-License-Identifier: Apache-2.0

public import Testing

/// One sentence of a contract that every implementation of a port keeps.
///
/// A suite runs all of them: `@Test(arguments: FileSystemContract.clauses)`.
public struct Clause<Subject>: Sendable, CustomTestStringConvertible {
    /// The sentence.
    public let sentence: String
    /// Tries it on an implementation; failures are reported to the running test.
    public let check: @Sendable (Subject) async throws -> Void

    /// The sentence, as the argument's name in reports.
    public var testDescription: String { sentence }

    init(_ sentence: String, _ check: @escaping @Sendable (Subject) async throws -> Void) {
        self.sentence = sentence
        self.check = check
    }
}
