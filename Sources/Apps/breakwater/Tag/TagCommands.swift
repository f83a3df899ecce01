// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Platform

/// `REPOSITORY:TAG` or `REPOSITORY@DIGEST` in two parts; the reference may be absent.
struct ImageName {
    var repository: String
    var reference: String?

    init(_ text: String) {
        if let at = text.firstIndex(of: "@") {
            repository = String(text[..<at])
            reference = String(text[text.index(after: at)...])
        } else if let colon = text.lastIndex(of: ":") {
            repository = String(text[..<colon])
            reference = String(text[text.index(after: colon)...])
        } else {
            repository = text
            reference = nil
        }
    }
}

extension Commands {
    /// `breakwater tag add REPOSITORY:TAG|@DIGEST NEW-TAG`.
    static let tagAdd = Command(
        words: ["tag", "add"],
        summary: "give an image one more tag",
        operands: [
            Command.Operand(name: "REPOSITORY:TAG|REPOSITORY@DIGEST", isRequired: true),
            Command.Operand(name: "NEW-TAG", isRequired: true),
        ],
        options: Session.options,
        run: { invocation in
            let image = ImageName(invocation.operands[0])
            return await Session(invocation).run(
                "POST",
                "tags",
                [
                    ("repository", image.repository), ("reference", image.reference ?? "latest"),
                    ("tag", invocation.operands[1]),
                ]
            ) { (changed: Wire.Changed) in [changed.summary] }
        }
    )

    /// `breakwater tag remove REPOSITORY:TAG`.
    static let tagRemove = Command(
        words: ["tag", "remove"],
        summary: "remove a tag, not its image",
        operands: [Command.Operand(name: "REPOSITORY:TAG", isRequired: true)],
        options: Session.options,
        run: { invocation in
            let image = ImageName(invocation.operands[0])
            guard let tag = image.reference else {
                Output.problem("name the tag: REPOSITORY:TAG")
                return .usage
            }
            return await Session(invocation).run(
                "DELETE",
                "tags",
                [("repository", image.repository), ("tag", tag)]
            ) { (changed: Wire.Changed) in [changed.summary] }
        }
    )

    /// `breakwater tag history REPOSITORY:TAG`.
    static let tagHistory = Command(
        words: ["tag", "history"],
        summary: "show everything a tag ever was, newest first",
        operands: [Command.Operand(name: "REPOSITORY:TAG", isRequired: true)],
        options: Session.options,
        run: { invocation in
            let image = ImageName(invocation.operands[0])
            return await Session(invocation).run { (history: Wire.TagHistory) in
                history.values.map { value in
                    "\(Moment(milliseconds: value.milliseconds))  \(value.position)  "
                        + (value.digest ?? "deleted")
                }
            } asking: { client in
                try await client.history(
                    of: image.reference ?? "latest",
                    in: image.repository
                )
            }
        }
    )
}
