// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import CShims
import HTTP
import Synchronization

extension Exchange {
    /// Gives the answer to the library; returns false to cut the connection.
    ///
    /// `atOnce` says that the library reads nothing between the request and its answer.
    func queue(_ response: Response, atOnce: Bool = false) -> Bool {
        step = .answered
        var response = response
        if engine.isStopping.load(ordering: .relaxed) { response.closesConnection = true }
        guard let answer = Answer.make(response, for: self) else {
            return unqueued("The answer has a header that cannot be sent.")
        }
        defer { unsafe MHD_destroy_response(answer.handle) }
        noteOutcome(response, size: answer.size)
        if atOnce { cork(response) }
        return unsafe MHD_queue_response(handle, UInt32(response.status), answer.handle) == .YES
    }

    /// An answer that HTTP cannot carry is a mistake of ours, and said so.
    private func unqueued(_ sentence: String) -> Bool {
        var response = engine.refusal(500, sentence)
        response.closesConnection = true
        guard let answer = Answer.make(response, for: self) else { return false }
        defer { unsafe MHD_destroy_response(answer.handle) }
        noteOutcome(response, size: answer.size)
        return unsafe MHD_queue_response(handle, 500, answer.handle) == .YES
    }

    private func noteOutcome(_ response: Response, size: UInt64) {
        outcome.status = response.status
        outcome.logFields = response.logFields
        let hasBody = head.method != "HEAD" && response.status != 204 && response.status != 304
        outcome.size = hasBody ? size : 0
        // Only of a long answer can a part be sent that is worth asking for.
        if outcome.size > Answer.copyMax, !connection.isTLS {
            outcome.acknowledged = bw_tcp_bytes_acknowledged(connection.socket)
        }
    }

    /// Answers a request whose body is not all read; returns false to cut the connection.
    ///
    /// The library takes no answer while it receives a body, and closing a socket with unread bytes
    /// resets it, which takes the answer away from the client. So: a short rest of the body is read
    /// and dropped first, and the connection is kept. With a long one the answer goes out past the
    /// library at once, and what comes is dropped until the client has had time to read it.
    func answerEarly(_ response: Response) -> Bool {
        connection.awaitsBody.store(false, ordering: .relaxed)
        let isUnread = step == .unread
        if isUnread, expectsContinue { return queue(response) }
        if case .counted(let length) = framing,
            length - received <= UInt64(engine.options.discardMax)
        {
            state.withLock { $0.answer = response }
            step = .discarding
            connection.awaitsBody.store(true, ordering: .relaxed)
            return true
        }
        if sendDirectly(response) {
            step = .lingering
            connection.lingers()
            return true
        }
        return isUnread ? queue(response) : false
    }

    /// Writes a short answer to the socket itself.
    private func sendDirectly(_ response: Response) -> Bool {
        guard let bytes = DirectAnswer(response, requestID: head.requestID).bytes else {
            return false
        }
        let isSent =
            connection.isTLS
            ? unsafe DirectAnswer.send(bytes, session: bw_mhd_tls_session(handle))
            : DirectAnswer.send(bytes, socket: connection.socket)
        guard isSent else { return false }
        noteOutcome(response, size: 0)
        if case .bytes(let body) = response.body { outcome.sent = UInt64(body.count) }
        return true
    }

    // MARK: The end

    /// The library is done with the request, whatever became of it.
    func completed(_ code: MHD_RequestTerminationCode) {
        let isComplete = code == .REQUEST_TERMINATED_COMPLETED_OK
        if isComplete { uncork() }
        let error: BodyError =
            connection.wasTooSlow.load(ordering: .acquiring) ? .tooSlow : .disconnected
        failBody(error)
        let (writer, task) = state.withLock { state in
            state.isOver = true
            state.isSuspended = false
            defer { state.stream.writer = nil }
            return (state.stream.writer, state.task)
        }
        writer?.resume()
        // The answer of a task that goes on has no reader, but what it does is wanted all the same.
        if step == .answered { task?.cancel() }
        connection.rested(bodyBytes: received, framed: framing == .chunked || connection.isTLS)
        // Its answer may have begun before the server stopped, and have promised to go on.
        if engine.isStopping.load(ordering: .sequentiallyConsistent) {
            engine.connections.endIfResting(connection, .unread)
        }
        tell(isComplete)
        if engine.open.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
            engine.ringIfDrained()
        }
    }

    private func tell(_ isComplete: Bool) {
        var status = outcome.status
        if status == 0 {
            // The library refused it, or the client did not wait for the answer.
            let told = unsafe Int(bw_mhd_status(handle))
            let isTooSlow = connection.wasTooSlow.load(ordering: .acquiring)
            status = told != 0 ? told : isTooSlow ? Outcome.tooSlow : Outcome.clientClosed
        }
        if head.path.isEmpty { head.requestID = engine.identities.next() }
        let elapsed = now() &- began
        engine.handler.finished(
            head,
            status: status,
            bytesReceived: received,
            bytesSent: outcome.sent ?? (isComplete ? outcome.size : acknowledgedBytes()),
            duration: .nanoseconds(Int64(clamping: elapsed)),
            logFields: outcome.logFields
        )
    }

    /// How much of a long answer that was broken off the client got, its head included.
    private func acknowledgedBytes() -> UInt64 {
        guard let before = outcome.acknowledged, before >= 0 else { return 0 }
        let after = bw_tcp_bytes_acknowledged(connection.socket)
        return min(outcome.size, UInt64(max(0, after - before)))
    }
}

extension Exchange.Outcome {
    /// The status in the log of a request whose client did not wait for the answer.
    static let clientClosed = 499
    /// The status in the log of a request that was ended because its body came too slowly.
    static let tooSlow = 408
}
