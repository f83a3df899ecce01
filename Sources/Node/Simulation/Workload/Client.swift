// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI

/// One client of the registry: it does what the seed draws, retries as clients do, and judges answers.
public struct Client: Sendable {
    /// How often a client tries one step of an operation.
    static let attemptsMax = 8

    let number: Int
    let content: Content
    let network: SimulatedNetwork
    let ledger: Ledger
    let findings: Findings
    let timeline: Timeline
    let trace: Trace
    let access: OperatorAccess
    let programme: Programme
    let fuse: Fuse?
    /// What the disk has lost; nil where it loses nothing.
    let rot: Rot?
    /// What the history of each of its operations follows from.
    let seed: UInt64
    var generator: SeededGenerator
    /// What the client may expect.
    var phase = Phase.safety

    /// A part of a run.
    enum Phase: Sendable {
        /// Faults strike: an answer may be missing, never wrong.
        case safety
        /// No faults: every request is answered, and at once.
        case liveness
    }

    /// Makes the client of that number.
    public init(
        number: Int,
        content: Content,
        network: SimulatedNetwork,
        ledger: Ledger,
        findings: Findings,
        timeline: Timeline,
        trace: Trace,
        access: OperatorAccess = OperatorAccess(),
        programme: Programme = Programme(),
        generator: SeededGenerator
    ) {
        self.init(
            number: number,
            content: content,
            network: network,
            ledger: ledger,
            findings: findings,
            timeline: timeline,
            trace: trace,
            access: access,
            programme: programme,
            fuse: nil,
            rot: nil,
            generator: generator
        )
    }

    /// Makes a client whose operations a fuse counts.
    init(
        number: Int,
        content: Content,
        network: SimulatedNetwork,
        ledger: Ledger,
        findings: Findings,
        timeline: Timeline,
        trace: Trace,
        access: OperatorAccess,
        programme: Programme,
        fuse: Fuse?,
        rot: Rot?,
        generator: SeededGenerator
    ) {
        self.number = number
        self.content = content
        self.network = network
        self.ledger = ledger
        self.findings = findings
        self.timeline = timeline
        self.trace = trace
        self.access = access
        self.programme = programme
        self.fuse = fuse
        self.rot = rot
        var generator = generator
        seed = generator.next()
        self.generator = generator
    }

    // MARK: - Requests

    /// An answer, and its request's ticket in the ledger.
    struct Answered {
        var response: ReceivedResponse
        var ticket: Ledger.Ticket
        /// When its request was sent.
        var sent: Duration
        var begun: Int { ticket.begun }
        var status: Int { response.status }
        /// The code of the error, as the specification spells it.
        var code: String? {
            let text = String(decoding: response.body, as: UTF8.self)
            return ErrorCode.allCases.first { text.contains("\"\($0.rawValue)\"") }?.rawValue
        }
    }

    /// Sends a request once; nil when no answer came, or one that says nothing (429, 5xx).
    func once(_ request: WireRequest, _ effects: [Effect] = []) async -> Answered? {
        let (ticket, sent) = (ledger.begin(effects, request.line), timeline.now)
        let reply = await network.send(
            request,
            effects: effects,
            ticket,
            in: ledger,
            outcome: Client.outcome(request.method)
        )
        switch reply {
        case .answer(let response):
            trace.note("\(timeline.stamp) c\(number) \(request.line) → \(response.status)")
            findings.count("answer \(response.status)")
            guard response.status < 500, response.status != 429 else {
                let text = String(decoding: response.body, as: UTF8.self)
                trace.note("    \(text)")
                requireKnownTrouble(response, request.line)
                requireLiveness(false, "\(request.line) was answered \(response.status): \(text)")
                return nil
            }
            return Answered(response: response, ticket: ticket, sent: sent)
        case .unreachable:
            requireLiveness(false, "\(request.line) found no server")
            trace.note("\(timeline.stamp) c\(number) \(request.line) → unreachable")
        case .lost:
            requireLiveness(false, "\(request.line) was not answered")
            trace.note("\(timeline.stamp) c\(number) \(request.line) → lost")
        }
        return nil
    }

    /// Sends a request that may be repeated until it is answered, or gives up.
    func persistently(
        _ request: WireRequest,
        _ effects: [Effect] = []
    ) async -> Answered? {
        for attempt in 0..<Client.attemptsMax {
            if let answered = await once(request, effects) { return answered }
            await wait(attempt: attempt)
        }
        return nil
    }

    /// Waits as a patient client does before it tries again.
    func wait(attempt: Int) async {
        // A cancelled client tries again at once and is refused like everybody else.
        try? await timeline.sleep(for: .milliseconds(100 << min(attempt, 6)))
    }

    /// What an answer says about the effects of its request.
    ///
    /// 201 did what was asked for, 202 a deletion; another 2xx (a mount that became an upload) did not.
    /// 412 says that a condition did not hold, 404 that there was nothing to delete.
    static func outcome(_ method: String) -> @Sendable (ReceivedResponse) -> Outcome {
        let isDeletion = method == "DELETE"
        let acknowledgement = isDeletion ? 202 : 201
        return { response in
            switch response.status {
            case acknowledgement: .done
            case 412: .unmet
            case 404 where isDeletion: .unmet
            case 429, 500...: .unknown
            default: .refused
            }
        }
    }

    // MARK: - Judging

    func requireLiveness(_ holds: Bool, _ sentence: String) {
        if phase == .liveness { findings.require(holds, .converges, sentence) }
    }

    /// Requires that a server answers what it cannot do now as clients understand it.
    private func requireKnownTrouble(_ response: ReceivedResponse, _ line: String) {
        let mayBeAskedAgain = response.status == 429 || response.status == 503
        findings.require(
            mayBeAskedAgain && response.headers["Retry-After"] != nil || response.status == 507,
            .bounded,
            "\(line) was answered \(response.status) "
                + (mayBeAskedAgain ? "without Retry-After" : "which says nothing to a client")
        )
    }

    /// Judges what an answer showed of a subject.
    func judge(_ subject: Subject, shows value: Digest?, _ answered: Answered, _ what: String) {
        if value == nil, mayBeGone(subject, answered) {
            return findings.count("excused that something is not there")
        }
        let verdict = ledger.judge(subject, read: value, begunAt: answered.begun)
        let seen = value.map { "\($0)" } ?? "nothing"
        switch verdict {
        case .possible: break
        case .neverWritten:
            findings.report(
                Violation(.noLeak, "\(what) shows \(seen) for \(subject), which nobody put there")
            )
        case .overwritten(let request, let other, let crashed):
            let now = other.map { "\($0)" } ?? "nothing"
            findings.report(
                Violation(
                    crashed ? .durable : .readYourWrites,
                    "\(what) shows \(seen) for \(subject), but \(request) made it \(now)"
                )
            )
        }
    }

    /// Keeps what an answer showed of a repository's tags or manifests for the judgement of the whole.
    func note(
        _ action: TagOperation.Action,
        of repository: RepositoryName,
        _ answered: Answered,
        _ request: WireRequest
    ) {
        let missing: Subject? =
            switch action {
            case .shows(let tag, nil): .tag(repository, tag)
            case .has(let digest, false): .manifest(repository, digest)
            default: nil
            }
        if let missing, mayBeGone(missing, answered) { return }
        ledger.note(action, of: repository, request.line, begunAt: answered.begun)
    }

    /// Whether something may not be found because the disk has lost it (the exception of I2), or because
    /// it is a link that ended by itself.
    func mayBeGone(_ subject: Subject, _ answered: Answered) -> Bool {
        let isSuspect = { (digest: Digest) in rot?.isSuspect(digest) ?? false }
        switch subject {
        case .manifest(_, let digest): return isSuspect(digest)
        case .blob(let repository, let digest):
            let named = content.manifests.filter { $0.blobs.contains(digest) }
                .map { Subject.manifest(repository, $0.digest) }
            return isSuspect(digest)
                || ledger.mayHaveExpired(subject, named: named, foundBy: answered.ticket)
        case .tag:
            return ledger.possibleValues(subject, foundBy: answered.ticket)
                .contains { $0.map(isSuspect) ?? false }
        }
    }

    /// Reports an answer that no state of the registry explains.
    func unexpected(_ request: WireRequest, _ answered: Answered) {
        findings.report(
            Violation(
                .answers,
                "\(request.line) was answered \(answered.status) \(answered.code ?? "")"
            )
        )
    }
}
