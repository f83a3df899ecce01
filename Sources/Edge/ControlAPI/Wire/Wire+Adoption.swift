// SPDX-License-Identifier: Apache-2.0

public import Catalog
import Journal

extension Wire.Outcome {
    /// An adoption as the operator reads it; it is sound where all that was taken over is proved.
    public init(_ report: CatalogAdoption.Report) {
        self.init(
            isSound: report.unprovedCount == 0 && report.unread.isEmpty,
            summary:
                "\(report.named) names were taken over into incarnation \(report.incarnation), "
                + "\(report.unprovedCount) of them unproved; \(report.damagedCount) entries were damaged",
            findings: report.damagedEntries.map {
                "damaged entry \($0.position) of the \($0.scope) journal"
            } + report.unread.map { "lost: \($0)" } + report.unproved.map { "unproved: \($0)" }
        )
    }
}
