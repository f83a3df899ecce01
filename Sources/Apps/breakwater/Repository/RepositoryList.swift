// SPDX-License-Identifier: Apache-2.0

import ControlAPI

extension Commands {
    /// `breakwater repository list`: every name, page by page.
    static let repositoryList = Command(
        words: ["repository", "list"],
        summary: "list repositories",
        options: Session.options,
        run: { invocation in
            let session = Session(invocation)
            var all: [Wire.Repository] = []
            do {
                while true {
                    let page = try await session.ask(
                        "repositories",
                        [("after", all.last?.name ?? "")],
                        as: Wire.Repositories.self
                    )
                    if !session.isJSON { for item in page.repositories { Output.line(item.name) } }
                    all += page.repositories
                    if page.repositories.count < Wire.pageMax { break }
                }
            } catch {
                return Session.report(error, data: session.data)
            }
            if session.isJSON { Output.line(Session.json(Wire.Repositories(repositories: all))) }
            return .success
        }
    )

    /// `breakwater repository delete NAME`.
    static let repositoryDelete = Command(
        words: ["repository", "delete"],
        summary: "delete everything in a repository",
        operands: [Command.Operand(name: "NAME", isRequired: true)],
        options: Session.options,
        run: { invocation in
            await Session(invocation).run(
                "DELETE",
                "repositories",
                [("repository", invocation.operands[0])]
            ) { (changed: Wire.Changed) in [changed.summary] }
        }
    )
}
