// SPDX-License-Identifier: Apache-2.0

/// One command: what it is called, what it takes, and what runs it.
struct Command: Sendable {
    /// A word on the command line that is not an option.
    struct Operand: Sendable {
        var name: String
        var isRequired: Bool
        /// Whether the last one may stand several times.
        var isRepeated = false
    }

    /// `--name VALUE`, or a switch when `value` is nil.
    struct Option: Sendable {
        var name: String
        var value: String?
        var help: String
    }

    /// The words that select it: `["repository", "list"]`.
    var words: [String]
    /// One line for the overview.
    var summary: String
    var operands: [Operand] = []
    var options: [Option] = []
    /// Runs it and returns how the process ends.
    var run: @Sendable (Invocation) async -> ExitCode

    /// The usage line.
    var usage: String {
        var words = ["breakwater"] + words
        words += operands.map { operand in
            (operand.isRequired ? operand.name : "[\(operand.name)]")
                + (operand.isRepeated ? "..." : "")
        }
        words += options.map { option in
            option.value.map { "[--\(option.name) \($0)]" } ?? "[--\(option.name)]"
        }
        return words.joined(separator: " ")
    }
}

/// How the process ends; scripts may rely on the numbers.
enum ExitCode: Int32, Sendable {
    /// Done.
    case success = 0
    /// It was tried and failed; the message says why.
    case failure = 1
    /// The command line or the configuration is wrong.
    case usage = 2
    /// No server answers on the data directory's socket (or, for offline commands, one does).
    case server = 3
    /// The server refused: not there, not allowed, in use.
    case refused = 4
    /// The check ran to its end and found damage.
    case damage = 5
    /// The dry run ran to its end and found something to do.
    case changes = 6
}

/// The words a command was called with, checked against its grammar.
struct Invocation: Sendable {
    /// The operands, in order.
    var operands: [String] = []
    private var values: [(name: String, value: String)] = []
    private var switches: [String] = []

    /// The value of `--name`, the last one if it was given more than once.
    func value(_ name: String) -> String? {
        values.last { $0.name == name }?.value
    }

    /// Whether the switch `--name` was given.
    func has(_ name: String) -> Bool {
        switches.contains(name)
    }

    /// Reads `words` by the grammar of `command`.
    init(_ words: [String], for command: Command) throws(UsageError) {
        var rest = words[...]
        var takesOptions = true
        while let word = rest.popFirst() {
            guard takesOptions, word.hasPrefix("--") else {
                operands.append(word)
                continue
            }
            guard word != "--" else {
                takesOptions = false
                continue
            }
            try readOption(word, from: &rest, for: command)
        }
        let required = command.operands.filter(\.isRequired).count
        guard operands.count >= required else {
            throw UsageError("\(command.operands[operands.count].name) is missing", command)
        }
        let isRepeated = command.operands.last?.isRepeated ?? false
        guard operands.count <= command.operands.count || isRepeated else {
            throw UsageError("'\(operands[command.operands.count])' is one word too many", command)
        }
    }

    private mutating func readOption(
        _ word: String,
        from rest: inout ArraySlice<String>,
        for command: Command
    ) throws(UsageError) {
        let parts = word.dropFirst(2).split(
            separator: "=",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        let name = String(parts[0])
        guard let option = command.options.first(where: { $0.name == name }) else {
            throw UsageError("there is no option --\(name)", command)
        }
        guard option.value != nil else {
            guard parts.count == 1 else { throw UsageError("--\(name) takes no value", command) }
            switches.append(name)
            return
        }
        guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
            throw UsageError("--\(name) needs a value", command)
        }
        values.append((name, value))
    }
}

/// A command line that the grammar refuses.
struct UsageError: Error {
    var message: String
    init(_ problem: String, _ command: Command) {
        message = "breakwater: \(problem)\nusage: \(command.usage)"
    }
}
