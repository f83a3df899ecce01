// SPDX-License-Identifier: Apache-2.0

import ControlAPI

extension Commands {
    /// `breakwater content verify [--deep]`.
    static let contentVerify = Command(
        words: ["content", "verify"],
        summary: "compare the catalog with the content, both ways",
        options: [
            Command.Option(name: "deep", value: nil, help: "read and hash every copy")
        ] + Session.options,
        run: { invocation in
            await Session(invocation).run(
                "POST",
                "content/verify",
                invocation.has("deep") ? [("deep", "true")] : [],
                text: { (outcome: Wire.Outcome) in [outcome.summary] + outcome.findings },
                ending: { $0.isSound ? .success : .damage }
            )
        }
    )
}
