// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Node

extension Commands {
    /// `breakwater content verify [--deep] [--offline]`.
    static let contentVerify = Command(
        words: ["content", "verify"],
        summary: "compare the catalog with the content, both ways",
        options: [
            Command.Option(name: "deep", value: nil, help: "read and hash every copy"), offline,
        ] + Session.options,
        run: { invocation in
            let deep = invocation.has("deep")
            guard invocation.has("offline") else {
                return await Session(invocation).run(
                    "POST",
                    "content/verify",
                    deep ? [("deep", "true")] : [],
                    text: lines,
                    ending: ending
                )
            }
            return await withLockedData(invocation) { path, world throws(NodeError) in
                let report = try await Maintenance.verifyContent(
                    at: path,
                    world: world,
                    deep: deep
                ) { done in
                    if Output.isTerminal { Output.progress("blobs looked for", done) }
                }
                let outcome = Wire.Outcome(report)
                if invocation.has("json") {
                    Output.line(Session.json(outcome))
                } else {
                    for line in lines(outcome) { Output.line(line) }
                }
                return ending(outcome)
            }
        }
    )

    private static func lines(_ outcome: Wire.Outcome) -> [String] {
        [outcome.summary] + outcome.findings
    }

    private static func ending(_ outcome: Wire.Outcome) -> ExitCode {
        outcome.isSound ? .success : .damage
    }
}
