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
        if arguments.isHunt { exit(await Hunt(arguments: arguments).run() ? 0 : 1) }
        let campaign = Campaign(arguments)
        await campaign.run()
        exit(campaign.holds ? 0 : 1)
    }
}
