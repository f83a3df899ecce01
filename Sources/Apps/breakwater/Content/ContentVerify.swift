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
                    deep ? [("deep", "true")] : [],
                    text: { (report: Wire.Verification) in [report.summary] + report.findings },
                    ending: { $0.isSound ? .success : .damage }
                )
            }
            return await withLockedData(invocation) { path, world throws(NodeError) in
                let report = try await Maintenance.verifyContent(
                    at: path,
                    world: world,
                    deep: deep
                ) { done, total in
                    if Output.isTerminal { Output.progress("blobs", UInt64(done), of: total) }
                }
                let outcome = Wire.Verification(report)
                for line in invocation.has("json")
                    ? [Session.json(outcome)] : [outcome.summary] + outcome.findings
                { Output.line(line) }
                return outcome.isSound ? .success : .damage
            }
        }
    )
}
