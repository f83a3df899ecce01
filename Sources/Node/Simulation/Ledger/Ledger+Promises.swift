// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a client may count on that was told that a blob exists.
extension Ledger {
    /// How long it may.
    ///
    /// The product promises an hour of its expiry clock. Unless the wall clock is set forwards, that gains
    /// at most what the wall clock does (a twentieth here), also while it catches up and over a restart: what
    /// is promised outlives the hour by both clocks.
    public static let promised = Duration.seconds(50 * 60)

    /// That a client was told that a blob exists, between two ticks.
    struct Telling {
        /// When it asked, in ticks.
        var begun: Int
        /// When it knew, in ticks.
        var known: Int
        /// When it asked, in virtual time.
        var sent: Duration
    }

    /// Notes that the answer to a request, sent at that virtual time, said that a blob exists.
    public func noteTold(_ subject: Subject, by ticket: Ticket, sentAt sent: Duration) {
        state.withLock { state in
            let telling = Telling(begun: ticket.begun, known: state.tick(), sent: sent)
            state.tellings[subject, default: []].removeAll { sent - $0.sent >= Ledger.promised }
            state.tellings[subject, default: []].append(telling)
        }
    }

    /// Notes that the wall clock was set forwards: what ends by the clock may do so at once.
    public func noteJump() {
        state.withLock { state in state.jumps.append(state.tick()) }
    }

    /// Whether a blob must have been there for a request that is answered at that virtual time: a client was
    /// told so before it was sent, and nobody who may have ended it since did so but by its age.
    public func isPromised(
        _ subject: Subject,
        foundBy ticket: Ticket,
        at time: Duration
    ) -> Bool {
        state.withLock { state in
            let ends = (state.writes[subject] ?? []).filter(\.endsOnPurpose)
                .map { $0.ended ?? .max }
            let lastEnd = ends.max() ?? 0
            let lastJump = state.jumps.last ?? 0
            return (state.tellings[subject] ?? []).contains { told in
                told.known < ticket.begun && time - told.sent < Ledger.promised
                    && max(lastEnd, lastJump) < told.begun
            }
        }
    }
}

extension Write {
    /// Whether it takes something away that may have time left.
    fileprivate var endsOnPurpose: Bool {
        effect.value == nil && effect.force != .due
    }
}
