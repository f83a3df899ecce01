// SPDX-License-Identifier: Apache-2.0

import Node

extension Commands {
    /// `breakwater catalog dump`.
    static let catalogDump = Command(
        words: ["catalog", "dump"],
        summary: "print the catalog as lines, the same for equal catalogs; no server may run",
        options: [
            Command.Option(
                name: "data",
                value: "DIR",
                help: "the data directory (default: data)"
            )
        ],
        run: { invocation in
            await withLockedData(invocation) { path, world throws(NodeError) in
                try Maintenance.dumpCatalog(at: path, world: world, line: Output.line)
                return .success
            }
        }
    )
}
