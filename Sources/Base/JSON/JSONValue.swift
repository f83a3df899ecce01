// SPDX-License-Identifier: Apache-2.0

/// A JSON document from outside, as a tree of values (RFC 8259).
///
/// Parsed by libjansson with duplicate keys refused: clients in Go take the last of two equal keys,
/// other decoders the first, so a document that has two means two things.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case real(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One member of an object, in the order of the text.
    public struct Member: Hashable, Sendable {
        /// The key.
        public var key: String
        /// The value.
        public var value: JSONValue
        /// Makes a member.
        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The member `key` of an object; nil for other values and absent keys.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The text of a string.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The number of an integer.
    public var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The elements of an array.
    public var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members of an object.
    public var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }
}

/// Why a text is not a JSON document that we take.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, in libjansson's words or ours.
    public var problem: String
    /// The line, from 1; 0 when the problem is the whole document.
    public var line: Int
    /// The column, from 1.
    public var column: Int

    /// Makes an error.
    public init(problem: String, line: Int, column: Int) {
        self.problem = problem
        self.line = line
        self.column = column
    }

    /// A sentence with the place.
    public var description: String {
        line > 0 ? "\(problem) (line \(line), column \(column))" : problem
    }
}
