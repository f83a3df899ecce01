// SPDX-License-Identifier: Apache-2.0

import Crypto
import Glibc
import OCI
import Platform

/// Half of what a registry holds becomes garbage and is freed, while others read and push.
final class SweepRun {
    /// Copies looked at in a second when nobody measures any more.
    private static let fastRate = 1_000_000
    /// The default of `sweep.rate`.
    private static let rateMax = 2_000
    private static let memoryMaxKibibytes = 20_480.0

    let world: World
    let arguments: SweepArguments
    let tell: @Sendable (String) -> Void
    private let stock: SweepStock
    private let data: String

    init(
        world: World,
        arguments: SweepArguments,
        tell: @escaping @Sendable (String) -> Void
    ) throws {
        (self.world, self.arguments, self.tell) = (world, arguments, tell)
        stock = SweepStock(images: arguments.blobs / SweepStock.blobsEach)
        data = try world.directory("sweeping")
    }

    func run() throws -> SweepOutcome {
        let server = try start(rate: measuredRate)
        let pushing = try Clients.time { try stock.push(to: server.port, tell) }
        tell(
            "\(stock.images * (SweepStock.blobsEach + 1)) requests in \(Unit.rounded(pushing, 1)) s"
        )
        let files = try countFiles()
        for repository in stock.dropped { _ = try command("repository", "delete", repository) }
        // The first raise; from the second on what was deleted may go.
        _ = try command("sweep", "run")
        let before = try server.kibibytes("VmHWM")
        var outcome = SweepOutcome(
            reads: try measure(.reads, server),
            pushes: try measure(.pushes, server)
        )
        outcome.grownKibibytes = try server.kibibytes("VmHWM") - before
        server.stop()
        outcome.isWithinMemory = outcome.grownKibibytes <= SweepRun.memoryMaxKibibytes
        try finish(filesBefore: files)
        return outcome
    }

    /// The default, or less where few blobs would be at their end before the windows are.
    private var measuredRate: Int {
        let windows = 2 * arguments.windows.pairs * 2 * (arguments.windows.seconds + 2)
        let copies = stock.images * (SweepStock.blobsEach + 1)
        return max(50, min(SweepRun.rateMax, copies / (4 * windows)))
    }

    private func start(rate: Int) throws -> Peer {
        try world.breakwater(
            data: data,
            extra: "sweep:\n  interval: 30d\n  rate: \(rate)\nexpiry:\n  trash: 0s\n"
                + "requests:\n  change-deadline: 10m\n"
        )
    }

    /// Runs a command of the binary on the server.
    @discardableResult
    func command(_ words: String...) throws -> String {
        try world.run([World.binary] + words + ["--data", data], seconds: 3_600)
    }

    // MARK: Windows

    private func measure(_ kind: SweepLoad.Kind, _ server: Peer) throws -> SweepFigures {
        let load = try SweepLoad(kind, of: stock, server, world, seconds: arguments.windows.seconds)
        let greatest = try load.greatest()
        tell("\(kind): \(Unit.rounded(greatest, 0))/s at the most")
        var figures = SweepFigures()
        for pair in 0..<arguments.windows.pairs {
            for isSwept in pair % 2 == 0 ? [false, true] : [true, false] {
                let (tail, rate) = try window(isSwept) {
                    (try load.tail(perSecond: greatest / 4), try load.greatest())
                }
                figures.add(tail, perSecond: rate, isSwept: isSwept)
                tell(
                    "\(kind) \(pair + 1)\(isSwept ? ", swept" : ""): p99 "
                        + "\(Unit.rounded(tail.milliseconds, 2)) ms, slowest "
                        + "\(Unit.rounded(tail.slowest, 1)) ms, \(Unit.rounded(rate, 0))/s"
                )
            }
        }
        return figures
    }

    /// Runs `body` with the sweep under way from before its beginning to behind its end, or paused.
    private func window<Answer>(_ isSwept: Bool, _ body: () throws -> Answer) throws -> Answer {
        guard isSwept else { return try body() }
        try command("sweep", "resume")
        let round = try world.start(
            [World.binary, "sweep", "run", "--data", data],
            log: world.fresh("sweep.log")
        )
        defer { world.stop(round) }
        let answer = try body()
        guard try command("sweep", "status", "--json").contains(#""isRunning":true"#) else {
            throw Failure("the sweep was at its end before the window was: push more blobs")
        }
        try command("sweep", "pause")
        _ = round.wait(atMost: .seconds(60))
        return answer
    }

    // MARK: What must be true

    /// Frees the rest, and looks whether exactly what was deleted is gone (I7).
    private func finish(filesBefore: Int) throws {
        let server = try start(rate: SweepRun.fastRate)
        defer { server.stop() }
        try command("sweep", "resume")
        let seconds = try Clients.time {
            for _ in 0..<3 { try command("sweep", "run") }
        }
        let files = try countFiles()
        tell(
            "the rest was freed in \(Unit.rounded(seconds, 1)) s: \(filesBefore) files, now \(files)"
        )
        let kept = (stock.images + 1) / 2 * (SweepStock.blobsEach + 1)
        let gone = stock.images / 2 * (SweepStock.blobsEach + 1)
        guard filesBefore - files == gone else {
            throw Failure("\(gone) copies had to go, and \(filesBefore - files) went")
        }
        guard files >= kept else { throw Failure("\(kept) copies had to stay, and \(files) did") }
        try command("content", "verify")
        let connection = try server.connection()
        for image in stride(from: 0, to: stock.images, by: max(1, stock.images / 200)) {
            let place = stock.place(image)
            let status = image % 2 == 0 ? 200 : 404
            try connection.must(status, "GET", "/v2/\(place.repository)/manifests/\(place.tag)")
            let blob = Digest.of(stock.blobs(image)[0])
            try connection.must(status, "GET", "/v2/\(place.repository)/blobs/\(blob)")
        }
    }

    /// Copies on the disk.
    private func countFiles() throws -> Int {
        let listed = try world.run(["sh", "-c", "find '\(data)/blobs' -type f | wc -l"])
        guard let count = Int(listed.filter(\.isNumber)) else {
            throw Failure("files cannot be counted: \(listed)")
        }
        return count
    }
}
