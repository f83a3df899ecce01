// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI
import Synchronization

/// A hash that runs along with an upload's bytes and outlives the requests that bring them.
///
/// Its owner is alone with it; the lock is for the compiler and never waits.
final class RunningHash: Sendable {
    let algorithm: Digest.Algorithm
    private let context: Mutex<DigestContext?>

    init(_ algorithm: Digest.Algorithm) {
        self.algorithm = algorithm
        context = Mutex(DigestContext(algorithm))
    }

    func update(_ bytes: [UInt8]) {
        context.withLock { $0?.update(bytes) }
    }

    /// The digest; nil when it was taken before.
    func finish() -> Digest? {
        context.withLock { context in
            guard let last = context.take() else { return nil }
            return last.finish()
        }
    }
}
