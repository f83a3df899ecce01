// SPDX-License-Identifier: Apache-2.0

/// An entity tag (RFC 9110, 8.8.3): of a manifest or blob, its digest in quotes.
public struct EntityTag: Hashable, Sendable, CustomStringConvertible {
    /// Whether it began with `W/`.
    public let isWeak: Bool
    /// What stands between the quotes.
    public let opaque: String

    /// Makes a strong tag; `opaque` has only visible ASCII and no quote, as a digest has.
    public init(strong opaque: String) {
        isWeak = false
        self.opaque = opaque
    }

    /// Parses `"…"`, `W/"…"` and, because docker's registry takes it, a bare word.
    public init?(_ text: some StringProtocol) {
        var rest = Headers.trimmed(Substring(text).utf8)
        let isWeak = rest.starts(with: "W/".utf8)
        if isWeak { rest = rest.dropFirst(2) }
        let quote = UInt8(ascii: "\"")
        if rest.first == quote {
            guard rest.count >= 2, rest.last == quote else { return nil }
            rest = rest.dropFirst().dropLast()
        } else {
            guard !isWeak, !rest.isEmpty, !rest.elementsEqual("*".utf8) else { return nil }
        }
        guard rest.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != quote }) else { return nil }
        self.isWeak = isWeak
        opaque = String(Substring(rest))
    }

    /// As it stands in an `ETag` field.
    public var description: String { (isWeak ? "W/" : "") + "\"\(opaque)\"" }

    /// The same, and neither weak: what `If-Match` and `If-Range` ask.
    public func isStrongly(_ other: EntityTag) -> Bool {
        !isWeak && !other.isWeak && opaque == other.opaque
    }

    /// The same, weak or not: what `If-None-Match` asks.
    public func isWeakly(_ other: EntityTag) -> Bool { opaque == other.opaque }
}

/// The value of `If-Match` or `If-None-Match`.
public enum EntityTagList: Hashable, Sendable {
    /// `*`: whatever is there.
    case any
    /// One of these.
    case tags([EntityTag])

    /// The most tags that are read.
    public static let countMax = 64

    /// Parses the field lines of one name; nil when there is something else in them, or too much.
    public init?(_ lines: [String]) {
        guard let parts = EntityTagList.split(lines.joined(separator: ",")), !parts.isEmpty else {
            return nil
        }
        if parts.count == 1, Headers.trimmed(Substring(parts[0]).utf8).elementsEqual("*".utf8) {
            self = .any
            return
        }
        guard parts.count <= EntityTagList.countMax else { return nil }
        var tags: [EntityTag] = []
        for part in parts {
            guard let tag = EntityTag(part) else { return nil }
            tags.append(tag)
        }
        self = .tags(tags)
    }

    /// Whether `current` (nil: nothing is there) is among these by strong comparison.
    public func matchesStrongly(_ current: EntityTag?) -> Bool {
        guard let current else { return false }
        switch self {
        case .any: return true
        case .tags(let tags): return tags.contains { $0.isStrongly(current) }
        }
    }

    /// Whether `current` (nil: nothing is there) is among these by weak comparison.
    public func matchesWeakly(_ current: EntityTag?) -> Bool {
        guard let current else { return false }
        switch self {
        case .any: return true
        case .tags(let tags): return tags.contains { $0.isWeakly(current) }
        }
    }

    /// Splits at commas outside quotes, leaving out empty elements; nil when a quote stays open.
    private static func split(_ list: String) -> [Substring]? {
        var parts: [Substring] = []
        var start = list.utf8.startIndex
        var isQuoted = false
        for index in list.utf8.indices {
            let byte = list.utf8[index]
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if byte == UInt8(ascii: ","), !isQuoted {
                parts.append(list[start..<index])
                start = list.utf8.index(after: index)
            }
        }
        guard !isQuoted else { return nil }
        parts.append(list[start...])
        return parts.filter { !Headers.trimmed($0.utf8).isEmpty }
    }
}

/// The conditions a request makes on what is there (RFC 9110, 13).
public struct Preconditions: Hashable, Sendable {
    /// One field's condition.
    public enum Condition: Hashable, Sendable {
        /// The field is not there.
        case absent
        /// What it names.
        case list(EntityTagList)
        /// The field is there and cannot be read: nothing is known to match it.
        case unreadable
    }

    /// What the conditions say of what is there now.
    public enum Outcome: Hashable, Sendable {
        case proceed
        /// 304, for GET and HEAD alone.
        case notModified
        /// 412.
        case failed
    }

    /// `If-Match`.
    public let ifMatch: Condition
    /// `If-None-Match`.
    public let ifNoneMatch: Condition

    /// Reads them from a request.
    public init(_ headers: Headers) {
        ifMatch = Preconditions.condition(headers.values("If-Match"))
        ifNoneMatch = Preconditions.condition(headers.values("If-None-Match"))
    }

    /// Whether a change has to wait for what is there to be known.
    public var isEmpty: Bool { ifMatch == .absent && ifNoneMatch == .absent }

    /// What GET and HEAD do when `current` is there; an `If-None-Match` that cannot be read is
    /// ignored, for the whole answer is right in any case.
    public func forReading(_ current: EntityTag?) -> Outcome {
        guard satisfiesIfMatch(current) else { return .failed }
        if case .list(let list) = ifNoneMatch, list.matchesWeakly(current) { return .notModified }
        return .proceed
    }

    /// What a change does when `current` (nil: nothing) is there; a field that cannot be read fails
    /// it, for the client meant to protect something.
    public func forChanging(_ current: EntityTag?) -> Outcome {
        guard satisfiesIfMatch(current) else { return .failed }
        switch ifNoneMatch {
        case .absent: return .proceed
        case .unreadable: return .failed
        case .list(let list): return list.matchesWeakly(current) ? .failed : .proceed
        }
    }

    private func satisfiesIfMatch(_ current: EntityTag?) -> Bool {
        switch ifMatch {
        case .absent: true
        case .unreadable: false
        case .list(let list): list.matchesStrongly(current)
        }
    }

    private static func condition(_ lines: [String]) -> Condition {
        guard !lines.isEmpty else { return .absent }
        return EntityTagList(lines).map(Condition.list) ?? .unreadable
    }
}
