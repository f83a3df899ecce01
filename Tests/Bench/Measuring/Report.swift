// SPDX-License-Identifier: Apache-2.0

/// The results as a table (Markdown) or as JSON.
struct Report {
    var measured: [Measured]

    var isMet: Bool { measured.allSatisfy(\.isMet) }

    var table: [String] {
        var lines = [
            "| figure | side | median | min | max | must reach | reached |",
            "|---|---|---|---|---|---|---|",
        ]
        for measured in measured {
            for (index, side) in measured.figure.sides.enumerated() {
                let unit = measured.figure.unit
                let series = measured.series[side.name] ?? Series()
                let name = index == 0 ? "`\(measured.figure.name)`: \(measured.figure.title)" : ""
                let cells = [
                    name, side.name, unit.text(series.median), unit.text(series.least),
                    unit.text(series.greatest), index == 0 ? Report.demand(measured) : "",
                    index == 0 ? Report.outcome(measured) : "",
                ]
                lines.append("| \(cells.joined(separator: " | ")) |")
            }
        }
        return lines
    }

    var json: String {
        let figures = measured.map { measured in
            let sides = measured.figure.sides.map { side in
                let values = (measured.series[side.name]?.values ?? []).map(Report.number)
                return
                    #"{"name":"\#(side.name)","median":\#(Report.number(measured.median(side.name))),"#
                    + #""values":[\#(values.joined(separator: ","))]}"#
            }
            return
                #"{"name":"\#(measured.figure.name)","unit":"\#(measured.figure.unit.rawValue)","#
                + #""judged":\#(measured.isJudged),"met":\#(measured.isMet),"sides":[\#(sides.joined(separator: ","))]}"#
        }
        return "{\"figures\":[\(figures.joined(separator: ",\n"))]}"
    }

    /// JSON has no number for what was not reached or not measured.
    private static func number(_ value: Double) -> String {
        value.isFinite ? "\(value)" : "null"
    }

    private static func demand(_ measured: Measured) -> String {
        measured.figure.requirements.map { alternatives in
            alternatives.map { bar in
                let sign = bar.sense == .atLeast ? "≥" : "≤"
                let own = bar.of.map { "\($0) " } ?? ""
                guard let side = bar.side else {
                    return "\(own)\(sign) \(measured.figure.unit.text(bar.value))"
                }
                return "\(own)\(sign) \(Unit.rounded(bar.value, 2)) × \(side)"
            }.joined(separator: " or ")
        }.joined(separator: "; ")
    }

    private static func outcome(_ measured: Measured) -> String {
        guard !measured.figure.requirements.isEmpty else {
            // No bar: how we compare all the same.
            return measured.figure.sides.dropFirst().map { side in
                "\(Unit.rounded(measured.median(measured.figure.sides[0].name) / measured.median(side.name), 2)) × \(side.name)"
            }.joined(separator: ", ")
        }
        let parts = measured.figure.requirements.map { alternatives in
            alternatives.map { bar in
                let value = measured.reached(bar)
                return bar.side == nil
                    ? measured.figure.unit.text(value) : "\(Unit.rounded(value, 2)) ×"
            }.joined(separator: " or ")
        }
        guard measured.isJudged else {
            return parts.joined(separator: "; ") + " (too few rounds: not a judgement)"
        }
        return parts.joined(separator: "; ") + (measured.isMet ? "" : " **missed**")
    }
}
