// SPDX-License-Identifier: Apache-2.0

/// Bytes from `first` to `last`, both included.
public struct ByteRange: Hashable, Sendable {
    /// The position of the first byte.
    public let first: UInt64
    /// The position of the last byte, not before the first.
    public let last: UInt64

    /// Makes a range; nil when it ends before it begins or its length is more than 64 bits.
    public init?(first: UInt64, last: UInt64) {
        guard first <= last, last - first < UInt64.max else { return nil }
        self.first = first
        self.last = last
    }

    /// How many bytes.
    public var count: UInt64 { last - first + 1 }

    /// The `Content-Range` of a 206 with this part of `size` bytes.
    public func contentRange(of size: UInt64) -> String { "bytes \(first)-\(last)/\(size)" }

    /// The `Content-Range` of a 416 for `size` bytes.
    public static func unsatisfied(of size: UInt64) -> String { "bytes */\(size)" }

    /// Parses a chunk's `Content-Range` as the distribution spec has it: `^[0-9]+-[0-9]+$`.
    public init?(uploadContentRange text: some StringProtocol) {
        let ends = text.utf8.split(
            separator: UInt8(ascii: "-"),
            maxSplits: 2,
            omittingEmptySubsequences: false
        )
        guard ends.count == 2, case .number(let first) = Digits(ends[0]),
            case .number(let last) = Digits(ends[1])
        else { return nil }
        self.init(first: first, last: last)
    }
}

/// What to send for a GET with a `Range` (RFC 9110, 14.2).
public enum RangeSelection: Hashable, Sendable {
    /// 200 with everything: no range, one we do not understand, several, or an `If-Range` that
    /// names something else.
    case whole
    /// 206 with a part.
    case part(ByteRange)
    /// 416: nothing of what was asked for is there.
    case unsatisfiable

    /// Selects from `size` bytes by the request's fields.
    ///
    /// A range that is malformed is ignored, as if it was not there; of several ranges the whole is
    /// sent unless none can be satisfied.
    public init(_ headers: Headers, size: UInt64, entityTag: EntityTag?) {
        self = .whole
        guard let field = headers["Range"] else { return }
        if let condition = headers["If-Range"] {
            guard let named = EntityTag(condition), let entityTag, named.isStrongly(entityTag)
            else { return }
        }
        guard let specifiers = RangeSelection.specifiers(field) else { return }
        var selected: [RangeSelection] = []
        for specifier in specifiers {
            guard let one = RangeSelection.select(specifier, size: size) else { return }
            selected.append(one)
        }
        if selected.allSatisfy({ $0 == .unsatisfiable }) {
            self = .unsatisfiable
        } else if selected.count == 1 {
            self = selected[0]
        }
    }

    /// The specifiers of unit `bytes`, without the optional white space and empty elements of a list.
    private static func specifiers(_ field: String) -> [Substring.UTF8View]? {
        guard let equals = field.utf8.firstIndex(of: UInt8(ascii: "=")),
            field.utf8[..<equals].elementsEqual("bytes".utf8, by: { $0 | 0x20 == $1 })
        else { return nil }
        let listed = field.utf8[field.utf8.index(after: equals)...]
            .split(separator: UInt8(ascii: ","))
            .map { Headers.trimmed($0) }
            .filter { !$0.isEmpty }
        return listed.isEmpty ? nil : listed
    }

    /// One specifier, `first-`, `first-last` or `-suffix`; nil when it is none of these.
    private static func select(_ text: Substring.UTF8View, size: UInt64) -> RangeSelection? {
        guard let hyphen = text.firstIndex(of: UInt8(ascii: "-")) else { return nil }
        let left = text[..<hyphen]
        let right = text[text.index(after: hyphen)...]
        let end: Digits? = right.isEmpty ? nil : Digits(right)
        if left.isEmpty {
            guard let end, end != .none else { return nil }
            guard end != .number(0) else { return .unsatisfiable }
            guard size > 0 else { return .whole }
            return part(first: size - min(size, end.clamped), last: size - 1)
        }
        let start = Digits(left)
        guard start != .none, end != Digits.none, end.map({ start.clamped <= $0.clamped }) ?? true
        else { return nil }
        guard start.clamped < size else { return .unsatisfiable }
        return part(first: start.clamped, last: min(end?.clamped ?? .max, size - 1))
    }

    private static func part(first: UInt64, last: UInt64) -> RangeSelection? {
        ByteRange(first: first, last: last).map(RangeSelection.part)
    }
}

/// A row of decimal digits, of any length.
enum Digits: Equatable {
    /// There were none, or something else among them.
    case none
    case number(UInt64)
    /// A number of more than 64 bits.
    case huge

    init(_ text: some Sequence<UInt8>) {
        self = .none
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                self = .none
                return
            }
            let digit = UInt64(byte - UInt8(ascii: "0"))
            switch self {
            case .none: self = .number(digit)
            case .huge: break
            case .number(let soFar):
                let (tens, tooBig) = soFar.multipliedReportingOverflow(by: 10)
                let (sum, stillTooBig) = tens.addingReportingOverflow(digit)
                self = tooBig || stillTooBig ? .huge : .number(sum)
            }
        }
    }

    /// The number, or the greatest there is.
    var clamped: UInt64 {
        switch self {
        case .none: 0
        case .number(let number): number
        case .huge: .max
        }
    }
}
