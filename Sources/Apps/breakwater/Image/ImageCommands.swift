// SPDX-License-Identifier: Apache-2.0

import ControlAPI

extension Commands {
    /// `breakwater image copy SOURCE DESTINATION`: by reference, nothing is uploaded again.
    static let imageCopy = Command(
        words: ["image", "copy"],
        summary: "copy an image, with its children, to another repository by reference",
        operands: [
            Command.Operand(name: "REPOSITORY:TAG|REPOSITORY@DIGEST", isRequired: true),
            Command.Operand(name: "REPOSITORY[:TAG]", isRequired: true),
        ],
        options: Session.options,
        run: { invocation in
            let source = ImageName(invocation.operands[0])
            let target = ImageName(invocation.operands[1])
            var query = [
                ("from", source.repository), ("reference", source.reference ?? "latest"),
                ("to", target.repository),
            ]
            if let tag = target.reference { query.append(("tag", tag)) }
            return await Session(invocation).run("POST", "images", query) {
                (changed: Wire.Changed) in [changed.summary]
            }
        }
    )

    /// `breakwater image delete REPOSITORY:TAG|@DIGEST`: the manifest with its tags and referrers.
    static let imageDelete = Command(
        words: ["image", "delete"],
        summary: "delete an image with all its tags and what refers to it",
        operands: [
            Command.Operand(name: "REPOSITORY:TAG|REPOSITORY@DIGEST", isRequired: true)
        ],
        options: Session.options,
        run: { invocation in
            let image = ImageName(invocation.operands[0])
            return await Session(invocation).run(
                "DELETE",
                "images",
                [("repository", image.repository), ("reference", image.reference ?? "latest")]
            ) { (changed: Wire.Changed) in [changed.summary] }
        }
    )
}
