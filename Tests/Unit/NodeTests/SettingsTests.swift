// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing

@testable import Node

@Suite struct `Settings as the parts take them` {
    @Test(arguments: [(1, 1), (3600, 3600), (3601, 3600), (30 * 86_400, 3600)])
    func `look at what is due as often as the sweep goes, and at least every hour`(
        sweep: Int,
        expiry: Int
    ) {
        var settings = Settings()
        settings.sweep.interval = .seconds(sweep)
        #expect(settings.expiryInterval == .seconds(expiry))
    }
}
