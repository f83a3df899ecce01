// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI
import Synchronization

/// Images of one blob each, all through the API.
struct ScrubStock {
    static let blobBytes = 4 << 20
    private static let clients = 8
    private static let repository = "bench/scrubbed"

    let images: Int
    let blobs: [Digest]

    /// Pushes so many images.
    init(
        images: Int,
        to port: UInt16,
        _ tell: @escaping @Sendable (String) -> Void
    ) throws {
        self.images = images
        let digests = Shared([Digest?](repeating: nil, count: images))
        let done = Atomic(0)
        let step = max(1, images / 4)
        let target = "/v2/\(ScrubStock.repository)/blobs/uploads/?digest="
        try Clients.run(ScrubStock.clients) { client in
            let connection = try Connection(port: port)
            for image in stride(from: client, to: images, by: ScrubStock.clients) {
                try Interruption.check()
                let config = Array("{\"image\":\(image)}".utf8)
                let layer = Content.random(ScrubStock.blobBytes, seed: UInt64(image))
                let (named, blob) = (Digest.of(config), Digest.of(layer))
                try connection.must(201, "POST", "\(target)\(named)", body: config)
                try connection.must(201, "POST", "\(target)\(blob)", body: layer)
                let manifest = Content.manifest(
                    config: (named, config.count),
                    layers: [(blob, layer.count)],
                    note: "image \(image)"
                )
                try connection.put(manifest, "i\(image)", to: ScrubStock.repository)
                digests.change { $0[image] = blob }
                let count = done.wrappingAdd(1, ordering: .relaxed).newValue
                if count % step == 0 { tell("\(count) of \(images) images pushed") }
            }
        }
        blobs = digests.value.compactMap { $0 }
    }

    /// Asks for blobs, uniformly over all.
    var everyBlob: String {
        let list = blobs.map { "\"\($0)\"" }.joined(separator: ",")
        return """
            digests = {\(list)}
            request = function()
              return wrk.format("GET", "/v2/\(ScrubStock.repository)/blobs/"
                .. digests[math.random(#digests)])
            end
            """
    }

    /// Asks for manifests by tag, uniformly over all.
    var everyManifest: String {
        """
        request = function()
          return wrk.format("GET", "/v2/\(ScrubStock.repository)/manifests/i"
            .. math.random(0, \(images - 1)))
        end
        """
    }
}
