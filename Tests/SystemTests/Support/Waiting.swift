// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Testing

/// Waits until `isThere` gives a value; a minute without one ends the test.
///
/// For daemons that tell nobody when they are ready. It looks every two milliseconds, so that a
/// test takes no longer than what it waits for.
func wait<Value>(
    for what: String,
    seconds: Int = 60,
    location: SourceLocation = #_sourceLocation,
    until isThere: () throws -> Value?
) throws -> Value {
    let clocks = LinuxClocks()
    let deadline = clocks.monotonic() + .seconds(seconds)
    while true {
        if let value = try isThere() { return value }
        try #require(
            clocks.monotonic() < deadline,
            "after \(seconds) s there is still no \(what)",
            sourceLocation: location
        )
        usleep(2_000)
    }
}
