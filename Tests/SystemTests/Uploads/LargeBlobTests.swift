// SPDX-License-Identifier: Apache-2.0

import Crypto
import Glibc
import HTTP
import HTTPClient
import OCI
import Platform
import Testing

extension `Breakwater as built` {
    // I1 (what was answered is there after `kill -9`), I3 (its bytes are the client's), I10 (memory).
    @Suite struct `A blob beyond four gibibytes` {
        private let workspace: Workspace

        init() throws { workspace = try Workspace() }

        /// How much more memory the server may have taken at any moment than before.
        private static let memoryMax = 20 << 20

        @Test func `outlives a kill in its middle and is served by ranges in little memory`()
            async throws
        {
            let blob = LongBlob(count: 5 << 30)
            let digest = blob.digest
            let server = try RunningServer(in: workspace)
            let before = try server.memoryPeak
            let begun = try await server.ask("POST", "/v2/team/large/blobs/uploads/")
            let location = try #require(begun.headers["Location"])

            // The client is in the middle of one streamed PATCH when the server is killed.
            var isKilled = false
            #expect(throws: TransportError.self) {
                _ = try server.send(blob, from: 0, "PATCH", location) { sent in
                    guard sent >= 3 << 30, !isKilled else { return }
                    isKilled = true
                    let grown = try server.memoryPeak - before
                    #expect(grown <= Self.memoryMax)
                    server.kill()
                }
            }
            let again = try RunningServer(in: workspace)
            let idle = try again.memoryPeak
            let status = try await again.ask("GET", location)
            #expect(status.status == 204)
            let range = try #require(status.headers["Range"])
            let offset = try #require(UInt64(range.dropFirst(2))) + 1
            // What the kernel had taken from the client and the server not yet is all that may be lost.
            #expect(offset > 3 << 30 - 64 << 20 && offset <= 3 << 30)
            let resumed = try #require(status.headers["Location"])
            let patched = try again.send(blob, from: offset, "PATCH", resumed)
            #expect(patched.status == 202)
            let last = try #require(patched.headers["Location"])
            let done = try await again.ask("PUT", "\(last)&digest=\(digest)")
            #expect(done.status == 201)

            let path = "/v2/team/large/blobs/\(digest)"
            let head = try await again.ask("HEAD", path)
            #expect(head.headers["Content-Length"] == "\(blob.count)")
            for (first, end) in blob.interestingRanges {
                let field = [("Range", "bytes=\(first)-\(end)")]
                let part = try await again.ask("GET", path, field)
                #expect(part.status == 206)
                #expect(part.headers["Content-Range"] == "bytes \(first)-\(end)/\(blob.count)")
                #expect(part.body == blob.bytes(from: first, count: Int(end - first) + 1))
            }
            let grown = try again.memoryPeak - idle
            #expect(grown <= Self.memoryMax)
            #expect(again.stop() == .exited(0))
        }
    }
}

/// Bytes too many for memory, which follow from where they stand: no two MiB are alike.
private struct LongBlob {
    let count: UInt64
    private static let block = UInt64(1 << 20)
    private let pattern: [UInt8]

    init(count: UInt64) {
        self.count = count
        pattern = LinuxRandom().bytes(Int(LongBlob.block))
    }

    /// Up to `most` bytes from an offset, to the end of their MiB at the most.
    func piece(at offset: UInt64, atMost most: Int) -> [UInt8] {
        let inBlock = Int(offset % LongBlob.block)
        let length = min(most, Int(LongBlob.block) - inBlock, Int(count - offset))
        var bytes = Array(pattern[inBlock..<inBlock + length])
        let number = offset / LongBlob.block
        for index in 0..<8 where index >= inBlock && index < inBlock + length {
            bytes[index - inBlock] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
        }
        return bytes
    }

    func bytes(from offset: UInt64, count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            bytes += piece(at: offset + UInt64(bytes.count), atMost: count - bytes.count)
        }
        return bytes
    }

    var digest: Digest {
        var context = DigestContext(.sha256)
        var offset: UInt64 = 0
        while offset < count {
            let piece = piece(at: offset, atMost: .max)
            context.update(piece)
            offset += UInt64(piece.count)
        }
        return context.finish()
    }

    /// Its begin, its end, and both sides of what 31 and 32 bits can count.
    var interestingRanges: [(UInt64, UInt64)] {
        let length: UInt64 = 3 << 20
        return [0, 2 << 30 - length / 2, 4 << 30 - length / 2, 4 << 30, count - length]
            .map { ($0, $0 + length - 1) }
    }
}

extension RunningServer {
    /// The most memory the process ever had, in bytes.
    fileprivate var memoryPeak: Int {
        get throws {
            let line = try #require(
                Workspace.read("/proc/\(process.id)/status").split(separator: "\n")
                    .first { $0.hasPrefix("VmHWM:") }
            )
            return try #require(line.split(separator: " ").compactMap { Int($0) }.first) << 10
        }
    }

    /// Streams a blob from an offset on; `sent` is told how far it is before each piece.
    fileprivate func send(
        _ blob: LongBlob,
        from offset: UInt64,
        _ method: String,
        _ location: String,
        sent: (UInt64) throws -> Void = { _ in }
    ) throws -> Client.Answer {
        let parts = location.split(separator: "?", maxSplits: 1)
        var position = offset
        var options = Client.Options(base: "http://\(address)")
        options.connectTimeout = .seconds(300)
        return try Client(options).exchange(
            RequestHead(
                method: method,
                path: String(parts[0]),
                query: String(parts[1]),
                headers: Headers([("Content-Type", "application/octet-stream")])
            ),
            bodyCount: blob.count - offset,
            produce: { most in
                do { try sent(position) } catch { Issue.record(error) }
                guard position < blob.count else { return [] }
                let piece = blob.piece(at: position, atMost: most)
                position += UInt64(piece.count)
                return piece
            },
            consume: { _, _ in true }
        )
    }
}
