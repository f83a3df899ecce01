// SPDX-License-Identifier: Apache-2.0

import OCI

/// An upload that its client left, to be resumed by it later, maybe at another server process.
struct OpenUpload: Sendable {
    var bytes: [UInt8]
    var digest: Digest
    /// Where the answer before said to go on.
    var place: Registry.Place
    /// How many bytes were answered with 202.
    var acknowledged = 0
    /// Whether its last request was sent: then it may be over.
    var isClosing = false
}
