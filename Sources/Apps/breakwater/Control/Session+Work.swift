// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Platform

extension Session {
    /// How often a person is shown how far long work is.
    private static let progressInterval: Duration = .milliseconds(300)

    /// Asks for long work and prints what came out; a person sees meanwhile how far it is.
    func runLongWork(_ path: String, _ query: [(String, String)] = []) async -> ExitCode {
        await runLongWork(
            path,
            query,
            text: { (outcome: Wire.Outcome) in [outcome.summary] + outcome.findings },
            ending: { $0.isSound ? .success : .damage }
        )
    }

    /// The same, where what comes out is of another kind.
    func runLongWork<Answer: Codable & Sendable>(
        _ path: String,
        _ query: [(String, String)] = [],
        text: @escaping @Sendable (Answer) -> [String],
        ending: @escaping @Sendable (Answer) -> ExitCode
    ) async -> ExitCode {
        await withTaskGroup(of: ExitCode?.self) { group in
            group.addTask {
                await run("POST", path, query, text: text, ending: ending)
            }
            if Output.isTerminal {
                group.addTask {
                    await showProgress()
                    return nil
                }
            }
            for await ending in group {
                guard let ending else { continue }
                group.cancelAll()
                return ending
            }
            return .failure
        }
    }

    /// Draws how far the work is until the task is cancelled; who asked for it says what failed.
    private func showProgress() async {
        do {
            while true {
                try await LinuxClocks().sleep(for: Session.progressInterval)
                let status = try await ask("status", as: Wire.Status.self)
                guard let work = status.work else { continue }
                if let total = work.total {
                    Output.progress(work.unit, work.done, of: total)
                } else {
                    Output.progress(work.unit, Int(clamping: work.done))
                }
            }
        } catch { return }
    }
}
