// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import OCI
import Simulation
import Synchronization
import Testing

/// A handler that counts what reaches it and answers with what it read.
private final class Echo: Handler {
    let bodies = Mutex<[[UInt8]?]>([])

    func answer(_ head: RequestHead, body: any RequestBody) async -> Response {
        var bytes: [UInt8] = []
        do {
            while let piece = try await body.next() { bytes += piece }
        } catch {
            bodies.withLock { $0.append(nil) }
            return Response(status: 400)
        }
        bodies.withLock { $0.append(bytes) }
        return Response(status: 201, body: .bytes(bytes))
    }
}

/// What became of requests sent over a network with these faults.
private func outcomes(
    _ faults: NetworkFaults,
    requests: Int = 200
) throws -> (
    replies: [Reply], served: [[UInt8]?], possible: [Digest?], longDelays: Int
) {
    let timeline = Timeline()
    let network = SimulatedNetwork(
        generator: SeededGenerator(seed: 5),
        timeline: timeline,
        faults: faults
    )
    let executor = SeededExecutor(
        generator: SeededGenerator(seed: 6),
        timeline: timeline,
        trace: Trace()
    )
    let echo = Echo()
    network.connect(echo, isReachable: { true })
    let ledger = Ledger()
    let value = Digest.of([1])
    let name = try #require(RepositoryName("a"))
    let tag = try #require(Tag("t"))
    let replies = try executor.run {
        await withTaskGroup(of: [Reply].self) { group in
            group.addTask {
                await network.runBacklog()
                return []
            }
            group.addTask {
                var replies: [Reply] = []
                for _ in 0..<requests {
                    let effect = Effect(.tag(name, tag), value)
                    replies.append(
                        await network.send(
                            WireRequest("PUT", "/x?y=z", body: filled(7, 1000)),
                            effects: [effect],
                            ledger.begin([effect], "PUT"),
                            in: ledger,
                            outcome: { $0.status == 201 ? .done : .refused }
                        )
                    )
                }
                network.closeBacklog()
                return replies
            }
            return await group.reduce([], +)
        }
    }
    let ticket = ledger.begin([], "read")
    return (
        replies, echo.bodies.withLock { $0 },
        ledger.possibleValues(.tag(name, tag), foundBy: ticket),
        network.counts[FaultKind.longDelays.rawValue] ?? 0
    )
}

@Suite struct `Simulated network` {
    @Test func `without faults every request is answered`() throws {
        let (replies, served, possible, longDelays) = try outcomes(NetworkFaults(), requests: 10)
        let whole = ReceivedResponse(status: 201, headers: Headers(), body: filled(7, 1000))
        #expect(replies == Array(repeating: .answer(whole), count: 10))
        #expect(served.count == 10)
        #expect(possible == [Digest.of([1])])
        #expect(longDelays == 0)
    }

    @Test func `a long delay counts where it is longer than any without the fault`() throws {
        var faults = NetworkFaults()
        faults.delayMilliseconds = 50
        #expect(try outcomes(faults, requests: 20).longDelays > 0)
    }

    @Test func `a lost request has no effect`() throws {
        var faults = NetworkFaults()
        faults.loseRequest = 1000
        let (replies, served, possible, _) = try outcomes(faults)
        #expect(replies.allSatisfy { $0 == .lost })
        #expect(served.isEmpty)
        #expect(possible == [nil])
    }

    @Test func `a lost answer leaves the outcome open`() throws {
        var faults = NetworkFaults()
        faults.loseAnswer = 1000
        let (replies, served, possible, _) = try outcomes(faults)
        #expect(replies.allSatisfy { $0 == .lost })
        #expect(served.count == replies.count)
        #expect(possible == [nil, Digest.of([1])])
    }

    @Test func `a cut body never arrives whole`() throws {
        var faults = NetworkFaults()
        faults.cutBody = 1000
        let (replies, served, _, _) = try outcomes(faults)
        #expect(replies.allSatisfy { $0 == .lost })
        #expect(served.allSatisfy { $0 == nil })
    }

    @Test func `a repeated request arrives twice, whole both times`() throws {
        var faults = NetworkFaults()
        faults.repeatRequest = 1000
        let (replies, served, _, _) = try outcomes(faults, requests: 20)
        #expect(replies.count == 20)
        #expect(served.count == 40)
        #expect(served.allSatisfy { $0 == filled(7, 1000) })
    }

    @Test func `a request may outlive its client`() throws {
        var faults = NetworkFaults()
        faults.outliveClient = 1000
        let (replies, served, possible, _) = try outcomes(faults, requests: 20)
        #expect(replies.allSatisfy { $0 == .lost })
        #expect(served.count == 20)
        #expect(possible.contains(Digest.of([1])))
    }
}

@Suite struct `Simulated content` {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `every manifest is one the product reads`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let content = Content(&generator)
        #expect(content.repositories.count == 4)
        #expect(content.tags.count == 4)
        for made in content.manifests {
            let read = try Manifest.parse(made.bytes, contentType: made.mediaType)
            #expect(Set(read.references.map(\.digest)) == Set(made.blobs + made.children))
            #expect(read.subject?.digest == made.subject)
        }
    }

    @Test func `what is about something is found through every step`() {
        var generator = SeededGenerator(seed: 1)
        let content = Content(&generator)
        let chains = content.manifests.map { content.referrers(of: $0.digest).count }
        #expect(chains.contains(2))
        #expect(chains.contains(1))
    }
}
