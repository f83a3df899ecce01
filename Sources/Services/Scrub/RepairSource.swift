// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import OCI

/// Somewhere else that may have what is lost here: another zone, another region.
///
/// What it gives is hashed like an upload before it counts, so it need not be trusted.
public protocol RepairSource: Sendable {
    /// What people call it, for the log.
    var name: String { get }
    /// The bytes of a digest, or nil when it has none.
    func open(_ digest: Digest) async throws(RepairError) -> (any RequestBody)?
}

/// Why a source did not answer; it is asked again later.
public struct RepairError: Error, Hashable, Sendable {
    /// What happened, for the log.
    public var reason: String

    /// Makes an error.
    public init(_ reason: String) {
        self.reason = reason
    }
}
