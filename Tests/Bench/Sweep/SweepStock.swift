// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI
import Synchronization

/// Images of which every second one is to be deleted, all through the API.
struct SweepStock {
    static let clients = 16
    static let blobsEach = 5
    private static let imagesOfRepository = 1_000

    let images: Int

    /// Repositories that are deleted as a whole.
    var dropped: [String] {
        let count = (images / 2 + SweepStock.imagesOfRepository - 1) / SweepStock.imagesOfRepository
        return (0..<count).map { "drop/r\($0)" }
    }

    /// The repository and tag of an image.
    func place(_ image: Int) -> (repository: String, tag: String) {
        let number = image / 2
        let kind = image % 2 == 0 ? "keep" : "drop"
        return ("\(kind)/r\(number / SweepStock.imagesOfRepository)", "i\(number)")
    }

    /// The bytes of an image: the first blob is its config.
    func blobs(_ image: Int) -> [[UInt8]] {
        (0..<SweepStock.blobsEach).map { number in
            let seed = UInt64(image * SweepStock.blobsEach + number)
            return Content.random(1_024 + 8 * (image * 37 + number * 101) % 3_072, seed: seed)
        }
    }

    /// The manifest of an image.
    func manifest(_ image: Int) -> [UInt8] {
        let named = blobs(image).map { (Digest.of($0), $0.count) }
        return Content.manifest(
            config: named[0],
            layers: Array(named.dropFirst()),
            note: "image \(image)"
        )
    }

    /// Pushes all of it.
    func push(to port: UInt16, _ tell: @escaping @Sendable (String) -> Void) throws {
        let done = Atomic(0)
        let step = max(1, images / 10)
        try Clients.run(SweepStock.clients) { client in
            let connection = try Connection(port: port)
            for image in stride(from: client, to: images, by: SweepStock.clients) {
                let place = place(image)
                for bytes in blobs(image) {
                    try connection.must(
                        201,
                        "POST",
                        "/v2/\(place.repository)/blobs/uploads/?digest=\(Digest.of(bytes))",
                        body: bytes
                    )
                }
                try connection.put(manifest(image), place.tag, to: place.repository)
                let count = done.wrappingAdd(1, ordering: .relaxed).newValue
                if count % step == 0 { tell("\(count) of \(images) images pushed") }
            }
        }
    }
}
