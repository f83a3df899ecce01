// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import Glibc
import HTTP

/// An answer in the library's form.
@safe struct Answer {
    /// The library's response; whoever has this destroys it.
    let handle: OpaquePointer
    /// How many bytes the body has, 0 when that is not known yet.
    let size: UInt64

    /// Longer bodies are not copied into the library's memory.
    static let copyMax = 4_096
    /// A block of a body that the library asks for: what one TLS record takes.
    private static let blockSize = 16_384

    /// Makes an answer; nil when a header field cannot be sent.
    static func make(_ response: Response, for exchange: Exchange) -> Answer? {
        guard let answer = body(response.body, exchange) else { return nil }
        // The library sends no field without a value.
        for field in response.headers.fields
        where !field.value.isEmpty && !answer.add(field.name, field.value) {
            unsafe MHD_destroy_response(answer.handle)
            return nil
        }
        _ = answer.add("X-Request-Id", exchange.head.requestID)
        if response.closesConnection { _ = answer.add("Connection", "close") }
        return answer
    }

    /// Adds a field; false when the library does not take it.
    ///
    /// A string that is passed to C as it is would be copied into memory of its own first.
    private func add(_ name: String, _ value: String) -> Bool {
        unsafe name.withCString { name in
            unsafe value.withCString { value in
                unsafe MHD_add_response_header(handle, name, value) == .YES
            }
        }
    }

    private static func body(_ body: Response.Body, _ exchange: Exchange) -> Answer? {
        switch body {
        case .none: return copy([])
        case .bytes(let bytes): return bytes.count <= copyMax ? copy(bytes) : share(bytes)
        case .file(let region):
            if region.count == 0 { return copy([]) }
            if exchange.connection.isTLS || exchange.head.method == "HEAD" {
                return file(region)
            }
            return descriptor(region) ?? file(region)
        case .stream: return stream(exchange)
        }
    }

    private static func copy(_ bytes: [UInt8]) -> Answer? {
        let handle = unsafe bytes.withUnsafeBytes { buffer in
            unsafe MHD_create_response_from_buffer(
                buffer.count,
                UnsafeMutableRawPointer(mutating: buffer.baseAddress ?? emptyBody),
                .RESPMEM_MUST_COPY
            )
        }
        return unsafe handle.map { unsafe Answer(handle: $0, size: UInt64(bytes.count)) }
    }

    private static func share(_ bytes: [UInt8]) -> Answer? {
        let held = Held(bytes)
        let handle = unsafe MHD_create_response_from_buffer_with_free_callback_cls(
            bytes.count,
            held.start,
            releaseHeld,
            Unmanaged.passRetained(held).toOpaque()
        )
        return unsafe handle.map { unsafe Answer(handle: $0, size: UInt64(bytes.count)) }
    }

    /// By `sendfile`, from a descriptor of the library's own.
    private static func descriptor(_ region: any FileRegion) -> Answer? {
        guard let number = region.descriptor else { return nil }
        let own = fcntl(number, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else { return nil }
        let handle = unsafe MHD_create_response_from_fd_at_offset64(
            region.count,
            own,
            region.offset
        )
        guard let handle = unsafe handle else {
            close(own)
            return nil
        }
        return unsafe Answer(handle: handle, size: region.count)
    }

    /// By reading block after block.
    private static func file(_ region: any FileRegion) -> Answer? {
        let source = FileSource(region)
        let handle = unsafe MHD_create_response_from_callback(
            region.count,
            blockSize,
            readFile,
            Unmanaged.passRetained(source).toOpaque(),
            releaseFileSource
        )
        return unsafe handle.map { unsafe Answer(handle: $0, size: region.count) }
    }

    private static func stream(_ exchange: Exchange) -> Answer? {
        let handle = unsafe MHD_create_response_from_callback(
            UInt64.max,
            blockSize,
            fillStream,
            Unmanaged.passRetained(exchange).toOpaque(),
            releaseExchange
        )
        return unsafe handle.map { unsafe Answer(handle: $0, size: 0) }
    }
}

/// Something to point at when there are no bytes.
// Safe because nobody reads or writes through it, and it is never freed.
nonisolated(unsafe) private let emptyBody = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
)

/// Bytes that the library sends from where they lie.
// Safe because nobody changes the array while it is held, and an array that nobody changes stays
// where it is.
@safe private final class Held: Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var start: UnsafeMutableRawPointer? {
        unsafe bytes.withUnsafeBytes { unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress) }
    }
}

private func releaseHeld(_ held: UnsafeMutableRawPointer?) {
    guard let held = unsafe held else { return }
    unsafe Unmanaged<Held>.fromOpaque(held).release()
}

/// A part of a file that is read while it is sent.
private final class FileSource: Sendable {
    let region: any FileRegion

    init(_ region: any FileRegion) {
        self.region = region
    }

    /// Reads at `position` into `space`; -1 when the file cannot be read or is shorter than it was.
    func read(_ position: UInt64, _ space: UnsafeMutableRawBufferPointer) -> Int {
        if let descriptor = region.descriptor {
            while true {
                let count = unsafe pread(
                    descriptor,
                    space.baseAddress,
                    space.count,
                    off_t(region.offset + position)
                )
                if count > 0 { return count }
                guard count < 0, errno == EINTR else { return -1 }
            }
        }
        do {
            let bytes = try region.read(at: position, limit: space.count)
            unsafe space.copyBytes(from: bytes)
            return bytes.isEmpty ? -1 : bytes.count
        } catch {
            // The client sees a broken connection; whoever owns the file has told the operator.
            return -1
        }
    }
}

/// What the library takes for an end, and for an error (`MHD_CONTENT_READER_…`, which are casts).
private let endOfStream: ssize_t = -1
private let endWithError: ssize_t = -2

private func readFile(
    _ source: UnsafeMutableRawPointer?,
    _ position: UInt64,
    _ space: UnsafeMutablePointer<CChar>?,
    _ count: Int
) -> ssize_t {
    guard let source = unsafe source else { return endWithError }
    let space = unsafe UnsafeMutableRawBufferPointer(start: space, count: count)
    let read = unsafe Unmanaged<FileSource>.fromOpaque(source).takeUnretainedValue()
        .read(position, space)
    return read > 0 ? read : endWithError
}

private func releaseFileSource(_ source: UnsafeMutableRawPointer?) {
    guard let source = unsafe source else { return }
    unsafe Unmanaged<FileSource>.fromOpaque(source).release()
}

private func fillStream(
    _ exchange: UnsafeMutableRawPointer?,
    _ position: UInt64,
    _ space: UnsafeMutablePointer<CChar>?,
    _ count: Int
) -> ssize_t {
    guard let exchange = unsafe exchange else { return endWithError }
    let space = unsafe UnsafeMutableRawBufferPointer(start: space, count: count)
    return unsafe Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue().fill(space)
}

private func releaseExchange(_ exchange: UnsafeMutableRawPointer?) {
    guard let exchange = unsafe exchange else { return }
    unsafe Unmanaged<Exchange>.fromOpaque(exchange).release()
}
