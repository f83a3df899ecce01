// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// Ends real servers at bad moments and compares what is left with a ledger kept outside.
///
///     breakwater-torture kill ROUNDS [SEED]
///     breakwater-torture power-cut ROUNDS [SEED]
///     breakwater-torture power-cut-control ROUNDS [SEED]
///
/// It drives the `breakwater` beside it, or the one that BREAKWATER_BINARY names. The exit status is
/// 1 at a miss; of the control, when it missed nothing.
@main enum Main {
    private static let complaintsShownMax = 20

    static func main() async {
        let words = CommandLine.arguments
        guard words.count >= 3, let rounds = Int(words[2]), rounds > 0 else { usage() }
        let seed = words.count > 3 ? UInt64(words[3]) : LinuxClocks().wallMilliseconds()
        guard let seed else { usage() }
        do {
            switch words[1] {
            case "kill":
                report(try await KillRounds(binary: binary, rounds: rounds, seed: seed).run(), seed)
            case "power-cut":
                report(try await cuts(rounds, seed, wrapper: []), seed)
            case "power-cut-control":
                try await control(rounds, seed)
            default: usage()
            }
        } catch {
            print("seed \(seed): \(error)")
            exit(1)
        }
    }

    private static var binary: String {
        if let named = getenv("BREAKWATER_BINARY") { return String(cString: named) }
        let own = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false)
        return own.dropLast().joined(separator: "/") + "/breakwater"
    }

    private static func cuts(
        _ rounds: Int,
        _ seed: UInt64,
        wrapper: [String]
    ) async throws -> [String] {
        try await PowerCutRounds(binary: binary, rounds: rounds, seed: seed, wrapper: wrapper).run()
    }

    /// Without syncs something must be lost, or what is left must not even start.
    private static func control(_ rounds: Int, _ seed: UInt64) async throws {
        do {
            let complaints = try await cuts(rounds, seed, wrapper: ["eatmydata"])
            if complaints.isEmpty {
                print("seed \(seed): nothing was lost without a single sync: this proves nothing")
                exit(1)
            }
            print("without syncs \(complaints.count) losses were found, as it must be:")
            print(complaints[0])
        } catch let failure as Server.Failure where failure.isOfCopy {
            print("without syncs the copy does not even start, as it must be:")
            print(failure.description.prefix(300))
        }
    }

    private static func report(_ complaints: [String], _ seed: UInt64) {
        guard !complaints.isEmpty else { return }
        print("seed \(seed): \(complaints.count) complaints")
        for complaint in complaints.prefix(complaintsShownMax) { print("  \(complaint)") }
        exit(1)
    }

    private static func usage() -> Never {
        print("usage: breakwater-torture kill|power-cut|power-cut-control ROUNDS [SEED]")
        exit(2)
    }
}
