// SPDX-License-Identifier: Apache-2.0

import JSON
import OCI
import Testing

@Suite struct `Error codes` {
    /// The specification's table, and docker's two.
    private static let table: [(ErrorCode, String, Int, String)] = [
        (.blobUnknown, "BLOB_UNKNOWN", 404, "blob unknown to registry"),
        (.blobUploadInvalid, "BLOB_UPLOAD_INVALID", 400, "blob upload invalid"),
        (.blobUploadUnknown, "BLOB_UPLOAD_UNKNOWN", 404, "blob upload unknown to registry"),
        (.digestInvalid, "DIGEST_INVALID", 400, "provided digest did not match uploaded content"),
        (
            .manifestBlobUnknown, "MANIFEST_BLOB_UNKNOWN", 400,
            "manifest references a manifest or blob unknown to registry"
        ),
        (.manifestInvalid, "MANIFEST_INVALID", 400, "manifest invalid"),
        (.manifestUnknown, "MANIFEST_UNKNOWN", 404, "manifest unknown to registry"),
        (.nameInvalid, "NAME_INVALID", 400, "invalid repository name"),
        (.nameUnknown, "NAME_UNKNOWN", 404, "repository name not known to registry"),
        (.sizeInvalid, "SIZE_INVALID", 400, "provided length did not match content length"),
        (.unauthorized, "UNAUTHORIZED", 401, "authentication required"),
        (.denied, "DENIED", 403, "requested access to the resource is denied"),
        (.unsupported, "UNSUPPORTED", 405, "the operation is unsupported"),
        (.tooManyRequests, "TOOMANYREQUESTS", 429, "too many requests"),
        (.unknown, "UNKNOWN", 500, "unknown error"),
        (.unavailable, "UNAVAILABLE", 503, "service unavailable"),
    ]

    @Test func `each code has its name, status and message`() {
        #expect(Self.table.map(\.0) == ErrorCode.allCases)
        for (code, name, status, message) in Self.table {
            #expect(code.rawValue == name)
            #expect(code.status == status)
            #expect(code.message == message)
            #expect(name.utf8.allSatisfy { (0x41...0x5A).contains($0) || $0 == 0x5F })
        }
    }

    @Test func `the body has the specification's form`() {
        let body = ErrorCode.blobUnknown.body(message: "no \"x\"", detail: .object([]))
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"errors":[{"code":"BLOB_UNKNOWN","message":"no \"x\"","detail":{}}]}"#
        )
        #expect(
            String(decoding: ErrorCode.unknown.body(), as: UTF8.self)
                == #"{"errors":[{"code":"UNKNOWN","message":"unknown error"}]}"#
        )
    }

    @Test func `a body of many errors is bounded`() throws {
        let items = Array(repeating: ErrorBody.Item(.manifestBlobUnknown), count: 5_000)
        let value = try JSONValue.parse(ErrorBody(items).encoded)
        #expect(value["errors"]?.array?.count == ErrorBody.itemsMax)
    }
}
