// SPDX-License-Identifier: Apache-2.0

/// What stood here before a rule did: it may shrink, never grow, and nothing is added.
///
/// A file that is mended is taken out of its list.
enum Tolerated {
    /// How many swallowed errors a file still has.
    static let cleanup: [String: Int] = [
        "Sources/Node/Node/Wiring.swift": 1,
        "Sources/Edge/ControlAPI/Client/ControlClient.swift": 1,
        "Sources/Edge/ControlAPI/Server/ControlHandler.swift": 2,
        "Sources/Services/Registry/Registry+Care.swift": 1,
        "Sources/State/Journal/Stored/Event+Stored.swift": 1,
    ]
    /// How many unsafe lines stand in the wrong place.
    static let unsafe: [String: Int] = [
        "Sources/Apps/breakwater/Output.swift": 2
    ]
    /// How many files and functions are still too long.
    static let length: [String: Int] = [:]

    /// The findings beyond what is tolerated in their file.
    static func beyond(_ tolerated: [String: Int], _ findings: [Finding]) -> [Finding] {
        var left = tolerated
        return findings.filter { finding in
            guard let count = left[finding.path], count > 0 else { return true }
            left[finding.path] = count - 1
            return false
        }
    }
}
