// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import Retention

@Suite struct `Policies` {
    private func parse(_ text: String) throws(PolicyError) -> Policy {
        try Policy.parse(Array(text.utf8))
    }

    @Test func `every kind of rule is read`() throws {
        let policy = try parse(
            """
            {"rules":[{"name":"releases","repositories":["app/**"],"tags":["v*","stable"],
            "keepNewest":10,"by":"pull"},{"keepDays":30,"since":"pull"},
            {"tags":["pr-*"],"removeDays":14},{"untaggedDays":0}]}
            """
        )
        #expect(policy.rules.map(\.name) == ["releases", nil, nil, nil])
        #expect(
            policy.rules.map(\.action) == [
                .keepNewest(10, by: .pull), .keepDays(30, since: .pull),
                .removeDays(14, since: .push), .untaggedDays(0),
            ]
        )
        #expect(policy.rules[0].repositories.map(\.description) == ["app/**"])
        #expect(policy.rules[0].tags.map(\.description) == ["v*", "stable"])
    }

    @Test func `the canonical text is read as the same policy, and is its own canonical text`()
        throws
    {
        let policy = try parse(
            #"{ "rules": [ {"since":"push", "removeDays": 3, "tags": ["a?c"], "name":"x"}, {"keepNewest":1} ] }"#
        )
        let canonical = policy.canonical
        #expect(
            canonical
                == #"{"rules":[{"name":"x","tags":["a?c"],"removeDays":3,"since":"push"},{"keepNewest":1,"by":"push"}]}"#
        )
        #expect(try parse(canonical) == policy)
        #expect(try parse(canonical).canonical == canonical)
    }

    @Test(
        arguments: [
            ("[]", "must be an object"),
            ("{}", "needs 'rules'"),
            (#"{"rules":[],"rule":[]}"#, "no key 'rule'"),
            (#"{"rules":[{}]}"#, "rules[0]: a rule has exactly one of 'keepNewest'"),
            (#"{"rules":[{"keepNewest":1,"untaggedDays":1}]}"#, "exactly one of"),
            (#"{"rules":[{"keepNewest":0}]}"#, "from 1 to 1000000"),
            (#"{"rules":[{"keepNewest":1.0}]}"#, "whole number"),
            (#"{"rules":[{"keepNewest":"1"}]}"#, "whole number"),
            (#"{"rules":[{"keepDays":0}]}"#, "from 1 to 3650"),
            (#"{"rules":[{"removeDays":3651}]}"#, "from 1 to 3650"),
            (#"{"rules":[{"untaggedDays":-1}]}"#, "from 0 to 3650"),
            (#"{"rules":[{"keepNewest":1,"since":"push"}]}"#, "'since' goes with"),
            (#"{"rules":[{"keepDays":1,"by":"push"}]}"#, "'by' goes with"),
            (#"{"rules":[{"untaggedDays":1,"since":"push"}]}"#, "'since' goes with"),
            (#"{"rules":[{"untaggedDays":1,"tags":["*"]}]}"#, "leave 'tags' out"),
            (#"{"rules":[{"keepNewest":1,"by":"created"}]}"#, "'push' or 'pull'"),
            (#"{"rules":[{"keepNewest":1,"tags":"v*"}]}"#, "'tags' must be an array"),
            (#"{"rules":[{"keepNewest":1,"tags":[]}]}"#, "1 to 20 patterns"),
            (#"{"rules":[{"keepNewest":1,"tags":["v[0-9]"]}]}"#, "tags[0] must be a pattern"),
            (#"{"rules":[{"keepNewest":1,"repositories":[""]}]}"#, "repositories[0] must be"),
            (#"{"rules":[{"keepNewest":1,"keepNewest":2}]}"#, "not strict JSON"),
            (#"{"rules":[{"keepNewest":1,"name":""}]}"#, "'name' must have"),
            (#"{"rules":[{"keepNewest":1,"name":"a\nb"}]}"#, "no control characters"),
        ]
    ) func `what is no policy is refused with a sentence that names the place`(
        _ text: String,
        _ sentence: String
    ) {
        let error = #expect(throws: PolicyError.self) { try parse(text) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test func `a policy has at most 50 rules`() throws {
        let rule = #"{"untaggedDays":1}"#
        let rules = { (count: Int) in
            #"{"rules":["# + Array(repeating: rule, count: count).joined(separator: ",") + "]}"
        }
        #expect(try parse(rules(50)).rules.count == 50)
        #expect(throws: PolicyError.self) { try parse(rules(51)) }
    }

    @Test(
        arguments: [
            ("v*", "v1.0", true), ("v*", "v", true), ("v*", "1v", false), ("*", "", true),
            ("*", "a/b", false), ("**", "a/b", true), ("**", "", true), ("app/**", "app/a/b", true),
            ("app/**", "app", false), ("app/*", "app/a/b", false), ("*/web", "app/web", true),
            ("v?.?", "v1.2", true), ("v?", "v12", false), ("?", "/", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXbY", false), ("***", "a/b", true), ("**/x", "a/b/x", true),
            ("v1", "V1", false),
        ]
    ) func `a star stops at a slash, two do not`(_ pattern: String, _ name: String, _ is: Bool) {
        #expect(Pattern(pattern)?.matches(name) == `is`)
    }

    @Test func `a pattern made to be slow is not`() throws {
        let pattern = try #require(Pattern(String(repeating: "*a", count: 127)))
        #expect(!pattern.matches(String(repeating: "a", count: 254) + "b"))
    }
}
