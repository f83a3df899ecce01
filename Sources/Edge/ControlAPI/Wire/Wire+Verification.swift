// SPDX-License-Identifier: Apache-2.0

extension Wire {
    /// What a comparison of catalog and content found.
    public struct Verification: Codable, Equatable, Sendable {
        /// Whether every named digest has its copy, and everything could be looked at.
        public var isSound: Bool
        /// Digests the catalog names.
        public var named: Int
        /// Those without a sound copy.
        public var unsound: Int
        /// Those without a copy, or with one of another length; at most 1,000.
        public var missing: [String]
        /// Those whose copy hashes to something else or cannot be read; at most 1,000.
        public var damaged: [String]
        /// Copies that were set aside.
        public var setAside: Int
        /// Bytes hashed; 0 unless that was asked for.
        public var bytesHashed: UInt64
        /// Copies that nothing names.
        public var orphans: Int
        /// Directories of content that the disk does not list.
        public var unlisted: Int
        /// One sentence.
        public var summary: String
        /// What was found wrong, as a sentence each.
        public var findings: [String]
    }
}
