// SPDX-License-Identifier: Apache-2.0

public import HTTP
import Synchronization

/// What carries requests to the product's handler, and may lose, cut, delay or repeat them.
///
/// There is no socket: the handler's own two steps are called, as the server calls them. Requests
/// that live on without their client wait in a bounded backlog, which `runBacklog` works off.
public final class SimulatedNetwork: Sendable {
    /// The most requests that may be on their way without a client.
    public static let backlogMax = 64
    /// How much longer than others a request takes that they overtake.
    private static let overtakenBy = 500
    /// How long nothing comes through in one direction, in milliseconds.
    private static let partitionMilliseconds = 200...20_000
    /// The longest answer a client takes.
    public static let answerBytesMax = 16 << 20

    private struct State {
        var generator: SeededGenerator
        var faults: NetworkFaults
        var server: (any Handler)?
        var isReachable: @Sendable () -> Bool = { false }
        var whenAcknowledged: @Sendable () -> Void = {}
        var inFlight = 0
        var requests = 0
        var counts: [String: Int] = [:]
        /// Until when nothing comes through, and in which direction.
        var partition: (until: Duration, isOfRequests: Bool)?
    }

    private let state: Mutex<State>
    private let timeline: Timeline
    private let backlog = Backlog(limit: backlogMax)

    /// Makes a network without a server.
    public init(generator: SeededGenerator, timeline: Timeline, faults: NetworkFaults) {
        state = Mutex(State(generator: generator, faults: faults))
        self.timeline = timeline
    }

    /// Puts a server behind the network; `isReachable` says whether its machine still runs.
    ///
    /// `whenAcknowledged` is called whenever the server has answered a change with 201 or 202, before
    /// its client hears of it.
    public func connect(
        _ server: any Handler,
        isReachable: @escaping @Sendable () -> Bool,
        whenAcknowledged: @escaping @Sendable () -> Void = {}
    ) {
        state.withLock { state in
            state.server = server
            state.isReachable = isReachable
            state.whenAcknowledged = whenAcknowledged
        }
    }

    /// Takes the server away: connections are refused.
    public func disconnect() {
        state.withLock { state in
            state.server = nil
            state.isReachable = { false }
            state.whenAcknowledged = {}
        }
    }

    /// Returns once no request is being served.
    public func drained() async {
        while state.withLock({ $0.inFlight }) > 0 {
            do { try await timeline.sleep(for: .milliseconds(1)) } catch { return }
        }
    }

    /// How badly the network works.
    public var faults: NetworkFaults {
        get { state.withLock { $0.faults } }
        set {
            state.withLock { state in
                state.faults = newValue
                state.partition = nil
            }
        }
    }

    /// How often each kind of fault struck.
    public var counts: [String: Int] { state.withLock { $0.counts } }

    /// Sends a request as one client does, and keeps the ledger of what it may have done.
    ///
    /// `ticket` is the request's in the ledger, closed here; `outcome` reads an answer's meaning for
    /// it, and is not asked when there is none.
    public func send(
        _ request: WireRequest,
        effects: [Effect],
        _ ticket: Ledger.Ticket,
        in ledger: Ledger,
        outcome: @escaping @Sendable (ReceivedResponse) -> Outcome
    ) async -> Reply {
        let fault = draw(hasBody: !(request.body ?? []).isEmpty)
        await pause(factor: fault == .overtakeRequest ? SimulatedNetwork.overtakenBy : 1)
        if fault == .repeatRequest {
            // The repetition is a request of its own: it may take effect until it has been served.
            let again = ledger.begin(effects, request.line + " (repeated)")
            let delivery: @Sendable () async -> Void = {
                await self.pause(factor: 200)
                let answer = await self.serve(request, cutAfter: nil)
                ledger.end(again, answer.map(outcome) ?? .unknown)
            }
            if !backlog.add(delivery) { ledger.end(again, .refused) }
        }
        switch fault {
        case .loseRequest:
            ledger.end(ticket, .refused)
            return .lost
        case .outliveClient:
            let delivery: @Sendable () async -> Void = {
                let answer = await self.serve(request, cutAfter: nil)
                ledger.end(ticket, answer.map(outcome) ?? .unknown)
            }
            if !backlog.add(delivery) { ledger.end(ticket, .refused) }
            await pause(factor: 100)
            return .lost
        case .none, .repeatRequest, .cutBody, .loseAnswer, .overtakeRequest, .beginPartition:
            break
        }
        guard isReachable else {
            ledger.end(ticket, .refused)
            return .unreachable
        }
        let cutAfter = fault == .cutBody ? cutPoint(request.body?.count ?? 0) : nil
        let answer = await serve(request, cutAfter: cutAfter)
        await pause()
        guard let answer, fault == nil || fault == .repeatRequest || fault == .overtakeRequest
        else {
            ledger.end(ticket, .unknown)
            return .lost
        }
        ledger.end(ticket, outcome(answer))
        return .answer(answer)
    }

    /// Works off requests that outlived their clients, until `closeBacklog`.
    public func runBacklog() async {
        while let delivery = await backlog.next() { await delivery() }
    }

    /// Lets `runBacklog` end once nothing waits any more.
    public func closeBacklog() {
        backlog.close()
    }

    // MARK: - The server's side

    /// Serves one request; nil when the machine stopped before the answer was out.
    private func serve(_ request: WireRequest, cutAfter: Int?) async -> ReceivedResponse? {
        let (server, isReachable, acknowledge, number) = state.withLock { state in
            state.requests += 1
            return (state.server, state.isReachable, state.whenAcknowledged, state.requests)
        }
        guard let server, isReachable() else { return nil }
        state.withLock { $0.inFlight += 1 }
        defer { state.withLock { $0.inFlight -= 1 } }
        let head = request.head(requestID: "r\(number)")
        let began = timeline.now
        let response = await answer(server, head, request.body, cutAfter: cutAfter)
        if [201, 202].contains(response.status), isReachable() { acknowledge() }
        let body = await read(response, head)
        server.finished(
            head,
            status: response.status,
            bytesReceived: UInt64(request.body?.count ?? 0),
            bytesSent: UInt64(body?.count ?? 0),
            duration: timeline.now - began,
            logFields: response.logFields
        )
        guard isReachable(), cutAfter == nil, let body else { return nil }
        return ReceivedResponse(status: response.status, headers: response.headers, body: body)
    }

    private func answer(
        _ server: any Handler,
        _ head: RequestHead,
        _ body: [UInt8]?,
        cutAfter: Int?
    ) async -> Response {
        if body == nil, let now = server.answerNow(head) { return now }
        let generator = state.withLock { SeededGenerator(seed: $0.generator.next()) }
        let body = SimulatedBody(
            body ?? [],
            cutAfter: cutAfter,
            generator: generator,
            timeline: timeline
        )
        return await server.answer(head, body: body)
    }

    /// Reads an answer's body in pieces, so that other things happen in between; nil when it breaks off.
    private func read(_ response: Response, _ head: RequestHead) async -> [UInt8]? {
        guard head.method != "HEAD" else { return [] }
        switch response.body {
        case .none: return []
        case .bytes(let bytes): return bytes
        case .file(let region):
            var bytes: [UInt8] = []
            while UInt64(bytes.count) < region.count {
                await pause()
                do {
                    let piece = try region.read(at: UInt64(bytes.count), limit: 16_384)
                    guard !piece.isEmpty else { return nil }
                    bytes += piece
                } catch {
                    return nil
                }
            }
            return bytes
        case .stream(let stream):
            var bytes: [UInt8] = []
            while let piece = await stream.next() {
                bytes += piece
                guard bytes.count <= SimulatedNetwork.answerBytesMax else { return nil }
                await pause()
            }
            return bytes
        }
    }

    // MARK: - Chance

    private enum Fault: String {
        case loseRequest, cutBody, loseAnswer, outliveClient, repeatRequest
        case overtakeRequest, beginPartition

        var kind: FaultKind {
            switch self {
            case .loseRequest: .lostRequests
            case .cutBody: .cutBodies
            case .loseAnswer: .lostAnswers
            case .outliveClient: .outlivedClients
            case .repeatRequest: .repeatedRequests
            case .overtakeRequest: .reorderedRequests
            case .beginPartition: .oneWayPartitions
            }
        }
    }

    private func draw(hasBody: Bool) -> Fault? {
        state.withLock { state in
            let faults = state.faults
            if let (until, isOfRequests) = state.partition {
                if timeline.now < until { return isOfRequests ? .loseRequest : .loseAnswer }
                state.partition = nil
            }
            var drawn = state.generator.below(1000)
            let choices: [(Fault, Int)] = [
                (.loseRequest, faults.loseRequest), (.cutBody, faults.cutBody),
                (.loseAnswer, faults.loseAnswer), (.outliveClient, faults.outliveClient),
                (.repeatRequest, faults.repeatRequest),
                (.overtakeRequest, faults.overtakeRequest),
                (.beginPartition, faults.beginPartition),
            ]
            for (fault, weight) in choices {
                if drawn < weight {
                    let struck: Fault = fault == .cutBody && !hasBody ? .loseAnswer : fault
                    state.counts[struck.kind.rawValue, default: 0] += 1
                    guard struck == .beginPartition else { return struck }
                    let milliseconds = state.generator.within(
                        SimulatedNetwork.partitionMilliseconds
                    )
                    let isOfRequests = state.generator.chance(1, in: 2)
                    state.partition = (
                        timeline.now + .milliseconds(milliseconds), isOfRequests
                    )
                    return isOfRequests ? .loseRequest : .loseAnswer
                }
                drawn -= weight
            }
            return nil
        }
    }

    private func cutPoint(_ count: Int) -> Int {
        state.withLock { $0.generator.below(max(1, count)) }
    }

    private var isReachable: Bool { state.withLock { $0.isReachable }() }

    private func pause(factor: Int = 1) async {
        let microseconds = state.withLock { state in
            let drawn = state.generator.below(
                max(1, state.faults.delayMilliseconds * factor * 1000)
            )
            // Without the fault none is so long.
            if drawn >= NetworkFaults().delayMilliseconds * factor * 1000 {
                state.counts[FaultKind.longDelays.rawValue, default: 0] += 1
            }
            return drawn
        }
        // A cancelled sleeper goes on at once; nothing here depends on the pause.
        try? await timeline.sleep(for: .microseconds(microseconds))
    }
}
