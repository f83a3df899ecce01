// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The order of sets and dictionaries, the same in every process.
///
/// No decision may rest on that order, but a failing seed must replay even when one does.
public enum DeterministicHashing {
    private static let variable = "SWIFT_DETERMINISTIC_HASHING"

    /// Starts this program anew with the variable set, unless it is; the runtime reads it at its start.
    public static func require() {
        guard unsafe getenv(variable) == nil else { return }
        unsafe setenv(variable, "1", 1)
        var words = unsafe CommandLine.arguments.map { unsafe strdup($0) }
        unsafe words.append(nil)
        unsafe execv("/proc/self/exe", &words)
        preconditionFailure("cannot start again with \(variable)=1: \(errno)")
    }
}
