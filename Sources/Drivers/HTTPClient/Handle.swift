// SPDX-License-Identifier: Apache-2.0

import CCurl
import HTTP

// Safe because a handle is in the hands of one call at a time.
/// One of libcurl's handles, with the connection it keeps.
@safe final class Handle: @unchecked Sendable {
    private let curl: UnsafeMutableRawPointer
    private var list: UnsafeMutablePointer<curl_slist>?
    private let message: UnsafeMutablePointer<CChar>

    /// How much is moved at a time, in bytes.
    private static let bufferSize = 524_288

    init() {
        guard let curl = unsafe curl_easy_init() else { preconditionFailure("out of memory") }
        unsafe self.curl = curl
        unsafe message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        unsafe curl_easy_cleanup(curl)
        unsafe curl_slist_free_all(list)
        unsafe message.deallocate()
    }

    /// How many connections the last transfer had to make.
    var connects: Int { unsafe bw_curl_connects(curl) }

    /// Sets everything for one request; connections stay.
    func prepare(
        _ head: RequestHead,
        _ options: Client.Options,
        _ transfer: Transfer
    ) throws(TransportError) {
        unsafe curl_easy_reset(curl)
        unsafe message.pointee = 0
        unsafe bw_curl_set_context(curl, CURLOPT_ERRORBUFFER, message)
        number(CURLOPT_NOSIGNAL, 1)
        number(CURLOPT_PATH_AS_IS, 1)
        number(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        number(CURLOPT_BUFFERSIZE, Handle.bufferSize)
        number(CURLOPT_UPLOAD_BUFFERSIZE, Handle.bufferSize)
        number(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.milliseconds)
        if let deadline = options.deadline { number(CURLOPT_TIMEOUT_MS, deadline.milliseconds) }
        text(CURLOPT_PROXY, "")
        text(CURLOPT_URL, options.base + head.path + (head.query.map { "?\($0)" } ?? ""))
        if let path = options.unixSocket { text(CURLOPT_UNIX_SOCKET_PATH, path) }
        if let file = options.authorities { text(CURLOPT_CAINFO, file) }
        method(head.method, transfer)
        try fields(head.headers, head.method, options, transfer)
        let context = unsafe Unmanaged.passUnretained(transfer).toOpaque()
        unsafe bw_curl_set_bytes(curl, CURLOPT_HEADERFUNCTION, takeHeader)
        unsafe bw_curl_set_context(curl, CURLOPT_HEADERDATA, context)
        unsafe bw_curl_set_bytes(curl, CURLOPT_WRITEFUNCTION, takeBody)
        unsafe bw_curl_set_context(curl, CURLOPT_WRITEDATA, context)
        unsafe bw_curl_set_bytes(curl, CURLOPT_READFUNCTION, fillBody)
        unsafe bw_curl_set_context(curl, CURLOPT_READDATA, context)
        unsafe bw_curl_set_seek(curl, rewindBody)
        unsafe bw_curl_set_context(curl, CURLOPT_SEEKDATA, context)
    }

    /// Sends the request and waits for the end of its answer.
    func run(_ transfer: Transfer) throws(TransportError) -> Client.Answer {
        let code = unsafe curl_easy_perform(curl)
        if let failure = transfer.failure { throw failure }
        guard code == CURLE_OK else { throw error(code) }
        return Client.Answer(status: unsafe bw_curl_status(curl), headers: transfer.headers)
    }

    private func method(_ method: String, _ transfer: Transfer) {
        if method == "HEAD" {
            number(CURLOPT_NOBODY, 1)
        } else if transfer.hasUpload {
            number(CURLOPT_UPLOAD, 1)
            let count = transfer.uploadCount.map { Int64(clamping: $0) } ?? -1
            unsafe bw_curl_set_size(curl, CURLOPT_INFILESIZE_LARGE, count)
            text(CURLOPT_CUSTOMREQUEST, method)
        } else if method != "GET" {
            text(CURLOPT_CUSTOMREQUEST, method)
        }
    }

    private func fields(
        _ headers: Headers,
        _ method: String,
        _ options: Client.Options,
        _ transfer: Transfer
    ) throws(TransportError) {
        unsafe curl_slist_free_all(list)
        unsafe list = nil
        for field in headers.fields {
            // A line break in a field would smuggle in another; libcurl does not look.
            guard !field.name.breaksLine, !field.value.breaksLine else {
                throw .unreachable("the header field \(field.name) has a line break")
            }
            line(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        if !transfer.hasUpload, ["POST", "PUT", "PATCH"].contains(method) {
            line("Content-Length: 0")
        }
        if transfer.hasUpload, transfer.uploadCount == nil { line("Transfer-Encoding: chunked") }
        if transfer.hasUpload, !options.waitsToSend { line("Expect:") }
        if headers["Accept"] == nil { line("Accept:") }
        unsafe bw_curl_set_list(curl, CURLOPT_HTTPHEADER, list)
    }

    private func line(_ text: String) {
        guard let longer = unsafe curl_slist_append(list, text) else {
            preconditionFailure("out of memory")
        }
        unsafe list = longer
    }

    private func number(_ option: CURLoption, _ value: Int) {
        unsafe bw_curl_set_number(curl, option, value)
    }

    private func text(_ option: CURLoption, _ value: String) {
        unsafe bw_curl_set_text(curl, option, value)
    }

    private func error(_ code: CURLcode) -> TransportError {
        let told = unsafe String(cString: message)
        let sentence = told.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : told
        switch code {
        case CURLE_OPERATION_TIMEDOUT: return .timedOut
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_URL_MALFORMAT,
            CURLE_UNSUPPORTED_PROTOCOL, CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
            return .unreachable(sentence)
        default: return .interrupted(sentence)
        }
    }
}

extension String {
    fileprivate var breaksLine: Bool {
        utf8.contains { $0 == 0x0a || $0 == 0x0d || $0 == 0 }
    }
}

extension Duration {
    /// At least one, for libcurl takes none for any time.
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
}

private func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = unsafe transfer(context) else { return -1 }
    let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe line.withMemoryRebound(to: UInt8.self) { unsafe transfer.takeHeader($0.span) }
        ? size * count : -1
}

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = unsafe transfer(context) else { return -1 }
    let portion = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe portion.withMemoryRebound(to: UInt8.self) { unsafe transfer.takeBody($0.span) }
        ? size * count : -1
}

private func fillBody(
    _ space: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = unsafe transfer(context) else { return Int(CURL_READFUNC_ABORT) }
    let buffer = unsafe UnsafeMutableRawBufferPointer(start: space, count: size * count)
    return unsafe transfer.fill(buffer) ?? Int(CURL_READFUNC_ABORT)
}

private func rewindBody(
    _ context: UnsafeMutableRawPointer?,
    _ offset: curl_off_t,
    _ origin: Int32
) -> Int32 {
    guard let transfer = unsafe transfer(context), offset == 0, origin == 0 else {
        return CURL_SEEKFUNC_FAIL
    }
    return transfer.rewind() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
}
