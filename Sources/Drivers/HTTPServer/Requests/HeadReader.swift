// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import HTTP

/// Why the server refuses a request before the handler sees it.
struct BadRequest: Error, Equatable {
    let status: Int
    let sentence: String

    init(_ sentence: String, status: Int = 400) {
        self.status = status
        self.sentence = sentence
    }
}

/// Reads a request's head out of the library's memory and refuses what the library lets through.
///
/// The library ends each token in place with a NUL and tells where the tokens are. In a well-formed
/// head they lie side by side with exactly the right bytes between them, and the head ends where the
/// last one does. A NUL, a bare LF or a folded line leaves a gap or a shift, and so is seen here.
@unsafe struct HeadReader {
    /// The request's first line as the library cut it.
    let method: UnsafePointer<CChar>
    let uri: UnsafePointer<CChar>
    let uriCount: Int
    let version: UnsafePointer<CChar>
    /// How many bytes the whole head took.
    let headCount: Int
    let fieldsMax: Int
    /// Whether forwarding headers of this peer count.
    let isProxy: Bool

    /// How the body is delimited.
    enum Framing: Equatable {
        case none
        case counted(UInt64)
        case chunked
    }

    /// What the head says.
    struct Result {
        var method: String
        var headers: Headers
        var framing: Framing
        var expectsContinue: Bool
        /// Whether the connection stays after this request because neither version nor field says more.
        var isPersistent: Bool
        /// The id the client's proxy gave the request.
        var requestID: String?
    }

    private static let versionCount = 8

    /// Reads the head of the request on `connection`.
    func read(_ connection: OpaquePointer) throws(BadRequest) -> Result {
        let methodCount = unsafe strlen(method)
        guard unsafe method + methodCount + 1 == uri,
            unsafe Bytes.isToken(unsafe text(method, methodCount))
        else { throw BadRequest("The request line is malformed.") }
        guard unsafe version == uri + uriCount + 1 else {
            throw BadRequest("The request line is malformed.")
        }
        guard unsafe ends(version + HeadReader.versionCount) else {
            throw BadRequest("The request line does not end with CR LF.")
        }
        return try unsafe withUnsafeTemporaryAllocation(
            of: bw_mhd_field.self,
            capacity: fieldsMax + 1
        ) { fields throws(BadRequest) in
            let count = unsafe Int(
                bw_mhd_header_fields(connection, fields.baseAddress, UInt32(fieldsMax + 1))
            )
            guard unsafe count <= fieldsMax else {
                throw BadRequest("The request has too many header fields.", status: 431)
            }
            return unsafe try read(
                unsafe UnsafeBufferPointer(rebasing: fields[..<count]),
                methodCount
            )
        }
    }

    private func read(
        _ fields: UnsafeBufferPointer<bw_mhd_field>,
        _ methodCount: Int
    ) throws(BadRequest) -> Result {
        var facts = unsafe Facts(isProxy: isProxy)
        facts.headers.reserve(fields.count)
        var cursor = unsafe version + HeadReader.versionCount + 2
        for index in fields.indices {
            let field = unsafe fields[index]
            guard let name = unsafe field.name, let value = unsafe field.value,
                unsafe name == cursor
            else { throw BadRequest("A header line is malformed.") }
            let nameBytes = unsafe text(name, field.name_size)
            guard unsafe Bytes.isToken(nameBytes) else {
                throw BadRequest("The name of a header field is malformed.")
            }
            var blank = unsafe name + field.name_size + 1
            while unsafe blank < value {
                guard unsafe blank.pointee == 0x20 || blank.pointee == 0x09 else {
                    throw BadRequest("A header line is malformed.")
                }
                unsafe blank += 1
            }
            let valueBytes = unsafe text(value, field.value_size)
            guard unsafe blank == value, unsafe Bytes.isFieldValue(valueBytes),
                unsafe ends(value + field.value_size)
            else { throw BadRequest("A header line is malformed.") }
            unsafe try facts.take(nameBytes, valueBytes)
            unsafe cursor = value + field.value_size + 2
        }
        guard unsafe ends(cursor), unsafe cursor + 2 == method + headCount else {
            throw BadRequest("The header does not end as it should.")
        }
        let isCurrent = unsafe version[HeadReader.versionCount - 1] != CChar(UInt8(ascii: "0"))
        return unsafe try facts.result(
            String(decoding: unsafe text(method, methodCount), as: UTF8.self),
            isCurrent
        )
    }

    /// Whether a line ended here with CR LF, each of which the library replaced by NUL.
    private func ends(_ end: UnsafePointer<CChar>) -> Bool {
        unsafe end[0] == 0 && end[1] == 0
    }

    private func text(_ start: UnsafePointer<CChar>, _ count: Int) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(
            start: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self),
            count: count
        )
    }
}

/// What the header fields say, as they are read.
private struct Facts {
    let isProxy: Bool
    var headers = Headers()
    private var hosts = 0
    private var lengths = 0
    private var length: UInt64 = 0
    private var codings = 0
    private var isChunked = false
    private var expectsContinue = false
    private var hasConnection = false
    private var requestID: String?

    init(isProxy: Bool) {
        self.isProxy = isProxy
    }

    mutating func take(
        _ name: UnsafeBufferPointer<UInt8>,
        _ value: UnsafeBufferPointer<UInt8>
    ) throws(BadRequest) {
        let trimmed = unsafe Bytes.trimmed(value)
        let text = unsafe String(decoding: unsafe trimmed, as: UTF8.self)
        switch name.count {
        case 4 where unsafe Bytes.same(name, "host"): hosts += 1
        case 6 where unsafe Bytes.same(name, "expect"):
            expectsContinue = unsafe Bytes.same(trimmed, "100-continue")
        case 10 where unsafe Bytes.same(name, "connection"): hasConnection = true
        case 12 where unsafe Bytes.same(name, "x-request-id"):
            if isProxy, (1...128).contains(trimmed.count) { requestID = text }
        case 14 where unsafe Bytes.same(name, "content-length"):
            lengths += 1
            guard let number = unsafe Bytes.number(value) else {
                throw BadRequest("Content-Length is not a number.")
            }
            length = number
        case 17 where unsafe Bytes.same(name, "transfer-encoding"):
            codings += 1
            isChunked = unsafe Bytes.same(value, "chunked")
        case 9 where unsafe Bytes.same(name, "forwarded"):
            if !isProxy { return }
        case 11... where unsafe Bytes.begins(name, "x-forwarded-"):
            if !isProxy { return }
        default: break
        }
        unsafe headers.append(String(decoding: unsafe name, as: UTF8.self), text)
    }

    func result(_ method: String, _ isCurrent: Bool) throws(BadRequest) -> HeadReader.Result {
        if hosts > 1 { throw BadRequest("The request has more than one Host.") }
        if hosts == 0, isCurrent { throw BadRequest("The request has no Host.") }
        if lengths > 1 { throw BadRequest("The request has more than one Content-Length.") }
        if codings > 0 {
            if lengths > 0 {
                throw BadRequest("The request has both Content-Length and Transfer-Encoding.")
            }
            if codings > 1 { throw BadRequest("The request has more than one Transfer-Encoding.") }
            guard isCurrent else {
                throw BadRequest("HTTP/1.0 has no Transfer-Encoding.")
            }
            guard isChunked else {
                throw BadRequest("No Transfer-Encoding but chunked is known here.", status: 501)
            }
        }
        return HeadReader.Result(
            method: method,
            headers: headers,
            framing: isChunked ? .chunked : length > 0 ? .counted(length) : .none,
            expectsContinue: expectsContinue && isCurrent,
            isPersistent: isCurrent && !hasConnection,
            requestID: requestID
        )
    }
}
