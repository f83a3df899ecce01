// SPDX-License-Identifier: Apache-2.0

import Journal
import SQLite

extension CatalogScrub {
    /// Rows compared in a step.
    private static let rowsMax = 500
    /// Entries applied aside before rows are compared on the same snapshot.
    private static let entriesBehindMax = 200

    private struct Row: Equatable {
        var key: String
        var line: String
    }

    mutating func compareRows(_ table: Int, after: String?) throws(CatalogError) {
        guard table < Schema.projected.count else {
            stage = .done
            return
        }
        let (name, key) = Schema.projected[table]
        let compared = try lookOften { scrub, view throws(CatalogError) in
            let now = try view.heads()
            for scope in [Scope.estate, .region] {
                // Much has come since: it is followed first, a part of it in each step.
                guard
                    try scrub.follow(
                        scope,
                        view,
                        to: now[scope],
                        limit: CatalogScrub.entriesBehindMax
                    )
                else { return }
            }
            try scrub.compare(name, key, after, table, view)
        }
        if case .failure(let error) = compared {
            findings.differences.append("table \(name): \(error)")
            stage = .rows(table: table + 1, after: nil)
        }
        if hasFollowedEnough { try drop() }
        if aside == nil {
            (stage, findings.isCompared) = (.done, false)
        }
    }

    /// Whether so many entries have come since the look began that the comparison may have no end.
    private var hasFollowedEnough: Bool {
        let begun = ends.estate.position + ends.region.position
        let now = heads.estate.position + heads.region.position
        return now > begun + begun + findings.pages + followedMax
    }

    private mutating func compare(
        _ name: String,
        _ key: String,
        _ after: String?,
        _ table: Int,
        _ view: CatalogView
    ) throws(CatalogError) {
        // A damaged entry was met on the way.
        guard let aside else { return }
        let used = try CatalogScrub.rows(view.session, name, key, after)
        let made = try CatalogScrub.rows(aside, name, key, after)
        guard used == made else {
            let place = zip(used, made).first { $0 != $1 }?.0.key ?? after ?? "its begin"
            findings.differences.append("table \(name) is not what the entries mean, at \(place)")
            stage = .rows(table: table + 1, after: nil)
            return
        }
        stage =
            used.count < CatalogScrub.rowsMax
            ? .rows(table: table + 1, after: nil) : .rows(table: table, after: used.last?.key)
    }

    /// A part of a table in the order of its key; `after` is a key as SQL says it.
    private static func rows(
        _ session: Session,
        _ table: String,
        _ key: String,
        _ after: String?
    ) throws(CatalogError) -> [Row] {
        let columns = try session.all(
            "SELECT name FROM pragma_table_info('\(table)') ORDER BY cid",
            read: { $0.text(0) }
        )
        let values = columns.map { "quote(\($0))" }.joined(separator: " || '|' || ")
        let keys = key.split(separator: ",").map { "quote(\($0))" }
            .joined(separator: " || ', ' || ")
        let condition = after.map { "WHERE (\(key)) > (\($0)) " } ?? ""
        do throws(SQLiteError) {
            // Not kept with the session's statements: no two parts have the same.
            let statement = try session.connection.prepare(
                "SELECT \(keys), \(values) FROM \(table) \(condition)ORDER BY \(key) LIMIT \(rowsMax)"
            )
            return try statement.all { Row(key: $0.text(0), line: $0.text(1)) }
        } catch { throw CatalogError(error) }
    }
}
