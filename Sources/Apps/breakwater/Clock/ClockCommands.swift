// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Platform

extension Commands {
    /// `breakwater clock status`.
    static let clockStatus = Command(
        words: ["clock", "status"],
        summary: "show the clock that decides what has ended",
        options: Session.options,
        run: { invocation in
            await Session(invocation).run("GET", "clock") { (clock: Wire.Clock) in [line(clock)] }
        }
    )

    /// `breakwater clock accept`.
    static let clockAccept = Command(
        words: ["clock", "accept"],
        summary: "believe the node's clock after a jump; what is due ends at once",
        options: Session.options,
        run: { invocation in
            await Session(invocation).run("POST", "clock/accept") { (clock: Wire.Clock) in
                [line(clock)]
            }
        }
    )

    /// The clock as a line.
    static func line(_ clock: Wire.Clock) -> String {
        let time = "\(Moment(milliseconds: clock.time))"
        guard let ahead = clock.ahead else { return time }
        return
            "\(time); the node's clock is \(ahead / 1000) s ahead, which is caught up with at two "
            + "days a day, or at once by 'breakwater clock accept'"
    }
}
