// SPDX-License-Identifier: Apache-2.0

import Configuration
import Node
import Platform

extension Commands {
    /// `breakwater serve`: runs a node until it is told to stop.
    static let serve = Command(
        words: ["serve"],
        summary: "run a registry",
        options: Settings.flags.map { flag in
            Command.Option(name: flag.name, value: flag.allowed, help: flag.purpose)
        } + [Command.Option(name: "config", value: "FILE", help: "the configuration file, YAML")],
        run: { invocation in await run(invocation) }
    )

    private static func run(_ invocation: Invocation) async -> ExitCode {
        let world = World.linux()
        let settings: Settings
        do throws(ConfigurationError) {
            settings = try Settings.read(
                try invocation.value("config").map { path throws(ConfigurationError) in
                    try Settings.Source.read(path, from: world.files)
                },
                flags: Settings.flags.compactMap { flag in
                    invocation.value(flag.name).map { (flag.name, $0) }
                }
            )
        } catch {
            Output.problem("\(error)")
            return .usage
        }
        do throws(NodeError) {
            let node = try await Node(settings, world: world)
            for notice in node.notices { Output.problem(notice) }
            Output.line("breakwater \(Node.version) is ready on \(node.address)")
            while Signals.wait() == .reload {
                do throws(NodeError) { try node.reload() } catch { Output.problem("\(error)") }
            }
            try node.stop()
            return .success
        } catch {
            Output.problem("\(error)")
            return .failure
        }
    }
}
