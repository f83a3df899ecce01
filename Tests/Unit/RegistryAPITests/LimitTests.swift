// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import OCI
import Registry
import RegistryAPI
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Limits of requests` {
    @Test func `a manifest that says it is too large is refused unread`() async throws {
        var api = DistributionHandler.Options()
        api.manifestSizeMax = 1_000
        let test = try TestRegistry(api: api)
        let body = CountedBody(chunks: 10, of: 1_000)
        let answer = await test.handler.answer(
            RequestHead(
                method: "PUT",
                path: "/v2/a/manifests/v1",
                headers: Headers([("Content-Length", "1001")])
            ),
            body: body
        )
        #expect(answer.status == 413 && answer.code == "MANIFEST_INVALID")
        #expect(body.taken == 0)
    }

    @Test func `one that does not say how long it is is read to the limit and no further`()
        async throws
    {
        var api = DistributionHandler.Options()
        api.manifestSizeMax = 1_000
        let test = try TestRegistry(api: api)
        let body = CountedBody(chunks: 1_000, of: 300)
        let answer = await test.handler.answer(
            RequestHead(
                method: "PUT",
                path: "/v2/a/manifests/v1",
                headers: Headers([("Transfer-Encoding", "chunked")])
            ),
            body: body
        )
        #expect(answer.status == 413 && answer.code == "MANIFEST_INVALID")
        #expect(body.taken == 4)
    }

    @Test func `bytes of manifests under way are bounded, and room comes back`() async throws {
        // I10.
        var api = DistributionHandler.Options()
        api.manifestSizeMax = 1_000
        api.manifestBytesMax = 2_500
        let test = try TestRegistry(api: api)
        let slow = (0..<2).map { _ in HeldBody(first: 1_000) }
        func put(_ body: any RequestBody) async -> Response {
            await test.handler.answer(
                RequestHead(
                    method: "PUT",
                    path: "/v2/a/manifests/v1",
                    headers: Headers([("Content-Length", "1000")])
                ),
                body: body
            )
        }
        let whole = [UInt8](repeating: 32, count: 1_000)
        await withTaskGroup(of: Void.self) { group in
            for body in slow { group.addTask { #expect(await put(body).status == 400) } }
            for body in slow { while !body.isAsked { await Task.yield() } }
            let refused = await put(BufferedBody(whole))
            #expect(refused.status == 429 && refused.code == "TOOMANYREQUESTS")
            #expect(refused.headers["Retry-After"] != nil)
            for body in slow { body.end() }
            await group.waitForAll()
        }
        #expect(await put(BufferedBody(whole)).status == 400)
    }

    @Test func `a manifest that has not come yet takes no room from others`() async throws {
        var api = DistributionHandler.Options()
        api.manifestSizeMax = 1_000
        api.manifestBytesMax = 1_100
        let test = try TestRegistry(api: api)
        let slow = (0..<8).map { _ in HeldBody(first: 10) }
        let head = RequestHead(
            method: "PUT",
            path: "/v2/a/manifests/v1",
            headers: Headers([("Content-Length", "1000")])
        )
        await withTaskGroup(of: Void.self) { group in
            for body in slow {
                group.addTask {
                    #expect(await test.handler.answer(head, body: body).status == 400)
                }
            }
            for body in slow { while !body.isAsked { await Task.yield() } }
            let whole = BufferedBody([UInt8](repeating: 32, count: 1_000))
            let answer = await test.handler.answer(head, body: whole)
            #expect(answer.status == 400 && answer.code == "MANIFEST_INVALID")
            for body in slow { body.end() }
            await group.waitForAll()
        }
    }

    @Test func `an upload larger than a blob may be is 413, and gone`() async throws {
        var options = Registry.Options()
        options.blobSizeMax = 10
        let test = try TestRegistry(options: options)
        let location = await test.begin(in: "a")
        let answer = await test.patch(location, "more than ten")
        #expect(answer.status == 413 && answer.code == "SIZE_INVALID")
        #expect(await test.send("GET", location).status == 404)
    }

    @Test func `a body that ends early is 400, and what came can be continued`() async throws {
        let test = try TestRegistry()
        let location = await test.begin(in: "a")
        let answer = await test.send(
            "PATCH",
            location,
            headers: [("Content-Length", "10")],
            body: Array("12345".utf8)
        )
        #expect(answer.status == 400 && answer.code == "SIZE_INVALID")
        #expect(await test.send("GET", location).headers["Range"] == "0-4")
    }

    @Test func `an altered Location, or of another repository, is 404`() async throws {
        let test = try TestRegistry()
        let location = await test.begin(in: "a")
        let changed = String(location.dropLast()) + (location.last == "A" ? "B" : "A")
        let elsewhere = location.replacing("/v2/a/", with: "/v2/b/")
        let bare = String(location.prefix { $0 != "?" })
        for forged in [changed, elsewhere, bare, bare + "?_state="] {
            for method in ["GET", "PATCH", "PUT", "DELETE"] {
                let answer = await test.send(method, forged)
                #expect(answer.status == 404 && answer.code == "BLOB_UPLOAD_UNKNOWN")
            }
        }
        #expect(await test.send("GET", location).status == 204)
    }
}

/// A body of many chunks that counts how many were asked for.
private final class CountedBody: RequestBody {
    private let left: Mutex<Int>
    private let size: Int
    private let chunks: Int

    init(chunks: Int, of size: Int) {
        left = Mutex(chunks)
        self.size = size
        self.chunks = chunks
    }

    var taken: Int { chunks - left.withLock(\.self) }

    func next() async throws(BodyError) -> [UInt8]? {
        left.withLock { left in
            guard left > 0 else { return nil }
            left -= 1
            return [UInt8](repeating: 32, count: size)
        }
    }
}

/// A body that brings so many bytes at once, and no more until it is told to end.
private final class HeldBody: RequestBody {
    private enum Stage {
        case fresh
        case begun
        case asked(CheckedContinuation<Void, Never>)
        case over
    }

    private let stage = Mutex(Stage.fresh)
    private let first: Int

    init(first: Int) {
        self.first = first
    }

    var isAsked: Bool {
        stage.withLock { stage in
            if case .asked = stage { true } else { false }
        }
    }

    func end() {
        let waiting = stage.withLock { stage -> CheckedContinuation<Void, Never>? in
            defer { stage = .over }
            if case .asked(let waiting) = stage { return waiting }
            return nil
        }
        waiting?.resume()
    }

    func next() async throws(BodyError) -> [UInt8]? {
        let isFirst = stage.withLock { stage in
            guard case .fresh = stage else { return false }
            stage = .begun
            return true
        }
        if isFirst { return [UInt8](repeating: 32, count: first) }
        await withCheckedContinuation { continuation in
            let isOver = stage.withLock { stage in
                if case .over = stage { return true }
                stage = .asked(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
        return nil
    }
}
