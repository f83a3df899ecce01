// SPDX-License-Identifier: Apache-2.0

import HTTP
import Registry
import Telemetry

/// Health at three levels: the process answers, names can change, content is really read; and what
/// was measured.
///
/// `/livez` is for whoever restarts processes, `/readyz` for whoever routes writes, `/contentz` for
/// whoever routes clients: only it says that an image would be served. `/metrics` is for Prometheus.
struct HealthHandler: Handler {
    let canary: Canary
    let registrar: Registrar
    let metrics: Metrics

    static let paths = ["/livez", "/readyz", "/contentz", "/metrics"]

    func answerNow(_ head: RequestHead) -> Response? {
        guard HealthHandler.reads(head) else { return nil }
        return switch head.path {
        case "/livez": HealthHandler.answer(nil)
        case "/readyz": HealthHandler.answer(registrar.refusal)
        default: nil
        }
    }

    func answer(_ head: RequestHead, body: any RequestBody) async -> Response {
        guard HealthHandler.paths.contains(head.path) else { return HealthHandler.notFound }
        guard HealthHandler.reads(head) else {
            return HealthHandler.text(405, "only GET and HEAD", [("Allow", "GET, HEAD")])
        }
        if let now = answerNow(head) { return now }
        if head.path == "/metrics" {
            return Response(
                status: 200,
                headers: Headers([
                    ("Content-Type", Metrics.mediaType), ("Cache-Control", "no-store"),
                ]),
                body: .bytes(metrics.text())
            )
        }
        return HealthHandler.answer(await canary.failure())
    }

    private static func reads(_ head: RequestHead) -> Bool {
        head.method == "GET" || head.method == "HEAD"
    }

    /// The answer to any other path.
    static let notFound = text(404, "not found")

    private static func answer(_ failure: String?) -> Response {
        guard let failure else { return text(200, "ok") }
        return text(503, failure, [("Retry-After", "1")])
    }

    private static func text(
        _ status: Int,
        _ line: String,
        _ headers: [(String, String)] = []
    ) -> Response {
        let plain = [
            ("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"),
        ]
        return Response(
            status: status,
            headers: Headers(plain + headers),
            body: .bytes(Array("\(line)\n".utf8))
        )
    }
}
