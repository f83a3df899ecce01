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

    /// `breakwater image delete REPOSITORY[:TAG|@DIGEST]...`: manifests with their tags and referrers.
    static let imageDelete = Command(
        words: ["image", "delete"],
        summary: "delete images with all their tags and what refers to them",
        operands: [
            Command.Operand(
                name: "REPOSITORY[:TAG|@DIGEST]",
                isRequired: true,
                isRepeated: true
            )
        ],
        options: Session.options,
        run: { invocation in
            // What one of them meets does not keep the others.
            var code = ExitCode.success
            for operand in invocation.operands {
                let image = ImageName(operand)
                let ending = await Session(invocation).run(
                    "DELETE",
                    "images",
                    [("repository", image.repository), ("reference", image.reference ?? "latest")]
                ) { (changed: Wire.Changed) in [changed.summary] }
                if ending != .success { code = ending }
            }
            return code
        }
    )
}
