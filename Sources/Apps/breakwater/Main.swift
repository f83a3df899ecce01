// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The one binary a user sees: finds the command, runs it, and ends as it says.
@main
enum Main {
    static func main() async {
        // No thread has started yet. Whatever library makes a file: it is its owner's.
        umask(0o077)
        let words = Array(CommandLine.arguments.dropFirst())
        exit(await run(words).rawValue)
    }

    private static func run(_ words: [String]) async -> ExitCode {
        if words.isEmpty || ["help", "--help", "-h"].contains(words[0]) {
            Output.line(overview)
            return words.isEmpty ? .usage : .success
        }
        let found = Commands.all.first { words.starts(with: $0.words) }
        guard let command = found else {
            Output.problem("there is no command '\(words.joined(separator: " "))'\n\n\(overview)")
            return .usage
        }
        let rest = Array(words.dropFirst(command.words.count))
        if rest.contains("--help") {
            Output.line(Main.help(command))
            return .success
        }
        do throws(UsageError) {
            return await command.run(try Invocation(rest, for: command))
        } catch {
            Output.problem(error.message)
            return .usage
        }
    }

    private static var overview: String {
        let width = Commands.all.map { $0.words.joined(separator: " ").utf8.count }.max() ?? 0
        let lines = Commands.all.map { command in
            let words = command.words.joined(separator: " ")
            let gap = String(repeating: " ", count: width - words.utf8.count + 2)
            return "  \(words)\(gap)\(command.summary)"
        }
        return "breakwater: a container registry that keeps serving\n\n"
            + lines.joined(separator: "\n") + "\n\n'breakwater COMMAND --help' says more."
    }

    private static func help(_ command: Command) -> String {
        let options = command.options.map { option in
            "  --\(option.name)\(option.value.map { " \($0)" } ?? "")\n      \(option.help)"
        }
        return ([command.summary, "", "usage: \(command.usage)", ""] + options)
            .joined(separator: "\n")
    }
}
