// SPDX-License-Identifier: Apache-2.0

public import HTTP
import Synchronization
public import Telemetry

/// Counts every request and writes its line.
///
/// Labels are few and known: routes, methods and statuses; never a repository.
public final class RequestTelemetry: Sendable {
    private let log: Log
    private let requests: CounterFamily
    private let durations: [Histogram]
    private let received: [Counter]
    private let sent: [Counter]
    /// Counters already found, by route, method and status.
    private let found: Mutex<[Counter?]>

    private static let methods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]
    private static let statuses = [
        200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 408, 412, 413, 414, 416, 429, 431,
        499, 500, 503, 507,
    ]
    // Each list with one more for everything else.
    private static let methodCount = methods.count + 1
    private static let statusCount = statuses.count + 1
    private static let slotCount = RouteName.allCases.count * methodCount * statusCount

    /// Registers what is counted.
    public init(log: Log, metrics: Metrics) {
        self.log = log
        requests = metrics.counters(
            "breakwater_requests_total",
            "Requests answered, or given up by the client (499).",
            labels: ["route", "method", "status"],
            limit: RequestTelemetry.slotCount
        )
        let durations = metrics.histograms(
            "breakwater_request_duration_seconds",
            "Time from a request's head to the end of its answer.",
            labels: ["route"],
            .durations
        )
        let received = metrics.counters(
            "breakwater_received_bytes_total",
            "Bytes of request bodies.",
            labels: ["route"]
        )
        let sent = metrics.counters(
            "breakwater_sent_bytes_total",
            "Bytes of answers' bodies.",
            labels: ["route"]
        )
        let routes = RouteName.allCases.map(\.rawValue)
        self.durations = routes.map { durations.with($0) }
        self.received = routes.map { received.with($0) }
        self.sent = routes.map { sent.with($0) }
        found = Mutex([Counter?](repeating: nil, count: RequestTelemetry.slotCount))
    }

    /// Counts a request that is over, and writes its line.
    public func finished(
        _ head: RequestHead,
        status: Int,
        bytesReceived: UInt64,
        bytesSent: UInt64,
        duration: Duration,
        logFields: [(String, String)]
    ) {
        let route = RouteName(path: head.path)
        counter(route, head.method, status).add()
        durations[route.index].observe(duration)
        if bytesReceived > 0 { received[route.index].add(bytesReceived) }
        if bytesSent > 0 { sent[route.index].add(bytesSent) }
        log.request(
            head,
            status: status,
            bytesReceived: bytesReceived,
            bytesSent: bytesSent,
            duration: duration,
            fields: logFields
        )
    }

    private func counter(_ route: RouteName, _ method: String, _ status: Int) -> Counter {
        let methodIndex =
            RequestTelemetry.methods.firstIndex(of: method) ?? RequestTelemetry.methods.count
        let statusIndex =
            RequestTelemetry.statuses.firstIndex(of: status) ?? RequestTelemetry.statuses.count
        let index =
            (route.index * RequestTelemetry.methodCount + methodIndex)
            * RequestTelemetry.statusCount + statusIndex
        if let known = found.withLock({ $0[index] }) { return known }
        let counter = requests.with(
            route.rawValue,
            methodIndex < RequestTelemetry.methods.count ? method : "other",
            statusIndex < RequestTelemetry.statuses.count ? "\(status)" : "other"
        )
        found.withLock { $0[index] = counter }
        return counter
    }
}

/// What a request is about, as far as metrics say.
enum RouteName: String, CaseIterable {
    case base, blob, manifest, uploads, upload, tags, referrers, catalog, health, control, other

    /// Its place in `allCases`.
    var index: Int {
        switch self {
        case .base: 0
        case .blob: 1
        case .manifest: 2
        case .uploads: 3
        case .upload: 4
        case .tags: 5
        case .referrers: 6
        case .catalog: 7
        case .health: 8
        case .control: 9
        case .other: 10
        }
    }

    /// The route of a path that need not be valid: a look at its last two components.
    init(path: String) {
        let bytes = path.utf8
        guard path.hasPrefix("/v2/") else {
            self =
                switch path {
                case "/v2": .base
                case "/livez", "/readyz", "/contentz", "/metrics": .health
                default: path.hasPrefix("/control/") ? .control : .other
                }
            return
        }
        guard bytes.count > 4 else {
            self = .base
            return
        }
        let slash = UInt8(ascii: "/")
        guard let lastSlash = bytes.lastIndex(of: slash), lastSlash > bytes.startIndex,
            let kindSlash = bytes[..<lastSlash].lastIndex(of: slash)
        else {
            self = .other
            return
        }
        let last = bytes[bytes.index(after: lastSlash)...]
        let kind = bytes[bytes.index(after: kindSlash)..<lastSlash]
        if kind.elementsEqual("manifests".utf8) {
            self = .manifest
        } else if kind.elementsEqual("blobs".utf8) {
            self = last.elementsEqual("uploads".utf8) ? .uploads : .blob
        } else if kind.elementsEqual("uploads".utf8) {
            self = last.isEmpty ? .uploads : .upload
        } else if kind.elementsEqual("tags".utf8), last.elementsEqual("list".utf8) {
            self = .tags
        } else if kind.elementsEqual("referrers".utf8) {
            self = .referrers
        } else {
            self = last.elementsEqual("_catalog".utf8) ? .catalog : .other
        }
    }
}
