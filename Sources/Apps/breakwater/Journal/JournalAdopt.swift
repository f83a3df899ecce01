// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Node

extension Commands {
    /// `breakwater journal adopt --offline`.
    static let journalAdopt = Command(
        words: ["journal", "adopt"],
        summary: "go on from the catalog's tables where entries of a journal are damaged",
        options: [offline] + Session.options,
        run: { invocation in
            guard invocation.has("offline") else {
                Output.problem(
                    "this begins new lives of the journals and drops their history: copy the data directory, "
                        + "stop the server, and give --offline"
                )
                return .usage
            }
            return await withLockedData(invocation) { path, world throws(NodeError) in
                let outcome = Wire.Outcome(try Maintenance.adoptJournals(at: path, world: world))
                for line in invocation.has("json")
                    ? [Session.json(outcome)] : [outcome.summary] + outcome.findings
                { Output.line(line) }
                return outcome.isSound ? .success : .damage
            }
        }
    )
}
