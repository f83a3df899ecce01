// SPDX-License-Identifier: Apache-2.0

import Catalog
import Blobs
import BlobsDisk
import Contracts
import HTTP
import Journal
import OCI
import Platform
import Synchronization
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `An upload` {
    private func name() throws -> RepositoryName { try Fixture.name("team/app") }

    private func body(_ text: String) -> BufferedBody { BufferedBody(Array(text.utf8)) }

    private func append(
        _ text: String,
        to state: UploadState,
        _ test: Fixture,
        at first: UInt64? = nil
    ) async throws(RegistryError) -> UInt64 {
        let count = UInt64(text.utf8.count)
        return try await test.registry.append(
            body(text),
            to: state,
            range: first.flatMap { ByteRange(first: $0, last: $0 + count - 1) },
            declared: count
        )
    }

    private func failure(_ body: () async throws(RegistryError) -> Void) async -> RegistryError? {
        do throws(RegistryError) {
            try await body()
            return nil
        } catch { return error }
    }

    @Test func `pieces become a blob of the repository`() async throws {
        let test = try Fixture()
        var state = try await test.registry.beginUpload(try name(), .sha256)
        for piece in ["one ", "two ", "three"] {
            state.offset = try await append(piece, to: state, test)
        }
        #expect(state.offset == 13)
        let digest = Fixture.digest("one two three")
        try await test.registry.finishUpload(state, as: digest, try name())
        guard case .content(let content)? = try await test.registry.blob(try name(), digest) else {
            Issue.record("no blob")
            return
        }
        #expect(content.bytes == Array("one two three".utf8))
    }

    @Test func `the last request again succeeds again`() async throws {
        let test = try Fixture()
        var state = try await test.registry.beginUpload(try name(), .sha256)
        state.offset = try await append("x", to: state, test)
        for _ in 0..<3 {
            try await test.registry.finishUpload(state, as: Fixture.digest("x"), try name())
        }
        let other = await failure { () throws(RegistryError) in
            try await test.registry.finishUpload(
                state,
                as: Fixture.digest("never pushed"),
                .canary
            )
        }
        guard case .uploadUnknown? = other else {
            Issue.record("\(String(describing: other))")
            return
        }
    }

    // I1: where nothing can be written, what is read may never have reached the disk.
    @Test func `the last request again is not acknowledged where no change is taken`() async throws
    {
        let test = try Fixture()
        var state = try await test.registry.beginUpload(try name(), .sha256)
        state.offset = try await append("x", to: state, test)
        let digest = Fixture.digest("x")
        try await test.registry.finishUpload(state, as: digest, try name())
        test.registry.registrar.refuse("the disk can only be read")
        let repository = try name()
        let again = await failure { () throws(RegistryError) in
            try await test.registry.finishUpload(state, as: digest, repository)
        }
        guard case .notReady? = again else {
            Issue.record("\(String(describing: again))")
            return
        }
        test.registry.registrar.refuse(nil)
        try await test.registry.finishUpload(state, as: digest, try name())
    }

    // I1: a link that is about to end is none (seed 77).
    @Test
    func
        `the last request of an upload that is gone is not acknowledged for a link that ends soon`()
        async throws
    {
        let test = try Fixture()
        var state = try await test.registry.beginUpload(try name(), .sha256)
        state.offset = try await append("x", to: state, test)
        let (digest, repository, sent) = (Fixture.digest("x"), try name(), state)
        try await test.registry.finishUpload(sent, as: digest, repository)
        try await test.registry.finishUpload(sent, as: digest, repository)
        test.clocks.advance(.seconds(86_400 - 60))
        let refusal = await failure { () throws(RegistryError) in
            try await test.registry.finishUpload(sent, as: digest, repository)
        }
        guard case .uploadUnknown? = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
    }

    /// A last request whose blob is in its place and whose change was refused.
    private func refusedLast() async throws -> (Fixture, UploadState) {
        let sequencer = GatedSequencer([.refused("nobody answers")])
        let test = try Fixture(sequencer: sequencer)
        var state = try await test.registry.beginUpload(try name(), .sha256)
        state.offset = try await append("x", to: state, test)
        let (digest, repository, sent) = (Fixture.digest("x"), try name(), state)
        let refusal = await failure { () throws(RegistryError) in
            try await test.registry.finishUpload(sent, as: digest, repository)
        }
        #expect(refusal != nil)
        #expect(try await test.blobs.stat(digest, generation: Generation.first.number) == 1)
        #expect(try await test.registry.blob(repository, digest) == nil)
        return (test, state)
    }

    @Test func `a last request that is refused finds its upload when it comes again`() async throws
    {
        let (test, state) = try await refusedLast()
        #expect(try await test.registry.uploadSize(state) == 1)
        // The blob has these bytes now: they stay as they are.
        guard
            case .uploadUnknown? = await failure({ () throws(RegistryError) in
                _ = try await append("y", to: state, test)
            })
        else {
            Issue.record("bytes of a blob were changed")
            return
        }
        try await test.registry.finishUpload(state, as: Fixture.digest("x"), try name())
        #expect(try await test.registry.blob(try name(), Fixture.digest("x"))?.size == 1)
        #expect(test.blobs.stagingsLive == 0)
    }

    @Test func `a last request whose process died finds its upload at the next one`() async throws {
        let (before, state) = try await refusedLast()
        let test = try Fixture(after: before)
        try await test.registry.finishUpload(state, as: Fixture.digest("x"), try name())
        #expect(try await test.registry.blob(try name(), Fixture.digest("x"))?.size == 1)
        #expect(test.blobs.stagingsLive == 0)
    }

    @Test func `a refused upload can be cancelled`() async throws {
        let (test, state) = try await refusedLast()
        try await test.registry.cancelUpload(state)
        #expect(test.blobs.stagingsLive == 0)
        let (digest, repository) = (Fixture.digest("x"), try name())
        let again = await failure { () throws(RegistryError) in
            try await test.registry.finishUpload(state, as: digest, repository)
        }
        guard case .uploadUnknown? = again else {
            Issue.record("\(String(describing: again))")
            return
        }
    }

    @Test func `an old state is refused, and told how far the upload is`() async throws {
        // History 23: a replayed Location.
        let test = try Fixture()
        let begun = try await test.registry.beginUpload(try name(), .sha256)
        _ = try await append("one", to: begun, test)
        guard
            case .chunkOutOfOrder(has: 3)? = await failure({ () throws(RegistryError) in
                _ = try await append("two", to: begun, test)
            })
        else {
            Issue.record("the old state was taken")
            return
        }
        #expect(try await test.registry.uploadSize(begun) == 3)
    }

    @Test func `of the same piece twice at once, one is taken`() async throws {
        // History 23: a balancer repeats a PATCH.
        let test = try Fixture()
        for _ in 0..<20 {
            let state = try await test.registry.beginUpload(try name(), .sha256)
            let piece = String(repeating: "x", count: 200_000)
            let ends = await withTaskGroup(of: UInt64?.self) { group in
                for _ in 0..<4 {
                    group.addTask { try? await append(piece, to: state, test) }
                }
                return await group.reduce(into: []) { ends, end in
                    if let end { ends.append(end) }
                }
            }
            #expect(ends.count <= 1)
            // Whoever was refused may go on from where the upload is.
            var now = state
            now.offset = try await test.registry.uploadSize(state)
            #expect(now.offset <= 200_000)
            let rest = String(repeating: "x", count: 200_000 - Int(now.offset))
            if !rest.isEmpty { now.offset = try await append(rest, to: now, test) }
            try await test.registry.finishUpload(now, as: Fixture.digest(piece), try name())
        }
    }

    @Test func `what came before the client went away stays, and the client goes on`() async throws
    {
        let test = try Fixture()
        let state = try await test.registry.beginUpload(try name(), .sha256)
        let broken = BrokenBody(["one ", "two "])
        guard
            case .body(.disconnected)? = await failure({ () throws(RegistryError) in
                _ = try await test.registry.append(
                    broken,
                    to: state,
                    range: nil,
                    declared: 1_000
                )
            })
        else {
            Issue.record("the body ended well")
            return
        }
        var resumed = state
        resumed.offset = try await test.registry.uploadSize(state)
        #expect(resumed.offset == 8)
        resumed.offset = try await append("three", to: resumed, test)
        let digest = Fixture.digest("one two three")
        try await test.registry.finishUpload(resumed, as: digest, try name())
    }

    @Test func `a restarted server goes on where the old one was`() async throws {
        let before = try Fixture()
        var state = try await before.registry.beginUpload(try name(), .sha512)
        state.offset = try await append("one ", to: state, before)
        let sealed = before.registry.seal(state)
        try before.catalog.close()
        let after = try Fixture(after: before)
        var resumed = try after.registry.unseal(sealed, id: state.id.description, try name())
        #expect(resumed == state)
        #expect(try await after.registry.uploadSize(resumed) == 4)
        resumed.offset = try await append("two", to: resumed, after)
        try await after.registry.finishUpload(resumed, as: Fixture.digest("one two"), try name())
    }

    @Test func `a piece of another length than was said is refused unread`() async throws {
        let test = try Fixture()
        let state = try await test.registry.beginUpload(try name(), .sha256)
        let unread = BrokenBody([])
        guard
            case .wrongLength(declared: 10, got: 20)? = await failure({ () throws(RegistryError) in
                _ = try await test.registry.append(
                    unread,
                    to: state,
                    range: ByteRange(first: 0, last: 9),
                    declared: 20
                )
            })
        else {
            Issue.record("20 bytes were taken for 10")
            return
        }
        #expect(try await test.registry.uploadSize(state) == 0)
    }

    @Test func `one larger than a blob may be is dropped, said or not`() async throws {
        for declared in [UInt64(20), .max, nil] {
            let test = try Fixture { $0.blobSizeMax = 10 }
            let state = try await test.registry.beginUpload(try name(), .sha256)
            guard
                case .tooLarge(limit: 10)? = await failure({ () throws(RegistryError) in
                    _ = try await test.registry.append(
                        BufferedBody([UInt8](repeating: 1, count: 20), chunkSize: 4),
                        to: state,
                        range: nil,
                        declared: declared
                    )
                })
            else {
                Issue.record("20 bytes were taken where 10 may be")
                continue
            }
            guard
                case .uploadUnknown? = await failure({ () throws(RegistryError) in
                    _ = try await test.registry.uploadSize(state)
                })
            else {
                Issue.record("the upload is still there")
                continue
            }
        }
    }

    @Test func `bytes of another digest are dropped`() async throws {
        let test = try Fixture()
        var state = try await test.registry.beginUpload(try name(), .sha256)
        state.offset = try await append("x", to: state, test)
        let wrong = Fixture.digest("y")
        let failed = await failure { () throws(RegistryError) in
            try await test.registry.finishUpload(state, as: wrong, .canary)
        }
        guard case .blobs(.digestMismatch(let actual))? = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(actual == Fixture.digest("x"))
        #expect(try await test.registry.blob(try name(), wrong) == nil)
    }

    @Test func `a cancelled one is unknown`() async throws {
        let test = try Fixture()
        let state = try await test.registry.beginUpload(try name(), .sha256)
        try await test.registry.cancelUpload(state)
        for _ in 0..<2 {
            guard
                case .uploadUnknown? = await failure({ () throws(RegistryError) in
                    try await test.registry.cancelUpload(state)
                })
            else {
                Issue.record("it is still there")
                return
            }
        }
    }
}

/// A body whose client goes away after some pieces.
final class BrokenBody: RequestBody {
    private let pieces: Mutex<[[UInt8]]>

    init(_ pieces: [String]) {
        self.pieces = Mutex(pieces.map { Array($0.utf8) })
    }

    func next() async throws(BodyError) -> [UInt8]? {
        let piece = pieces.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        guard let piece else { throw .disconnected }
        return piece
    }
}
