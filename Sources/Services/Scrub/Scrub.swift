// SPDX-License-Identifier: Apache-2.0

public import Blobs
public import Catalog
import Journal
import OCI
public import Platform
import Synchronization

/// Reads everything again, within a period and a budget, and finds what the disk has lost or changed.
///
/// A round looks at the catalog (its pages, both journals' chains, the projection against the entries),
/// then whether each name has its copy, then at every byte of every copy, past the page cache and past
/// the registry's caches. What is flawed is set aside; what is lost is repaired as soon as some source
/// has it. What this is not for: deleting copies that nothing names (`sweep`), and what the answers are
/// meanwhile (`Registry`).
public final class Scrub: Sendable {
    let world: World
    let catalog: Catalog
    let blobs: any BlobStore
    let options: Options
    let sources: [any RepairSource]
    private let files: any Directory
    private let told: @Sendable (Event) async -> Void
    private let memory: Mutex<Memory>
    /// Held by who writes the state's file.
    private let saving = Mutex(())
    /// Why an earlier state could not be read; nil when it was, or there was none.
    public let notice: String?

    private struct Memory {
        var state: ScrubState
        var round: Round?
        var isRunning = false
        /// Whether a round by command waits for the one under way to make room.
        var isAwaited = false
        /// Losses that somebody looks after now.
        var healing: Set<Digest> = []
        var bytesRead: UInt64 = 0
        var repaired: UInt64 = 0
        var failed: UInt64 = 0
        var unexaminedBefore: UInt64 = 0
    }

    /// Makes the scrub of a store; `files` is where its state is kept, and `told` hears what it finds
    /// before anything else is done.
    public init(
        world: World,
        catalog: Catalog,
        blobs: any BlobStore,
        files: any Directory,
        sources: [any RepairSource] = [],
        options: Options = Options(),
        told: @escaping @Sendable (Event) async -> Void
    ) throws(ScrubError) {
        self.world = world
        self.catalog = catalog
        self.blobs = blobs
        self.files = files
        self.sources = sources
        self.options = options
        self.told = told
        var text: [UInt8]?
        do throws(FileError) {
            text = try files.contents(of: ScrubState.fileName, limit: ScrubState.fileMax)
            let isWhole = text.map { ScrubState.isWhole($0) } ?? true
            notice = isWhole ? nil : Scrub.begins("is damaged or of another form")
        } catch {
            notice = Scrub.begins("cannot be read: \(error.kind)")
        }
        let region: Head
        do throws(CatalogError) {
            region = try catalog.read { view throws(CatalogError) in try view.heads().region }
        } catch { throw .catalog(error) }
        let state = ScrubState(text, store: blobs.id, incarnation: region.incarnation)
        var memory = Memory(state: state)
        if state.began > 0 { memory.round = ScrubState.round(state.counts) }
        self.memory = Mutex(memory)
    }

    private static func begins(_ cause: String) -> String {
        "the scrub begins a round, for '\(ScrubState.fileName)' \(cause)"
    }

    /// Where it stands.
    public var status: Status {
        let now = world.clocks.wallMilliseconds()
        return memory.withLock { memory in
            let ended = memory.state.ended
            return Status(
                isRunning: memory.isRunning,
                round: memory.round,
                bytesTotal: memory.state.bytesTotal,
                sinceRound: ended > 0 ? .milliseconds(now - min(now, ended)) : nil,
                losses: memory.state.losses,
                damagedEntries: memory.state.damagedEntries,
                bytesRead: memory.bytesRead,
                repaired: memory.repaired,
                failed: memory.failed,
                unexamined: max(memory.round?.unexamined ?? 0, memory.unexaminedBefore)
            )
        }
    }

    /// Whether a round is under way or has its time.
    ///
    /// A clock that jumps ahead costs a round too many, one that jumps back begins the period anew.
    public var isDue: Bool {
        let now = world.clocks.wallMilliseconds()
        let period = UInt64(max(0, options.period / .milliseconds(1)))
        return memory.withLock { memory in
            let state = memory.state
            return state.place != .idle || state.began == 0 || state.began > now
                || now - state.began >= period
        }
    }

    /// Does a round, or goes on with the one that a restart broke off, at the pace of the period.
    ///
    /// Breaks off where a round by command waits.
    public func run() async throws(ScrubError) -> Round {
        try begin()
        return try await ending { () async throws(ScrubError) in
            try await walk(isUrgent: false) {}
        }
    }

    /// Does a whole round at the greatest rate; one under way makes room for it.
    public func runNow(_ progress: @Sendable () async -> Void) async throws(ScrubError) -> Round {
        while true {
            do throws(ScrubError) {
                try begin()
                break
            } catch .busy {
                let isFirst = memory.withLock { memory in
                    defer { memory.isAwaited = true }
                    return !memory.isAwaited
                }
                guard isFirst else { throw .busy }
                defer { memory.withLock { $0.isAwaited = false } }
                while status.isRunning { try await sleep(.milliseconds(50)) }
            }
        }
        return try await ending { () async throws(ScrubError) in
            try note { $0.place = .idle }
            return try await walk(isUrgent: true, progress)
        }
    }

    private func begin() throws(ScrubError) {
        let mayRun = memory.withLock { memory in
            defer { memory.isRunning = true }
            return !memory.isRunning
        }
        guard mayRun else { throw .busy }
    }

    private func walk(
        isUrgent: Bool,
        _ progress: @Sendable () async -> Void
    ) async throws(ScrubError) -> Round {
        var walk = ScrubWalk(scrub: self, isUrgent: isUrgent)
        return try await walk.round(progress)
    }

    private func ending(
        _ body: () async throws(ScrubError) -> Round
    ) async throws(ScrubError) -> Round {
        defer { memory.withLock { $0.isRunning = false } }
        do throws(ScrubError) { return try await body() } catch {
            switch error {
            case .cancelled, .busy: break
            case .catalog, .blobs: memory.withLock { $0.failed += 1 }
            }
            throw error
        }
    }

    // MARK: For the walk

    var state: ScrubState { memory.withLock { $0.state } }
    /// Whether a round under way is to make room.
    var isAwaited: Bool { memory.withLock { $0.isAwaited } }

    /// Notes how far it is, durably.
    func note(_ change: (inout ScrubState) -> Void) throws(ScrubError) {
        try saving.withLock { _ throws(ScrubError) in
            let text = memory.withLock { memory in
                change(&memory.state)
                return memory.state.text
            }
            do throws(PublishError) {
                try files.publish(text, as: ScrubState.fileName, or: world.lifeline)
            } catch {
                throw .blobs(.trouble(error.cause))
            }
        }
    }

    /// Adds a loss in memory; false where its digest is known to be lost, or where there is no room for it.
    func addNew(_ loss: Loss) -> Bool {
        memory.withLock { $0.state.addNew(loss) }
    }

    /// Lets whoever asks first look after a loss, until it is released.
    func claim(_ digest: Digest) -> Bool {
        memory.withLock { $0.healing.insert(digest).inserted }
    }

    func release(_ digest: Digest) {
        memory.withLock { _ = $0.healing.remove(digest) }
    }

    /// Keeps what a round could not look at in sight until the next one has ended.
    func keepInSight(_ round: Round?) {
        memory.withLock { $0.unexaminedBefore = round?.unexamined ?? 0 }
    }

    func show(_ round: Round) {
        memory.withLock { memory in
            let before = memory.round?.bytes ?? 0
            if round.bytes > before { memory.bytesRead += round.bytes - before }
            memory.round = round
        }
    }

    func tell(_ event: Event) async {
        if case .repaired = event { memory.withLock { $0.repaired += 1 } }
        await told(event)
    }

    func sleep(_ duration: Duration) async throws(ScrubError) {
        do throws(CancellationError) { try await world.clocks.sleep(for: duration) } catch {
            throw .cancelled
        }
    }

    func read<Answer>(
        _ body: (CatalogView) throws(CatalogError) -> Answer
    ) throws(ScrubError) -> Answer {
        do throws(CatalogError) { return try catalog.read(body) } catch { throw .catalog(error) }
    }
}
