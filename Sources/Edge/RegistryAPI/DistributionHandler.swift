// SPDX-License-Identifier: Apache-2.0

public import HTTP
import JSON
public import OCI
public import Registry

/// The distribution specification over HTTP: one file for each part of it.
///
/// `answerNow` serves what memory has; everything else goes through `Route` to a part. Rules are in
/// `Registry`; who may do what is not decided here.
public struct DistributionHandler: Handler {
    /// What bounds it.
    public struct Options: Sendable {
        /// Items of a page without `n`.
        ///
        /// Default 1,000.
        public var pageDefault = 1000
        /// The most items of a page; a greater `n` is clamped.
        ///
        /// Default 1,000.
        public var pageMax = 1000
        /// The largest manifest taken, in bytes.
        ///
        /// Default 4 MiB (413).
        public var manifestSizeMax = 4 << 20
        /// Bytes of manifests that may be received and read at the same time, but never less than one
        /// manifest may have.
        ///
        /// Default 32 MiB (429); each byte can cost twenty while it is parsed.
        public var manifestBytesMax = 32 << 20
        /// The most tags of one push by digest.
        ///
        /// Default 100 (414).
        public var tagsMax = 100
        /// What bounds a manifest besides its size (400).
        public var manifestLimits = Manifest.Limits()
        /// What bounds a query (414).
        public var queryLimits = Query.Limits()
        /// Where clients reach us, without a slash at its end; makes `Location` absolute.
        public var publicURL: String?
        /// Makes the default options.
        public init() {}
    }

    let registry: Registry
    let options: Options
    let manifestRoom: Room

    /// Makes a handler.
    public init(registry: Registry, options: Options = Options()) {
        self.registry = registry
        self.options = options
        manifestRoom = Room(max(options.manifestBytesMax, options.manifestSizeMax))
    }

    /// The header that tells docker what it talks to.
    static let version = ("Docker-Distribution-API-Version", "registry/2.0")

    /// Manifests, small blobs, pages of tags and `/v2/` from memory.
    ///
    /// The path as it stands is the cache's key: only the plain spelling is found.
    public func answerNow(_ head: RequestHead) -> Response? {
        guard head.method == "GET" || head.method == "HEAD" else { return nil }
        if head.path == "/v2/" { return DistributionHandler.base }
        if let content = registry.inMemory(head.path) { return answer(with: content, head) }
        return registry.pageInMemory(head.path, head.query).map(answer(with:))
    }

    /// Answers everything.
    public func answer(_ head: RequestHead, body: any RequestBody) async -> Response {
        var route: Route?
        do {
            route = try Route.parse(head.path)
            guard let route else { throw RequestError.noEndpoint }
            return try await respond(to: head, route, body)
        } catch {
            var refusal = APIError(thrown: error)
            if refusal.status == 405, let route {
                // What can be done with it now (RFC 9110, 15.5.6).
                let methods = route.methods.filter { $0 != head.method }
                refusal.headers.append(("Allow", methods.joined(separator: ", ")))
            }
            return DistributionHandler.withVersion(refusal.response)
        }
    }

    private func respond(
        to head: RequestHead,
        _ route: Route,
        _ body: any RequestBody
    ) async throws -> Response {
        guard route.methods.contains(head.method) else {
            throw RequestError.method(head.method)
        }
        if let pulled = try await pull(route, head) { return pulled }
        let query = try Query(head.query, limits: options.queryLimits)
        switch (route, head.method) {
        case (.base, _): return DistributionHandler.base
        case (.catalog, _): return try catalog(query)
        case (.tags(let name), _): return try tags(name, query, head)
        case (.referrers(let name, let digest), _):
            return try await referrers(name, digest, query)
        case (.blob(let name, let digest), _): return try await deleteBlob(name, digest)
        case (.manifest(let name, let reference), "PUT"):
            return try await putManifest(name, reference, head, query, body)
        case (.manifest(let name, let reference), _):
            return try await deleteManifest(name, reference, head)
        case (.uploads(let name), _): return try await beginUpload(name, head, query, body)
        case (.upload(let name, let id), let method):
            return try await upload(name, id, method, head, query, body)
        }
    }

    /// What no parameter of a query changes; memory answers it without looking at one.
    private func pull(_ route: Route, _ head: RequestHead) async throws -> Response? {
        switch (route, head.method) {
        case (.base, _): DistributionHandler.base
        case (.blob(let name, let digest), "GET"), (.blob(let name, let digest), "HEAD"):
            try await blob(name, digest, head)
        case (.manifest(let name, let reference), "GET"),
            (.manifest(let name, let reference), "HEAD"):
            try await manifest(name, reference, head)
        default: nil
        }
    }

    /// end-1: we speak this API.
    static let base = Response(
        status: 200,
        headers: Headers([version, ("Content-Type", "application/json")]),
        body: .bytes(Array("{}".utf8))
    )

    static func withVersion(_ response: Response) -> Response {
        var response = response
        response.headers.append(version.0, version.1)
        return response
    }

    /// A path of ours as a client must see it.
    func location(_ path: String) -> String {
        (options.publicURL ?? "") + path
    }

    /// An answer with a JSON body of ours.
    static func json(
        _ value: JSONValue,
        type: String = "application/json",
        headers: [(String, String)] = []
    ) -> Response {
        Response(
            status: 200,
            headers: Headers([version, ("Content-Type", type)] + headers),
            body: .bytes(value.encoded)
        )
    }
}
