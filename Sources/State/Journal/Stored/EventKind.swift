// SPDX-License-Identifier: Apache-2.0

/// The numbers of the kinds of event; a number belongs to one kind and one journal for ever.
public enum EventKind: UInt16, CaseIterable, Sendable {
    case blobLinked = 0x0101
    case blobUnlinked = 0x0102
    case manifestPut = 0x0103
    case manifestDeleted = 0x0104
    case tagPut = 0x0105
    case tagDeleted = 0x0106
    case sweepEpochRaised = 0x0107
    case regionHandover = 0x01F0
    case regionLevelRaised = 0x01F1
    case namespaceCreated = 0x0201
    case estateHandover = 0x02F0
    case estateLevelRaised = 0x02F1

    /// The journal of a kind: the number's first byte.
    public var scope: Scope {
        rawValue >> 8 == UInt16(Scope.region.rawValue) ? .region : .estate
    }
}

extension Event {
    /// The kind's number.
    public var kind: EventKind {
        switch self {
        case .blobLinked: .blobLinked
        case .blobUnlinked: .blobUnlinked
        case .manifestPut: .manifestPut
        case .manifestDeleted: .manifestDeleted
        case .tagPut: .tagPut
        case .tagDeleted: .tagDeleted
        case .sweepEpochRaised: .sweepEpochRaised
        case .regionHandover: .regionHandover
        case .regionLevelRaised: .regionLevelRaised
        case .namespaceCreated: .namespaceCreated
        case .estateHandover: .estateHandover
        case .estateLevelRaised: .estateLevelRaised
        }
    }
}
