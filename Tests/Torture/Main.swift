// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// Ends real servers at bad moments and compares what is left with a ledger kept outside.
///
///     breakwater-torture kill ROUNDS [SEED]
///     breakwater-torture power-cut ROUNDS [SEED] [--eatmydata]
///
/// It drives the `breakwater` beside it, or the one that BREAKWATER_BINARY names. The exit status is 0
/// when nothing was lost (with `--eatmydata`: when something was), 1 at a miss, 2 for wrong arguments,
/// 77 where there are no loop devices to cut the power of, and 130 when it was interrupted.
@main enum Main {
    private static let complaintsShownMax = 20

    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        Interruption.watch()
        exit(await run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) async -> Int32 {
        let isControl = arguments.contains("--eatmydata")
        let words = arguments.filter { $0 != "--eatmydata" }
        guard (2...3).contains(words.count), let rounds = Int(words[1]), rounds > 0,
            let seed = words.count > 2 ? UInt64(words[2]) : LinuxClocks().wallMilliseconds(),
            words[0] == "power-cut" || (words[0] == "kill" && !isControl)
        else {
            say("usage: breakwater-torture kill|power-cut ROUNDS [SEED] [--eatmydata]")
            return 2
        }
        say("seed \(seed)")
        do {
            if words[0] == "kill" {
                return judge(try await KillRounds(binary: binary, rounds: rounds, seed: seed).run())
            }
            let cuts = PowerCutRounds(
                binary: binary,
                rounds: rounds,
                seed: seed,
                wrapper: isControl ? ["eatmydata"] : []
            )
            let lost = try await cuts.run()
            return isControl ? judgeControl(lost) : judge(lost)
        } catch {
            if Interruption.isRequested { return 130 }
            say("seed \(seed): \(error)")
            return (error as? Failure)?.isOfPlace == true ? 77 : 1
        }
    }

    private static var binary: String {
        if let named = getenv("BREAKWATER_BINARY") { return String(cString: named) }
        let own = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false)
        return own.dropLast().joined(separator: "/") + "/breakwater"
    }

    private static func judge(_ complaints: [String]) -> Int32 {
        guard !complaints.isEmpty else { return 0 }
        say("\(complaints.count) complaints:")
        for complaint in complaints.prefix(complaintsShownMax) { say("  \(complaint)") }
        return 1
    }

    /// Without syncs something must be lost.
    private static func judgeControl(_ lost: [String]) -> Int32 {
        guard !lost.isEmpty else {
            say("nothing was lost without a single sync: the power cut proves nothing here")
            return 1
        }
        say("one of them: \(lost[0].prefix(400))")
        say("without syncs \(lost.count) losses were found, as it must be")
        return 0
    }
}

/// Prints a line at once, so that it is there also when what follows ends badly.
func say(_ line: String) {
    print(line)
    fflush(nil)
}
