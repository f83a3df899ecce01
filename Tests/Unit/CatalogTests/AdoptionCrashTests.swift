// SPDX-License-Identifier: Apache-2.0

import Catalog
import Contracts
import Journal
import Platform
import SQLite
import Simulation
import Testing

@testable import Sweep

/// A machine whose disk has a data directory.
private struct Machine {
    private static let directory = "data"

    let disk: SimulatedDisk

    /// Puts files into the directory, which are durable.
    init(_ files: [(name: String, bytes: [UInt8])], seed: UInt64) throws {
        let timeline = Timeline()
        disk = SimulatedDisk(
            generator: SeededGenerator(seed: seed, purpose: "disk"),
            timeline: timeline,
            clocks: VirtualClocks(timeline),
            trace: Trace()
        )
        let directory = try disk.mount().directory(at: Machine.directory, .createIfMissing)
        for (name, bytes) in files {
            let file = try directory.open(name, .createNew)
            try file.put(bytes)
            try file.sync()
        }
        try directory.sync()
    }

    /// How many calls were made that change something.
    var changes: Int {
        DiskOperation.allCases.filter(\.isChange).reduce(0) { $0 + disk.count(of: $1) }
    }

    /// Takes the power, and decides what is left.
    func stop(_ fate: CrashFate) {
        disk.crash()
        disk.settle(fate)
    }

    /// Ends the process that runs, and begins another.
    private func start() throws -> (world: World, options: Catalog.Options) {
        disk.crash()
        let files = disk.mount()
        let world = World(
            clocks: HandClocks(),
            random: CountedRandom(),
            files: files,
            lifeline: SimulatedLifeline(disk: disk, trace: Trace())
        )
        let base = DirectoryVFS(
            try files.directory(at: Machine.directory, .mustExist),
            clocks: world.clocks,
            random: world.random,
            wait: DirectoryVFS.passingNoTime
        )
        var options = Catalog.Options()
        // No sync fails but where the machine stops.
        options.vfs = PageCheckVFS(over: .directory(base)) { _ in }
        return (world, options)
    }

    /// Adopts as the command does.
    func adopt() throws -> CatalogAdoption.Report {
        let (world, options) = try start()
        return try CatalogAdoption.offline(
            at: Machine.directory,
            world: world,
            options: options
        ) { () throws(FileError) in
            try Sweep.pause(
                in: try world.files.directory(at: Machine.directory, .mustExist),
                withAccessOf: Catalog.fileName,
                or: world.lifeline
            )
        }
    }

    /// Whether an adoption comes to its end and says so.
    func adopts() -> Bool {
        do {
            _ = try adopt()
            return true
        } catch { return false }
    }

    /// What a start finds: the catalog's dump, or why it is refused.
    func found() throws -> Result<[String], CatalogError> {
        let (world, options) = try start()
        return Result { () throws(CatalogError) -> [String] in
            let catalog = try Catalog(at: Machine.directory, world: world, options: options)
            var lines: [String] = []
            try catalog.canonicalDump { lines.append($0) }
            try catalog.close()
            return lines
        }
    }

    /// Whether the sweep's file, which is whole, says so and no crash can take that away.
    func isPaused() throws -> Bool {
        let path = "\(Machine.directory)/\(SweepState.fileName)"
        let text = try #require(DiskView(disk, .durable).bytes(at: path))
        return try #require(SweepState(parsing: text)).isPaused
    }
}

/// The machine stops at each change of the disk in turn while an adoption is under way.
@Suite(.timeLimit(.minutes(10))) struct `Adopting a projection while the power goes` {
    private static let pageBytes = 4096
    /// Changes at the begin and at the end of an adoption at each of which every case stops; between them,
    /// where the new file grows that counts for nothing yet, the cases take turns.
    private static let edge = 24

    private let options: Catalog.Options

    init() {
        var options = Catalog.Options()
        options.vfs = PageCheckVFS(over: .system) { Issue.record("a sync failed: \($0)") }
        self.options = options
    }

    /// The files of a server that was killed, with a damaged entry; where it `loses` something, the page of
    /// the tags is damaged too.
    private func files(losing loses: Bool) throws -> [(name: String, bytes: [UInt8])] {
        let fixture = try CatalogFixture(options)
        for number in 0..<3 { try fixture.image("image \(number)", tag: "v\(number)") }
        try fixture.append(
            [
                .manifestTrashed(
                    fixture.key(),
                    fixture.digest("image 1"),
                    until: 7_000_000_000_000,
                    linksUntil: 50_000
                )
            ],
            level: 2
        )
        try fixture.close()
        let connection = try Connection(
            path: "\(fixture.path)/\(Catalog.fileName)",
            mode: .readWrite,
            through: options.vfs
        )
        let root = try connection.prepare(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'tags'"
        ).first { Int($0.integer(0)) }
        try connection.execute(
            "UPDATE entries SET bytes = zeroblob(40) WHERE scope = 1 AND position = 4"
        )
        let directory = try LinuxFileSystem().directory(at: fixture.path, .mustExist)
        let logName = "\(Catalog.fileName)-wal"
        var bytes = try directory.open(Catalog.fileName, .read).all()
        let log = try directory.open(logName, .read).all()
        try connection.close()
        #expect(log.count > Self.pageBytes)
        let page = try #require(root)
        if loses { bytes[page * Self.pageBytes - Self.pageBytes / 2] ^= 1 }
        let sweep = SweepState(store: fixture.namespace, incarnation: 1)
        return [
            (name: Catalog.fileName, bytes: bytes), (name: logName, bytes: log),
            (name: SweepState.fileName, bytes: sweep.text),
        ]
    }

    // I1, I7.
    @Test(arguments: CrashFate.allCases, [false, true])
    func `an adoption leaves the old catalog or the new one, wherever the power went`(
        _ fate: CrashFate,
        _ loses: Bool
    ) throws {
        let data = try files(losing: loses)
        let refusal = try Machine(data, seed: 0).found()
        guard case .failure(.damaged) = refusal else {
            Issue.record("a damaged entry is not refused")
            return
        }
        let whole = try Machine(data, seed: 0)
        let before = whole.changes
        let report = try whole.adopt()
        let changes = whole.changes - before
        #expect(report.damagedCount == 1 && report.unread.isEmpty == !loses)
        whole.stop(.forgetsUnsynced)
        let adopted = try whole.found()
        _ = try adopted.get()
        #expect(try whole.isPaused() == loses)

        let cases = 2 * CrashFate.allCases.count
        let turn = 2 * (CrashFate.allCases.firstIndex(of: fate) ?? 0) + (loses ? 1 : 0)
        var kept = 0
        for change in 0..<changes {
            let isAtEdge = change < Self.edge || change >= changes - Self.edge
            guard isAtEdge || change % cases == turn else { continue }
            let machine = try Machine(data, seed: UInt64(change))
            machine.disk.faults.crashAfter = change
            let isReported = machine.adopts()
            machine.stop(fate)
            // Somebody starts the server first, or adopts again at once.
            if (change / cases).isMultiple(of: 2) == loses {
                let found = try machine.found()
                #expect(found == adopted || !isReported && found == refusal, "at \(change)")
                if found == refusal { kept += 1 }
                #expect(machine.adopts() == (found == refusal), "at \(change)")
            } else {
                _ = machine.adopts()
            }
            machine.stop(.forgetsUnsynced)
            let found = try machine.found()
            #expect(found == adopted, "at \(change)")
            #expect(try machine.isPaused() == loses, "at \(change)")
        }
        #expect(kept >= Self.edge / 2)
    }
}
