// SPDX-License-Identifier: Apache-2.0

import HTTP
import JSON
import OCI

/// An error as a client sees it.
struct APIError: Error {
    /// The spec's code.
    var code: ErrorCode
    /// The status; the code's own unless the case has a better one.
    var status: Int
    /// What is wrong and what to do.
    var message: String
    /// Facts for machines.
    var detail: JSONValue
    /// Further header fields.
    var headers: [(String, String)] = []
    /// Whether bytes of the request may still be on their way, so that the connection must end.
    var closesConnection = false
    /// What the operator's log says and the client need not know: which call failed on what.
    var cause: String?

    init(
        _ code: ErrorCode,
        status: Int? = nil,
        _ message: String,
        detail: JSONValue = .null
    ) {
        self.code = code
        self.status = status ?? code.status
        self.message = message
        self.detail = detail
    }

    /// Seconds after which a client that was refused for load or trouble may come again.
    static let retryAfterSeconds = 2

    /// The answer.
    var response: Response {
        var response = Response(
            status: status,
            headers: Headers([("Content-Type", "application/json")]),
            body: .bytes(code.body(message: message, detail: detail))
        )
        for (name, value) in headers { response.headers.append(name, value) }
        if status == 429 || status == 503 {
            response.headers.append("Retry-After", String(APIError.retryAfterSeconds))
        }
        response.closesConnection = closesConnection
        response.logFields = [("error", code.rawValue)]
        if let cause { response.logFields.append(("cause", cause)) }
        return response
    }
}
