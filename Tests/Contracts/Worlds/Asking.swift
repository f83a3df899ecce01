// SPDX-License-Identifier: Apache-2.0

public import HTTP

extension Transport {
    /// Sends one request, for what no client of others would ask; what follows `?` is its query.
    public func ask(
        _ method: String,
        _ path: String,
        _ headers: [(String, String)] = [],
        body: [UInt8] = []
    ) async throws -> ReceivedResponse {
        let parts = path.split(separator: "?", maxSplits: 1)
        return try await send(
            RequestHead(
                method: method,
                path: String(parts[0]),
                query: parts.count == 2 ? String(parts[1]) : nil,
                headers: Headers(headers)
            ),
            body: body,
            limit: 64 << 20
        )
    }
}

extension ReceivedResponse {
    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
