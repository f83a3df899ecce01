// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import HTTP
import JSON
import OCI
import Registry

/// An error as a client sees it.
struct APIError: Error {
    /// The spec's code.
    var code: ErrorCode
    /// The status; the code's own unless the case has a better one.
    var status: Int
    /// What is wrong and what to do.
    var message: String
    /// Facts for machines.
    var detail: JSONValue
    /// Further header fields.
    var headers: [(String, String)] = []
    /// Whether bytes of the request may still be on their way, so that the connection must end.
    var closesConnection = false
    /// What the operator's log says and the client need not know: which call failed on what.
    var cause: String?

    init(
        _ code: ErrorCode,
        status: Int? = nil,
        _ message: String,
        detail: JSONValue = .null
    ) {
        self.code = code
        self.status = status ?? code.status
        self.message = message
        self.detail = detail
    }

    /// Seconds after which a client that was refused for load or trouble may come again.
    static let retryAfterSeconds = 2

    /// The answer.
    var response: Response {
        var response = Response(
            status: status,
            headers: Headers([("Content-Type", "application/json")]),
            body: .bytes(code.body(message: message, detail: detail))
        )
        for (name, value) in headers { response.headers.append(name, value) }
        if status == 429 || status == 503 {
            response.headers.append("Retry-After", String(APIError.retryAfterSeconds))
        }
        response.closesConnection = closesConnection
        response.logFields = [("error", code.rawValue)]
        if let cause { response.logFields.append(("cause", cause)) }
        return response
    }
}

extension APIError {
    /// The one table from what went wrong to what a client sees.
    init(_ error: RegistryError) {
        switch error {
        case .refused(let refusal): self.init(refusal)
        case .catalog(let error):
            self.init(error)
            if status >= 500 { cause = "\(error)" }
        case .blobs(let error):
            self.init(error)
            if status >= 500 { cause = "\(error)" }
        case .body(let error): self.init(error)
        case .overloaded:
            self.init(.tooManyRequests, "more is under way than may be at once; try again")
        case .notReady(let reason):
            self.init(.unavailable, "no changes are taken now: \(reason)")
        case .uploadUnknown:
            self.init(
                .blobUploadUnknown,
                "no such upload: it was finished, cancelled or is too old, or its Location was altered; "
                    + "begin again with POST"
            )
        case .chunkOutOfOrder(let has):
            self.init(
                .blobUploadInvalid,
                status: 416,
                "the upload has \(has) bytes; continue from there"
            )
        case .tooLarge(let limit):
            self.init(
                .sizeInvalid,
                status: 413,
                "larger than the limit of \(limit) bytes",
                detail: .object([JSONValue.Member("limit", .integer(Int64(clamping: limit)))])
            )
            closesConnection = true
        case .wrongLength(let declared, let got):
            self.init(.sizeInvalid, "\(declared) bytes were declared and \(got) came")
        case .contentLost(let digest):
            self.init(
                .unavailable,
                "the copy of \(digest) here is damaged or missing; push it again to heal it"
            )
            cause = "the copy of \(digest) is damaged, missing or cannot be read"
        }
    }

    private init(_ refusal: Refusal) {
        switch refusal {
        case .manifestUnknown(let reference):
            self.init(.manifestUnknown, "no manifest '\(reference)' in this repository")
        case .blobUnknown(let digest):
            self.init(.blobUnknown, "no blob \(digest) in this repository")
        case .nameUnknown(let name):
            self.init(.nameUnknown, "no repository '\(name)'")
        case .referencesUnknown(let digests):
            self.init(
                .manifestBlobUnknown,
                "push what the manifest names first: "
                    + digests.map(\.description).joined(separator: ", "),
                detail: .array(digests.map { .string($0.description) })
            )
        case .conditionFailed(let current):
            self.init(
                .denied,
                status: 412,
                current.map { "the condition failed: the tag is \($0)" }
                    ?? "the condition failed: there is no such tag"
            )
            if let current { headers.append(("ETag", "\"\(current)\"")) }
        case .stillNamed(let digest, let namer):
            self.init(
                .unsupported,
                "\(digest) is named by the manifest \(namer); delete that first",
                detail: .object([JSONValue.Member("manifest", .string(namer.description))])
            )
        case .receiptTooOld(let digest):
            self.init(.unavailable, "\(digest) was stored too long ago to be named; push it again")
        case .pastDeadline:
            self.init(.unavailable, "the change waited longer than its deadline; try again")
        case .tooLarge(let sentence): self.init(.denied, status: 413, sentence)
        }
    }

    private init(_ error: CatalogError) {
        switch error {
        case .full: self.init(.unknown, status: 507, "the disk of the catalog is full")
        case .readOnly: self.init(.unavailable, "the catalog cannot be written now")
        case .pageCheckFailed:
            self.init(.unavailable, "a page of the catalog is damaged; an operator must rebuild it")
        case .damaged: self.init(.unavailable, "the catalog is damaged; an operator must act")
        case .newer: self.init(.unavailable, "the catalog is of a later version")
        case .poison(let reason): self.init(.manifestInvalid, "it cannot be kept: \(reason)")
        case .trouble: self.init(.unavailable, "the catalog does not answer; try again")
        }
    }

    private init(_ error: BlobError) {
        switch error {
        case .unknownStaging: self.init(.uploadUnknown)
        case .stagingExists: self.init(.unavailable, "an upload of this id is there; try again")
        case .tooManyStagings:
            self.init(.tooManyRequests, "more uploads are open than may be; finish or cancel some")
        case .offsetMismatch(let has): self.init(.chunkOutOfOrder(has: has))
        case .digestMismatch(let actual):
            self.init(
                .digestInvalid,
                "the bytes hash to \(actual); the upload was dropped, begin again"
            )
        case .busy:
            self.init(
                .blobUploadInvalid,
                status: 416,
                "another request is writing this upload; ask for its status and continue"
            )
        case .noSpace:
            self.init(.unknown, status: 507, "no space is left for content on this registry")
        case .readOnly: self.init(.unavailable, "content cannot be written now")
        case .trouble: self.init(.unavailable, "the disk of content does not answer; try again")
        }
    }

    private init(_ error: BodyError) {
        switch error {
        case .disconnected:
            self.init(.sizeInvalid, "the body ended before its declared length")
        case .tooSlow: self.init(.unknown, status: 408, "the body came too slowly")
        case .shuttingDown: self.init(.unavailable, "the server is stopping; try again elsewhere")
        }
        closesConnection = true
    }
}
