// SPDX-License-Identifier: Apache-2.0

/// How fast a round may read.
///
/// It waits for what its rate asks for, and at least three times as long as the disk took: where others
/// keep the disk busy, each read takes longer, and so does the wait, so that they have it for most of the
/// time. Only the looks at the catalog and for names of a round by command wait for the rate alone.
struct Pace {
    /// Bytes in a second.
    let rate: UInt64
    /// Whether a round by command goes at it, which makes room for nobody.
    private let isUrgent: Bool
    /// Whether it leaves time to others beyond what its rate does.
    private let yields: Bool
    private var owed = Duration.zero
    /// Waits shorter than this are put together.
    private static let waitMin = Duration.milliseconds(10)
    /// Parts of the time that are left to others, for one that is used.
    private static let yield = 3
    /// What opening a copy counts as, in bytes.
    static let openingBytes = 16 << 10

    init(rate: UInt64, isUrgent: Bool, yields: Bool = true) {
        self.rate = max(1, rate)
        self.isUrgent = isUrgent
        self.yields = yields
    }

    /// Ends a round whose task was cancelled, and one of the period where a round by command waits.
    func makeRoom(_ scrub: Scrub) throws(ScrubError) {
        guard !Task.isCancelled else { throw .cancelled }
        guard isUrgent || !scrub.isAwaited else { throw .busy }
    }

    /// Waits for what was read; a round that is to end ends here.
    mutating func wait(
        afterBytes count: Int,
        in time: Duration,
        _ scrub: Scrub
    ) async throws(ScrubError) {
        try makeRoom(scrub)
        let nanoseconds = UInt64(count).multipliedFullWidth(by: 1_000_000_000)
        let atRate = Duration.nanoseconds(
            Int64(
                clamping: nanoseconds.high >= rate
                    ? .max : rate.dividingFullWidth(nanoseconds).quotient
            )
        )
        // A machine that began anew meanwhile counts from zero again.
        let used = max(.zero, time)
        owed += yields ? max(atRate - used, used * Pace.yield) : atRate
        guard owed >= Pace.waitMin else { return }
        let wait = owed
        owed = .zero
        try await scrub.sleep(wait)
    }
}
