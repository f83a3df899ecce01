// SPDX-License-Identifier: Apache-2.0

import Glibc
import Simulation
import Synchronization

/// Runs seeds and prints the ones that failed.
@main
enum Main {
    static func main() async {
        guard let arguments = Arguments(Array(CommandLine.arguments.dropFirst())) else {
            print(Arguments.usage)
            exit(2)
        }
        DeterministicHashing.require()
        SeedsUnderWay.watch()
        let campaign = Campaign(arguments)
        await campaign.run()
        exit(campaign.summary.failed.isEmpty ? 0 : 1)
    }
}
