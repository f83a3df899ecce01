// SPDX-License-Identifier: Apache-2.0

#if SABOTAGE
import Platform
#endif

/// A known mistake, put in on purpose: the checkers must find it, or they check nothing.
///
/// Names have more than fifteen bytes: shorter ones would not stand in a program as they are, and a
/// search for them would find nothing.
public enum Mistake: String, Sendable, CaseIterable {
    /// A directory's names are not synced after a rename into it.
    case skipsDirectorySync
    /// A file's bytes are not synced before they are promised.
    case skipsSyncOfFiles
    /// A file's bytes are promised first and synced a little later.
    case acknowledgesBeforeSync

    /// The sweep frees what was stored an epoch ago, and may still be named.
    case freesYoungGenerations
    /// The sweep deletes what once lost its last name, whatever names it now.
    case replaysDeletesOfOldEntries
    /// A name is given to a copy of a generation that the sweep may be freeing.
    case takesReceiptsOfAnyGeneration
    /// An upload is published unverified if its bytes came to an earlier process.
    case trustsBytesItHasNotSeen
    /// An upload's bytes are appended wherever it ends, and not where the client said.
    case appendsAtAnyLength
    /// A change is decided on what is committed, not on what its batch has come to.
    case decidesAwayFromTheHead
    /// A push of several tags is one change for each.
    case putsTagsOneAfterTheOther
    /// An answer is kept in memory although it ended while it was read.
    case keepsAnswersReadBefore
    /// A blob is mounted from a repository that does not have it.
    case mountsWhatTheSourceLacks
    /// Damage in the catalog's WAL is taken for what a crash leaves at its end.
    case takesDamageForATornTail
    /// A page of the catalog's file is used although its check fails.
    case usesPagesThatFailTheirCheck
    /// A change that may be in already is tried again under another id.
    case retriesUnderAnotherIdentifier
    /// A copy that was found damaged, and set aside, is served all the same.
    case servesWhatItFoundDamaged
    /// A client is told that a blob exists whose link is about to end.
    case endsPromisedLinks

    /// Whether the file system makes it, which the product's code meets unchanged.
    public var isOfTheDisk: Bool {
        switch self {
        case .skipsDirectorySync, .skipsSyncOfFiles, .acknowledgesBeforeSync: true
        default: false
        }
    }

    /// Those that this build can make: the product's own are compiled into the simulator of
    /// `script/sabotage` alone.
    public static var possible: [Mistake] {
        #if SABOTAGE
        allCases
        #else
        allCases.filter(\.isOfTheDisk)
        #endif
    }

    /// Runs `body`, and every task it begins, with this mistake in the product's code; nil for none.
    static func making<Value>(_ mistake: Mistake?, _ body: () -> Value) -> Value {
        #if SABOTAGE
        Sabotage.$mistake.withValue(mistake?.rawValue, operation: body)
        #else
        body()
        #endif
    }
}
