// SPDX-License-Identifier: Apache-2.0

import Configuration
import Contracts
import HTTP
import HTTPClient
import Node
import Platform
import Telemetry

/// A node of this process, on a port of its own, in a directory of its own.
///
/// Clients and changes have all the time they want: a machine that stands still for half a minute is not what is tried.
final class RunningNode {
    let settings: Settings
    let node: Node
    private let log: NodeLog
    private let client: Client
    /// What no test comes near.
    static let ample = Duration.seconds(300)

    /// Starts one in `directory`, logging to `log` in it.
    init(
        in directory: TemporaryDirectory,
        clocks: any Clocks = LinuxClocks(),
        _ change: (inout Settings) -> Void = { _ in }
    ) async throws {
        var settings = Settings()
        settings.listen = Endpoint(address: .loopback, port: 0)
        settings.data = "\(directory.path)/data"
        settings.log.file = "\(directory.path)/log"
        settings.log.format = .json
        settings.connections.headerDeadline = RunningNode.ample
        settings.connections.idleTimeout = RunningNode.ample
        settings.connections.bodyRateWindow = RunningNode.ample
        settings.connections.answerRateWindow = RunningNode.ample
        settings.requests.changeDeadline = RunningNode.ample
        change(&settings)
        self.settings = settings
        var world = World.linux()
        world.clocks = clocks
        log = try NodeLog(settings, clocks: world.clocks)
        node = try await Node(settings, log: log, world: world)
        var options = Client.Options(base: node.address)
        options.connectTimeout = RunningNode.ample
        client = Client(options)
    }

    /// Stops it; what it logged is in the file then.
    func stop() throws {
        try node.stop()
        log.stop()
    }

    /// Sends a request; what follows `?` in the path is its query.
    func ask(
        _ path: String,
        _ method: String = "GET",
        body: [UInt8] = []
    ) async throws -> ReceivedResponse {
        try await client.ask(method, path, body: body)
    }
}
