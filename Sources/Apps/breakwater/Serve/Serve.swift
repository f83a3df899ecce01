// SPDX-License-Identifier: Apache-2.0

import Configuration
import Node
import Platform
import Telemetry

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
        // No thread has started yet; every other command is ended by a signal, as by default.
        Signals.hold()
        let world = World.linux()
        let settings: Settings
        do throws(ConfigurationError) { settings = try read(invocation, world) } catch {
            Output.problem("\(error)")
            return .usage
        }
        do throws(NodeError) {
            let log = try NodeLog(settings, clocks: world.clocks)
            defer { log.stop() }
            let node = try await Node(settings, log: log, world: world)
            // Without a file they are in the log, on standard error.
            if settings.log.file != nil { for notice in node.notices { Output.problem(notice) } }
            announce("breakwater \(Node.version) is ready on \(node.address)", log)
            // No group: this thread waits for signals, not for a task.
            let care = Task(executorPreference: node.carePool) { await node.care() }
            while Signals.wait() == .reload { reload(node, log, invocation, world) }
            care.cancel()
            try node.stop()
            return .success
        } catch {
            Output.problem("\(error)")
            return .failure
        }
    }

    /// Clients are served also where nobody reads this line.
    private static func announce(_ line: String, _ log: NodeLog) {
        do throws(FileError) { try StandardStream.output.write("\(line)\n") } catch {
            log.log.write(.warning, line, [("unprinted", .text("\(error.kind)"))])
        }
    }

    private static func read(
        _ invocation: Invocation,
        _ world: World
    ) throws(ConfigurationError) -> Settings {
        try Settings.read(
            try invocation.value("config").map { path throws(ConfigurationError) in
                try Settings.Source.read(path, from: world.files)
            },
            flags: Settings.flags.compactMap { flag in
                invocation.value(flag.name).map { (flag.name, $0) }
            }
        )
    }

    /// What cannot be read or used leaves the server as it is.
    private static func reload(
        _ node: Node,
        _ log: NodeLog,
        _ invocation: Invocation,
        _ world: World
    ) {
        do {
            try node.reload(try read(invocation, world))
        } catch {
            log.log.write(.error, "not reloaded", [("cause", .text("\(error)"))])
        }
    }
}
