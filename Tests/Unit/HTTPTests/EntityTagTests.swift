// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite struct `Entity tags` {
    @Test func `it is written in quotes and read back`() throws {
        let tag = EntityTag(strong: "sha256:aa")
        #expect(tag.description == "\"sha256:aa\"")
        #expect(EntityTag(tag.description) == tag)
        let weak = try #require(EntityTag(" W/\"x\" "))
        #expect(weak.isWeak)
        #expect(weak.description == "W/\"x\"")
    }

    @Test func `a digest without quotes is read as docker's registry reads it`() {
        #expect(EntityTag("sha256:aa") == EntityTag(strong: "sha256:aa"))
    }

    @Test(arguments: ["", "\"", "\"a", "a\"", "W/a", "W/", "\"a\"b\"", "*", "a b", "\"a b\""])
    func `what is no entity tag is refused`(text: String) {
        #expect(EntityTag(text) == nil)
    }

    @Test func `weak tags match weakly only`() throws {
        let strong = EntityTag(strong: "x")
        let weak = try #require(EntityTag("W/\"x\""))
        #expect(strong.isStrongly(strong) && strong.isWeakly(strong))
        #expect(!weak.isStrongly(strong) && !strong.isStrongly(weak) && !weak.isStrongly(weak))
        #expect(weak.isWeakly(strong))
        #expect(!strong.isWeakly(EntityTag(strong: "y")))
    }

    @Test func `a list keeps commas inside quotes`() {
        let list = EntityTagList(["\"a,b\" , W/\"c\"", "\"d\",,"])
        let expected = ["\"a,b\"", "W/\"c\"", "\"d\""].compactMap { EntityTag($0) }
        #expect(list == .tags(expected))
    }

    @Test(arguments: ["", ",", "\"a", "\"a\",*", "*,\"a\"", "\"a\" \"b\""])
    func `a list with something else in it is refused`(text: String) {
        #expect(EntityTagList([text]) == nil)
    }

    @Test func `a list is bounded`() {
        let most = Array(repeating: "\"a\"", count: EntityTagList.countMax)
        #expect(EntityTagList(most) != nil)
        #expect(EntityTagList(most + ["\"b\""]) == nil)
    }
}

@Suite struct `Conditions of a request` {
    private let here = EntityTag(strong: "sha256:aa")
    private let other = EntityTag(strong: "sha256:bb")

    private func made(_ pairs: (String, String)...) -> Preconditions {
        Preconditions(Headers(pairs))
    }

    @Test func `without conditions everything proceeds`() {
        let none = made()
        #expect(none.isEmpty)
        #expect(none.forReading(here) == .proceed)
        #expect(none.forChanging(nil) == .proceed)
    }

    @Test func `If-Match lets only what it names be changed`() {
        let condition = made(("If-Match", here.description))
        #expect(!condition.isEmpty)
        #expect(condition.forChanging(here) == .proceed)
        #expect(condition.forChanging(other) == .failed)
        #expect(condition.forChanging(nil) == .failed)
        #expect(made(("If-Match", "W/\(here)")).forChanging(here) == .failed)
    }

    @Test func `If-Match with an asterisk needs something to be there`() {
        let condition = made(("if-match", "*"))
        #expect(condition.forChanging(here) == .proceed)
        #expect(condition.forChanging(nil) == .failed)
    }

    @Test func `If-None-Match with an asterisk needs nothing to be there`() {
        let condition = made(("If-None-Match", "*"))
        #expect(condition.forChanging(nil) == .proceed)
        #expect(condition.forChanging(here) == .failed)
        #expect(condition.forReading(here) == .notModified)
    }

    @Test func `a client that has it gets 304`() {
        let condition = made(("If-None-Match", "\"x\", W/\(here)"))
        #expect(condition.forReading(here) == .notModified)
        #expect(condition.forReading(other) == .proceed)
        #expect(condition.forChanging(here) == .failed)
    }

    @Test func `If-Match is asked before If-None-Match`() {
        let condition = made(
            ("If-Match", other.description),
            ("If-None-Match", here.description)
        )
        #expect(condition.forReading(here) == .failed)
    }

    @Test func `what cannot be read protects a change and is ignored when reading`() {
        let match = made(("If-Match", "\"open"))
        #expect(match.forChanging(here) == .failed)
        let noneMatch = made(("If-None-Match", "\"open"))
        #expect(noneMatch.forChanging(nil) == .failed)
        #expect(noneMatch.forReading(here) == .proceed)
    }
}
