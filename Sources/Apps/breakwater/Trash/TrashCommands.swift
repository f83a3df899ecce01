// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Platform

extension Commands {
    private static let reason = Command.Option(
        name: "reason",
        value: "TEXT",
        help: "why; the journal keeps it with the entry"
    )

    /// `breakwater trash list [REPOSITORY]`.
    static let trashList = Command(
        words: ["trash", "list"],
        summary: "list what was deleted or overwritten and can be had back",
        operands: [Command.Operand(name: "REPOSITORY", isRequired: false)],
        options: Session.options,
        run: { invocation in
            guard let name = invocation.operands.first else {
                return await Session(invocation).run { (trash: Wire.Trash) in
                    trash.repositories.map {
                        "\($0.name)  \($0.manifests) manifests, \($0.tags) deleted or overwritten tags"
                    }
                } asking: { client in
                    try await client.trash()
                }
            }
            return await Session(invocation).run { (trash: Wire.RepositoryTrash) in
                trash.manifests.map(line) + trash.tags.map(line)
            } asking: { client in
                try await client.trash(of: name)
            }
        }
    )

    /// `breakwater trash restore REPOSITORY:TAG|@DIGEST`.
    static let trashRestore = Command(
        words: ["trash", "restore"],
        summary: "take back a deleted image, or what a tag was before",
        operands: [
            Command.Operand(name: "REPOSITORY:TAG|REPOSITORY@DIGEST", isRequired: true)
        ],
        options: Session.options + [
            Command.Option(name: "force", value: nil, help: "overwrite a tag that is alive"),
            reason,
        ],
        run: { invocation in
            let image = ImageName(invocation.operands[0])
            guard let reference = image.reference else {
                Output.problem("name the image: REPOSITORY:TAG or REPOSITORY@DIGEST")
                return .usage
            }
            return await Session(invocation).run(
                "POST",
                "trash/restore",
                [("repository", image.repository), ("reference", reference)]
                    + (invocation.has("force") ? [("force", "")] : []) + reasonGiven(invocation)
            ) { (restored: Wire.Restored) in lines(restored) }
        }
    )

    /// `breakwater trash purge REPOSITORY@DIGEST`.
    static let trashPurge = Command(
        words: ["trash", "purge"],
        summary: "let the trash go of an image before its time",
        operands: [Command.Operand(name: "REPOSITORY@DIGEST", isRequired: true)],
        options: Session.options + [
            Command.Option(
                name: "now",
                value: nil,
                help: "drop its blobs too; refused while a client may count on them"
            ),
            Command.Option(name: "yes", value: nil, help: "do not ask"), reason,
        ],
        run: { invocation in
            let image = ImageName(invocation.operands[0])
            guard let digest = image.reference, digest.contains(":") else {
                Output.problem("name the image by its digest: REPOSITORY@DIGEST")
                return .usage
            }
            guard invocation.has("yes") || Output.asks("purge \(digest), for good?") else {
                Output.problem("nothing was purged; --yes purges without asking")
                return .refused
            }
            return await Session(invocation).run(
                "POST",
                "trash/purge",
                [("repository", image.repository), ("digest", digest)]
                    + (invocation.has("now") ? [("now", "")] : []) + reasonGiven(invocation)
            ) { (purged: Wire.Purged) in [line(purged)] }
        }
    )

    /// `breakwater repository restore NAME`.
    static let repositoryRestore = Command(
        words: ["repository", "restore"],
        summary: "take back everything that the repository's deletion took",
        operands: [Command.Operand(name: "NAME", isRequired: true)],
        options: Session.options + [reason],
        run: { invocation in
            await Session(invocation).run(
                "POST",
                "repositories/restore",
                [("repository", invocation.operands[0])] + reasonGiven(invocation)
            ) { (restored: Wire.Restored) in lines(restored) }
        }
    )

    private static func reasonGiven(_ invocation: Invocation) -> [(String, String)] {
        invocation.value("reason").map { [("reason", $0)] } ?? []
    }

    private static func line(_ manifest: Wire.TrashedManifest) -> String {
        "manifest  \(manifest.digest)  deleted \(Moment(milliseconds: manifest.deleted))  "
            + "until \(Moment(milliseconds: manifest.until))  entry \(manifest.position)"
    }

    private static func line(_ tag: Wire.TrashedTag) -> String {
        "tag       \(tag.tag)  was \(tag.digest)  \(tag.isDeleted ? "deleted" : "overwritten") "
            + "\(Moment(milliseconds: tag.ended))  entry \(tag.position)"
    }

    private static func lines(_ restored: Wire.Restored) -> [String] {
        [restored.summary] + restored.tags.map { "tag       \($0)" }
            + restored.manifests.map { "manifest  \($0)" }
            + restored.taken.map { "stays     \($0.tag) is \($0.digest)" }
            + restored.left.map { "gone      \($0)" }
    }

    private static func line(_ purged: Wire.Purged) -> String {
        let seen = purged.linksUntil.map {
            "; its blobs are seen until \(Moment(milliseconds: $0))"
        }
        let gone =
            purged.goneBy.map {
                "; the sweep frees what nothing else names by about \(Moment(milliseconds: $0)), or later if its rounds are long"
            } ?? "; the sweep is paused and frees nothing until 'breakwater sweep resume'"
        return "\(purged.digest) is purged\(seen ?? "")\(gone)"
    }
}
