// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Catalog
import Contracts
import Crypto
import HTTP
import Journal
import OCI
import Platform
import Registry
import SQLite
import Synchronization
import Testing

@testable import Scrub

/// Clocks on which sleeping is the only thing that takes time, unless a test says what looking does.
final class SleepingClocks: Clocks {
    private let now = Mutex(Duration.zero)
    private let perLook = Mutex(Duration.zero)
    private let hook = Mutex<(@Sendable (Duration) async -> Void)?>(nil)
    /// 2026-01-01.
    private static let origin: UInt64 = 1_767_225_600_000

    func wallMilliseconds() -> UInt64 {
        SleepingClocks.origin + UInt64(monotonic() / .milliseconds(1))
    }

    func monotonic() -> Duration {
        let step = perLook.withLock { $0 }
        return now.withLock { now in
            now += step
            return now
        }
    }

    /// Whatever is done between two looks at the clock takes this long from now on.
    func take(perLook duration: Duration) {
        perLook.withLock { $0 = duration }
    }

    func sleep(for duration: Duration) async throws(CancellationError) {
        guard !Task.isCancelled else { throw CancellationError() }
        now.withLock { $0 += duration }
        await hook.withLock { $0 }?(duration)
    }

    /// Runs at each sleep from now on.
    func whileSleeping(_ body: (@Sendable (Duration) async -> Void)?) {
        hook.withLock { $0 = body }
    }
}

/// Another place that has what a test gave it.
final class FakeSource: RepairSource {
    let name = "other"
    private let contents = Mutex<[Digest: [UInt8]]>([:])

    func add(_ bytes: [UInt8], as digest: Digest) {
        contents.withLock { $0[digest] = bytes }
    }

    func open(_ digest: Digest) async throws(RepairError) -> (any RequestBody)? {
        contents.withLock { $0[digest] }.map { BufferedBody($0) }
    }
}

/// A store, its catalog, a registry that fills both, and the scrub, over a directory of their own.
final class Fixture: Sendable {
    let temporary: TemporaryDirectory
    let clocks: SleepingClocks
    let files = FaultyFileSystem(LinuxFileSystem())
    let world: World
    let pages: PageCheckVFS
    let catalog: Catalog
    let blobs: DiskBlobStore
    let registry: Registry
    let source = FakeSource()
    let scrub: Scrub
    private let heard: Heard

    private final class Heard: Sendable {
        let events = Mutex<[Scrub.Event]>([])
    }

    /// With `faultyCatalog` the catalog's files are those of `files` too, and not the system's.
    init(
        after before: Fixture? = nil,
        faultyCatalog: Bool = false,
        _ configure: (inout Scrub.Options) -> Void = { _ in }
    ) throws {
        temporary = try before?.temporary ?? TemporaryDirectory()
        clocks = before?.clocks ?? SleepingClocks()
        world = World(
            clocks: clocks,
            random: LinuxRandom(),
            files: files,
            lifeline: NotedLifeline()
        )
        let directory = try files.directory(at: temporary.path, .mustExist)
        var disk = DiskBlobStore.Options()
        disk.freeBytesFloor = 1
        blobs = try DiskBlobStore(in: directory, world: world, options: disk)
        let faulty = DirectoryVFS(directory, clocks: clocks, random: LinuxRandom())
        pages = PageCheckVFS(over: faultyCatalog ? .directory(faulty) : .system) { _ in }
        var options = Catalog.Options()
        options.vfs = pages
        catalog = try Catalog(at: temporary.path, world: world, options: options)
        let registry = Registry(
            world: world,
            catalog: catalog,
            blobs: blobs,
            sequencer: LocalSequencer(),
            keyring: try Keyring.open(in: directory, world: world).keyring
        )
        self.registry = registry
        let heard = Heard()
        self.heard = heard
        var scrubbing = Scrub.Options()
        scrubbing.pageMax = 7
        configure(&scrubbing)
        scrub = try Scrub(
            world: world,
            catalog: catalog,
            blobs: blobs,
            files: directory,
            sources: [source],
            options: scrubbing
        ) { event in
            heard.events.withLock { $0.append(event) }
            if case .lost(let loss) = event { registry.forget(loss.digest) }
        }
        registry.tellLosses { [weak scrub] digest, generation, flaw in
            await scrub?.noteLoss(digest, generation: generation, flaw: flaw)
        }
    }

    deinit {
        try? catalog.close()
    }

    var events: [Scrub.Event] { heard.events.withLock { $0 } }

    /// The same directory as after a restart.
    func reopened(_ configure: (inout Scrub.Options) -> Void = { _ in }) throws -> Fixture {
        try catalog.close()
        return try Fixture(after: self, configure)
    }

    static let name = RepositoryName.canary

    /// Stores and links a blob.
    @discardableResult
    func push(_ bytes: [UInt8]) async throws -> Digest {
        let upload = try await registry.beginUpload(Fixture.name, .sha256)
        _ = try await registry.append(BufferedBody(bytes), to: upload, range: nil, declared: nil)
        let digest = Digest.of(bytes)
        try await registry.finishUpload(upload, as: digest, Fixture.name)
        return digest
    }

    /// A copy's file.
    func file(of digest: Digest, generation: UInt64 = Generation.first.number) throws -> any File {
        let digits = "\(generation)"
        return try temporary.directory.directory("blobs", .mustExist)
            .directory(String(repeating: "0", count: 20 - digits.count) + digits, .mustExist)
            .directory(digest.algorithm.name, .mustExist)
            .directory(String(digest.hex.prefix(2)), .mustExist)
            .open(digest.hex, .write)
    }

    /// Changes one bit of a copy, as a disk does.
    func flip(_ digest: Digest, bit: Int) throws {
        try Fixture.flip(try file(of: digest), bit: bit)
    }

    static func flip(_ file: any File, bit: Int) throws {
        var byte: [UInt8] = [0]
        #expect(try file.read(into: &byte, at: UInt64(bit / 8)) == 1)
        byte[0] ^= 1 << UInt8(bit % 8)
        try file.write(byte.span, at: UInt64(bit / 8))
    }

    /// Whether a blob's bytes are given out.
    func serves(_ digest: Digest) async throws -> Bool {
        do throws(RegistryError) {
            return try await registry.blob(Fixture.name, digest) != nil
        } catch {
            guard case .contentLost = error else { throw error }
            return false
        }
    }

    func scrubNow() async throws -> Scrub.Round {
        try await scrub.runNow {}
    }

    /// Does a round of the period that is cancelled where it sleeps, once `isTime`.
    func breakOff(_ isTime: @escaping @Sendable (Scrub.Status) -> Bool) async throws {
        let running = Mutex<Task<Scrub.Round, any Error>?>(nil)
        defer { clocks.whileSleeping(nil) }
        clocks.whileSleeping { [self] _ in
            guard isTime(scrub.status) else { return }
            while true {
                if let task = running.withLock({ $0 }) { return task.cancel() }
                await Task.yield()
            }
        }
        let task: Task<Scrub.Round, any Error> = Task { try await scrub.run() }
        running.withLock { $0 = task }
        await #expect(throws: ScrubError.self) { try await task.value }
    }

    /// Does a round of the period, and one by command that comes where the first sleeps, once `isTime`.
    func overtake(
        _ isTime: @escaping @Sendable (Scrub.Status) -> Bool
    ) async throws -> (slow: Scrub.Round, urgent: Scrub.Round) {
        let urgent = Mutex<Task<Scrub.Round, any Error>?>(nil)
        defer { clocks.whileSleeping(nil) }
        clocks.whileSleeping { [self] _ in
            await Task.yield()
            let isFirst = urgent.withLock { urgent in
                guard urgent == nil, isTime(scrub.status) else { return false }
                urgent = Task { try await scrubNow() }
                return true
            }
            guard isFirst else { return }
            while !scrub.isAwaited && !Task.isCancelled { await Task.yield() }
        }
        let slow = try await scrub.run()
        let task = urgent.withLock { $0 }
        return (slow, try await #require(task).value)
    }
}
