// SPDX-License-Identifier: Apache-2.0

import HTTP

// Safe because libcurl calls back only on the thread that runs the transfer.
/// One request on its way: what libcurl's callbacks read and fill.
@safe final class Transfer: @unchecked Sendable {
    /// What is sent.
    enum Source {
        case none
        case bytes([UInt8])
        case file(any FileRegion)
        case produced(count: UInt64?, (Int) throws -> [UInt8])
    }

    /// Where the answer's body goes.
    enum Sink {
        case memory(limit: Int)
        case portions((Int, Span<UInt8>) -> Bool)
    }

    private var source: Source
    private var sink: Sink

    private(set) var received: [UInt8] = []
    private(set) var headers = Headers()
    private var status = 0
    private var headerBytes = 0
    /// Why a callback broke the transfer off.
    private(set) var failure: TransportError?

    /// How many bytes were given away, and, of produced ones, what is left of a chunk.
    private var sent = 0
    private var chunk: [UInt8] = []
    private var chunkPosition = 0
    private var isAtEnd = false

    init(_ source: Source, _ sink: Sink) {
        self.source = source
        self.sink = sink
    }

    /// Lets go of the caller's closures.
    func forget() {
        source = .none
        sink = .memory(limit: 0)
    }

    /// How many bytes are sent; nil when that is not known before.
    var uploadCount: UInt64? {
        switch source {
        case .none: 0
        case .bytes(let bytes): UInt64(bytes.count)
        case .file(let region): region.count
        case .produced(let count, _): count
        }
    }

    /// Whether a body is sent, be it empty.
    var hasUpload: Bool {
        if case .none = source { return false }
        return true
    }

    // MARK: Receiving

    /// A line of a header came; false to break off.
    func takeHeader(_ line: Span<UInt8>) -> Bool {
        headerBytes += line.count
        guard headerBytes <= Client.headerBytesMax else {
            failure = .tooLarge
            return false
        }
        let text = String(copying: line).trimmedLine
        if text.hasPrefix("HTTP/") {
            // After `100 Continue` another header follows.
            headers = Headers()
            let parts = text.split(separator: " ", maxSplits: 2)
            status = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            return true
        }
        guard let colon = text.firstIndex(of: ":") else { return true }
        let value = String(text[text.index(after: colon)...]).trimmedLine
        headers.append(String(text[..<colon]), value)
        return true
    }

    /// A portion of the answer's body came; false to break off.
    func takeBody(_ portion: Span<UInt8>) -> Bool {
        switch sink {
        case .portions(let take):
            guard take(status, portion) else {
                failure = .interrupted("the receiver takes no more")
                return false
            }
        case .memory(let limit):
            guard received.count + portion.count <= limit else {
                failure = .tooLarge
                return false
            }
            if received.isEmpty, let text = headers["Content-Length"], let count = Int(text) {
                received.reserveCapacity(min(limit, count))
            }
            unsafe portion.withUnsafeBufferPointer { unsafe received.append(contentsOf: $0) }
        }
        return true
    }

    // MARK: Sending

    /// Fills `space` with what is sent next; 0 at the end, nil to break off.
    func fill(_ space: UnsafeMutableRawBufferPointer) -> Int? {
        switch source {
        case .none: return 0
        case .bytes(let bytes):
            let count = min(space.count, bytes.count - sent)
            unsafe bytes.withUnsafeBytes { buffer in
                unsafe space.copyMemory(from: .init(rebasing: buffer[sent..<(sent + count)]))
            }
            sent += count
            return count
        case .file(let region):
            return unsafe produced(space) { most in
                let left = region.count - UInt64(sent)
                return try left == 0
                    ? [] : region.read(at: UInt64(sent), limit: Int(min(left, UInt64(most))))
            }
        case .produced(_, let produce): return unsafe produced(space, produce)
        }
    }

    private func produced(
        _ space: UnsafeMutableRawBufferPointer,
        _ produce: (Int) throws -> [UInt8]
    ) -> Int? {
        while chunkPosition == chunk.count, !isAtEnd {
            do {
                chunk = try produce(space.count)
                isAtEnd = chunk.isEmpty
                chunkPosition = 0
            } catch {
                failure = .interrupted("the body could not be read: \(error)")
                return nil
            }
        }
        let count = min(space.count, chunk.count - chunkPosition)
        unsafe chunk.withUnsafeBytes { buffer in
            let part = chunkPosition..<(chunkPosition + count)
            unsafe space.copyMemory(from: .init(rebasing: buffer[part]))
        }
        chunkPosition += count
        sent += count
        return count
    }

    /// Begins to send again from the front; false when that cannot be.
    func rewind() -> Bool {
        if case .produced = source, sent > 0 { return false }
        sent = 0
        chunk = []
        chunkPosition = 0
        isAtEnd = false
        return true
    }
}

extension String {
    /// A copy of bytes that should be UTF-8.
    fileprivate init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// Without white space around it.
    fileprivate var trimmedLine: String {
        let isBlank = { (byte: UInt8) in
            byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a
        }
        let bytes = utf8.drop(while: isBlank)
        let count = bytes.reversed().drop(while: isBlank).count
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
