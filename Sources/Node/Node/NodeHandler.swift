// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import HTTP
import RegistryAPI

/// Which handler a request is for, by its path; the first component decides.
struct NodeHandler: Handler {
    let distribution: DistributionHandler
    /// Nil where health has a listener of its own.
    let health: HealthHandler?
    /// Nil on every listener but the data directory's socket.
    let control: ControlHandler?

    func answerNow(_ head: RequestHead) -> Response? {
        if head.path.hasPrefix("/v2/") { return distribution.answerNow(head) }
        return health?.answerNow(head)
    }

    func answer(_ head: RequestHead, body: any RequestBody) async -> Response {
        if let control, head.path.hasPrefix(Wire.prefix) {
            return await control.answer(head, body: body)
        }
        if let health, NodeHandler.healthPaths.contains(head.path) {
            return await health.answer(head, body: body)
        }
        return await distribution.answer(head, body: body)
    }

    static let healthPaths = ["/livez", "/readyz", "/contentz", "/metrics"]
}
