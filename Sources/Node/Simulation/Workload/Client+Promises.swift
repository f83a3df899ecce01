// SPDX-License-Identifier: Apache-2.0

import OCI

extension Client {
    /// Notes that an answer said that blobs exist.
    func noteTold(_ subjects: [Subject], _ answered: Answered) {
        for subject in subjects {
            ledger.noteTold(subject, by: answered.ticket, sentAt: answered.sent)
        }
    }

    /// Requires of a blob that was not there that no client may count on it, unless the disk has lost it.
    func requireUnpromised(
        _ digest: Digest,
        in repository: RepositoryName,
        _ answered: Answered,
        _ what: String
    ) {
        guard !(rot?.isSuspect(digest) ?? false) else { return }
        let subject = Subject.blob(repository, digest)
        findings.require(
            !ledger.isPromised(subject, foundBy: answered.ticket, at: timeline.now),
            .safeSweep,
            "\(what) did not find \(subject), although a client was told within the hour that it exists"
        )
    }

    /// When a slow build looks what is left of its content, and when it names that, in seconds: around the
    /// time from which nothing is promised any more, and within what is.
    private static let looksAfter = (22 * 3600 + 900)...(24 * 3600)
    private static let namesAfter = 600...2700
    /// What a slow build takes at most, as long as requests take no more than minutes.
    static let slowBuildMax = Duration.seconds(26 * 3600)

    /// Builds an image as slowly as can be: asks whether its content is still there when that is about to end
    /// by itself, brings what is not, and names it within the hour, when what is due has been ended.
    mutating func buildSlowly() async {
        let manifest = generator.pick(content.manifests.filter { !$0.blobs.isEmpty })
        let repository = generator.pick(content.repositories)
        let tag = generator.pick(content.tags)
        guard await bring(manifest, to: repository) else { return }
        await elapse(.seconds(generator.within(Client.looksAfter)))
        for digest in manifest.blobs {
            guard let blob = content.blob(digest) else { continue }
            if await has(blob, repository) { continue }
            guard await upload(blob, to: repository) else { return }
        }
        await elapse(.seconds(generator.within(Client.namesAfter)))
        await expire()
        if await put(manifest, repository, [tag], .none) == .done {
            findings.count("named a day later")
        }
    }
}
