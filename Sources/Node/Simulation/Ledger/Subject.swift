// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Something whose value clients set and read: the unit in which the ledger keeps account.
///
/// A tag's value is the digest it resolves to; a manifest's and a blob's is its own digest while the
/// repository shows it. Nil means absent, everywhere.
public enum Subject: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// What a tag resolves to.
    case tag(RepositoryName, Tag)
    /// Whether a repository has a manifest.
    case manifest(RepositoryName, Digest)
    /// Whether a repository shows a blob.
    case blob(RepositoryName, Digest)

    /// `tag team/app:v1`.
    public var description: String {
        switch self {
        case .tag(let repository, let tag): "tag \(repository):\(tag)"
        case .manifest(let repository, let digest): "manifest \(repository)@\(digest)"
        case .blob(let repository, let digest): "blob \(repository)@\(digest)"
        }
    }

    /// The repository whose map of tags and manifests it is a part of; nil for a blob.
    var repositoryOfTags: RepositoryName? {
        switch self {
        case .tag(let repository, _), .manifest(let repository, _): repository
        case .blob: nil
        }
    }

    /// Byte order of the descriptions.
    public static func < (left: Subject, right: Subject) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}
