// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import OCI
import Platform

// A client whose namespace has a policy: it pushes builds, and lets retention run.
extension Worker {
    private static let buildTagsMax = 16
    private static let otherTagsMax = 3
    /// The most builds that a policy keeps.
    private static let keptMax = 4
    /// So near to the end of a day retention rests: what was pulled yesterday may go, and the servers'
    /// clocks are not looked at.
    private static let dayMargin: UInt64 = 600_000
    private static let askAgainAfter = Duration.milliseconds(1)

    /// The requests of one piece of work, in order.
    ///
    /// Only what is pushed anew changes which builds are the newest, and always behind a blob: so no two
    /// come in one millisecond, whose order the ledger could not know.
    mutating func planRetained() -> [RepositoryState.Change] {
        let state = history.current
        // A run that takes nothing shows little.
        if chance.below(2) == 0, !state.letGo(history.everything.names).isEmpty {
            return retention(of: state)
        }
        switch chance.below(100) {
        case ..<50: return image(subject: nil, tags: buildTags())
        case ..<58:
            return chance.pick(state.manifests.sorted()).map { image(subject: $0, tags: []) } ?? []
        case ..<62: return chance.pick(state.manifests.sorted()).map { [.pull($0)] } ?? []
        case ..<67: return chance.pick(state.tags.keys.sorted()).map { [.deleteTag($0)] } ?? []
        case ..<71: return chance.pick(state.manifests.sorted()).map { [.deleteManifest($0)] } ?? []
        case ..<78:
            guard let digest = chance.pick(state.restorable(history.everything.names)) else {
                return []
            }
            let bytes = content()
            return [.pushBlob(bytes, Digest.of(bytes)), .restore(digest)]
        case ..<80: return chance.pick(state.trash.keys.sorted()).map { [.purge($0)] } ?? []
        case ..<86: return policy(of: state)
        default: return state.keptBuilds == nil ? policy(of: state) : retention(of: state)
        }
    }

    /// A run of retention, after what decides it is certain.
    private func retention(of state: RepositoryState) -> [RepositoryState.Change] {
        guard isOneDay else { return [] }
        let doubtful = state.doubtful.intersection(state.manifests).sorted()
        return doubtful.map { .pull($0) } + [.retain]
    }

    /// Another policy, or now and then none.
    private mutating func policy(of state: RepositoryState) -> [RepositoryState.Change] {
        // A namespace in which nothing was named cannot have one.
        guard !state.manifests.isEmpty else { return [] }
        return [.setPolicy(chance.below(8) == 0 ? nil : chance.within(1...Worker.keptMax))]
    }

    /// Asks everything back that the trash should have.
    mutating func bringBack() async -> End? {
        while let digest = history.current.restorable(history.everything.names).first {
            if let end = await take(.restore(digest)) { return end }
        }
        return nil
    }

    /// Mostly tags that the policy is about, and now and then one that it is not.
    private mutating func buildTags() -> [String] {
        var tags = (0..<chance.within(1...4)).map { _ in
            "\(RepositoryState.buildPrefix)\(chance.below(Worker.buildTagsMax))"
        }
        if chance.below(6) == 0 { tags.append("stable\(chance.below(Worker.otherTagsMax))") }
        return Set(tags).sorted()
    }

    private var isOneDay: Bool {
        let now = LinuxClocks().wallMilliseconds()
        let days = [history.began, now - Worker.dayMargin, now + Worker.dayMargin].map {
            Moment(milliseconds: $0).dayNumber
        }
        return Set(days).count == 1
    }

    /// Lets retention run, after another one's run if need be; it must remove as many images as the ledger says.
    func runRetention() async throws(TransportError) -> ReceivedResponse {
        let expected = history.current.letGo(history.everything.names).count
        while true {
            let answer = try await registry.runRetention(in: history.retainedNamespace ?? "")
            let text = String(decoding: answer.body, as: UTF8.self)
            if answer.status == 409, text.contains("a run is under way") {
                do { try await LinuxClocks().sleep(for: Worker.askAgainAfter) } catch {
                    throw .interrupted("cancelled")
                }
                continue
            }
            let run = Registry.retentionRun(of: answer)
            if answer.status != 200 || run?.changed == 0 && run?.removed == Int64(expected) {
                return answer
            }
            let wrong = "\(expected) images had to go: \(text)"
            return ReceivedResponse(status: 0, headers: answer.headers, body: Array(wrong.utf8))
        }
    }
}
