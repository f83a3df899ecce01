// SPDX-License-Identifier: Apache-2.0

import OCI

/// What a request asks for in a way that cannot be answered, whatever the registry has.
enum RequestError: Error {
    /// No endpoint has the path.
    case noEndpoint
    /// The endpoint does not take this method.
    case method(String)
    /// Not a repository's name.
    case name(String)
    /// Not a tag.
    case tag(String)
    /// Not a digest.
    case digest(String)
    /// Not an algorithm of digests.
    case algorithm
    /// The last request of an upload has no `digest`.
    case noDigest
    /// `Content-Length` is no number.
    case length
    /// `Content-Range` is not that of a chunk.
    case chunkRange(String)
    /// `n` is no number.
    case pageSize
    /// A push by tag has further tags.
    case tagsOfTag
    /// More tags than one push may have.
    case tooManyTags(limit: Int)
    /// A condition on a tag where not one tag is pushed.
    case conditionsOfTags
    /// More bytes than a manifest may have.
    case manifestTooLarge(limit: Int)
    /// The manifest is not the one the path names.
    case otherDigest(Digest, named: Digest)
    /// What is there is not what the request's condition wants.
    case conditionFailed(String)
}
