// SPDX-License-Identifier: Apache-2.0

/// A part of a YAML document, and where it stands.
///
/// A plain tree: no anchors, no aliases, no tags, one document, keys that are text and differ.
public struct YAMLNode: Hashable, Sendable {
    /// What a node is.
    public enum Value: Hashable, Sendable {
        /// Nothing, `~` or `null`, without quotes.
        case null
        /// Text, and whether it stood there without quotes.
        case scalar(String, isPlain: Bool)
        /// A list.
        case sequence([YAMLNode])
        /// Keys and values, in the order of the text.
        case mapping([Entry])
    }

    /// One key with its value.
    public struct Entry: Hashable, Sendable {
        /// The key's text.
        public var key: String
        /// Where the key stands.
        public var place: YAMLPlace
        /// Its value.
        public var value: YAMLNode
    }

    /// What it is.
    public var value: Value
    /// Where it begins.
    public var place: YAMLPlace

    /// The entries of a mapping.
    public var entries: [Entry]? {
        guard case .mapping(let entries) = value else { return nil }
        return entries
    }

    /// The value of `key` in a mapping.
    public subscript(key: String) -> YAMLNode? {
        entries?.first { $0.key == key }?.value
    }

    /// The text of a scalar.
    public var text: String? {
        guard case .scalar(let text, _) = value else { return nil }
        return text
    }
}

/// A place in a document.
public struct YAMLPlace: Hashable, Sendable {
    /// The line, from 1.
    public var line: Int
    /// The column, from 1.
    public var column: Int

    /// Makes a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// What bounds a document.
public struct YAMLLimits: Sendable {
    /// The longest text in bytes.
    public var sizeMax = 256 << 10
    /// The deepest nesting.
    public var depthMax = 16
    /// The most nodes.
    public var nodesMax = 16_384

    /// Makes the default limits.
    public init() {}
}

/// Why a text is not a document that we take.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, in libyaml's words or ours.
    public var problem: String
    /// Where.
    public var place: YAMLPlace

    /// Makes an error.
    public init(problem: String, place: YAMLPlace) {
        self.problem = problem
        self.place = place
    }

    /// A sentence with the place.
    public var description: String { "\(problem) (line \(place.line), column \(place.column))" }
}
