// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// What a command says: results to standard output, everything else to standard error.
enum Output {
    /// Writes a line of a result; where nobody can take it, the process ends here with status 1.
    ///
    /// A reader that went away has what it wanted, and is told nothing.
    static func line(_ text: String) {
        do throws(FileError) { try StandardStream.output.write("\(text)\n") } catch {
            if error.errno != EPIPE {
                problem("the result cannot be written: \(error.kind) (errno \(error.errno))")
            }
            exit(ExitCode.failure.rawValue)
        }
    }

    /// Writes what went wrong and what to do.
    static func problem(_ text: String) {
        aside(text.hasPrefix("breakwater: ") ? "\(text)\n" : "breakwater: \(text)\n")
    }

    /// Whether results go to a person.
    static var isTerminal: Bool { StandardStream.output.isTerminal }

    /// Asks a person at a terminal, and returns whether the answer is yes; false where nobody can be asked.
    static func asks(_ question: String) -> Bool {
        guard isTerminal, isatty(STDIN_FILENO) == 1 else { return false }
        aside("\(question) [y/N] ")
        let answer = readLine()?.lowercased()
        return answer == "y" || answer == "yes"
    }

    /// Redraws one line that shows how far work is.
    static func progress(_ unit: String, _ done: UInt64, of total: UInt64) {
        let width: UInt64 = 40
        let filled = total == 0 ? width : min(width, done * width / total)
        let bar = String(repeating: "#", count: Int(filled))
        let gap = String(repeating: ".", count: Int(width - filled))
        aside("\r[\(bar)\(gap)] \(done) of \(total) \(unit)\(done >= total ? "\n" : "")")
    }

    /// Redraws one line that shows how far work of unknown length is.
    static func progress(_ unit: String, _ done: Int) {
        aside("\r\(done) \(unit) ")
    }

    private static func aside(_ text: String) {
        do throws(FileError) { try StandardStream.error.write(text) } catch {
            // Nobody is left to tell; the work goes on, and its status says how it ended.
        }
    }
}
