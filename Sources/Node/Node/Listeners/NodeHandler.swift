// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import HTTP
import RegistryAPI

/// Which handler a request is for, by its path; the first component decides.
struct NodeHandler: Handler {
    let telemetry: RequestTelemetry
    /// Nil where health is all there is.
    let distribution: DistributionHandler?
    /// Nil where health has a listener of its own.
    let health: HealthHandler?
    /// Nil on every listener but the data directory's socket.
    let control: ControlHandler?

    func answerNow(_ head: RequestHead) -> Response? {
        if head.path.hasPrefix("/v2/") { return distribution?.answerNow(head) }
        return health?.answerNow(head)
    }

    func answer(_ head: RequestHead, body: any RequestBody) async -> Response {
        if let control, head.path.hasPrefix(Wire.prefix) {
            return await control.answer(head, body: body)
        }
        if let health, distribution == nil || HealthHandler.paths.contains(head.path) {
            return await health.answer(head, body: body)
        }
        return await distribution?.answer(head, body: body) ?? HealthHandler.notFound
    }

    func finished(
        _ head: RequestHead,
        status: Int,
        bytesReceived: UInt64,
        bytesSent: UInt64,
        duration: Duration,
        logFields: [(String, String)]
    ) {
        telemetry.finished(
            head,
            status: status,
            bytesReceived: bytesReceived,
            bytesSent: bytesSent,
            duration: duration,
            logFields: logFields
        )
    }
}
