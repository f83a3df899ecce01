// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import Crypto
import HTTP
import JSON
import OCI
import Platform
import Registry
import SQLite
import Testing

@testable import RegistryAPI

@Suite struct `The table of errors` {
    private static let digest = Digest.of([1])
    private static let file = FileError(kind: .device, errno: 5, operation: "read x")

    /// One thing that goes wrong, and what a client sees of it.
    struct Row: Sendable, CustomTestStringConvertible {
        var error: RegistryError
        var status: Int
        var code: ErrorCode

        init(_ error: RegistryError, _ status: Int, _ code: ErrorCode) {
            self.error = error
            self.status = status
            self.code = code
        }

        var testDescription: String { "\(error)" }
    }

    static let refusals: [Row] = [
        Row(.refused(.manifestUnknown("v1")), 404, .manifestUnknown),
        Row(.refused(.blobUnknown(digest)), 404, .blobUnknown),
        Row(.refused(.nameUnknown(.canary)), 404, .nameUnknown),
        Row(.refused(.referencesUnknown([digest])), 400, .manifestBlobUnknown),
        Row(.refused(.conditionFailed(digest)), 412, .denied),
        Row(.refused(.conditionFailed(nil)), 412, .denied),
        Row(.refused(.stillNamed(digest, by: digest)), 405, .unsupported),
        Row(.refused(.receiptTooOld(digest)), 503, .unavailable),
        Row(.refused(.pastDeadline), 503, .unavailable),
        Row(.refused(.tooLarge("copy less")), 413, .sizeInvalid),
        Row(.refused(.changedSince(digest)), 412, .denied),
        Row(.refused(.policyChanged), 412, .denied),
        Row(.refused(.notInTrash("v1")), 404, .manifestUnknown),
        Row(.refused(.tagTaken(digest.companionTags[0], digest)), 409, .denied),
        Row(.refused(.contentGone([digest])), 400, .manifestBlobUnknown),
        Row(.refused(.promised(until: 1000)), 409, .denied),
    ]

    static let troubles: [Row] = [
        Row(.catalog(.full), 507, .unknown),
        Row(.catalog(.readOnly), 503, .unavailable),
        Row(.catalog(.pageCheckFailed("page 7")), 503, .unavailable),
        Row(.catalog(.damaged("x")), 503, .unavailable),
        Row(.catalog(.newer("x")), 503, .unavailable),
        Row(.catalog(.poison("x")), 400, .manifestInvalid),
        Row(.catalog(.interrupted), 503, .unavailable),
        Row(.catalog(.trouble(SQLiteError(code: .io, message: "x"))), 503, .unavailable),
        Row(.blobs(.unknownStaging), 404, .blobUploadUnknown),
        Row(.blobs(.stagingExists), 503, .unavailable),
        Row(.blobs(.offsetMismatch(has: 3)), 416, .blobUploadInvalid),
        Row(.blobs(.digestMismatch(actual: digest)), 400, .digestInvalid),
        Row(.blobs(.busy), 416, .blobUploadInvalid),
        Row(.blobs(.tooManyStagings), 429, .tooManyRequests),
        Row(.blobs(.noSpace), 507, .unknown),
        Row(.blobs(.readOnly), 503, .unavailable),
        Row(.blobs(.trouble(file)), 503, .unavailable),
        Row(.blobs(.unlisted(upTo: digest, file)), 503, .unavailable),
        Row(.overloaded, 429, .tooManyRequests),
        Row(.notReady("a rebuild"), 503, .unavailable),
        Row(.contentLost(digest, mayReturn: true), 503, .unavailable),
        Row(.contentLost(digest, mayReturn: false), 404, .blobUnknown),
    ]

    static let requests: [Row] = [
        Row(.body(.disconnected), 400, .sizeInvalid),
        Row(.body(.tooSlow), 408, .unknown),
        Row(.body(.shuttingDown), 503, .unavailable),
        Row(.uploadUnknown, 404, .blobUploadUnknown),
        Row(.chunkOutOfOrder(has: 3), 416, .blobUploadInvalid),
        Row(.tooLarge(limit: 3), 413, .sizeInvalid),
        Row(.wrongLength(declared: 1, got: 2), 400, .sizeInvalid),
    ]

    @Test(arguments: refusals + troubles + requests)
    func `each error has its status, its code and a sentence`(row: Row) throws {
        let response = APIError(row.error).response
        #expect(response.status == row.status)
        #expect(response.code == row.code.rawValue)
        #expect(response.headers["Content-Type"] == "application/json")
        let message = try #require(response.json?["errors"]?.array?.first?["message"]?.string)
        #expect(message.contains(" "))
        let comesAgain = row.status == 429 || row.status == 503
        #expect((response.headers["Retry-After"] != nil) == comesAgain)
    }

    /// Does not compile when an error comes that is not in the table.
    @Test func `the table has every error`() {
        var seen: Set<String> = []
        for row in Self.refusals + Self.troubles + Self.requests {
            switch row.error {
            case .refused(let refusal): seen.insert("refused \(name(refusal))")
            case .catalog(let error): seen.insert("catalog \(name(error))")
            case .blobs(let error): seen.insert("blobs \(name(error))")
            case .body(let error): seen.insert("body \(error)")
            case .overloaded: seen.insert("overloaded")
            case .notReady: seen.insert("notReady")
            case .uploadUnknown: seen.insert("uploadUnknown")
            case .chunkOutOfOrder: seen.insert("chunkOutOfOrder")
            case .tooLarge: seen.insert("tooLarge")
            case .wrongLength: seen.insert("wrongLength")
            case .contentLost: seen.insert("contentLost")
            }
        }
        // 15 refusals, 8 of the catalog, 10 of the store, 3 of the body, 7 others.
        #expect(seen.count == 15 + 8 + 10 + 3 + 7)
    }

    private func name(_ refusal: Refusal) -> String {
        switch refusal {
        case .manifestUnknown: "manifestUnknown"
        case .blobUnknown: "blobUnknown"
        case .nameUnknown: "nameUnknown"
        case .referencesUnknown: "referencesUnknown"
        case .conditionFailed: "conditionFailed"
        case .stillNamed: "stillNamed"
        case .receiptTooOld: "receiptTooOld"
        case .pastDeadline: "pastDeadline"
        case .tooLarge: "tooLarge"
        case .changedSince: "changedSince"
        case .policyChanged: "policyChanged"
        case .notInTrash: "notInTrash"
        case .tagTaken: "tagTaken"
        case .contentGone: "contentGone"
        case .promised: "promised"
        }
    }

    private func name(_ error: CatalogError) -> String {
        switch error {
        case .full: "full"
        case .readOnly: "readOnly"
        case .pageCheckFailed: "pageCheckFailed"
        case .damaged: "damaged"
        case .newer: "newer"
        case .poison: "poison"
        case .interrupted: "interrupted"
        case .trouble: "trouble"
        }
    }

    private func name(_ error: BlobError) -> String {
        switch error {
        case .unknownStaging: "unknownStaging"
        case .stagingExists: "stagingExists"
        case .offsetMismatch: "offsetMismatch"
        case .digestMismatch: "digestMismatch"
        case .busy: "busy"
        case .tooManyStagings: "tooManyStagings"
        case .noSpace: "noSpace"
        case .readOnly: "readOnly"
        case .unlisted: "unlisted"
        case .trouble: "trouble"
        }
    }

    @Test func `a refusal for what a manifest still names says which`() throws {
        let namer = Digest.of([2])
        let response = APIError(.refused(.stillNamed(Self.digest, by: namer))).response
        let error = try #require(response.json?["errors"]?.array?.first)
        #expect(error["detail"]?["manifest"]?.string == namer.description)
        #expect(error["message"]?.string?.contains(namer.description) == true)
    }

    @Test func `a failed condition says what the tag is`() {
        let response = APIError(.refused(.conditionFailed(Self.digest))).response
        #expect(response.headers["ETag"] == "\"\(Self.digest)\"")
        #expect(APIError(.refused(.conditionFailed(nil))).response.headers["ETag"] == nil)
    }
}
