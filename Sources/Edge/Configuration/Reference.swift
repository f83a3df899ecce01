// SPDX-License-Identifier: Apache-2.0

/// The page about the configuration, made of the table of keys.
public enum ConfigurationReference {
    /// Where the page stands in the project.
    public static let path = "docs/operations/configuration.md"

    /// The page.
    public static var markdown: String {
        var text = introduction
        for group in KeyTable.groups {
            text += group.name.isEmpty ? "\n## Top level\n" : "\n## `\(group.name)`\n"
            text += "\n\(group.purpose)\n"
            for key in group.keys { text += section(key) }
        }
        text += fixedLimits
        text += "\n## Everything, with the defaults\n\n```yaml\n\(Settings().asYAML)```\n"
        return text
    }

    private static let introduction = """
        # Configuration

        <!-- Made from the keys in Sources/Edge/Configuration/Keys and the fixed limits. A test compares; with
        BREAKWATER_WRITE_REFERENCE=1 it writes this file. -->

        Nothing has to be configured: `breakwater serve` listens on 127.0.0.1:5000 and keeps its data in
        `./data`. What is to be different stands in a YAML file (`breakwater serve --config FILE`), and
        options of the command line go before the file. `breakwater config check FILE` says what is wrong
        with a file, with line and column; a server with a wrong file does not start.

        An unknown key, a key that is there twice, and a value that is not allowed are errors. Anchors,
        aliases and tags are not taken. Relative paths begin at the working directory. Sizes are written
        `512B`, `64KiB`, `4MiB`, `1GiB`; times `500ms`, `10s`, `5m`, `12h`, `7d`.

        For a limit, *beyond it* says what a client gets that exceeds it. Keys marked *reloaded* are read
        again on SIGHUP; all others at start.

        """

    private static var fixedLimits: String {
        let rows = FixedLimit.all.map { "| \($0.what) | \($0.most) | \($0.exceeded) |\n" }
        return """

            ## Fixed limits

            What no key changes.

            | what | at most | beyond it |
            |---|---|---|

            """ + rows.joined()
    }

    private static func section(_ key: Key) -> String {
        let value = key.show(Settings()).map { "`\($0)`" } ?? "not set"
        var lines = [
            "",
            "### `\(key.path)`",
            "",
            key.purpose,
            "",
            "- default: \(value)",
            "- allowed: \(key.allowed)",
        ]
        if let exceeded = key.exceeded { lines.append("- beyond it: \(exceeded)") }
        if let flag = key.flag { lines.append("- option: `--\(flag)`") }
        if key.isReloaded { lines.append("- reloaded") }
        return lines.joined(separator: "\n") + "\n"
    }
}
