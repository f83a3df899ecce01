// SPDX-License-Identifier: Apache-2.0

import CShims
import Synchronization

/// What the watchdog remembers of connections from one look to the next.
struct WatchNotes {
    private struct Note {
        /// Holds on to it, so that no other connection gets its identity.
        let connection: Connection
        /// When a next request's first byte was seen.
        var headerBegan: UInt64?
        /// What came of a body, while it was awaited.
        var body = Meter()
        /// What the client took of an answer, while there was more for it to take.
        var answer = Meter()
    }

    private let headerDeadline: UInt64
    private let lingerMax: UInt64
    private let bodyRate: Meter.Bound
    private let answerRate: Meter.Bound
    private var notes: [ObjectIdentifier: Note] = [:]
    private var kept: [ObjectIdentifier: Note] = [:]
    private var lastLook = now()

    init(_ options: Server.Options) {
        headerDeadline = options.headerDeadline.nanoseconds
        lingerMax = options.lingerMax.nanoseconds
        bodyRate = Meter.Bound(options.bodyRateMin, options.bodyRateWindow)
        answerRate = Meter.Bound(options.answerRateMin, options.answerRateWindow)
    }

    /// Begins a look.
    mutating func begin() {
        kept = [:]
    }

    /// Ends a look: who was not seen, or needs no note, is forgotten.
    mutating func end() {
        notes = kept
        kept = [:]
        lastLook = now()
    }

    /// Whether the connection has used up its time.
    mutating func isTooSlow(_ connection: Connection, at time: UInt64) -> Bool {
        let since = connection.since.load(ordering: .relaxed)
        switch connection.phase.load(ordering: .acquiring) {
        case .opened: return time > since && time - since > headerDeadline
        case .lingering: return time > since && time - since > lingerMax
        case .idle: return isHeaderLate(connection, at: time)
        case .busy:
            return connection.awaitsBody.load(ordering: .relaxed)
                ? isBodySlow(connection, at: time) : isAnswerSlow(connection, at: time)
        }
    }

    private mutating func isHeaderLate(_ connection: Connection, at time: UInt64) -> Bool {
        let received = bw_tcp_bytes_received(connection.socket)
        let consumed = connection.consumed.load(ordering: .relaxed)
        guard received >= 0, UInt64(received) > consumed else { return false }
        let began = notes[ObjectIdentifier(connection)]?.headerBegan ?? time
        var note = Note(connection: connection)
        note.headerBegan = began
        kept[ObjectIdentifier(connection)] = note
        return time > began && time - began > headerDeadline
    }

    private mutating func isBodySlow(_ connection: Connection, at time: UInt64) -> Bool {
        guard bodyRate.min > 0 else { return false }
        let bytes = connection.bodyBytes.load(ordering: .relaxed)
        var note = notes[ObjectIdentifier(connection)] ?? Note(connection: connection)
        note.answer = Meter()
        let isSlow = note.body.isSlow(bytes, after: elapsed(at: time), bodyRate)
        if isSlow { connection.wasTooSlow.store(true, ordering: .releasing) }
        kept[ObjectIdentifier(connection)] = note
        return isSlow
    }

    /// Bytes that the client's kernel took count as read: it takes no more than it has room for.
    private mutating func isAnswerSlow(_ connection: Connection, at time: UInt64) -> Bool {
        guard answerRate.min > 0, bw_unacknowledged(connection.socket) > 0 else { return false }
        let bytes = bw_tcp_bytes_acknowledged(connection.socket)
        guard bytes >= 0 else { return false }
        var note = notes[ObjectIdentifier(connection)] ?? Note(connection: connection)
        note.body = Meter()
        let isSlow = note.answer.isSlow(UInt64(bytes), after: elapsed(at: time), answerRate)
        kept[ObjectIdentifier(connection)] = note
        return isSlow
    }

    private func elapsed(at time: UInt64) -> UInt64 { time > lastLook ? time - lastLook : 0 }
}
