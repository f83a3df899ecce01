// SPDX-License-Identifier: Apache-2.0

public import Blobs
public import Catalog
public import HTTP
public import OCI

/// Why the registry did not do what was asked.
public enum RegistryError: Error, Sendable {
    /// The state does not allow it.
    case refused(Refusal)
    /// The catalog could not decide, apply or answer.
    case catalog(CatalogError)
    /// The store could not take or give bytes.
    case blobs(BlobError)
    /// The client's bytes ended early.
    case body(BodyError)
    /// More is waiting than may wait.
    case overloaded
    /// No writes now; the sentence says why.
    case notReady(String)
    /// There is no such upload, or its state is forged, altered, or of another repository.
    case uploadUnknown
    /// The chunk does not continue the upload, which has so many bytes.
    case chunkOutOfOrder(has: UInt64)
    /// More bytes than an upload or a manifest may have.
    case tooLarge(limit: UInt64)
    /// Fewer or more bytes than were declared.
    case wrongLength(declared: UInt64, got: UInt64)
    /// The content is named but the copy here is damaged or missing; `mayReturn` where somewhere else
    /// there may be one to repair it from.
    case contentLost(Digest, mayReturn: Bool)
}
