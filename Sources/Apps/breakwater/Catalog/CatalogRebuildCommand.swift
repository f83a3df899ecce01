// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Node
import Platform

extension Commands {
    /// `breakwater catalog rebuild [--offline]`.
    static let catalogRebuild = Command(
        words: ["catalog", "rebuild"],
        summary: "make the catalog's tables anew from its entries",
        options: [offline] + Session.options,
        run: { invocation in
            guard invocation.has("offline") else {
                return await Session(invocation).runLongWork("catalog/rebuild")
            }
            return await withLockedData(invocation) { path, world throws(NodeError) in
                try Maintenance.rebuildCatalog(at: path, world: world) { done, total in
                    if Output.isTerminal { Output.progress("entries", done, of: total) }
                }
                Output.line("the catalog was rebuilt from its entries")
                return .success
            }
        }
    )

    /// The switch of commands that work without a server.
    static let offline = Command.Option(
        name: "offline",
        value: nil,
        help: "work on the files themselves; refused while a server runs"
    )

    /// Runs `body` on a data directory that no server uses meanwhile.
    static func withLockedData(
        _ invocation: Invocation,
        _ body: (String, World) async throws(NodeError) -> ExitCode
    ) async -> ExitCode {
        let path = invocation.value("data") ?? "data"
        do throws(FileError) {
            guard let lock = try DirectoryLock(path: path) else {
                Output.problem(
                    invocation.has("offline")
                        ? "a server uses '\(path)'; stop it, or leave --offline away to let it do "
                            + "the work"
                        : "a server uses '\(path)'; stop it first"
                )
                return .server
            }
            let ending: ExitCode
            do throws(NodeError) { ending = try await body(path, World.linux()) } catch {
                Output.problem("\(error)")
                ending = .failure
            }
            lock.release()
            return ending
        } catch {
            Output.problem("'\(path)' cannot be locked: \(error.operation) (\(error.kind))")
            return .failure
        }
    }
}
