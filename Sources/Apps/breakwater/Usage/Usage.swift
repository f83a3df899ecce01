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
                    "logical       \(bytes(usage.logicalBytes))",
                    "deduplicated  \(bytes(usage.deduplicatedBytes))",
                    "  in trash    \(bytes(usage.trashBytes)), \(usage.trashed) manifests",
                    "  reclaimable \(bytes(usage.reclaimableBytes))",
                ] + (usage.unnamedBytes.map { ["unnamed       \(bytes($0))"] } ?? []) + [
                    "repositories  \(usage.repositories)",
                    "manifests     \(usage.manifests)",
                    "blobs         \(usage.blobs)",
                    "tags          \(usage.tags)",
                ]
            }
        }
    )

    private static func bytes(_ count: UInt64) -> String {
        "\(Units.bytes(count)) (\(count) bytes)"
    }
}
