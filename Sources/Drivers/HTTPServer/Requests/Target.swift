// SPDX-License-Identifier: Apache-2.0

/// A request's target, as it was sent: path and query, still percent-encoded.
struct Target: Equatable {
    let path: String
    let query: String?

    /// Splits a target; nil for anything but visible ASCII that begins with `/` or is a URL.
    ///
    /// Of the absolute form (RFC 9112, 3.2.2) only path and query count; the authority is the Host.
    init?(_ uri: UnsafePointer<CChar>, _ count: Int) {
        var bytes = unsafe UnsafeBufferPointer(
            start: UnsafeRawPointer(uri).assumingMemoryBound(to: UInt8.self),
            count: count
        )
        guard unsafe Bytes.isTarget(bytes) else { return nil }
        if unsafe bytes[0] != UInt8(ascii: "/") {
            guard let start = unsafe Target.afterAuthority(bytes) else { return nil }
            unsafe bytes = UnsafeBufferPointer(rebasing: bytes[start...])
        }
        let end = unsafe bytes.firstIndex(of: UInt8(ascii: "?"))
        path = unsafe String(decoding: bytes[..<(end ?? bytes.count)], as: UTF8.self)
        query = end.map { unsafe String(decoding: bytes[($0 + 1)...], as: UTF8.self) }
    }

    /// Where the path of a URL begins; nil when it is no URL of ours or has no path.
    private static func afterAuthority(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        for scheme: StaticString in ["http://", "https://"] where unsafe Bytes.begins(bytes, scheme)
        {
            return unsafe bytes[scheme.utf8CodeUnitCount...].firstIndex(of: UInt8(ascii: "/"))
        }
        return nil
    }
}
