// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import Glibc
import Synchronization

/// All connections of a server, by descriptor.
///
/// A descriptor is closed only after its connection left the table, so whoever finds it here under
/// the lock may still use it.
final class ConnectionTable: Sendable {
    private let state = Mutex(State())

    private struct State {
        var slots: [Connection?] = []
        /// Since when those are connected that the library was given and did not tell of yet.
        var expected: [Int32: UInt64] = [:]
        var count = 0
    }

    /// How many connections there are.
    var count: Int { state.withLock { $0.count } }

    /// Says when a connection began that is about to come.
    func expect(_ socket: Int32, since: UInt64) {
        state.withLock { $0.expected[socket] = since }
    }

    func insert(_ connection: Connection) {
        state.withLock { state in
            if let since = state.expected.removeValue(forKey: connection.socket) {
                connection.since.store(since, ordering: .relaxed)
            }
            let index = Int(connection.socket)
            if index >= state.slots.count {
                let missing = max(index + 1, 2 * state.slots.count) - state.slots.count
                state.slots.append(contentsOf: repeatElement(nil, count: missing))
            }
            state.slots[index] = connection
            state.count += 1
        }
    }

    func remove(_ connection: Connection) {
        state.withLock { state in
            state.slots[Int(connection.socket)] = nil
            state.count -= 1
        }
    }

    /// How a connection ends.
    enum Ending {
        /// At once, whatever is under way.
        case now
        /// After what has come: the client is read no more, a request that came is answered.
        case unread
    }

    /// Visits every connection, a few at a time, so that nobody waits long for the table.
    ///
    /// The visitor returns whether the connection is to end.
    func visit(_ ending: Ending = .now, _ visitor: (Connection) -> Bool) {
        let portion = 128
        var start = 0
        while true {
            let more = state.withLock { state in
                let end = min(start + portion, state.slots.count)
                guard start < end else { return false }
                for case .some(let connection) in state.slots[start..<end]
                where visitor(connection) {
                    ConnectionTable.end(connection, ending)
                }
                return true
            }
            guard more else { return }
            start += portion
        }
    }

    /// Ends a connection if it is still the one in the table, and still without a request.
    func endIfResting(_ connection: Connection, _ ending: Ending = .now) {
        state.withLock { state in
            let index = Int(connection.socket)
            guard index < state.slots.count, state.slots[index] === connection,
                connection.isResting
            else { return }
            ConnectionTable.end(connection, ending)
        }
    }

    private static func end(_ connection: Connection, _ ending: Ending) {
        shutdown(connection.socket, Int32(ending == .now ? SHUT_RDWR : SHUT_RD))
    }
}
