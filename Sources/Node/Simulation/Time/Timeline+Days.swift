// SPDX-License-Identifier: Apache-2.0

import Platform
import Registry

extension Timeline {
    /// How long before midnight a node looks at the clock for the last time, and how often it has to until
    /// it is so late: clocks run fast and slow.
    private static let lookBeforeMidnight = Duration.seconds(300)
    private static let midnightsMax = 4

    /// Lets time pass at once; a node that runs looks at the clock shortly before its day ends, as its care
    /// does every few minutes, and writes the pulls it noted.
    func elapse(
        _ duration: Duration,
        on registry: () -> Registry?,
        failed: (RegistryError) -> Void
    ) async {
        var left = duration
        for _ in 0..<Timeline.midnightsMax {
            guard let registry = registry(), let now = registry.expiryReading else { break }
            let untilMidnight = Moment.dayMilliseconds - now % Moment.dayMilliseconds
            let step = Duration.milliseconds(Int64(untilMidnight)) - Timeline.lookBeforeMidnight
            guard step < left else { break }
            elapse(max(.zero, step))
            left -= max(.zero, step)
            do throws(RegistryError) { try await registry.flushPulls() } catch { failed(error) }
            guard step > Timeline.lookBeforeMidnight else { break }
        }
        elapse(max(.zero, left))
    }
}
