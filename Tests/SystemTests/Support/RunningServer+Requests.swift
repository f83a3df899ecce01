// SPDX-License-Identifier: Apache-2.0

import Contracts
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
        var options = Client.Options(base: "http://\(address)")
        options.connectTimeout = .seconds(300)
        return try await Client(options).ask(method, path, headers, body: body)
    }
}
