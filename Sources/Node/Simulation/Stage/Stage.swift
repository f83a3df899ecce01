// SPDX-License-Identifier: Apache-2.0

public import Catalog
public import HTTP
public import OCI
import Platform
public import Registry
import Journal
import Sweep
import Synchronization

/// One machine with the product on it and a hand that drives both: for stories of ten lines.
///
/// Whenever a node starts, its catalog and the platter are checked (I2, I4, I11); `send` goes through
/// the product's handler. A story ends with the violations found, none if all is well.
public final class Stage: Sendable {
    /// The machine's clocks.
    public let clocks: VirtualClocks
    /// The machine's disk.
    public let disk: SimulatedDisk
    /// Blobs and manifests to push.
    public let content: Content
    /// What was found wrong.
    public let findings: Findings
    let timeline: Timeline
    private let trace: Trace
    private let network: SimulatedNetwork
    private let ledger = Ledger()
    private let random: SeededRandom
    private let mistake: Mistake?
    /// Which copies were damaged on purpose.
    let rot: Rot
    private let inspector: Inspector
    private let sequencer: (any Sequencer)?
    private let node = Mutex<SimulatedNode?>(nil)

    private init(
        seed: UInt64,
        mistake: Mistake?,
        isBehindSequencer: Bool,
        timeline: Timeline,
        trace: Trace
    ) {
        let generator = { SeededGenerator(seed: seed, purpose: $0) }
        self.timeline = timeline
        self.trace = trace
        self.mistake = mistake
        findings = Findings(trace: trace)
        clocks = VirtualClocks(timeline)
        disk = SimulatedDisk(
            generator: generator("disk"),
            timeline: timeline,
            clocks: clocks,
            trace: trace
        )
        network = SimulatedNetwork(
            generator: generator("network"),
            timeline: timeline,
            faults: NetworkFaults()
        )
        random = SeededRandom(generator("random"))
        var made = generator("content")
        content = Content(&made)
        sequencer =
            isBehindSequencer
            ? FaultySequencer(
                timeline: timeline,
                generator: SharedGenerator(generator("sequencer")),
                findings: findings,
                isFaulty: false
            ) : nil
        rot = Rot(disk: disk)
        inspector = Inspector(content: content, findings: findings, disk: disk, rot: rot)
    }

    /// Plays a story on a stage of its own and returns what was found wrong.
    ///
    /// `isBehindSequencer`: the entries are kept away from the machine, whose catalog is not synced.
    public static func play(
        seed: UInt64 = 1,
        mistake: Mistake? = nil,
        isBehindSequencer: Bool = false,
        _ story: @escaping @Sendable (Stage) async throws -> Void
    ) throws -> [Violation] {
        let timeline = Timeline()
        let trace = Trace()
        let executor = SeededExecutor(
            generator: SeededGenerator(seed: seed, purpose: "executor"),
            timeline: timeline,
            trace: trace
        )
        let outcome = try executor.run { () -> Result<[Violation], any Error> in
            let stage = Stage(
                seed: seed,
                mistake: mistake,
                isBehindSequencer: isBehindSequencer,
                timeline: timeline,
                trace: trace
            )
            do {
                try await story(stage)
                return .success(stage.findings.violations)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    // MARK: - The machine

    /// Starts a node; throws what its start-up refuses with.
    public func start() async throws {
        let mounted = disk.mount()
        let files = mistake.map { SabotagedFileSystem(mounted, $0) as any FileSystem } ?? mounted
        let lifeline = SimulatedLifeline(disk: disk, trace: trace)
        let world = World(clocks: clocks, random: random, files: files, lifeline: lifeline)
        let started = try await SimulatedNode(
            world: world,
            lifeline: lifeline,
            sequencer: sequencer ?? LocalSequencer()
        )
        try inspector.check(started.catalog)
        node.withLock { $0 = started }
        let isRunning = { @Sendable [disk, life = disk.life] in life != nil && disk.life == life }
        network.connect(started.handler, isReachable: isRunning) {
            self.inspector.noteAcknowledged(started.catalog, whileIs: isRunning)
        }
    }

    /// Ends the process, and with it the machine as `fate` says.
    public func crash(_ fate: CrashFate) {
        disk.crash()
        network.disconnect()
        node.withLock { $0 = nil }
        disk.settle(fate)
        if fate != .processOnly { clocks.restart() }
    }

    /// Crashes and starts again.
    public func restart(_ fate: CrashFate) async throws {
        crash(fate)
        try await start()
    }

    /// Stops the node in order.
    public func stop() async throws {
        await network.drained()
        try running().stop()
        crash(.processOnly)
    }

    /// Lets time pass.
    public func wait(_ duration: Duration) async throws {
        try await timeline.sleep(for: duration)
    }

    /// The registry of the node that runs.
    public var registry: Registry { get throws { try running().registry } }
    /// The catalog of the node that runs.
    public var catalog: Catalog { get throws { try running().catalog } }

    func running() throws -> SimulatedNode {
        guard let node = node.withLock({ $0 }) else { throw StageError.noNode }
        return node
    }

    /// Raises the sweep's epoch so many times and sweeps; returns how many copies were freed.
    @discardableResult public func sweep(raises: Int) async throws -> UInt64 {
        let node = try running()
        for _ in 0..<raises { try await node.registry.raiseEpoch() }
        return try await node.sweep.run().freed
    }

    /// Looks at everything that can be said of the catalog and the platter now: I2, I4, I11.
    public func inspect() throws {
        try inspector.check(running().catalog)
    }

    // MARK: - Clients

    /// Sends a request; nil when no answer came because the machine stopped.
    @discardableResult public func send(
        _ method: String,
        _ target: String,
        _ headers: [(String, String)] = [],
        _ body: [UInt8]? = nil
    ) async -> ReceivedResponse? {
        let request = WireRequest(method, target, headers: headers, body: body)
        let reply = await network.send(
            request,
            effects: [],
            ledger.begin([], request.line),
            in: ledger,
            outcome: { _ in .unknown }
        )
        guard case .answer(let answer) = reply else { return nil }
        return answer
    }

    /// Brings a blob in one request and says whether it was acknowledged.
    @discardableResult
    public func upload(_ bytes: [UInt8], _ digest: Digest, to repository: String) async -> Bool {
        let target = "/v2/\(repository)/blobs/uploads/?digest=\(digest)"
        let headers = [("Content-Type", "application/octet-stream")]
        return await send("POST", target, headers, bytes)?.status == 201
    }

    /// Brings a manifest with all it names under a tag, and says whether it was acknowledged.
    @discardableResult public func push(
        _ manifest: Content.Manifest,
        to repository: String,
        tag: String,
        _ condition: [(String, String)] = []
    ) async -> Bool {
        for digest in manifest.blobs {
            guard let blob = content.blob(digest),
                await upload(blob.bytes, digest, to: repository)
            else { return false }
        }
        return await put(manifest, in: repository, tag: tag, condition)?.status == 201
    }

    /// Puts a manifest whose content is there.
    public func put(
        _ manifest: Content.Manifest,
        in repository: String,
        tag: String,
        _ condition: [(String, String)] = []
    ) async -> ReceivedResponse? {
        await send(
            "PUT",
            "/v2/\(repository)/manifests/\(tag)",
            [("Content-Type", manifest.mediaType)] + condition,
            manifest.bytes
        )
    }

    /// What a tag is: the digest's text, or nil when it is absent.
    public func resolve(_ tag: String, in repository: String) async -> String? {
        let answer = await send("GET", "/v2/\(repository)/manifests/\(tag)")
        return answer?.status == 200 ? answer?.headers["Docker-Content-Digest"] : nil
    }
}

extension Stage {
    /// Begins an upload and returns where it goes on.
    public func begin(in repository: String) async -> String? {
        await send("POST", "/v2/\(repository)/blobs/uploads/")?.headers["Location"]
    }

    /// Sends a piece of an upload, and says what came of it.
    public func append(
        _ bytes: [UInt8],
        at start: Int,
        to location: String
    ) async
        -> ReceivedResponse?
    {
        let range = ("Content-Range", "\(start)-\(start + bytes.count - 1)")
        return await send(
            "PATCH",
            location,
            [("Content-Type", "application/octet-stream"), range],
            bytes
        )
    }

    /// Asks for an upload to become a blob, and says with which status that was answered.
    public func finish(_ location: String, as digest: Digest) async -> Int? {
        let joint = location.contains("?") ? "&" : "?"
        return await send("PUT", "\(location)\(joint)digest=\(digest)", [], [])?.status
    }

    /// The bytes of a blob as a client gets them; nil when it is not there.
    public func pull(_ digest: Digest, from repository: String) async -> [UInt8]? {
        let answer = await send("GET", "/v2/\(repository)/blobs/\(digest)")
        return answer?.status == 200 ? answer?.body : nil
    }
}

/// Why a story could not go on.
public enum StageError: Error, Equatable {
    /// No node runs.
    case noNode
    /// The catalog counts on no copy of it.
    case noCopy
}
