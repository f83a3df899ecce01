// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Node

@Suite struct `The next run of retention` {
    @Test func `comes soon after one that failed, later with each failure, and then in time again`()
    {
        var pace = RetentionPace(interval: .seconds(1500))
        let waits = [false, true, true, true, true, false, true].map { pace.next(hasFailed: $0) }
        #expect(waits == [1500, 300, 600, 1200, 1500, 1500, 300].map { Duration.seconds($0) })
        pace = RetentionPace(interval: .seconds(10))
        #expect(pace.next(hasFailed: true) == .seconds(10))
    }
}
