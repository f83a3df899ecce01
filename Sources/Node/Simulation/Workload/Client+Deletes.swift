// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI

extension Client {
    /// Deletes a tag, and only the tag.
    func delete(_ tag: Tag, in repository: RepositoryName) async {
        let request = WireRequest("DELETE", "/v2/\(repository)/manifests/\(tag)")
        let subject = Subject.tag(repository, tag)
        let effects = [Effect(subject, nil, demand: .present)]
        guard let answered = await persistently(request, effects) else { return }
        findings.count("delete tag")
        switch answered.status {
        case 202: break
        case 404: judge(subject, shows: nil, answered, request.line)
        default: unexpected(request, answered)
        }
    }

    /// Deletes a manifest, with the tags that point to it and what is about it, unless a tag of its own
    /// points to that.
    mutating func delete(_ manifest: Content.Manifest, in repository: RepositoryName) async {
        let request = WireRequest("DELETE", "/v2/\(repository)/manifests/\(manifest.digest)")
        let subject = Subject.manifest(repository, manifest.digest)
        var effects = [Effect(subject, nil, demand: .present)]
        effects += content.tags.map {
            Effect(.tag(repository, $0), nil, onlyIf: manifest.digest)
        }
        for referrer in content.referrers(of: manifest.digest) {
            effects.append(
                Effect(.manifest(repository, referrer.digest), nil, force: .possible)
            )
        }
        guard let answered = await send(request, effects, to: repository, isWatched: true)
        else { return }
        findings.count("delete manifest")
        switch answered.status {
        case 202: findings.count("manifest deleted")
        case 404: judge(subject, shows: nil, answered, request.line)
        case 405:
            let parents = content.manifests.filter { $0.children.contains(manifest.digest) }
            judgeNamed(request, answered, by: parents, repository)
        default: unexpected(request, answered)
        }
    }

    /// Deletes a blob from a repository.
    func delete(_ blob: Content.Blob, in repository: RepositoryName) async {
        let request = WireRequest("DELETE", "/v2/\(repository)/blobs/\(blob.digest)")
        let subject = Subject.blob(repository, blob.digest)
        guard let answered = await persistently(request, [Effect(subject, nil)]) else { return }
        findings.count("delete blob")
        switch answered.status {
        case 202: break
        case 404: judge(subject, shows: nil, answered, request.line)
        case 405:
            let parents = content.manifests.filter { $0.blobs.contains(blob.digest) }
            judgeNamed(request, answered, by: parents, repository)
        default: unexpected(request, answered)
        }
    }

    /// A deletion refused because something is named: one that names it must be able to be there.
    private func judgeNamed(
        _ request: WireRequest,
        _ answered: Answered,
        by parents: [Content.Manifest],
        _ repository: RepositoryName
    ) {
        findings.count("delete refused for what names it")
        findings.require(
            parents.contains { parent in
                ledger.allows(
                    .manifest(repository, parent.digest),
                    parent.digest,
                    begunAt: answered.begun
                )
            },
            .readYourWrites,
            "\(request.line) was refused although nothing there names it"
        )
    }
}
