// SPDX-License-Identifier: Apache-2.0

public import Blobs
public import Catalog
import Journal
import OCI
public import Platform
import Synchronization

/// Frees the copies of one store that nothing names, while everything else goes on.
///
/// The rule: with the epoch at F, a copy of a digest under a generation g ≤ F-2 may be deleted when the
/// catalog has no row of that digest and generation. Deciding accepts new names only for copies of
/// F-1 and F, so no later entry can count on it: no lock, pin or lease is taken, and nothing depends on
/// when the deletion happens. A generation is listed as a whole once, when it becomes F-2; later only
/// what lost its last name is looked at, and again what a round was in doubt of. What this is not for:
/// copies the catalog counts on (`scrub`), and when names end.
public final class Sweep: Sendable {
    let world: World
    let catalog: Catalog
    let blobs: any BlobStore
    let options: Options
    private let files: any Directory
    private let freed: @Sendable ([Candidate]) -> Void
    /// What it knows of itself.
    let memory: Mutex<Memory>
    /// Held by who writes the state's file: what that says, or nothing where that is not known.
    private let saving: Mutex<[UInt8]>
    /// Why an earlier state could not be read; nil when it was, or there was none.
    public let notice: String?

    /// Makes the sweep of a store; `files` is where its state is kept, and `freed` is told what is gone.
    public init(
        world: World,
        catalog: Catalog,
        blobs: any BlobStore,
        files: any Directory,
        options: Options = Options(),
        freed: @escaping @Sendable ([Candidate]) -> Void
    ) throws(SweepError) {
        self.world = world
        self.catalog = catalog
        self.blobs = blobs
        self.files = files
        self.options = options
        self.freed = freed
        let (heads, epoch) = try Sweep.reading(catalog) { view throws(CatalogError) in
            (try view.heads(), try view.epoch())
        }
        var text: [UInt8]?
        do throws(FileError) {
            text = try files.contents(of: SweepState.fileName, limit: SweepState.fileMax)
            let isWhole = text.map { SweepState.isWhole($0) } ?? true
            notice = isWhole ? nil : Sweep.begins("is damaged or of another form")
        } catch {
            notice = Sweep.begins("cannot be read: \(error.kind)")
        }
        let state = SweepState(text, store: blobs.id, region: heads.region, epoch: epoch)
        memory = Mutex(Memory(state: state))
        saving = Mutex(text ?? [])
    }

    private static func begins(_ cause: String) -> String {
        "the sweep looks at everything again, for '\(SweepState.fileName)' \(cause)"
    }

    /// Notes what it knows at the end of the process, so that the next one looks at nothing twice.
    public func close() throws(SweepError) {
        try note { _ in }
    }

    /// Where it stands.
    public var status: Status {
        let now = world.clocks.monotonic()
        return memory.withLock { memory in
            Status(
                isPaused: memory.state.isPaused,
                isRunning: memory.isRunning,
                listed: memory.state.listed.number,
                round: memory.round,
                timeLeft: memory.isRunning
                    ? memory.round?.timeLeft(after: now - memory.begunAt) : nil,
                sinceRound: memory.endedAt.map { now - $0 },
                freed: memory.freed,
                freedBytes: memory.freedBytes,
                failed: memory.failed
            )
        }
    }

    /// Stops it, over restarts too, or lets it go on; a round under way ends at its next page.
    public func pause(_ isPaused: Bool) throws(SweepError) {
        try note { $0.isPaused = isPaused }
    }

    /// Does one round; does nothing while paused.
    public func run() async throws(SweepError) -> Round {
        let begin = world.clocks.monotonic()
        let mayRun = memory.withLock { memory in
            guard !memory.isRunning else { return false }
            (memory.isRunning, memory.begunAt) = (true, begin)
            return true
        }
        guard mayRun else { throw .busy }
        let outcome: Result<Round, SweepError>
        do throws(SweepError) {
            var walk = Walk(sweep: self)
            outcome = .success(try await walk.round())
        } catch {
            outcome = .failure(error)
        }
        let now = world.clocks.monotonic()
        memory.withLock { memory in
            memory.isRunning = false
            switch outcome {
            case .success(let round): if !round.isBrokenOff { memory.endedAt = now }
            case .failure(.cancelled), .failure(.busy): break
            case .failure: memory.failed += 1
            }
        }
        return try outcome.get()
    }

    // MARK: For the walk

    /// How many epochs a generation must be old, so that no copy of it can be named any more.
    static var ageMin: UInt64 {
        #if SABOTAGE
        if Sabotage.makes("freesYoungGenerations") { return 1 }
        #endif
        return 2
    }

    var state: SweepState { memory.withLock { $0.state } }

    /// Notes how far it is, durably, with all that must not be forgotten on the way there.
    func note(_ change: (inout SweepState) -> Void) throws(SweepError) {
        try saving.withLock { written throws(SweepError) in
            let state = memory.withLock { memory in
                change(&memory.state)
                memory.notes += 1
                return memory.noted
            }
            let text = state.text
            guard text != written else { return }
            written = []
            do throws(PublishError) {
                try files.publish(text, as: SweepState.fileName, or: world.lifeline)
            } catch {
                throw .blobs(.trouble(error.cause))
            }
            written = text
        }
    }

    /// Waits as the rate asks for what was just looked at.
    func pace(_ count: Int) async throws(SweepError) {
        let wait = Duration.seconds(count) / max(1, options.copiesPerSecond)
        do throws(CancellationError) { try await world.clocks.sleep(for: wait) } catch {
            throw .cancelled
        }
    }

    func show(_ round: Round) {
        memory.withLock { $0.round = round }
    }

    /// Tells what is gone.
    func tell(_ gone: [Candidate]) {
        memory.withLock { memory in
            memory.freed += UInt64(gone.count)
            memory.freedBytes += gone.reduce(0) { $0 + $1.size }
        }
        freed(gone)
    }

    func read<Answer>(
        _ body: (CatalogView) throws(CatalogError) -> Answer
    ) throws(SweepError) -> Answer {
        try Sweep.reading(catalog, body)
    }

    private static func reading<Answer>(
        _ catalog: Catalog,
        _ body: (CatalogView) throws(CatalogError) -> Answer
    ) throws(SweepError) -> Answer {
        do throws(CatalogError) { return try catalog.read(body) } catch { throw .catalog(error) }
    }
}
