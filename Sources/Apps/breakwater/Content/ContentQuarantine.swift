// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Platform

extension Commands {
    /// `breakwater content quarantine list`.
    static let quarantineList = Command(
        words: ["content", "quarantine", "list"],
        summary: "list the copies that were found corrupt and set aside",
        options: Session.options,
        run: { invocation in
            await Session(invocation).run(
                text: { (quarantine: Wire.Quarantine) in
                    quarantine.copies.map(line) + [
                        "\(quarantine.count) copies, \(Units.bytes(quarantine.bytes))"
                    ]
                },
                asking: { client in try await client.quarantine() }
            )
        }
    )

    /// `breakwater content quarantine purge`.
    static let quarantinePurge = Command(
        words: ["content", "quarantine", "purge"],
        summary: "remove what is set aside, of a digest or of all, for ever",
        operands: [Command.Operand(name: "DIGEST", isRequired: false)],
        options: [
            Command.Option(name: "all", value: nil, help: "remove everything that is set aside")
        ] + Session.options,
        run: { invocation in
            guard invocation.operands.isEmpty == invocation.has("all") else {
                Output.problem("name one DIGEST, or give --all")
                return .usage
            }
            let query = invocation.operands.first.map { ("digest", $0) } ?? ("all", "true")
            return await Session(invocation).run("DELETE", "quarantine", [query]) {
                (purged: Wire.QuarantinePurged) in
                ["removed \(purged.count) copies, \(Units.bytes(purged.bytes))"]
            }
        }
    )

    private static func line(_ copy: Wire.QuarantinedCopy) -> String {
        let flaw =
            switch copy.flaw {
            case "bytes": "its bytes hash to something else"
            case "length": "it has another length than was stored"
            case "unreadable": "the disk does not give its bytes"
            case let other?: other
            case nil: "an earlier version did not write why"
            }
        let size = copy.size.map(Units.bytes) ?? "unknown size"
        let time = copy.milliseconds.map { "\(Moment(milliseconds: $0))" } ?? "unknown time"
        return "\(copy.digest)  generation \(copy.generation)  \(size)  \(time)  \(flaw)"
    }
}
