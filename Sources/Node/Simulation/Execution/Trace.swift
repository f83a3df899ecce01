// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What happened in a run, as one number and its last lines: two runs of one seed have the same.
public final class Trace: Sendable {
    /// How many lines are kept for the report of a failure.
    public static let linesMax = 5000

    private struct State {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var count: UInt64 = 0
        var lines: [String] = []

        mutating func mix(_ byte: UInt8) {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }

        mutating func mix(_ number: UInt64) {
            hash = (hash ^ number) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
        }
    }

    private let state = Mutex(State())

    /// Makes an empty trace.
    public init() {}

    /// Notes a line that a reader of a failure wants to see.
    public func note(_ line: String) {
        state.withLock { state in
            state.count += 1
            for byte in line.utf8 { state.mix(byte) }
            if state.lines.count == 2 * Trace.linesMax { state.lines.removeFirst(Trace.linesMax) }
            state.lines.append(line)
        }
    }

    /// Notes what happens too often for lines: it counts for the hash alone.
    func mark(_ numbers: UInt64...) {
        state.withLock { state in
            state.count += 1
            for number in numbers { state.mix(number) }
        }
    }

    /// A hash (FNV-1a and a mixer) of everything noted so far, in order.
    public var hash: UInt64 { state.withLock { $0.hash } }

    /// How many things were noted.
    public var count: UInt64 { state.withLock { $0.count } }

    /// The last lines noted, at most `linesMax`.
    public var lines: [String] { state.withLock { $0.lines.suffix(Trace.linesMax) } }
}
