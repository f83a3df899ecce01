// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Synchronization

/// A sink that writes lines to a descriptor, many at a time, on a thread of its own.
public final class DescriptorLog: LogSink {
    /// The most bytes of lines that wait.
    public static let bufferMaxDefault = 4 << 20
    /// The most memory that is kept for the next lines, in bytes.
    private static let spareMax = 1 << 20
    /// How long lines gather before they are written, in milliseconds.
    private static let gatherMilliseconds: Int32 = 5

    let descriptor: Int32
    private let closesDescriptor: Bool
    private let bufferMax: Int
    private let state = Mutex(State())
    private let bell = Bell()
    private let thread = Mutex<Thread?>(nil)

    private struct State {
        var buffer: [UInt8] = []
        /// The buffer before, kept for its memory.
        var spare: [UInt8] = []
        /// How many bytes were taken, and how many of them were written or given up.
        var taken: UInt64 = 0
        var done: UInt64 = 0
        var isStopping = false
        var waiting: [Bell] = []
    }

    /// Begins to write to `descriptor`, which stays the caller's unless `.closed` says otherwise.
    public init(
        _ descriptor: Int32,
        _ ownership: Ownership = .kept,
        bufferMax: Int = bufferMaxDefault
    ) {
        self.descriptor = descriptor
        closesDescriptor = ownership == .closed
        self.bufferMax = bufferMax
        let thread = Thread { [self] in run() }
        self.thread.withLock { $0 = thread }
    }

    /// Whose the descriptor is.
    public enum Ownership: Sendable {
        /// The caller's.
        case kept
        /// The log's, which closes it when it stops.
        case closed
    }

    /// Adds a line to those that wait; false when there is no room.
    public func take(_ line: [UInt8]) -> Bool {
        let (isTaken, mustRing) = state.withLock { state in
            guard !state.isStopping, state.buffer.count + line.count <= bufferMax else {
                return (false, false)
            }
            let wasEmpty = state.buffer.isEmpty
            state.buffer += line
            state.taken += UInt64(line.count)
            return (true, wasEmpty)
        }
        if mustRing { bell.ring() }
        return isTaken
    }

    /// Waits until every line that was taken before is written.
    public func flush() {
        let mine = Bell()
        let isWaiting = state.withLock { state in
            guard state.done < state.taken else { return false }
            state.waiting.append(mine)
            return true
        }
        guard isWaiting else { return }
        bell.ring()
        mine.wait(milliseconds: -1)
    }

    /// Writes what waits and ends the thread; lines that come later are dropped.
    public func stop() {
        state.withLock { $0.isStopping = true }
        bell.ring()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    private func run() {
        while true {
            bell.wait(milliseconds: -1)
            bell.clear()
            let (isUrgent, isStopping) = state.withLock { state in
                (!state.waiting.isEmpty || state.isStopping, state.isStopping)
            }
            if !isUrgent { bell.wait(milliseconds: DescriptorLog.gatherMilliseconds) }
            writeWaiting()
            guard isStopping else { continue }
            writeWaiting()
            if closesDescriptor { close(descriptor) }
            return
        }
    }

    private func writeWaiting() {
        var lines = state.withLock { state -> [UInt8] in
            let lines = state.buffer
            state.buffer = state.spare
            state.spare = []
            return lines
        }
        writeAll(lines)
        let count = UInt64(lines.count)
        lines.removeAll(keepingCapacity: lines.capacity <= DescriptorLog.spareMax)
        let waiting = state.withLock { state -> [Bell] in
            state.spare = lines
            state.done += count
            guard state.done == state.taken else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for bell in waiting { bell.ring() }
    }

    private func writeAll(_ bytes: [UInt8]) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(
                    descriptor,
                    buffer.baseAddress?.advanced(by: written),
                    buffer.count - written
                )
            }
            if count >= 0 {
                written += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                var waits = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&waits, 1, 1_000)
            default:
                // A closed pipe or a full disk: there is nowhere to say so.
                return
            }
        }
    }
}
