// SPDX-License-Identifier: Apache-2.0

import CCurl
import HTTP
import Platform

// Safe because a transfer is used by the one call that took it from the client's list.
/// One of libcurl's handles, with the connection it keeps.
@safe final class Transfer: @unchecked Sendable {
    /// Bytes libcurl is given and gives at a time.
    private static let bufferSize = 524_288

    private let handle: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?
    private var headers = Headers()
    private var status = 0
    private var produce: ((Int) -> [UInt8])?
    private var consume: ((Int, [UInt8]) -> Bool)?

    init() {
        guard let made = unsafe curl_easy_init() else {
            preconditionFailure("libcurl has no memory for a handle")
        }
        unsafe handle = made
    }

    deinit {
        unsafe curl_slist_free_all(fields)
        unsafe curl_easy_cleanup(handle)
    }

    /// Status and header fields of the last answer.
    var answer: Client.Answer { Client.Answer(status: status, headers: headers) }

    func prepare(_ head: RequestHead, _ options: Client.Options, bodyCount: UInt64?) {
        unsafe curl_easy_reset(handle)
        headers = Headers()
        status = 0
        let target = head.path + (head.query.map { "?\($0)" } ?? "")
        set(CURLOPT_URL, options.base + target)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_CUSTOMREQUEST, head.method)
        set(CURLOPT_NOBODY, head.method == "HEAD" ? 1 : 0)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_BUFFERSIZE, Transfer.bufferSize)
        set(CURLOPT_UPLOAD_BUFFERSIZE, Transfer.bufferSize)
        set(CURLOPT_PROXY, "")
        set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.milliseconds)
        if let deadline = options.deadline { set(CURLOPT_TIMEOUT_MS, deadline.milliseconds) }
        if let socket = options.unixSocket { set(CURLOPT_UNIX_SOCKET_PATH, socket) }
        if let authorities = options.authorities { set(CURLOPT_CAINFO, authorities) }
        var names = head.headers.fields.map { "\($0.name): \($0.value)" }
        names.append("Expect:")
        if let bodyCount {
            set(CURLOPT_UPLOAD, 1)
            set(CURLOPT_INFILESIZE_LARGE, Int(clamping: bodyCount))
        } else if ["POST", "PUT", "PATCH"].contains(head.method) {
            names.append("Content-Length: 0")
        }
        unsafe curl_slist_free_all(fields)
        unsafe fields = nil
        for name in names { unsafe fields = curl_slist_append(fields, name) }
        unsafe bw_curl_set_pointer(handle, CURLOPT_HTTPHEADER, fields)
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe bw_curl_set_function(handle, CURLOPT_HEADERFUNCTION, takeHeader)
        unsafe bw_curl_set_pointer(handle, CURLOPT_HEADERDATA, me)
        unsafe bw_curl_set_function(handle, CURLOPT_WRITEFUNCTION, takeBody)
        unsafe bw_curl_set_pointer(handle, CURLOPT_WRITEDATA, me)
        unsafe bw_curl_set_function(handle, CURLOPT_READFUNCTION, giveBody)
        unsafe bw_curl_set_pointer(handle, CURLOPT_READDATA, me)
    }

    /// Runs the exchange; the closures are called on this thread and not afterwards.
    func run(
        produce: (Int) -> [UInt8],
        consume: (Int, [UInt8]) -> Bool
    ) -> CURLcode {
        withoutActuallyEscaping(produce) { produce in
            withoutActuallyEscaping(consume) { consume in
                self.produce = produce
                self.consume = consume
                let code = unsafe curl_easy_perform(handle)
                self.produce = nil
                self.consume = nil
                return code
            }
        }
    }

    /// A line of the answer's head; a status line begins a new head, after a 100 for instance.
    fileprivate func take(header line: [UInt8]) {
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            headers = Headers()
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            return
        }
        guard let colon = text.firstIndex(of: ":") else { return }
        let value = text[text.index(after: colon)...].utf8
            .drop { $0 == 0x20 || $0 == 0x09 }
        var end = value.endIndex
        while end > value.startIndex,
            case let before = value.index(before: end), value[before] <= 0x20
        {
            end = before
        }
        headers.append(
            String(text[..<colon]),
            String(decoding: value[..<end], as: UTF8.self)
        )
    }

    fileprivate func take(body bytes: [UInt8]) -> Bool {
        consume?(status, bytes) ?? false
    }

    fileprivate func give(_ most: Int) -> [UInt8] {
        produce?(most) ?? []
    }

    private func set(_ option: CURLoption, _ value: Int) {
        unsafe bw_curl_set_long(handle, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        unsafe bw_curl_set_text(handle, option, value)
    }
}

private func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let line = unsafe Array(UnsafeRawBufferPointer(start: bytes, count: size * count))
    unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().take(header: line)
    return size * count
}

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let piece = unsafe Array(UnsafeRawBufferPointer(start: bytes, count: size * count))
    let goesOn = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        .take(body: piece)
    return goesOn ? size * count : 0
}

private func giveBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let piece = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        .give(size * count)
    unsafe UnsafeMutableRawBufferPointer(start: bytes, count: size * count).copyBytes(from: piece)
    return piece.count
}

extension Duration {
    fileprivate var milliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
