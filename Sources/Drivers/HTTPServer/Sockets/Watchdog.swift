// SPDX-License-Identifier: Apache-2.0

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

    /// Ends every connection that waits for a next request; one that begins to wait later ends itself.
    func endIdle() {
        connections.visit(.unread) { $0.phase.load(ordering: .sequentiallyConsistent) == .idle }
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
