// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import JSON
import OCI
import Testing

@testable import RegistryAPI

@Suite struct `The table of errors, of requests that nothing could answer` {
    /// One request that cannot be answered, and what its client sees.
    struct Row: Sendable, CustomTestStringConvertible {
        var error: any Error
        var status: Int
        var code: ErrorCode
        /// Whether bytes of the request may still come that nobody wants.
        var closes: Bool

        init(_ error: RequestError, _ status: Int, _ code: ErrorCode, closes: Bool = false) {
            self.init(any: error, status, code, closes: closes)
        }

        init(any error: any Error, _ status: Int, _ code: ErrorCode, closes: Bool = false) {
            self.error = error
            self.status = status
            self.code = code
            self.closes = closes
        }

        var testDescription: String { "\(error)" }
    }

    private static let digest = Digest.of([1])

    static let requests: [Row] = [
        Row(.noEndpoint, 404, .unsupported),
        Row(.method("PATCH"), 405, .unsupported, closes: true),
        Row(.method("OPTIONS"), 405, .unsupported),
        Row(.name("A"), 400, .nameInvalid),
        Row(.tag(".a"), 400, .manifestInvalid),
        Row(.digest("md5:1"), 400, .digestInvalid),
        Row(.algorithm, 400, .digestInvalid),
        Row(.noDigest, 400, .digestInvalid),
        Row(.length, 400, .sizeInvalid),
        Row(.chunkRange("bytes"), 400, .blobUploadInvalid),
        Row(.pageSize, 400, .unsupported),
        Row(.tagsOfTag, 400, .unsupported),
        Row(.tooManyTags(limit: 3), 414, .unsupported),
        Row(.conditionsOfTags, 400, .unsupported),
        Row(.manifestTooLarge(limit: 3), 413, .manifestInvalid, closes: true),
        Row(.otherDigest(digest, named: digest), 400, .digestInvalid),
        Row(.conditionFailed("sha256:1"), 412, .denied),
    ]

    static let queries: [Row] = [
        Row(any: QueryError.tooLong(max: 3), 414, .unsupported),
        Row(any: QueryError.tooMany(max: 3), 414, .unsupported),
        Row(any: QueryError.malformed("%"), 400, .unsupported),
        Row(any: QueryError.repeated("n"), 400, .unsupported),
    ]

    static let manifests: [Row] = [
        Row(any: ManifestError.schema1, 400, .manifestInvalid),
        Row(any: ManifestError.invalid("no config here"), 400, .manifestInvalid),
        Row(any: ManifestError.typeMismatch(header: "a", field: "b"), 400, .manifestInvalid),
        Row(any: ManifestError.tooManyReferences(limit: 3), 400, .manifestInvalid),
    ]

    /// A mistake of ours, that no row knows.
    struct Surprise: Error {}

    @Test(arguments: requests + queries + manifests + [Row(any: Surprise(), 500, .unknown)])
    func `each has its status, its code and a sentence`(row: Row) throws {
        let response = APIError(thrown: row.error).response
        #expect(response.status == row.status)
        #expect(response.code == row.code.rawValue)
        #expect(response.closesConnection == row.closes)
        #expect(response.headers["Content-Type"] == "application/json")
        let message = try #require(response.json?["errors"]?.array?.first?["message"]?.string)
        #expect(message.contains(" "))
    }

    /// Does not compile when an error comes that is not in the table.
    @Test func `the table has every one`() {
        let seen = Set(Self.requests.compactMap { ($0.error as? RequestError).map(name) })
        #expect(seen.count == 16)
    }

    private func name(_ error: RequestError) -> String {
        switch error {
        case .noEndpoint: "noEndpoint"
        case .method: "method"
        case .name: "name"
        case .tag: "tag"
        case .digest: "digest"
        case .algorithm: "algorithm"
        case .noDigest: "noDigest"
        case .length: "length"
        case .chunkRange: "chunkRange"
        case .pageSize: "pageSize"
        case .tagsOfTag: "tagsOfTag"
        case .tooManyTags: "tooManyTags"
        case .conditionsOfTags: "conditionsOfTags"
        case .manifestTooLarge: "manifestTooLarge"
        case .otherDigest: "otherDigest"
        case .conditionFailed: "conditionFailed"
        }
    }

    @Test func `what surprised us is told to the operator alone`() throws {
        let response = APIError(thrown: Surprise()).response
        let message = try #require(response.json?["errors"]?.array?.first?["message"]?.string)
        #expect(!message.contains("Surprise"))
        #expect(response.logFields.contains { $0.0 == "cause" && $0.1.contains("Surprise") })
    }

    @Test func `a failed condition says what is there`() {
        let response = APIError(.conditionFailed("sha256:1")).response
        #expect(response.headers["ETag"] == "\"sha256:1\"")
    }
}
