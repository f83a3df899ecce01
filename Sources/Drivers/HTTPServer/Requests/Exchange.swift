// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import HTTP
import Synchronization

/// One request and its answer: the bridge between the library's callbacks and the handler.
///
/// The library calls on the one thread that moves this connection's bytes. What also the request's
/// task touches lies in `state`, and a connection is suspended and resumed only under its lock: then
/// neither side can miss the other's call.
// Safe because what is not in `state` is touched by the connection's thread alone, or was written
// before the task that reads it was made.
@safe final class Exchange: RequestBody, @unchecked Sendable {
    /// Where the request stands, on the connection's thread.
    enum Step {
        /// The head is not looked at yet.
        case fresh
        /// It has no body; the library asks once more before it reads on.
        case bodiless
        /// It has a body, of which the handler has not asked for anything.
        case unread
        /// The body is being received.
        case receiving
        /// All is received; the handler is at work.
        case working
        /// The handler answered without the rest of the body, which is short.
        case discarding
        /// The answer went out past the library; what still comes is dropped.
        case lingering
        /// The answer is the library's.
        case answered
    }

    struct State {
        var isSuspended = false
        /// Whether the library forgot this request.
        var isOver = false
        var answer: Response?
        var task: Task<Void, Never>?
        var body = BodyState()
        var stream = StreamState()
    }

    let engine: Engine
    let connection: Connection
    let handle: OpaquePointer
    let began = now()
    let state = Mutex(State())

    var step = Step.fresh
    private let uri: UnsafePointer<CChar>
    private let uriCount: Int
    private var target: Target?
    var head = RequestHead(method: "", path: "")
    var framing = HeadReader.Framing.none
    var expectsContinue = false
    var isPersistent = false
    /// Whether the answer is held until all of it is there; see `cork`.
    var isCorked = false
    /// Bytes of the body that came.
    var received: UInt64 = 0
    var outcome = Outcome()

    /// What is told about the answer when all is over.
    struct Outcome {
        /// The status sent, 0 before.
        var status = 0
        /// How many bytes the body has, as far as that is known.
        var size: UInt64 = 0
        /// How many bytes were sent, where we send them ourselves.
        var sent: UInt64?
        /// What the peer had acknowledged before a long answer.
        var acknowledged: Int64?
        var logFields: [(String, String)] = []
    }

    /// Begins with the request's line, which the library is about to cut further.
    init(
        _ engine: Engine,
        _ handle: OpaquePointer,
        _ connection: Connection,
        uri: UnsafePointer<CChar>
    ) {
        self.engine = engine
        self.connection = connection
        unsafe self.handle = handle
        unsafe self.uri = uri
        uriCount = unsafe strlen(uri)
        target = unsafe Target(uri, uriCount)
        engine.open.wrappingAdd(1, ordering: .relaxed)
    }

    // MARK: The library's calls

    /// The library has a head, some of a body, or all of it; returns false to cut the connection.
    func access(
        method: UnsafePointer<CChar>,
        version: UnsafePointer<CChar>,
        bytes: UnsafePointer<CChar>?,
        count: inout Int
    ) -> Bool {
        switch step {
        case .fresh: return unsafe first(method, version)
        case .bodiless: return decide()
        case .unread: return receiveOrAnswer()
        case .receiving:
            guard let bytes = unsafe bytes, count > 0 else { return bodyEnded() }
            let portion = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
            count = 0
            return unsafe receive(portion)
        case .discarding:
            guard count > 0 else { return bodyEnded() }
            drop(&count)
            return true
        case .lingering:
            guard count > 0 else { return false }
            drop(&count)
            return true
        case .working: return answerOrWait()
        case .answered: return true
        }
    }

    /// Drops a portion of the body.
    private func drop(_ count: inout Int) {
        received += UInt64(count)
        connection.bodyBytes.wrappingAdd(UInt64(count), ordering: .relaxed)
        count = 0
    }

    private func first(_ method: UnsafePointer<CChar>, _ version: UnsafePointer<CChar>) -> Bool {
        let headCount = unsafe bw_mhd_head_size(handle)
        connection.began(headBytes: headCount)
        do {
            try unsafe readHead(method, version, headCount)
        } catch {
            var response = engine.refusal(error.status, error.sentence)
            response.closesConnection = true
            head.requestID = engine.identities.next()
            return queue(response)
        }
        guard framing != .none else {
            state.withLock { $0.body.end = .complete }
            step = .bodiless
            return true
        }
        step = .unread
        guard engine.admit(self) else {
            return answerEarly(engine.refusal(503, "Too many requests at once."))
        }
        guard suspend() else { return false }
        startTask()
        return true
    }

    private func readHead(
        _ method: UnsafePointer<CChar>,
        _ version: UnsafePointer<CChar>,
        _ headCount: Int
    ) throws(BadRequest) {
        let options = engine.options
        guard headCount <= options.headerBytesMax else {
            throw BadRequest("The request's header is too long.", status: 431)
        }
        let reader = unsafe HeadReader(
            method: method,
            uri: uri,
            uriCount: uriCount,
            version: version,
            headCount: headCount,
            fieldsMax: options.headerFieldsMax,
            isProxy: connection.isProxy
        )
        let result = try unsafe reader.read(handle)
        guard let target else { throw BadRequest("The request's target is malformed.") }
        head = RequestHead(
            method: result.method,
            path: target.path,
            query: target.query,
            headers: result.headers,
            requestID: result.requestID ?? engine.identities.next(),
            peer: client(result.headers),
            isTLS: connection.isTLS
        )
        framing = result.framing
        expectsContinue = result.expectsContinue
        isPersistent = result.isPersistent
    }

    /// Who asks, for the log: the peer, or the client a configured proxy speaks for.
    private func client(_ headers: Headers) -> String {
        guard connection.isProxy else { return connection.peer }
        return ForwardedFor.client(headers, proxies: engine.options.proxies)
            .map { "\($0)" } ?? connection.peer
    }

    /// A request without a body: at once if memory can, else in a task.
    private func decide() -> Bool {
        if let response = engine.handler.answerNow(head) {
            guard case .stream(let stream) = response.body, head.method != "HEAD" else {
                return queue(response, atOnce: true)
            }
            guard engine.admit(self) else {
                return queue(engine.refusal(503, "Too many requests at once."))
            }
            guard queue(response) else { return false }
            start { await $0.pump(stream) }
            return true
        }
        guard engine.admit(self) else {
            return queue(engine.refusal(503, "Too many requests at once."))
        }
        step = .working
        guard suspend() else { return false }
        startTask()
        return true
    }

    /// The connection goes on: the handler asked for the body, or has an answer without it.
    private func receiveOrAnswer() -> Bool {
        if let answer = state.withLock({ $0.answer }) { return answerEarly(answer) }
        guard !engine.mustNotWait else { return false }
        step = .receiving
        connection.awaitsBody.store(true, ordering: .relaxed)
        return true
    }

    /// All is received: queues the answer, or waits for it.
    func answerOrWait() -> Bool {
        let (answer, waits) = state.withLock { state -> (Response?, Bool) in
            if let answer = state.answer { return (answer, true) }
            return (nil, suspend(&state))
        }
        if let answer { return queue(answer) }
        return waits
    }

    // MARK: Waiting

    /// Suspends the connection; false when nothing may wait any more.
    func suspend() -> Bool {
        state.withLock { suspend(&$0) }
    }

    func suspend(_ state: inout State) -> Bool {
        guard !engine.mustNotWait else { return false }
        unsafe MHD_suspend_connection(handle)
        state.isSuspended = true
        return true
    }

    /// Lets the library go on, if it waits.
    func resume(_ state: inout State) {
        guard state.isSuspended, !state.isOver else { return }
        state.isSuspended = false
        unsafe MHD_resume_connection(handle)
    }

    // MARK: The task

    private func startTask() {
        start { exchange in
            let response = await exchange.engine.handler.answer(exchange.head, body: exchange)
            exchange.provide(response)
            if case .stream(let stream) = response.body { await exchange.pump(stream) }
        }
    }

    /// Runs `work` in the request's one task, on a thread that may block.
    private func start(_ work: @escaping @Sendable (Exchange) async -> Void) {
        let task = Task(executorPreference: engine.pool) {
            await work(self)
            self.engine.release(self)
        }
        let isOver = state.withLock { state in
            state.task = task
            return state.isOver
        }
        if isOver { task.cancel() }
    }

    /// Takes the handler's answer.
    private func provide(_ response: Response) {
        state.withLock { state in
            guard !state.isOver else { return }
            state.answer = response
            resume(&state)
        }
    }

    /// The server stops: bodies end, streams are cancelled.
    func interrupt() {
        failBody(.shuttingDown)
        state.withLock { $0.task }?.cancel()
    }

    /// The server stops now: whatever is suspended goes on and is cut.
    func halt() {
        state.withLock { resume(&$0) }
    }
}
