// SPDX-License-Identifier: Apache-2.0

import HTTP
import Registry

/// Health at three levels: the process answers, names can change, content is really read.
///
/// `/livez` is for whoever restarts processes, `/readyz` for whoever routes writes, `/contentz` for
/// whoever routes clients: only it says that an image would be served.
struct HealthHandler: Handler {
    let canary: Canary
    let registrar: Registrar

    func answerNow(_ head: RequestHead) -> Response? {
        switch head.path {
        case "/livez": HealthHandler.answer(nil)
        case "/readyz": HealthHandler.answer(registrar.refusal)
        default: nil
        }
    }

    func answer(_ head: RequestHead, body: any RequestBody) async -> Response {
        if let now = answerNow(head) { return now }
        guard head.path == "/contentz" else {
            return Response(status: 404, body: .bytes(Array("not found\n".utf8)))
        }
        return HealthHandler.answer(await canary.failure())
    }

    private static func answer(_ failure: String?) -> Response {
        var headers = Headers([
            ("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"),
        ])
        if failure != nil { headers.append("Retry-After", "1") }
        return Response(
            status: failure == nil ? 200 : 503,
            headers: headers,
            body: .bytes(Array("\(failure ?? "ok")\n".utf8))
        )
    }
}
