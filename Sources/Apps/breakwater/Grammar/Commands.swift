// SPDX-License-Identifier: Apache-2.0

import Node

/// Every command, in the order of the overview; longer words stand before shorter ones of the same
/// beginning.
enum Commands {
    static let all = [
        serve, status, configCheck, repositoryList, repositoryDelete, repositoryRestore, tagAdd,
        tagRemove, tagHistory, imageCopy, imageDelete, imageImport, imageExport, journalList,
        journalFollow, journalAdopt, trashList, trashRestore, trashPurge, clockStatus, clockAccept,
        usage, sweepStatus, sweepPlan, sweepRun, sweepPause, sweepResume, retentionSet,
        retentionList, retentionPlan, retentionRun, catalogRebuild, catalogDump, contentVerify,
        contentScrubStatus, contentScrub, quarantineList, quarantinePurge, version,
    ]

    /// `breakwater version`.
    static let version = Command(
        words: ["version"],
        summary: "print the version",
        run: { _ in
            Output.line("breakwater \(Node.version)")
            return .success
        }
    )
}
