// SPDX-License-Identifier: Apache-2.0

/// A point of time as people read it (RFC 3339, UTC).
public struct Moment: Hashable, Sendable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: UInt64

    /// The moment so many milliseconds after the beginning of 1970.
    public init(milliseconds: UInt64) {
        self.milliseconds = milliseconds
    }

    /// The beginning of a day, counted from 1970-01-01.
    public init(day: UInt32) {
        self.init(milliseconds: UInt64(day) * Moment.dayMilliseconds)
    }

    /// Milliseconds of a day.
    public static let dayMilliseconds: UInt64 = 86_400_000

    /// Its day, counted from 1970-01-01.
    public var dayNumber: UInt32 { UInt32(clamping: milliseconds / Moment.dayMilliseconds) }

    /// The date, as `2026-11-21`.
    public var day: String {
        let (year, month, day) = Calendar.date(ofDay: milliseconds / Moment.dayMilliseconds)
        return "\(year)-\(Moment.two(month))-\(Moment.two(day))"
    }

    /// Date and time to the second, as `2026-11-21T04:22:00Z`.
    public var description: String {
        let seconds = milliseconds % Moment.dayMilliseconds / 1000
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        return "\(day)T\(Moment.two(hour)):\(Moment.two(minute)):\(Moment.two(second))Z"
    }

    private static func two(_ number: UInt64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}

/// The Gregorian calendar.
public enum Calendar {
    /// The date that is `day` days after 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date
    /// Algorithms", civil_from_days): years begin in March there, so that leap days come last.
    public static func date(ofDay day: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        // No clock goes further, and no sum here overflows.
        let shifted = min(day, UInt64(UInt32.max)) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let leapDays = dayOfEra / 1_460
        let yearOfEra = (dayOfEra - leapDays + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let dayOfMonth = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfMonth)
    }
}
