// SPDX-License-Identifier: Apache-2.0

/// A kind of run with a name: what is drawn by the seed, and what is not.
public enum Scenario: Sendable, Equatable {
    /// Everything drawn by the seed.
    case general
    /// Many crashes close together, nothing else.
    case crashes
    /// A disk whose syncs fail, which fills up and turns read-only.
    case disk
    /// A network that loses, cuts and repeats.
    case network
    /// A clock that jumps both ways.
    case clock
    /// A short story without faults, told again and again with one crash at each of its moments in turn.
    case exhaustive
    /// The same with the entries kept outside of the machine, so that a crash rolls its catalog back.
    case exhaustiveBehindSequencer
    /// The general one with a mistake made on purpose, which must be found.
    case sabotage(Mistake)

    /// Every scenario.
    public static let all: [Scenario] =
        [.general, .crashes, .disk, .network, .clock, .exhaustive, .exhaustiveBehindSequencer]
        + Mistake.possible.map { .sabotage($0) }

    /// Its name on the command line.
    public var name: String {
        switch self {
        case .general: "general"
        case .crashes: "crashes"
        case .disk: "disk"
        case .network: "network"
        case .clock: "clock"
        case .exhaustive: "exhaustive"
        case .exhaustiveBehindSequencer: "exhaustive-sequencer"
        case .sabotage(let mistake): "sabotage-\(mistake.rawValue)"
        }
    }

    /// Whether its stories are told again with a crash at each of their moments.
    public var triesEachMoment: Bool { self == .exhaustive || self == .exhaustiveBehindSequencer }

    /// The scenario of that name.
    public init?(name: String) {
        guard let found = Scenario.all.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// The options of a seed of this scenario.
    public func options(seed: UInt64) -> Simulation.Options {
        var options = Simulation.Options(seed: seed)
        switch self {
        case .general: break
        case .crashes:
            options.swarm = Swarm(clients: 3, crashes: 15, restarts: 2, crashWithin: 120)
        case .disk:
            let kinds: [FaultKind] = [
                .failedSync, .failedDirectorySync, .failedRename, .failedRead, .fullDisk,
                .readOnlyDisk,
            ]
            options.swarm = Swarm(kinds: kinds, clients: 3, crashes: 5, restarts: 1)
        case .network:
            let kinds: [FaultKind] = [
                .lostRequests, .cutBodies, .lostAnswers, .outlivedClients, .repeatedRequests,
                .longDelays,
            ]
            options.swarm = Swarm(kinds: kinds, clients: 4, crashes: 2)
        case .clock:
            let kinds: [FaultKind] = [.clockBack, .clockForward]
            options.swarm = Swarm(kinds: kinds, clients: 3, crashes: 4, restarts: 2)
        case .exhaustive, .exhaustiveBehindSequencer:
            options.swarm = Swarm(clients: 2)
            options.operations = 10
            options.isScripted = true
            options.isBehindSequencer = self == .exhaustiveBehindSequencer
        case .sabotage(let mistake): options.mistake = mistake
        }
        return options
    }
}
