// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// Measures Breakwater against Debian's docker-registry and nginx on this machine, in one run.
///
///     breakwater-bench [ROUNDS] [--only NAME,…] [--seconds N] [--json]
///     breakwater-bench sweep BLOBS [PAIRS] [--seconds N] [--judge]
///     breakwater-bench scrub [MEBIBYTES [PAIRS]] [--seconds N] [--judge]
///
/// The second form compares Breakwater with itself while the sweep frees half of so many blobs, the third
/// while the scrub reads so much content again; without `--judge` their figures are printed and only what
/// must be true is checked.
///
/// The first round is dropped. The exit status is 0 when every bar is met, 1 when one is missed, could
/// not be judged (fewer than 6 rounds) or a measurement failed, 2 for wrong arguments, 130 when it was
/// interrupted.
@main enum Main {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        let words = Array(CommandLine.arguments.dropFirst())
        let sweep = words.first == "sweep" ? SweepArguments(words.dropFirst()) : nil
        let scrub = words.first == "scrub" ? ScrubArguments(words.dropFirst()) : nil
        let isOther = sweep != nil || scrub != nil
        guard let arguments = isOther ? Arguments([]) : Arguments(words) else {
            say(
                "usage: breakwater-bench [ROUNDS] [--only NAME,…] [--seconds N] [--json]\n"
                    + "       breakwater-bench sweep BLOBS [PAIRS] [--seconds N] [--judge]\n"
                    + "       breakwater-bench scrub [MEBIBYTES [PAIRS]] [--seconds N] [--judge]"
            )
            exit(2)
        }
        Interruption.watch()
        do {
            exit(try sweep.map(run) ?? scrub.map(run) ?? run(arguments))
        } catch {
            say("\(error)")
            exit(Interruption.isRequested ? 130 : 1)
        }
    }

    private static func run(_ arguments: Arguments) throws -> Int32 {
        _ = OpenFileLimit.raise()
        let world = try World()
        defer { world.end() }
        let runner = Runner(rounds: arguments.rounds, only: arguments.only, tell: say)
        let tools = LoadTools(world: world, seconds: arguments.seconds, tell: say)
        describe(arguments)
        // Fewer rounds are not compared with a bar.
        if arguments.rounds > Measured.roundsMin { try HostMemory.makePresent(say) }
        try Reading.plain(world, tools, runner)
        try Reading.encrypted(world, tools, runner)
        try Blobs.reading(world, tools, runner)
        try Pushing.all(world, tools, runner)
        try Listing.all(world, tools, runner)
        try Starting.all(world, tools, runner)
        try Connections.all(world, tools, runner)
        let report = Report(measured: runner.measured)
        guard !report.measured.isEmpty else { throw Failure("no figure has one of these names") }
        print(arguments.isJSON ? report.json : report.table.joined(separator: "\n"))
        return report.isMet ? 0 : 1
    }

    private static func run(_ arguments: SweepArguments) throws -> Int32 {
        _ = OpenFileLimit.raise()
        let world = try World()
        defer { world.end() }
        let outcome = try SweepRun(world: world, arguments: arguments, tell: say).run()
        for line in outcome.lines { print(line) }
        return outcome.isMet || !arguments.windows.judges ? 0 : 1
    }

    private static func run(_ arguments: ScrubArguments) throws -> Int32 {
        let world = try World()
        defer { world.end() }
        let outcome = try ScrubRun(world: world, arguments: arguments, tell: say).run()
        for line in outcome.lines { print(line) }
        return outcome.isMet || !arguments.windows.judges ? 0 : 1
    }

    /// What is compared with, so that figures can be judged.
    private static func describe(_ arguments: Arguments) {
        say("\(arguments.rounds) rounds of \(arguments.seconds) s, the first dropped")
        say("docker-registry:\n" + World.dockerRegistryConfiguration(0, "DATA"))
        say("nginx:\n" + World.nginxConfiguration(0, "FILES", "PLACE", nil))
        let tls = Certificate(certificate: "CERTIFICATE", key: "KEY")
        say("nginx over TLS:\n" + World.nginxConfiguration(0, "FILES", "PLACE", tls))
    }

    /// Progress goes to standard error, the report to standard output.
    private static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

/// What the command line asks for.
struct Arguments {
    var rounds = 6
    var only: Set<String> = []
    var seconds = 3
    var isJSON = false

    init?(_ words: [String]) {
        var words = words[...]
        while let word = words.popFirst() {
            switch word {
            case "--json": isJSON = true
            case "--only":
                guard let names = words.popFirst() else { return nil }
                only = Set(names.split(separator: ",").map(String.init))
            case "--seconds":
                guard let count = words.popFirst().flatMap({ Int($0) }), count > 0 else {
                    return nil
                }
                seconds = count
            default:
                guard let count = Int(word), count >= 2 else { return nil }
                rounds = count
            }
        }
    }
}
