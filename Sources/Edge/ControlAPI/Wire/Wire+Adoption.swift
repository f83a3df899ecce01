// SPDX-License-Identifier: Apache-2.0

public import Catalog
import Journal

extension Wire.Outcome {
    /// An adoption as the operator reads it; it is sound where all that was there was taken over and is
    /// proved.
    public init(_ report: CatalogAdoption.Report) {
        self.init(
            isSound: report.unprovedCount == 0 && report.unread.isEmpty,
            summary:
                "\(report.named) names were taken over into incarnation \(report.incarnation), "
                + "\(report.unprovedCount) of them unproved; \(report.damagedCount) entries were damaged",
            findings: Wire.Outcome.findings(of: report)
        )
    }

    private static func findings(of report: CatalogAdoption.Report) -> [String] {
        var findings = report.damagedEntries.map {
            "damaged entry \($0.position) of the \($0.scope) journal"
        }
        if !report.unread.isEmpty {
            findings.append(
                "the sweep is paused, for it would free what the lost names held: "
                    + "'breakwater sweep resume' once they are there again or not wanted"
            )
        }
        findings += report.unread.map { "lost: \($0)" }
        return findings + report.unproved.map { "unproved: \($0)" }
    }
}
