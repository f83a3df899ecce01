// SPDX-License-Identifier: Apache-2.0

import Simulation

@main
enum Main {
    static func main() {}
}
