// SPDX-License-Identifier: Apache-2.0

import Configuration
import Platform

extension Commands {
    /// `breakwater config check FILE`.
    static let configCheck = Command(
        words: ["config", "check"],
        summary: "check a configuration file and print every setting in force",
        operands: [Command.Operand(name: "FILE", isRequired: true)],
        run: { invocation in
            do throws(ConfigurationError) {
                let source = try Settings.Source.read(
                    invocation.operands[0],
                    from: LinuxFileSystem()
                )
                Output.line(try Settings.read(source).asYAML)
                return .success
            } catch {
                Output.problem("\(error)")
                return .usage
            }
        }
    )
}
