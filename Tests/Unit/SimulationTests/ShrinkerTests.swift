// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Simulation

@Suite struct `Making a failing story shorter` {
    @Test(arguments: [[3], [0, 99], [17, 18, 60], Array(stride(from: 0, to: 100, by: 7))])
    func `leaves what the failure needs, in its order`(_ needed: [Int]) {
        let kept = minimise(Array(0..<100), until: { false }) { rest in
            needed.allSatisfy(rest.contains)
        }
        #expect(kept == needed)
    }

    @Test func `leaves nothing where nothing is needed`() {
        #expect(minimise(Array(0..<10), until: { false }) { _ in true }.isEmpty)
    }

    @Test func `ends when its time is over, with something that fails`() {
        var tries = 0
        let kept = minimise(Array(0..<100), until: { tries >= 5 }) { rest in
            tries += 1
            return rest.contains(42)
        }
        #expect(tries == 5)
        #expect(kept.contains(42) && kept.count < 100)
    }

    @Test(arguments: [
        Part.operation(client: 3, index: 17), .fault(life: 2, .fullDisk), .crash(4),
        .network(.cutBodies), .gap(10),
    ])
    func `names each part so that it can be read again`(_ part: Part) {
        #expect(Part("\(part)") == part)
    }

    @Test(arguments: ["", "c", "c1", "c1.x", "l2", "l2.nothing", "n.fullDisks", "g", "q4"])
    func `reads no other names`(_ text: String) {
        #expect(Part(text) == nil)
    }

    @Test func `plays a part only if it is wanted, and says which were played`() {
        let programme = Programme(only: [.crash(1), .gap(2)])
        #expect(!programme.plays(.crash(0)))
        #expect(programme.plays(.crash(1)))
        #expect(!programme.plays(.operation(client: 1, index: 0)))
        #expect(programme.played == [.crash(1)])
    }
}
