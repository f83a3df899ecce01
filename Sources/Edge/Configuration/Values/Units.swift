// SPDX-License-Identifier: Apache-2.0

/// Sizes and times as people write them.
enum Units {
    private static let sizes: [(name: String, factor: UInt64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]
    private static let times: [(name: String, milliseconds: UInt64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Parses `4MiB`, `4 MiB` or `4194304`; nil for anything else.
    static func size(_ text: String) -> UInt64? {
        guard let (number, unit) = split(text) else { return nil }
        guard !unit.isEmpty else { return number }
        guard let factor = sizes.first(where: { $0.name == unit })?.factor else { return nil }
        let (product, overflows) = number.multipliedReportingOverflow(by: factor)
        return overflows ? nil : product
    }

    /// Parses `10s`, `7d` or `500ms`; a number alone is none, for nobody knows what it counts.
    static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = split(text) else { return nil }
        guard let factor = times.first(where: { $0.name == unit })?.milliseconds else { return nil }
        let (product, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows, let milliseconds = Int64(exactly: product) else { return nil }
        return .milliseconds(milliseconds)
    }

    /// Writes a size in the greatest unit that leaves no rest.
    static func show(size: UInt64) -> String {
        let unit = sizes.first { size % $0.factor == 0 && size >= $0.factor }
        return unit.map { "\(size / $0.factor)\($0.name)" } ?? "\(size)B"
    }

    /// Writes a time in the greatest unit that leaves no rest.
    static func show(duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = UInt64(seconds) * 1_000 + UInt64(attoseconds / 1_000_000_000_000_000)
        let unit = times.first {
            milliseconds % $0.milliseconds == 0 && milliseconds >= $0.milliseconds
        }
        return unit.map { "\(milliseconds / $0.milliseconds)\($0.name)" } ?? "\(milliseconds)ms"
    }

    /// Parses a number of decimal digits alone.
    static func number(_ text: some StringProtocol) -> UInt64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(text)
    }

    private static func split(_ text: String) -> (number: UInt64, unit: String)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = number(digits) else { return nil }
        var unit = text[digits.endIndex...]
        if unit.first == " " { unit = unit.dropFirst() }
        return (number, String(unit))
    }
}
