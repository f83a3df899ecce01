// SPDX-License-Identifier: Apache-2.0

/// Everything that is wrong with a configuration.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One thing that is wrong, where, and what is allowed instead.
    public struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// The file, or the option: `breakwater.yaml`, `--listen`.
        public var source: String
        /// The line in the file, from 1; nil for options and files that cannot be read.
        public var line: Int?
        /// The column, from 1.
        public var column: Int?
        /// What is wrong and what is allowed.
        public var sentence: String

        /// As compilers write it, so that editors find the place.
        public var description: String {
            let place = [line, column].compactMap { $0 }.map { ":\($0)" }.joined()
            return "\(source)\(place): \(sentence)"
        }
    }

    /// The problems, in the order of the file, those of options last.
    public var problems: [Problem]

    /// One problem a line.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
