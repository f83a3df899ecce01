// SPDX-License-Identifier: Apache-2.0

import ControlAPI
import Platform

extension Commands {
    private static let namespace = Command.Operand(name: "NAMESPACE", isRequired: true)
    private static let anyNamespace = Command.Operand(name: "NAMESPACE", isRequired: false)

    /// `breakwater retention set`.
    static let retentionSet = Command(
        words: ["retention", "set"],
        summary: "set what a namespace keeps; shows what the next run removes by it",
        operands: [namespace, Command.Operand(name: "FILE|-", isRequired: true)],
        options: Session.options,
        run: { invocation in
            await sending(invocation, "PUT", "retention") {
                $0.summary("will remove") + left($0)
            }
        }
    )

    /// `breakwater retention list`.
    static let retentionList = Command(
        words: ["retention", "list"],
        summary: "list what the namespaces keep",
        options: Session.options,
        run: { invocation in
            await Session(invocation).run("GET", "retention") { (retention: Wire.Retention) in
                let lines = retention.policies.map { entry in
                    let said = entry.policy ?? "cannot be read: \(entry.problem ?? "")"
                    return "\(entry.namespace)  \(said)"
                }
                guard let round = retention.round else { return lines }
                let ago = retention.roundSecondsAgo.map { ", \($0) s ago" } ?? ""
                return lines + ["newest run: \(line(round))\(ago)"]
            }
        }
    )

    /// `breakwater retention plan`.
    static let retentionPlan = Command(
        words: ["retention", "plan"],
        summary:
            "show what a run would remove and why; with a file, by that policy (6: something goes)",
        operands: [anyNamespace, Command.Operand(name: "FILE|-", isRequired: false)],
        options: Session.options,
        run: { invocation in
            await sending(
                invocation,
                "POST",
                "retention/plan",
                text: { $0.summary("would remove") + left($0) },
                ending: { plan in
                    guard plan.failed.isEmpty else { return .failure }
                    guard plan.removed == 0 else { return .changes }
                    return plan.unreadable.isEmpty && plan.tooLarge.isEmpty ? .success : .failure
                }
            )
        }
    )

    /// `breakwater retention run`.
    static let retentionRun = Command(
        words: ["retention", "run"],
        summary: "put into the trash what the policies let go, now",
        operands: [anyNamespace],
        options: Session.options,
        run: { invocation in
            let query = invocation.operands.first.map { [("namespace", $0)] } ?? []
            return await Session(invocation).run(
                "POST",
                "retention/run",
                query,
                text: { (round: Wire.RetentionRound) in
                    [line(round)] + left(round)
                },
                ending: { round in
                    let isWhole =
                        round.unreadable.isEmpty && round.tooLarge.isEmpty && round.failures == 0
                    return isWhole ? .success : .failure
                }
            )
        }
    )

    /// Sends the operands: a namespace, and a policy from a file.
    private static func sending(
        _ invocation: Invocation,
        _ method: String,
        _ path: String,
        text: (Wire.RetentionPlan) -> [String],
        ending: (Wire.RetentionPlan) -> ExitCode = { _ in .success }
    ) async -> ExitCode {
        var policy: [UInt8] = []
        if let file = invocation.operands.dropFirst().first {
            do throws(FileError) { policy = try PolicyFile.read(file) } catch {
                Output.problem("'\(file)' cannot be read: \(error.kind) (errno \(error.errno))")
                return .usage
            }
        }
        let query = invocation.operands.first.map { [("namespace", $0)] } ?? []
        return await Session(invocation).run(text: text, ending: ending) { client in
            try await client.send(
                method,
                path,
                query,
                body: policy,
                as: Wire.RetentionPlan.self
            )
        }
    }

    /// What a plan says of what no run touches.
    private static func left(_ plan: Wire.RetentionPlan) -> [String] {
        var lines = plan.unreadable.map(leftUnread) + plan.tooLarge.map(leftWhole)
        lines += plan.failed.map(leftFailed) + leftMore(plan.unlisted)
        return lines
    }

    /// What a run says of what it did not come to the end of.
    private static func left(_ round: Wire.RetentionRound) -> [String] {
        var lines = round.unreadable.map(leftUnread) + round.tooLarge.map(leftWhole)
        lines += round.superseded.map(leftSuperseded) + leftMore(round.unlisted)
        lines += round.failed.map(leftFailed)
        let more = round.failures - UInt64(round.failed.count)
        if more > 0 { lines.append("and \(more) more failed") }
        return lines
    }

    private static func leftWhole(_ repository: String) -> String {
        "'\(repository)' has too many manifests and is left as it is"
    }

    private static func leftFailed(_ failure: Wire.RetentionFailure) -> String {
        "'\(failure.name)' failed: \(failure.cause)"
    }

    private static func leftMore(_ count: UInt64) -> [String] {
        count > 0 ? ["and \(count) more are left"] : []
    }

    private static func leftUnread(_ namespace: String) -> String {
        "the policy of '\(namespace)' cannot be read; set it again"
    }

    private static func leftSuperseded(_ namespace: String) -> String {
        "the policy of '\(namespace)' was changed meanwhile; run it again for the rest"
    }

    private static func line(_ round: Wire.RetentionRound) -> String {
        var line =
            "removed \(round.removed) of \(round.images) images (\(round.manifests) manifests, "
            + "\(Units.bytes(round.bytes))) in \(round.repositories) repositories"
        if round.changed > 0 { line += "; \(round.changed) stayed, they were in use meanwhile" }
        if round.partly > 0 {
            line += "; \(round.partly) went in part, the rest was in use meanwhile"
        }
        if round.isBrokenOff { line += "; broken off" }
        return line
    }
}

extension Wire.RetentionPlan {
    /// As a diff: first what goes, then what stays.
    fileprivate func summary(_ verb: String) -> [String] {
        let listed = images.map { image in
            let tags = image.tags.isEmpty ? "" : " (\(image.tags.joined(separator: ", ")))"
            return
                "\(image.goes ? "-" : " ") \(image.repository)@\(image.digest)\(tags)  \(image.reason)"
        }
        let rest = removed + kept - UInt64(images.count)
        let more = rest > 0 ? ["  and \(rest) more"] : []
        return listed + more + [
            "\(verb) \(removed) of \(removed + kept) images: \(manifests) manifests, \(Units.bytes(bytes))"
        ]
    }
}
