// SPDX-License-Identifier: Apache-2.0

import Journal
public import OCI
import Synchronization

extension Registry {
    /// A manifest or small blob in memory, verified against its digest.
    ///
    /// Everything an answer says of it is made once, so that answering again allocates next to nothing.
    public final class Content: Sendable {
        /// Its digest.
        public let digest: Digest
        /// The digest's text.
        public let digestText: String
        /// What it is served as.
        public let mediaType: String
        /// Its bytes.
        public let bytes: [UInt8]
        /// Whether it was asked for by its digest: then the answer never changes.
        public let isByDigest: Bool
        /// Whether it is a blob and no manifest.
        public let isBlob: Bool
        /// The last day on which its pull was noted, since 1970.
        let pulledDay = Atomic<UInt32>(0)

        init(
            _ digest: Digest,
            _ mediaType: String,
            _ bytes: [UInt8],
            isByDigest: Bool,
            isBlob: Bool
        ) {
            self.digest = digest
            digestText = digest.description
            self.mediaType = MediaType.shared(mediaType)
            self.bytes = bytes
            self.isByDigest = isByDigest
            self.isBlob = isBlob
        }

        /// What it costs in memory, with the key it is kept under.
        func cost(_ key: String) -> Int {
            bytes.count + 2 * key.utf8.count + Content.overhead
        }

        /// Texts, object headers, the slot and its place in the queue.
        private static let overhead = 768
    }

    /// What memory holds and how often it could answer.
    public struct CacheStatistics: Hashable, Sendable {
        /// Bytes held, with what keeping them costs.
        public var bytes: Int
        /// Answers held.
        public var answers: Int
        /// Times it had the answer.
        public var hits: UInt64
        /// Times it had not.
        public var misses: UInt64
    }

    /// The cache's key of a manifest: the path of a request for it.
    static func manifestKey(_ repository: RepositoryName, _ reference: String) -> String {
        "/v2/\(repository)/manifests/\(reference)"
    }

    /// The key of all pages of a repository's tags: the path of a request for one, without the query.
    static func tagsKey(_ repository: RepositoryName) -> String {
        "/v2/\(repository)/tags/list"
    }

    /// The key of all blobs of a repository: links may end one by one when a manifest goes that named them.
    static func blobsKey(_ repository: RepositoryName) -> String {
        "/v2/\(repository)/blobs/"
    }

    /// The cache's key of a blob: the path of a request for it.
    static func blobKey(_ repository: RepositoryName, _ digest: Digest) -> String {
        "/v2/\(repository)/blobs/\(digest)"
    }

    /// The key of the pages of tags that these events end, if they end any.
    static func tagPagesEnded(_ outcome: Registrar.Outcome) -> String? {
        let ends = outcome.events.contains { event in
            switch event {
            case .tagPut, .tagDeleted, .manifestPut, .manifestDeleted, .manifestTrashed: true
            default: false
            }
        }
        return ends ? tagsKey(outcome.repository) : nil
    }

    /// The cache's keys whose answers these events end or alter.
    static func keysEnded(_ outcome: Registrar.Outcome) -> [String] {
        let name = outcome.repository
        return outcome.events.flatMap { event -> [String] in
            switch event {
            case .tagPut(_, let tag, _), .tagDeleted(_, let tag):
                [manifestKey(name, tag.description)]
            case .manifestPut(_, let facts): [manifestKey(name, facts.digest.description)]
            case .manifestDeleted(_, let digest), .manifestTrashed(_, let digest, _, _):
                [manifestKey(name, digest.description), blobsKey(name)]
            case .blobUnlinked: [blobsKey(name)]
            // A blob that was linked before is answered as before.
            case .blobLinked,
                .manifestPurged, .manifestPulled, .sweepEpochRaised, .expiryReached,
                .reasonGiven, .regionHandover, .regionLevelRaised, .namespaceCreated,
                .retentionPolicySet, .estateHandover, .estateLevelRaised:
                []
            }
        }
    }
}
