// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Platform

extension Commands {
    private static let options =
        [
            Command.Option(
                name: "scope",
                value: "region|estate",
                help: "which journal (default: region)"
            ),
            Command.Option(
                name: "from",
                value: "POSITION",
                help: "the first position (default: 1)"
            ),
        ] + Session.options

    /// `breakwater journal list`: every change ever made, readable.
    static let journalList = Command(
        words: ["journal", "list"],
        summary: "show every change ever made",
        options: options,
        run: { invocation in await read(invocation, follows: false) }
    )

    /// `breakwater journal follow`: the same, and what comes, until it is interrupted.
    static let journalFollow = Command(
        words: ["journal", "follow"],
        summary: "show changes as they are made",
        options: options,
        run: { invocation in await read(invocation, follows: true) }
    )

    /// How long after an empty page the next is asked for.
    private static let followInterval: Duration = .milliseconds(500)

    private static func read(_ invocation: Invocation, follows: Bool) async -> ExitCode {
        let session = Session(invocation)
        guard var next = UInt64(invocation.value("from") ?? "1"), next > 0 else {
            Output.problem("--from takes a position, from 1")
            return .usage
        }
        let scope = invocation.value("scope") ?? "region"
        do {
            while true {
                let page = try await session.ask(
                    "journal",
                    [("scope", scope), ("from", String(next))],
                    as: Wire.JournalPage.self
                )
                for entry in page.entries {
                    Output.line(session.isJSON ? Session.json(entry) : text(entry))
                    next = entry.position + 1
                }
                guard page.entries.isEmpty else { continue }
                guard follows else { return .success }
                try await LinuxClocks().sleep(for: followInterval)
            }
        } catch {
            return Session.report(error, data: session.data)
        }
    }

    private static func text(_ entry: Wire.JournalEntry) -> String {
        "\(entry.position)  \(Moment(milliseconds: entry.milliseconds))  "
            + entry.events.joined(separator: "; ")
    }
}
