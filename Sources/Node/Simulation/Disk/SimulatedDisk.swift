// SPDX-License-Identifier: Apache-2.0

public import Platform
import Synchronization

/// A disk that forgets what nobody synced.
///
/// It gives at least what ext4 and xfs promise, and no more: a synced file has its bytes and length,
/// a synced directory its names; everything else may be lost or half there after a crash. It
/// outlives the machines that mount it: `mount` starts one, a crash stops it (every call then throws
/// and changes nothing), `settle` decides what is left. `DiskView` looks at it from outside.
public final class SimulatedDisk: Sendable {
    private let state: Mutex<DiskState>
    private let timeline: Timeline
    private let clocks: VirtualClocks
    private let trace: Trace

    /// Makes an empty disk that draws from `generator` and stamps files by `clocks`.
    public init(
        generator: SeededGenerator,
        timeline: Timeline,
        clocks: VirtualClocks,
        trace: Trace,
        faults: DiskFaults = DiskFaults()
    ) {
        state = Mutex(DiskState(faults: faults, generator: generator))
        self.timeline = timeline
        self.clocks = clocks
        self.trace = trace
    }

    /// Starts a machine on the disk; the file system is its, and dead after the next crash.
    public func mount() -> any FileSystem {
        let life = state.withLock { state in
            precondition(state.isDown, "the disk is mounted: crash it first")
            state.isDown = false
            state.life += 1
            return state.life
        }
        return SimulatedFileSystem(disk: self, life: life)
    }

    /// Stops whatever runs on the disk now.
    public func crash() {
        state.withLock { $0.isDown = true }
    }

    /// Stops it as was planned among jobs.
    func crashAmongJobs() {
        state.withLock { state in
            if !state.isDown { state.crashes["jobs", default: 0] += 1 }
            state.isDown = true
        }
    }

    /// How often planned crashes came, by what was counted up to them.
    var crashes: [String: Int] { state.withLock { $0.crashes } }

    /// Decides what a crash left, after which the disk can be mounted again.
    public func settle(_ fate: CrashFate) {
        state.withLock { state in
            precondition(state.isDown, "only what is down has a fate")
            state.faults.crashAfter = nil
            state.settle(fate)
        }
    }

    /// Whether the machine has stopped.
    public var isDown: Bool { state.withLock { $0.isDown } }

    /// The number of the machine's life; nil while it has stopped.
    var life: Int? { state.withLock { $0.isDown ? nil : $0.life } }

    /// What the disk does besides its work.
    public var faults: DiskFaults {
        get { state.withLock { $0.faults } }
        set { state.withLock { $0.faults = newValue } }
    }

    /// How many calls that count still happen before the machine stops; nil for no crash.
    var crashAfter: Int? { state.withLock { $0.faults.crashAfter } }

    /// Stops the machine after so many changes, or calls of any kind; never with nil.
    func crash(after count: Int?, countingReads: Bool = false) {
        state.withLock { state in
            state.faults.crashAfter = count
            state.faults.crashCountsReads = countingReads
        }
    }

    /// Runs a checker: what it reads through the product meets no failure that was planned for others.
    func sparing<Answer, Failure: Error>(
        _ body: () throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        let planned = state.withLock { state in
            defer { state.faults.failures = [] }
            return state.faults.failures
        }
        defer { state.withLock { $0.faults.failures = planned } }
        return try body()
    }

    /// Bytes of all files that have a name.
    public var usedBytes: UInt64 { state.withLock { UInt64($0.usedBytes) } }

    /// How many calls that change something were made.
    var changes: Int {
        DiskOperation.allCases.filter(\.isChange).reduce(0) { $0 + count(of: $1) }
    }

    /// How often each kind of fault struck.
    var strikes: [FaultKind: Int] { state.withLock { $0.strikes } }

    /// How often each call was made.
    public func count(of operation: DiskOperation) -> Int {
        state.withLock { $0.operationCounts[Int(operation.rawValue)] }
    }

    /// Runs one call on the state, notes it, and lets its time pass.
    func perform<Value: Sendable>(
        _ operation: DiskOperation,
        _ body: (inout DiskState) throws(FileError) -> Value
    ) throws(FileError) -> Value {
        defer {
            let latency = state.withLock { $0.latency(of: operation) }
            trace.mark(UInt64(operation.rawValue), UInt64(DiskState.nanoseconds(latency)))
            timeline.elapse(latency)
        }
        return try state.withLock { state throws(FileError) in try body(&state) }
    }

    /// Looks at the state from outside the simulation: takes no time, meets no fault.
    func inspect<Value: Sendable>(_ body: (inout DiskState) -> Value) -> Value {
        state.withLock { state in body(&state) }
    }

    /// What the wall clock says, for a file's time.
    var wallMilliseconds: UInt64 { clocks.wallMilliseconds() }
}

/// The disk as one life of a machine sees it.
struct SimulatedFileSystem: FileSystem {
    let disk: SimulatedDisk
    let life: Int

    /// Opens a directory by its path from the root; an empty one is durable when it is returned.
    func directory(at path: String, _ presence: Presence) throws(FileError) -> any Directory {
        var way = [SimulatedDirectory(disk: disk, life: life, node: NameTable.root)]
        for component in path.split(separator: "/") where component != "." {
            let node = try way[way.count - 1].find(String(component), presence)
            way.append(SimulatedDirectory(disk: disk, life: life, node: node))
        }
        let opened = way.removeLast()
        if presence == .createIfMissing, try opened.names(after: "", limit: 1).isEmpty {
            for parent in way { try parent.sync() }
        }
        return opened
    }
}
