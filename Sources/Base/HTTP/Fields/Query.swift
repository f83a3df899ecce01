// SPDX-License-Identifier: Apache-2.0

/// The parameters of a query, `name=value` joined by `&`, in their order, decoded.
public struct Query: Sendable, Equatable {
    /// What bounds a query.
    public struct Limits: Sendable {
        /// The longest query in bytes as it was sent.
        public var lengthMax = 8_192
        /// The most parameters; a manifest pushed with several tags has one for each.
        public var parametersMax = 128
        /// Makes the default limits.
        public init() {}
    }

    /// One parameter.
    public struct Parameter: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The value; empty when there was no `=`.
        public var value: String
    }

    /// All parameters, in order.
    public let parameters: [Parameter]

    /// Reads the text after `?`; nil and empty text are a query without parameters.
    public init(_ text: String?, limits: Limits = Limits()) throws(QueryError) {
        guard let text, !text.isEmpty else {
            parameters = []
            return
        }
        guard text.utf8.count <= limits.lengthMax else { throw .tooLong(max: limits.lengthMax) }
        var read: [Parameter] = []
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            guard read.count < limits.parametersMax else {
                throw .tooMany(max: limits.parametersMax)
            }
            let halves = pair.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard let name = halves.first.flatMap({ PercentCoding.decode(Substring($0)) }) else {
                throw .malformed(Query.shown(pair))
            }
            guard halves.count == 2 else {
                read.append(Parameter(name: name, value: ""))
                continue
            }
            guard let value = PercentCoding.decode(Substring(halves[1])) else {
                throw .malformed(Query.shown(pair))
            }
            read.append(Parameter(name: name, value: value))
        }
        parameters = read
    }

    /// Every value of `name`, in order.
    public func values(_ name: String) -> [String] {
        parameters.filter { $0.name == name }.map(\.value)
    }

    /// The one value of `name`, nil when it is absent.
    ///
    /// Throws when it stands there twice: whoever reads the first and whoever reads the last would
    /// see two requests.
    public func value(_ name: String) throws(QueryError) -> String? {
        let found = values(name)
        guard found.count <= 1 else { throw .repeated(name) }
        return found.first
    }

    /// What an error shows of a parameter: its first 64 bytes.
    private static func shown(_ pair: Substring.UTF8View) -> String {
        String(decoding: pair.prefix(64), as: UTF8.self)
    }
}

/// Why a query is refused, with 400, or with 414 when it is too long or has too much.
public enum QueryError: Error, Hashable, Sendable {
    /// Longer than the limit.
    case tooLong(max: Int)
    /// More parameters than the limit.
    case tooMany(max: Int)
    /// A percent-encoding that is none, or bytes that are not text.
    case malformed(String)
    /// A parameter that may stand there once stands there twice.
    case repeated(String)

    /// The status that says so.
    public var status: Int {
        switch self {
        case .tooLong, .tooMany: 414
        case .malformed, .repeated: 400
        }
    }

    /// What is wrong.
    public var sentence: String {
        switch self {
        case .tooLong(let max): "the query is longer than \(max) bytes"
        case .tooMany(let max): "the query has more than \(max) parameters"
        case .malformed(let pair): "the query parameter '\(pair)' is not percent-encoded text"
        case .repeated(let name): "the query parameter '\(name)' is there more than once"
        }
    }
}
