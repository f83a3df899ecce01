// SPDX-License-Identifier: Apache-2.0

import Platform
import Registry

extension Client {
    /// How long before midnight a node looks at the clock for the last time, and how often it has to until
    /// it is so late: clocks run fast and slow.
    private static let lookBeforeMidnight = Duration.seconds(300)
    private static let midnightsMax = 4

    /// Lets time pass at once, after which links that nothing needs may have ended; a node that runs looks at
    /// the clock shortly before its day ends, as its care does every few minutes, and writes the pulls it
    /// noted.
    func elapse(_ duration: Duration) async {
        var left = duration
        for _ in 0..<Client.midnightsMax {
            guard let node = access.current, node.isRunning(),
                let now = node.registry.expiryReading
            else { break }
            let untilMidnight = Moment.dayMilliseconds - now % Moment.dayMilliseconds
            let step = Duration.milliseconds(Int64(untilMidnight)) - Client.lookBeforeMidnight
            guard step < left else { break }
            timeline.elapse(max(.zero, step))
            left -= max(.zero, step)
            do throws(RegistryError) {
                try await node.registry.flushPulls()
            } catch {
                trace.note("\(timeline.stamp) pulls wait: \(error)")
            }
            guard step > Client.lookBeforeMidnight else { break }
        }
        timeline.elapse(max(.zero, left))
        ledger.noteExpiry()
    }
}
