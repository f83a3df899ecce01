// SPDX-License-Identifier: Apache-2.0

/// Why a run cannot go on.
struct Failure: Error, CustomStringConvertible {
    var description: String
    /// Whether it is about this place (no loop devices, not root) and says nothing of Breakwater.
    var isOfPlace: Bool

    init(_ description: String, isOfPlace: Bool = false) {
        self.description = description
        self.isOfPlace = isOfPlace
    }
}
