// SPDX-License-Identifier: Apache-2.0

/// What both ends of the management interface say to each other, as JSON.
///
/// The interface is HTTP on the data directory's socket, which only its owner may open. Every answer
/// is one of these values; a refusal is a `Wire.Problem`. Long work is answered when it is over;
/// meanwhile `Wire.Status` says how far it is.
public enum Wire {
    /// Where the interface begins.
    public static let prefix = "/control/v1/"
    /// The socket's name in the data directory.
    public static let socketName = "control.sock"
    /// The most items a page may have.
    public static let pageMax = 1000

    /// Why a request was refused or failed.
    public struct Problem: Codable, Error, Equatable, Sendable {
        /// What went wrong and what to do, as a sentence.
        public var message: String
        /// Whether it was refused (true) or tried and failed (false).
        public var isRefusal: Bool

        /// Makes a problem.
        public init(message: String, isRefusal: Bool) {
            self.message = message
            self.isRefusal = isRefusal
        }
    }

    /// How far long work has come.
    public struct Progress: Codable, Equatable, Sendable {
        /// What is being done.
        public var step: String
        /// How much is done, in `unit`.
        public var done: UInt64
        /// How much there is, if known.
        public var total: UInt64?
        /// What is counted: `entries`, `blobs`, `bytes`.
        public var unit: String

        /// Makes a value.
        public init(step: String, done: UInt64, total: UInt64?, unit: String) {
            self.step = step
            self.done = done
            self.total = total
            self.unit = unit
        }
    }

    /// What long work came to.
    public struct Outcome: Codable, Equatable, Sendable {
        /// Whether everything was well.
        public var isSound: Bool
        /// One sentence.
        public var summary: String
        /// What was found wrong, at most `findingsMax` of them.
        public var findings: [String]

        /// The most findings an outcome lists; the summary counts the rest.
        public static let findingsMax = 1000

        /// Makes an outcome.
        public init(isSound: Bool, summary: String, findings: [String]) {
            self.isSound = isSound
            self.summary = summary
            self.findings = findings
        }
    }
}
