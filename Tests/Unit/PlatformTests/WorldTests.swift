// SPDX-License-Identifier: Apache-2.0

import Contracts
import Glibc
import Platform
import Testing

@Suite struct `The Linux world` {
    @Test func `its wall clock is the machine's and its other clock never goes back`() {
        let clocks = LinuxClocks()
        func seconds() -> UInt64 {
            var now = timeval()
            gettimeofday(&now, nil)
            return UInt64(now.tv_sec)
        }
        let before = seconds()
        let wall = clocks.wallMilliseconds() / 1000
        #expect(before <= wall && wall <= seconds())
        var last = clocks.monotonic()
        for _ in 0..<1000 {
            let now = clocks.monotonic()
            #expect(now >= last)
            last = now
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a sleeper wakes after its time, and at once when it is cancelled`() async {
        let clocks = LinuxClocks()
        let start = clocks.monotonic()
        try? await clocks.sleep(for: .milliseconds(5))
        #expect(clocks.monotonic() - start >= .milliseconds(5))
        let wasCancelled = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await clocks.sleep(for: .seconds(3600))
                    return false
                } catch {
                    return true
                }
            }
            group.cancelAll()
            return await group.next()
        }
        #expect(wasCancelled == true)
    }

    @Test func `random bytes are as many as asked for and differ`() {
        let random = LinuxRandom()
        for count in [0, 1, 255, 256, 257, 1000] { #expect(random.bytes(count).count == count) }
        #expect(random.bytes(32) != random.bytes(32))
        // 256 bytes without one zero tail: each portion was filled.
        #expect(random.bytes(1000).suffix(200).contains { $0 != 0 })
    }

    @Test func `the lifeline ends the process with its own status and says why`() async throws {
        let result = await #expect(
            processExitsWith: .exitCode(ProcessLifeline.exitStatus),
            observing: [\.standardErrorContent]
        ) {
            ProcessLifeline().halt("the disk lies")
        }
        let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(text.contains("breakwater: stopped to keep its promises: the disk lies"))
    }

    @Test func `the limit of open files only rises`() {
        var before = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0)
        #expect(OpenFileLimit.raise() >= before.rlim_cur)
        #expect(OpenFileLimit.raise() == before.rlim_max)
    }

    @Test func `a directory is locked once, and free again when the lock goes`() throws {
        let scratch = try TemporaryDirectory()
        do {
            let first = try DirectoryLock(path: scratch.path)
            let isHeld = first != nil
            #expect(isHeld)
            let second = try DirectoryLock(path: scratch.path)
            let isRefused = second == nil
            #expect(isRefused)
            _ = consume first
        }
        let third = try DirectoryLock(path: scratch.path)
        let isFree = third != nil
        #expect(isFree)
    }
}
