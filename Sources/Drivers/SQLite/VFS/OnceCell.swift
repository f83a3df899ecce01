// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A VFS's registration, which needs the VFS to exist and so is set right after.
final class OnceCell: Sendable {
    private let held = Mutex<Registration?>(nil)

    func set(_ registration: Registration) {
        held.withLock { $0 = registration }
    }

    var value: Registration {
        guard let registration = held.withLock({ $0 }) else {
            preconditionFailure("a VFS is used before it is registered")
        }
        return registration
    }
}
