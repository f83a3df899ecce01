// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import HTTP
import HTTPClient

/// A command's talk with the running server, through the socket in its data directory.
struct Session: Sendable {
    /// Options every such command takes.
    static let options = [
        Command.Option(
            name: "data",
            value: "DIR",
            help: "the data directory of the running server (default: data)"
        ),
        Command.Option(name: "json", value: nil, help: "print the answer as JSON"),
    ]

    /// The data directory.
    let data: String
    private let client: ControlClient
    private let printsJSON: Bool

    init(_ invocation: Invocation) {
        data = invocation.value("data") ?? "data"
        printsJSON = invocation.has("json")
        client = ControlClient(
            transport: Client(Client.Options(unixSocket: "\(data)/\(Wire.socketName)"))
        )
    }

    /// Sends a request and prints its answer as `text` says, or as JSON.
    func run<Answer: Codable>(
        _ method: String,
        _ path: String,
        _ query: [(String, String)] = [],
        text: (Answer) -> [String],
        ending: (Answer) -> ExitCode = { _ in .success }
    ) async -> ExitCode {
        await run(text: text, ending: ending) { client in
            try await client.send(method, path, query, as: Answer.self)
        }
    }

    /// Prints what `asking` is answered as `text` says, or as JSON.
    func run<Answer: Codable>(
        text: (Answer) -> [String],
        ending: (Answer) -> ExitCode = { _ in .success },
        asking: (ControlClient) async throws -> Answer
    ) async -> ExitCode {
        do {
            let answer = try await asking(client)
            if printsJSON {
                Output.line(Session.json(answer))
            } else {
                for line in text(answer) { Output.line(line) }
            }
            return ending(answer)
        } catch {
            return Session.report(error, data: data)
        }
    }

    /// Asks for an answer without printing it.
    func ask<Answer: Codable>(
        _ path: String,
        _ query: [(String, String)] = [],
        as answer: Answer.Type
    ) async throws -> Answer {
        try await client.get(path, query, as: answer)
    }

    /// Whether answers are printed as JSON.
    var isJSON: Bool { printsJSON }

    /// A value as one line of JSON.
    static func json(_ value: some Encodable) -> String {
        String(decoding: Wire.json(value), as: UTF8.self)
    }

    /// Says what went wrong and chooses the exit code for it.
    static func report(_ error: any Error, data: String) -> ExitCode {
        switch error {
        case let problem as Wire.Problem:
            Output.problem(problem.message)
            return problem.isRefusal ? .refused : .failure
        case TransportError.unreachable:
            Output.problem(
                "no server answers in '\(data)'; start it with 'breakwater serve --data \(data)', or "
                    + "name its data directory with --data"
            )
            return .server
        default:
            Output.problem("the server's answer did not arrive: \(error)")
            return .failure
        }
    }
}
