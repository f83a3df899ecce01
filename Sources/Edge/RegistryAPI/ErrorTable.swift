// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import HTTP
import JSON
import OCI
import Platform
import Registry

// The one table from what went wrong to what a client sees.
extension APIError {
    /// Whatever is thrown while a request is answered.
    init(thrown error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as RequestError: self.init(error)
        case let error as QueryError:
            self.init(.unsupported, status: error.status, error.sentence)
        case let error as ManifestError: self.init(.manifestInvalid, error.sentence)
        case let error as RegistryError: self.init(error)
        default:
            self.init(.unknown, "something went wrong here")
            cause = "\(error)"
        }
    }

    init(_ error: RequestError) {
        switch error {
        case .noEndpoint:
            self.init(
                .unsupported,
                status: 404,
                "there is no such endpoint; the API begins at /v2/"
            )
        case .method(let method):
            self.init(.unsupported, "\(method) is not a method of this endpoint")
            closesConnection = method != "OPTIONS"
        case .name(let text):
            self.init(
                .nameInvalid,
                "'\(text.prefix(300))' is not a repository name: lower-case letters, digits and single "
                    + "separators (. _ __ -) in components joined by /, at most 255 bytes"
            )
        case .tag(let text):
            self.init(
                .manifestInvalid,
                "'\(text.prefix(160))' is not a tag: letters, digits, _ . -, at most 128, not beginning "
                    + "with . or -"
            )
        case .digest(let text):
            self.init(
                .digestInvalid,
                "'\(text.prefix(160))' is not a digest: sha256 or sha512, ':' and lower-case hexadecimal"
            )
        case .algorithm:
            self.init(.digestInvalid, "digest-algorithm must be sha256 or sha512")
        case .noDigest:
            self.init(.digestInvalid, "the last request of an upload names its digest")
        case .length:
            self.init(.sizeInvalid, "Content-Length must be a number of bytes")
        case .chunkRange(let text):
            self.init(
                .blobUploadInvalid,
                "Content-Range must be FIRST-LAST of the chunk in bytes, not '\(text.prefix(80))'"
            )
        case .pageSize:
            self.init(.unsupported, status: 400, "n must be a number of items")
        case .tagsOfTag:
            self.init(.unsupported, status: 400, "?tag= goes with a push by digest")
        case .tooManyTags(let limit):
            self.init(.unsupported, status: 414, "at most \(limit) tags in one push")
        case .conditionsOfTags:
            self.init(
                .unsupported,
                status: 400,
                "If-Match and If-None-Match need exactly one tag"
            )
        case .manifestTooLarge(let limit):
            self.init(
                .manifestInvalid,
                status: 413,
                "the manifest is larger than the limit of \(limit) bytes"
            )
            closesConnection = true
        case .otherDigest(let actual, let named):
            self.init(.digestInvalid, "the manifest hashes to \(actual), not to \(named)")
        case .conditionFailed(let digest):
            self.init(.denied, status: 412, "the condition failed: this is \(digest)")
            headers.append(("ETag", "\"\(digest)\""))
        }
    }

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
        case .contentLost(let digest, mayReturn: false):
            self.init(
                .blobUnknown,
                status: 404,
                "the copy of \(digest) here was damaged or lost, and there is no other; push it again to "
                    + "heal it",
                detail: .object([JSONValue.Member("quarantined", .string(digest.description))])
            )
            cause = "the copy of \(digest) is damaged, missing or cannot be read"
        case .contentLost(let digest, mayReturn: true):
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
        case .tooLarge(let sentence): self.init(.sizeInvalid, status: 413, sentence)
        case .changedSince(let digest):
            self.init(.denied, status: 412, "\(digest) was changed meanwhile")
        case .policyChanged:
            self.init(.denied, status: 412, "the retention policy was changed meanwhile")
        case .notInTrash(let name): self.init(.manifestUnknown, "no '\(name)' in the trash")
        case .tagTaken(let tag, let current):
            self.init(
                .denied,
                status: 409,
                "the tag '\(tag)' is \(current?.description ?? "not what it was")"
            )
        case .contentGone(let digests):
            self.init(
                .manifestBlobUnknown,
                "nothing is left of " + digests.map(\.description).joined(separator: ", "),
                detail: .array(digests.map { .string($0.description) })
            )
        case .promised(let time):
            self.init(
                .denied,
                status: 409,
                "clients may count on its content until \(Moment(milliseconds: time))"
            )
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
        case .interrupted: self.init(.unavailable, "the server is stopping; try again elsewhere")
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
        case .unlisted, .trouble:
            self.init(.unavailable, "the disk of content does not answer; try again")
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
