// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

@Suite struct `Sizes and times` {
    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("512B", 512), ("4KiB", 4096), ("4 KiB", 4096), ("32MiB", 32 << 20),
            ("1GiB", 1 << 30), ("16TiB", 16 << 40), ("18446744073709551615", UInt64.max),
        ] as [(String, UInt64)]
    )
    func `a size is a number and a unit`(text: String, bytes: UInt64) {
        #expect(Units.size(text) == bytes)
    }

    @Test(arguments: [
        "", "MiB", "4MB", "4mib", "4M", "-1", "+1", "1.5GiB", "4  MiB", "4MiB ", " 4MiB", "0x10",
        "1_000", "18446744073709551616", "16777216TiB", "٤MiB", "1e3", "4\u{A0}MiB",
    ])
    func `what is no size is refused`(text: String) {
        #expect(Units.size(text) == nil)
    }

    @Test(
        arguments: [
            ("0s", .zero), ("500ms", .milliseconds(500)), ("10s", .seconds(10)),
            ("5m", .seconds(300)),
            ("12h", .seconds(43_200)), ("7d", .seconds(604_800)), ("7 d", .seconds(604_800)),
        ] as [(String, Duration)]
    )
    func `a time is a number and a unit`(text: String, duration: Duration) {
        #expect(Units.duration(text) == duration)
    }

    @Test(arguments: [
        "", "10", "s", "10 seconds", "-1s", "1.5s", "10S", "1h30m", "7w", "18446744073709551615ms",
        "18446744073709551615d",
    ])
    func `what is no time is refused`(text: String) {
        #expect(Units.duration(text) == nil)
    }

    @Test func `what is shown is read back`() {
        for size in [0, 1, 1023, 1024, 1025, 4 << 20, (4 << 20) + 1, 1 << 40, .max] as [UInt64] {
            #expect(Units.size(Units.show(size: size)) == size)
        }
        for milliseconds in [0, 1, 999, 1000, 1001, 60_000, 3_600_000, 86_400_000, 604_800_000] {
            let duration = Duration.milliseconds(milliseconds)
            #expect(Units.duration(Units.show(duration: duration)) == duration)
        }
        #expect(Units.show(size: 32 << 20) == "32MiB")
        #expect(Units.show(duration: .seconds(604_800)) == "7d")
        #expect(Units.show(duration: .milliseconds(1_500)) == "1500ms")
    }
}
