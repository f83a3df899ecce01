// SPDX-License-Identifier: Apache-2.0

import HTTP
import Synchronization

/// What came of a request's body and was not asked for yet.
struct BodyState {
    /// How a body ends.
    enum End {
        case complete
        case failed(BodyError)
    }

    var buffer: [UInt8] = []
    var end: End?
    /// Who waits for more.
    var reader: CheckedContinuation<Void, Never>?
}

extension Exchange {
    /// A reader that waits is woken for this many bytes, or at the end: a hand-over costs more than
    /// receiving a packet.
    static let portionMin = 131_072

    /// The next bytes of the body; the client is held back while nobody asks.
    func next() async throws(BodyError) -> [UInt8]? {
        while true {
            let (bytes, end) = state.withLock { take(&$0) }
            if let bytes { return bytes }
            switch end {
            case .complete: return nil
            case .failed(let error): throw error
            case nil: break
            }
            await withCheckedContinuation { reader in
                let isReady = state.withLock { state in
                    precondition(state.body.reader == nil, "two readers of one body")
                    if Exchange.isReady(state.body) { return true }
                    state.body.reader = reader
                    return false
                }
                if isReady { reader.resume() }
            }
        }
    }

    private static func isReady(_ body: BodyState) -> Bool {
        body.end != nil || body.buffer.count >= portionMin
    }

    /// Takes what is there, if it is worth it, and lets the client go on.
    private func take(_ state: inout State) -> ([UInt8]?, BodyState.End?) {
        guard Exchange.isReady(state.body) else {
            letSend(&state)
            return (nil, nil)
        }
        guard !state.body.buffer.isEmpty else { return (nil, state.body.end) }
        let bytes = state.body.buffer
        state.body.buffer = []
        // Not for a request that is received and waits for its answer.
        if state.body.end == nil { letSend(&state) }
        return (bytes, nil)
    }

    private func letSend(_ state: inout State) {
        connection.awaitsBody.store(true, ordering: .relaxed)
        resume(&state)
    }

    /// A portion of the body came; returns false to cut the connection.
    func receive(_ portion: UnsafeRawBufferPointer) -> Bool {
        let capacity = bufferCapacity
        received += UInt64(portion.count)
        connection.bodyBytes.wrappingAdd(UInt64(portion.count), ordering: .relaxed)
        let max = engine.options.bodyBufferMax
        let (answer, reader, goesOn) = state.withLock {
            state -> (Response?, CheckedContinuation<Void, Never>?, Bool) in
            if let answer = state.answer { return (answer, nil, true) }
            if state.body.buffer.isEmpty { state.body.buffer.reserveCapacity(capacity) }
            unsafe state.body.buffer.append(contentsOf: portion)
            let isReady = Exchange.isReady(state.body)
            let reader = isReady ? state.body.reader : nil
            if isReady { state.body.reader = nil }
            // One more portion would not fit; chunks of one buffer come in one call each, though,
            // and are taken even while suspended.
            guard state.body.buffer.count > max - Exchange.portionMin, !state.isSuspended else {
                return (nil, reader, true)
            }
            connection.awaitsBody.store(false, ordering: .relaxed)
            return (nil, reader, suspend(&state))
        }
        reader?.resume()
        if let answer { return answerEarly(answer) }
        return goesOn
    }

    /// What a new buffer may come to hold: no more than the request says will still come.
    private var bufferCapacity: Int {
        let max = engine.options.bodyBufferMax
        guard case .counted(let length) = framing, length > received else { return max }
        return Int(min(length - received, UInt64(max)))
    }

    /// All of the body came; returns false to cut the connection.
    func bodyEnded() -> Bool {
        step = .working
        endBody(.complete)
        return answerOrWait()
    }

    /// Ends the body too early.
    func failBody(_ error: BodyError) {
        endBody(.failed(error))
    }

    /// From here on nobody awaits the body: under the lock, because the handler may just be asking for more.
    private func endBody(_ end: BodyState.End) {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.body.end == nil { state.body.end = end }
            connection.awaitsBody.store(false, ordering: .relaxed)
            defer { state.body.reader = nil }
            return state.body.reader
        }
        reader?.resume()
    }
}
