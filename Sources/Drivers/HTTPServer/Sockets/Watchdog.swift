// SPDX-License-Identifier: Apache-2.0

import CShims
import Platform
import Synchronization

/// Ends connections whose clients are too slow, and idle ones that are too many.
///
/// The library's own time-out counts inactivity only: a client that sends a byte a minute would
/// hold its connection for ever.
final class Watchdog: Sendable {
    /// How often it looks, in milliseconds; no deadline is kept more exactly.
    static let intervalMilliseconds: Int32 = 250

    private let engine: Engine
    private var connections: ConnectionTable { engine.connections }
    private var options: Server.Options { engine.options }
    private let bell = Bell()
    private let stopping = Atomic(false)
    private let thread = Mutex<Thread?>(nil)

    init(_ engine: Engine) {
        self.engine = engine
    }

    func start() {
        let thread = Thread { [self] in run() }
        self.thread.withLock { $0 = thread }
    }

    func stop() {
        stopping.store(true, ordering: .relaxed)
        bell.ring()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    /// Ends the connection that has waited longest for its client to ask; false when none waits.
    func makeRoom() -> Bool {
        var oldest: Connection?
        connections.visit { connection in
            guard connection.isResting else { return false }
            if let known = oldest, Watchdog.since(known) <= Watchdog.since(connection) {
                return false
            }
            oldest = connection
            return false
        }
        guard let oldest else { return false }
        connections.endIfResting(oldest)
        return true
    }

    /// Ends every connection that waits for a next request.
    func endIdle() {
        connections.visit { $0.phase.load(ordering: .acquiring) == .idle }
    }

    private static func since(_ connection: Connection) -> UInt64 {
        connection.since.load(ordering: .relaxed)
    }

    private func run() {
        var notes = WatchNotes(options)
        while !stopping.load(ordering: .relaxed) {
            bell.wait(milliseconds: Watchdog.intervalMilliseconds)
            bell.clear()
            look(&notes)
            engine.endAbandonedStreams()
        }
    }

    private func look(_ notes: inout WatchNotes) {
        let time = now()
        var idle: [(since: UInt64, connection: Connection)] = []
        notes.begin()
        connections.visit { connection in
            if connection.isIdle(at: time) {
                idle.append((Watchdog.since(connection), connection))
            }
            return notes.isTooSlow(connection, at: time)
        }
        notes.end()
        guard idle.count > options.idleConnectionsMax else { return }
        idle.sort { $0.since < $1.since }
        for (_, connection) in idle.prefix(idle.count - options.idleConnectionsMax) {
            connections.endIfResting(connection)
        }
    }
}

/// What the watchdog remembers of connections from one look to the next.
struct WatchNotes {
    private struct Note {
        /// Holds on to it, so that no other connection gets its identity.
        let connection: Connection
        /// When a next request's first byte was seen.
        var headerBegan: UInt64?
        /// Bytes of bodies at the last look, while a body was awaited.
        var bodyBytes: UInt64 = 0
        /// For how long the client was waited for, and what it sent in that time.
        var waited: UInt64 = 0
        var sent: UInt64 = 0
        var wasWaiting = false
    }

    private let headerDeadline: UInt64
    private let lingerMax: UInt64
    private let bodyRateMin: UInt64
    private let bodyRateWindow: UInt64
    private var notes: [ObjectIdentifier: Note] = [:]
    private var kept: [ObjectIdentifier: Note] = [:]
    private var lastLook = now()

    init(_ options: Server.Options) {
        headerDeadline = options.headerDeadline.nanoseconds
        lingerMax = options.lingerMax.nanoseconds
        bodyRateMin = UInt64(max(0, options.bodyRateMin))
        bodyRateWindow = max(1, options.bodyRateWindow.nanoseconds)
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
        case .busy: return isBodySlow(connection, at: time)
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
        guard bodyRateMin > 0, connection.awaitsBody.load(ordering: .relaxed) else { return false }
        let bytes = connection.bodyBytes.load(ordering: .relaxed)
        var note = notes[ObjectIdentifier(connection)] ?? Note(connection: connection)
        if note.wasWaiting {
            note.waited += time > lastLook ? time - lastLook : 0
            note.sent += bytes >= note.bodyBytes ? bytes - note.bodyBytes : 0
        }
        note.wasWaiting = true
        note.bodyBytes = bytes
        var isSlow = false
        if note.waited >= bodyRateWindow {
            let seconds = Double(note.waited) / 1e9
            isSlow = Double(note.sent) < Double(bodyRateMin) * seconds
            if isSlow { connection.wasTooSlow.store(true, ordering: .releasing) }
            note.waited = 0
            note.sent = 0
        }
        kept[ObjectIdentifier(connection)] = note
        return isSlow
    }
}
