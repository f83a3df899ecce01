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
    case blobLinkedUntil = 0x0108
    case manifestTrashed = 0x0109
    case manifestPurged = 0x010A
    case manifestPulled = 0x010B
    case expiryReached = 0x010C
    case reasonGiven = 0x010D
    case regionHandover = 0x01F0
    case regionLevelRaised = 0x01F1
    case namespaceCreated = 0x0201
    case retentionPolicySet = 0x0202
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
        case .blobLinked(_, _, _, _, expires: 0): .blobLinked
        case .blobLinked: .blobLinkedUntil
        case .blobUnlinked: .blobUnlinked
        case .manifestPut: .manifestPut
        case .manifestDeleted: .manifestDeleted
        case .manifestTrashed: .manifestTrashed
        case .manifestPurged: .manifestPurged
        case .manifestPulled: .manifestPulled
        case .tagPut: .tagPut
        case .tagDeleted: .tagDeleted
        case .sweepEpochRaised: .sweepEpochRaised
        case .expiryReached: .expiryReached
        case .reasonGiven: .reasonGiven
        case .regionHandover: .regionHandover
        case .regionLevelRaised: .regionLevelRaised
        case .namespaceCreated: .namespaceCreated
        case .retentionPolicySet: .retentionPolicySet
        case .estateHandover: .estateHandover
        case .estateLevelRaised: .estateLevelRaised
        }
    }
}
