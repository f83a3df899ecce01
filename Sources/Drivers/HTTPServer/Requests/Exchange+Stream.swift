// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import HTTP
import Synchronization

/// The chunk of a streamed answer that is being sent.
struct StreamState {
    var chunk: [UInt8] = []
    var position = 0
    var isAtEnd = false
    /// Whether the client went away while the stream had nothing to send.
    var isAbandoned = false
    /// Who waits until the chunk is sent.
    var writer: CheckedContinuation<Void, Never>?
}

extension Exchange {
    /// Hands the stream's chunks over, each when the one before it is sent.
    func pump(_ stream: any ResponseStream) async {
        guard head.method != "HEAD" else { return }
        while !Task.isCancelled, let chunk = await stream.next() {
            guard await offer(chunk) else { return }
        }
        state.withLock { state in
            state.stream.isAtEnd = true
            resume(&state)
        }
    }

    /// Waits for the chunk before this one to be sent; false when there is nobody to send to.
    private func offer(_ chunk: [UInt8]) async -> Bool {
        await withCheckedContinuation { writer in
            let isFree = state.withLock { state in
                guard !state.isOver, state.stream.position < state.stream.chunk.count else {
                    return true
                }
                state.stream.writer = writer
                return false
            }
            if isFree { writer.resume() }
        }
        return state.withLock { state in
            guard !state.isOver else { return false }
            state.stream.chunk = chunk
            state.stream.position = 0
            resume(&state)
            return true
        }
    }

    /// Ends a stream that has nothing to send if its client went away: the library does not look at
    /// a suspended connection.
    func endIfAbandoned() {
        state.withLock { state in
            // While it is suspended its thread is elsewhere, and cannot close the socket.
            guard state.isSuspended, step == .answered, connection.isHungUp else { return }
            state.stream.isAbandoned = true
            resume(&state)
        }
    }

    /// The library wants bytes of the stream: how many it got, 0 to be asked again later, -1 at the
    /// end.
    func fill(_ space: UnsafeMutableRawBufferPointer) -> Int {
        let (count, writer) = state.withLock {
            state -> (Int, CheckedContinuation<Void, Never>?) in
            let left = state.stream.chunk.count - state.stream.position
            guard left > 0 else {
                if state.stream.isAtEnd { return (-1, nil) }
                if state.stream.isAbandoned { return (-2, nil) }
                return (suspend(&state) ? 0 : -2, nil)
            }
            let count = min(left, space.count)
            let start = state.stream.position
            unsafe state.stream.chunk.withUnsafeBytes { chunk in
                unsafe space.copyMemory(from: .init(rebasing: chunk[start..<(start + count)]))
            }
            state.stream.position += count
            guard state.stream.position == state.stream.chunk.count else { return (count, nil) }
            defer { state.stream.writer = nil }
            return (count, state.stream.writer)
        }
        writer?.resume()
        if count > 0 { outcome.sent = (outcome.sent ?? 0) + UInt64(count) }
        return count
    }
}
