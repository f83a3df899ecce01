// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

extension `Breakwater as built` {
    @Suite struct `The count of the tests` {
        /// Runs parts as `script/test` does, and returns how it ended and its last line.
        private func count(_ parts: String) throws -> (ending: ChildProcess.Ending, line: String) {
            let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
            let script = "set -euo pipefail\nsource '\(root)/script/parts'\n\(parts)\nfinish"
            let finished = try Workspace().run(["bash", "-c", script])
            return (finished.ending, finished.output.line)
        }

        @Test(arguments: [
            ("part a true; part b false", "1 passed, 1 failed"),
            ("tests a echo 'Test run with 7 tests in 2 suites passed'", "7 passed, 0 failed"),
            // No test ran, one could not be told, and the process broke off after a failure.
            ("tests a true", "0 passed, 1 failed"),
            ("tests a echo 'Test run with 0 tests in 0 suites passed'", "0 passed, 1 failed"),
            ("tests a sh -c 'echo Test run with 7 tests; exit 1'", "7 passed, 1 failed"),
            (
                #"tests a sh -c 'echo "✘ Test one failed after 1 second"; kill -9 $$'"#,
                "0 passed, 2 failed"
            ),
            (
                #"tests a printf '%s\n' '✘ Test x failed after 1 s' 'Test run with 3 tests'"#,
                "2 passed, 1 failed"
            ),
        ])
        func `is right for parts that pass, fail, break off or have no test`(
            parts: String,
            line: String
        ) throws {
            let counted = try count(parts)
            #expect(counted.line == line)
            #expect(counted.ending == .exited(line.hasSuffix(" 0 failed") ? 0 : 1))
        }
    }
}
