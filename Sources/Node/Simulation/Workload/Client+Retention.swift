// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform
import Registry
import Retention
import Synchronization

extension Client {
    /// Sets a policy as one may be, and lets it run in its namespace or in all.
    mutating func retain(in namespace: String) async {
        let rules = rules()
        let isAlone = generator.chance(1, in: 2)
        await retain(in: namespace, by: rules, isAlone: isAlone)
    }

    /// Sets a policy of these rules, and lets it run in its namespace alone or in all.
    func retain(in namespace: String, by rules: [Rule], isAlone: Bool) async {
        guard let node = access.current, node.isRunning() else { return }
        do throws(RetentionError) {
            try await node.retention.set(Policy(rules: rules), for: namespace)
            let round = try await node.retention.run(isAlone ? namespace : nil)
            trace.note("\(timeline.stamp) c\(number) retention → \(round)")
            findings.count("retention")
            findings.require(
                round.unreadable.isEmpty && round.tooLarge.isEmpty,
                .answers,
                "retention cannot read the policies that were set: \(round)"
            )
            requireLiveness(round.failures == 0, "retention at the end: \(round)")
        } catch {
            trace.note("\(timeline.stamp) c\(number) retention → \(error)")
            requireLiveness(false, "retention failed: \(error)")
        }
    }

    private mutating func rules() -> [Rule] {
        let clock = generator.chance(1, in: 2) ? Rule.Clock.push : .pull
        var rules = [Rule(action: .keepNewest(generator.within(1...2), by: clock))]
        if generator.chance(1, in: 3) {
            rules.append(Rule(action: .untaggedDays(generator.within(0...3))))
        }
        if generator.chance(1, in: 4) {
            rules[0].tags = [Pattern("v*"), Pattern("latest")].compactMap(\.self)
        }
        if generator.chance(1, in: 4) {
            rules.append(Rule(action: .removeDays(generator.within(1...20), since: clock)))
        }
        return rules
    }
}

/// Keeps account of what retention removes, and finds what it should not.
final class RetentionWatch: Sendable {
    private let access: OperatorAccess
    private let ledger: Ledger
    private let findings: Findings
    /// The one that is under way, and what of it was pulled on this day.
    private let underWay = Mutex<(ticket: Ledger.Ticket, protected: [Digest])?>(nil)

    init(access: OperatorAccess, ledger: Ledger, findings: Findings) {
        (self.access, self.ledger, self.findings) = (access, ledger, findings)
    }

    var observer: Retention.Observer {
        Retention.Observer(
            willRemove: { self.begin($0) },
            didEnd: { self.end($0, $1) }
        )
    }

    private func begin(_ removed: Retention.Removed) {
        let (repository, members) = (removed.repository, removed.removal.members)
        var effects: [Effect] = []
        for member in members {
            effects += member.tags.map {
                Effect(.tag(repository, $0), nil, demand: .value(member.digest))
            }
            effects.append(Effect(.manifest(repository, member.digest), nil, demand: .present))
        }
        effects += removed.removal.looseTags.map { Effect(.tag(repository, $0), nil) }
        let day = access.momentOfPull?.day
        let protected = members.map(\.digest).filter { digest in
            day.map { access.pulls.has(digest, of: repository, since: $0) } ?? false
        }
        let what = "retention removes \(repository)@\(removed.removal.image.digest)"
        underWay.withLock { $0 = (ledger.begin(effects, what), protected) }
    }

    private func end(_ removed: Retention.Removed, _ ending: Retention.Ending) {
        let begun = underWay.withLock { begun in
            defer { begun = nil }
            return begun
        }
        guard let (ticket, protected) = begun else { return }
        let isKnown = access.current?.isRunning() ?? false
        switch ending {
        case .removed where isKnown:
            ledger.end(ticket, .done)
            findings.count("retention removed")
            findings.require(
                protected.isEmpty,
                .answers,
                "retention removed from \(removed.repository) what was pulled today: \(protected), "
                    + "for \(removed.removal.reason)"
            )
        case .stayed:
            ledger.end(ticket, .refused)
            findings.count("retention kept what changed")
        case .removed, .partly, .unknown: ledger.end(ticket, .unknown)
        }
    }
}
