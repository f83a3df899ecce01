// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Testing

/// Waits until `isThere` gives a value; five minutes without one end the test.
///
/// For daemons that tell nobody when they are ready. It looks every two milliseconds, so that a
/// test takes no longer than what it waits for.
func wait<Value>(
    for what: String,
    seconds: Int = 300,
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

/// Waits for the next day where this one is nearly over: for tests of what is done once a day, or for a day.
func waitForDayWithTimeLeft() throws {
    let (day, needed): (UInt64, UInt64) = (86_400_000, 600_000)
    _ = try wait(for: "day with ten minutes left", seconds: 1_200) {
        LinuxClocks().wallMilliseconds() % day < day - needed ? true : nil
    }
}
