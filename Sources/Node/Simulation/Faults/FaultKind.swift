// SPDX-License-Identifier: Apache-2.0

/// What can go wrong in a simulation besides crashes, which every seed has.
public enum FaultKind: String, Sendable, CaseIterable {
    case failedSync, failedDirectorySync, failedRename, failedRead, fullDisk, slowDisk, readOnlyDisk
    /// In data at rest: copies of blobs and manifests and what is noted beside them; the catalog's file and WAL.
    case bitFlips, unreadableSectors, catalogRot
    /// By minutes to a year; a clock that runs fast or slow.
    case clockBack, clockForward, clockSkew
    case lostRequests, cutBodies, lostAnswers, outlivedClients, repeatedRequests, longDelays
    /// Later requests overtake earlier ones; for a while nothing comes through in one direction.
    case reorderedRequests, oneWayPartitions

    /// Whether it is between clients and the machine, and none of the machine's own.
    var isOfNetwork: Bool {
        switch self {
        case .lostRequests, .cutBodies, .lostAnswers, .outlivedClients, .repeatedRequests,
            .longDelays, .reorderedRequests, .oneWayPartitions:
            true
        default: false
        }
    }
}

/// What one seed draws: few kinds of fault, but those often (a swarm, as TigerBeetle's VOPR does).
///
/// A run with every fault at once spends itself on retries; different subsets reach different states.
public struct Swarm: Sendable {
    /// Kinds of fault of a seed.
    static let kindsOfSeed = 3...4

    /// The kinds that happen.
    public let kinds: [FaultKind]
    /// How many clients there are.
    public let clients: Int
    /// How often the machine stops without warning.
    public let crashes: Int
    /// How often the process is stopped in order and started again.
    public let restarts: Int
    /// Between how many changes of the disk a crash comes.
    public let crashWithin: Int

    /// Draws a swarm.
    public init(_ generator: inout SeededGenerator) {
        let wanted = generator.within(Swarm.kindsOfSeed)
        var kinds: [FaultKind] = []
        while kinds.count < wanted {
            let kind = generator.pick(FaultKind.allCases)
            if !kinds.contains(kind) { kinds.append(kind) }
        }
        self.kinds = kinds
        clients = generator.within(1...5)
        crashes = generator.within(5...8)
        restarts = generator.below(3)
        crashWithin = generator.pick([20, 60, 300])
    }

    /// A swarm of a scenario's own making.
    public init(
        kinds: [FaultKind] = [],
        clients: Int = 1,
        crashes: Int = 0,
        restarts: Int = 0,
        crashWithin: Int = 300
    ) {
        self.kinds = kinds
        self.clients = clients
        self.crashes = crashes
        self.restarts = restarts
        self.crashWithin = crashWithin
    }

    /// How badly the network works.
    func network(_ programme: Programme) -> NetworkFaults {
        var faults = NetworkFaults()
        for kind in kinds where kind.isOfNetwork && programme.plays(.network(kind)) {
            switch kind {
            case .lostRequests: faults.loseRequest = 40
            case .cutBodies: faults.cutBody = 60
            case .lostAnswers: faults.loseAnswer = 60
            case .outlivedClients: faults.outliveClient = 40
            case .repeatedRequests: faults.repeatRequest = 60
            case .longDelays: faults.delayMilliseconds = 50
            case .reorderedRequests: faults.overtakeRequest = 100
            case .oneWayPartitions: faults.beginPartition = 8
            default: break
            }
        }
        return faults
    }
}
