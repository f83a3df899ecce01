// SPDX-License-Identifier: Apache-2.0

import ControlAPI

extension Commands {
    /// `breakwater usage [NAMESPACE|REPOSITORY]`.
    static let usage = Command(
        words: ["usage"],
        summary: "show bytes and counts of everything, a namespace or a repository",
        operands: [Command.Operand(name: "NAMESPACE|REPOSITORY", isRequired: false)],
        options: Session.options,
        run: { invocation in
            await Session(invocation).run(
                "GET",
                "usage",
                [("name", invocation.operands.first ?? "")]
            ) { (usage: Wire.Usage) in
                [
                    "logical       \(Units.bytes(usage.logicalBytes)) (\(usage.logicalBytes) bytes)",
                    "deduplicated  \(Units.bytes(usage.deduplicatedBytes)) "
                        + "(\(usage.deduplicatedBytes) bytes)",
                    "repositories  \(usage.repositories)",
                    "manifests     \(usage.manifests)",
                    "blobs         \(usage.blobs)",
                    "tags          \(usage.tags)",
                ]
            }
        }
    )
}
