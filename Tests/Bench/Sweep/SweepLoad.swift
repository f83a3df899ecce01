// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI

/// What others do meanwhile: they read a manifest by its tag, or push one again.
struct SweepLoad {
    enum Kind: String { case reads, pushes }

    private static let connections = 16

    let kind: Kind
    let server: Peer
    let world: World
    let seconds: Int
    private let url: String
    private let target: String
    private let manifest: [UInt8]
    private let file: String

    init(_ kind: Kind, of stock: SweepStock, _ server: Peer, _ world: World, seconds: Int) throws {
        (self.kind, self.server, self.world, self.seconds) = (kind, server, world, seconds)
        let place = stock.place(0)
        target = "/v2/\(place.repository)/manifests/\(kind == .reads ? place.tag : "pushed")"
        url = server.url + target
        manifest = stock.manifest(0)
        file = try world.write(manifest, to: "manifest-\(kind)")
    }

    /// At a fixed rate.
    func tail(perSecond: Double) throws -> Tail {
        let each = max(1, Int(perSecond / Double(SweepLoad.connections)))
        let put = ["-m", "PUT", "-T", Content.manifestType, "-D", file]
        let text = try world.run(
            ["hey", "-z", "\(seconds)s", "-c", "\(SweepLoad.connections)", "-q", "\(each)"]
                + ["-t", "0"]
                + (kind == .reads ? ["-H", "Accept: \(Content.manifestType)"] : put) + [url]
        )
        return try Tail(hey: text, status: kind == .reads ? 200 : 201)
    }

    /// As fast as it goes, in requests a second.
    func greatest() throws -> Double {
        let connections = try (0..<SweepLoad.connections).map { _ in
            Shared(try server.connection())
        }
        let (kind, target, manifest) = (kind, target, manifest)
        return try Clients.rate(SweepLoad.connections, seconds: seconds) { client, _ in
            let connection = connections[client].value
            switch kind {
            case .reads: try connection.must(200, "GET", target)
            case .pushes:
                try connection.must(
                    201,
                    "PUT",
                    target,
                    type: Content.manifestType,
                    body: manifest
                )
            }
        }
    }
}
