// SPDX-License-Identifier: Apache-2.0

public import JSON

/// Why a text is no policy: a sentence that names the place.
public struct PolicyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    public var description: String
}

extension Policy {
    /// Reads a policy; every key must be known, and every number within its range.
    public static func parse(_ bytes: [UInt8]) throws(PolicyError) -> Policy {
        var limits = JSONLimits()
        limits.sizeMax = sizeMax
        limits.depthMax = 8
        let root: JSONValue
        do throws(JSONError) { root = try JSONValue.parse(bytes, limits: limits) } catch {
            throw PolicyError(description: "the policy is not strict JSON: \(error)")
        }
        let reader = ObjectReader(root, "the policy")
        try reader.require(["rules"])
        guard let elements = try reader.array("rules") else {
            throw PolicyError(description: "the policy needs 'rules', an array")
        }
        guard elements.count <= rulesMax else {
            throw PolicyError(description: "the policy has more than \(rulesMax) rules")
        }
        var rules: [Rule] = []
        for (index, element) in elements.enumerated() {
            rules.append(try Rule(element, "rules[\(index)]"))
        }
        return Policy(rules: rules)
    }

    /// The one text of a policy: the same for policies that say the same in the same order.
    public var json: JSONValue {
        .object([JSONValue.Member("rules", .array(rules.map(\.json)))])
    }

    /// The bytes of `json`.
    public var canonical: String {
        String(decoding: json.encoded, as: UTF8.self)
    }
}

extension Rule {
    private static let actions = ["keepNewest", "keepDays", "removeDays", "untaggedDays"]

    fileprivate init(_ value: JSONValue, _ place: String) throws(PolicyError) {
        let reader = ObjectReader(value, place)
        try reader.require(["name", "repositories", "tags", "by", "since"] + Rule.actions)
        let name = try reader.text("name")
        if let name {
            guard (1...Rule.nameMax).contains(name.utf8.count),
                name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else {
                throw reader.error(
                    "'name' must have 1 to \(Rule.nameMax) bytes and no control characters"
                )
            }
        }
        let repositories = try reader.patterns("repositories")
        let tags = try reader.patterns("tags")
        let named = Rule.actions.filter { reader.value[$0] != nil }
        guard named.count == 1, let action = named.first else {
            throw reader.error(
                "a rule has exactly one of \(Rule.actions.map { "'\($0)'" }.joined(separator: ", "))"
            )
        }
        self.init(
            name: name,
            repositories: repositories,
            tags: tags,
            action: try Rule.action(action, reader)
        )
        guard action != "untaggedDays" || tags.isEmpty else {
            throw reader.error("'untaggedDays' is about images without a tag: leave 'tags' out")
        }
    }

    private static func action(
        _ key: String,
        _ reader: ObjectReader
    ) throws(PolicyError) -> Action {
        let (by, since) = (try reader.clock("by"), try reader.clock("since"))
        guard by == nil || key == "keepNewest" else {
            throw reader.error("'by' goes with 'keepNewest' alone")
        }
        guard since == nil || key == "keepDays" || key == "removeDays" else {
            throw reader.error("'since' goes with 'keepDays' and 'removeDays' alone")
        }
        switch key {
        case "keepNewest":
            return .keepNewest(try reader.number(key, newestRange), by: by ?? .push)
        case "keepDays":
            return .keepDays(try reader.number(key, daysRange), since: since ?? .push)
        case "removeDays":
            return .removeDays(try reader.number(key, daysRange), since: since ?? .push)
        default: return .untaggedDays(try reader.number(key, untaggedRange))
        }
    }

    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = []
        if let name { members.append(JSONValue.Member("name", .string(name))) }
        for (key, patterns) in [("repositories", repositories), ("tags", tags)]
        where !patterns.isEmpty {
            let texts = patterns.map { JSONValue.string($0.description) }
            members.append(JSONValue.Member(key, .array(texts)))
        }
        func add(_ key: String, _ number: Int, _ clock: (key: String, value: Clock)? = nil) {
            members.append(JSONValue.Member(key, .integer(Int64(number))))
            guard let clock else { return }
            members.append(JSONValue.Member(clock.key, .string(clock.value.rawValue)))
        }
        switch action {
        case .keepNewest(let count, let clock): add("keepNewest", count, ("by", clock))
        case .keepDays(let days, let clock): add("keepDays", days, ("since", clock))
        case .removeDays(let days, let clock): add("removeDays", days, ("since", clock))
        case .untaggedDays(let days): add("untaggedDays", days)
        }
        return .object(members)
    }
}

/// An object of a policy, and how errors name it.
private struct ObjectReader {
    let value: JSONValue
    let place: String

    init(_ value: JSONValue, _ place: String) {
        (self.value, self.place) = (value, place)
    }

    func error(_ problem: String) -> PolicyError {
        PolicyError(description: "\(place): \(problem)")
    }

    func require(_ known: [String]) throws(PolicyError) {
        guard let members = value.members else { throw error("must be an object") }
        if let other = members.first(where: { !known.contains($0.key) }) {
            throw error(
                "there is no key '\(other.key)'; known are \(known.joined(separator: ", "))"
            )
        }
    }

    func array(_ key: String) throws(PolicyError) -> [JSONValue]? {
        guard let member = value[key] else { return nil }
        guard let elements = member.array else { throw error("'\(key)' must be an array") }
        return elements
    }

    func text(_ key: String) throws(PolicyError) -> String? {
        guard let member = value[key] else { return nil }
        guard let text = member.string else { throw error("'\(key)' must be a string") }
        return text
    }

    func number(_ key: String, _ range: ClosedRange<Int>) throws(PolicyError) -> Int {
        guard let number = value[key]?.integer, let small = Int(exactly: number),
            range.contains(small)
        else {
            throw error(
                "'\(key)' must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return small
    }

    func clock(_ key: String) throws(PolicyError) -> Rule.Clock? {
        guard let text = try text(key) else { return nil }
        guard let clock = Rule.Clock(rawValue: text) else {
            throw error("'\(key)' must be 'push' or 'pull'")
        }
        return clock
    }

    func patterns(_ key: String) throws(PolicyError) -> [Pattern] {
        guard let elements = try array(key) else { return [] }
        guard (1...Rule.patternsMax).contains(elements.count) else {
            throw error(
                "'\(key)' must have 1 to \(Rule.patternsMax) patterns; leave it out for all"
            )
        }
        var patterns: [Pattern] = []
        for (index, element) in elements.enumerated() {
            guard let pattern = element.string.flatMap({ Pattern($0) }) else {
                throw error(
                    "\(key)[\(index)] must be a pattern of letters, digits, '.', '_', '-', '/', '*', "
                        + "'**' and '?'"
                )
            }
            patterns.append(pattern)
        }
        return patterns
    }
}
