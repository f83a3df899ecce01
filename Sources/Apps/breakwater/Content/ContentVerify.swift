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
                return await Session(invocation).runLongWork(
                    "content/verify",
                    deep ? [("deep", "true")] : []
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
                for line in invocation.has("json")
                    ? [Session.json(outcome)] : [outcome.summary] + outcome.findings
                { Output.line(line) }
                return outcome.isSound ? .success : .damage
            }
        }
    )
}
