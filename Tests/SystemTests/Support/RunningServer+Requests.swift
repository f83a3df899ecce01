// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPClient

extension RunningServer {
    /// Sends one request over plain HTTP, for what no client of others would ask.
    func ask(
        _ method: String,
        _ path: String,
        _ headers: [(String, String)] = [],
        body: [UInt8] = []
    ) async throws -> ReceivedResponse {
        let parts = path.split(separator: "?", maxSplits: 1)
        return try await Client(Client.Options(base: "http://\(address)")).send(
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
    var text: String { String(decoding: body, as: UTF8.self) }
}
