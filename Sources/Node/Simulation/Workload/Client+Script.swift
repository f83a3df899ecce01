// SPDX-License-Identifier: Apache-2.0

import OCI
import Retention

/// What a scripted story begins with, in this order: each kind of change that a registry makes, in small.
///
/// Draws come to none of the rarer ones in a short story: what deletes, takes back or lets go needs
/// something that is there, and some of it days.
enum ScriptStep: String, CaseIterable {
    case pushImage, overwriteTag, uploadInPieces, mount, deleteManifest, restore, expireLinks
    case retention, purge, sweep, scrub, deleteAgain, expireTrash

    /// What is counted more often than before when it came to what it is there for.
    var sign: String {
        switch self {
        case .pushImage, .overwriteTag: "image pushed"
        case .uploadInPieces: "brought in pieces"
        case .mount: "mounted"
        case .deleteManifest, .deleteAgain: "manifest deleted"
        case .restore: "restored by digest"
        case .expireLinks: "link expired"
        case .retention: "retention removed"
        case .purge: "purged"
        case .sweep: "copy freed"
        case .scrub: "scrub round finished"
        case .expireTrash: "trash expired"
        }
    }

    /// What is counted then.
    var success: String { "script \(rawValue)" }

    /// How much time passes before it.
    var pause: Duration {
        switch self {
        // Links end after a day, and only then does retention count what has no tag.
        case .expireLinks: .seconds(2 * 86_400)
        // What a purge drops was promised to nobody for an hour.
        case .purge: .seconds(2 * 3600)
        // The trash keeps what it has for thirty days.
        case .expireTrash: .seconds(31 * 86_400)
        default: .zero
        }
    }
}

extension Client {
    /// Does a step of the script, and counts whether it came to what it is there for; nobody else may be
    /// at work.
    mutating func play(_ step: ScriptStep) async {
        // An operator's command finds no node just after a crash.
        for attempt in 0..<Client.attemptsMax where !(access.current?.isRunning() ?? false) {
            await wait(attempt: attempt)
        }
        if step.pause > .zero { await elapse(step.pause) }
        let before = findings.counts[step.sign, default: 0]
        await act(step)
        if findings.counts[step.sign, default: 0] > before { findings.count(step.success) }
    }

    private mutating func act(_ step: ScriptStep) async {
        let (old, new) = content.twoImages
        let (home, other) = (content.repositories[0], content.repositories[1])
        switch step {
        case .pushImage: await pushTagged(old, to: home)
        case .overwriteTag: await pushTagged(new, to: home)
        case .uploadInPieces:
            let blob = content.blobInPieces
            if await upload(blob, to: other, as: .chunked) { findings.count(step.sign) }
        case .mount:
            guard let blob = old.blobs.first.flatMap({ content.blob($0) }) else { return }
            _ = await upload(blob, to: other, as: .mounted, from: home)
        case .deleteManifest, .deleteAgain: await delete(new, in: home)
        case .restore: await restore(new, in: home)
        case .expireLinks, .expireTrash: await expire()
        case .retention:
            // The tag was overwritten, and it was pushed first: the old image goes.
            let rules = [Rule(action: .keepNewest(1, by: .push))]
            await retain(in: home.namespace, by: rules, isAlone: true)
        case .purge: await purge(old, in: home, now: true)
        case .sweep: await sweep(raises: 2)
        case .scrub: await scrubContent()
        }
    }

    /// Pushes an image under the script's one tag, and does not look at it: what was pulled today stays.
    private mutating func pushTagged(
        _ image: Content.Manifest,
        to repository: RepositoryName
    ) async {
        guard await push(image, to: repository, tags: [content.tags[0]]) else { return }
        findings.count("image pushed")
    }
}

extension Content {
    /// Two images of as few blobs as there are; the first has one that the second lacks, if two such are there.
    fileprivate var twoImages: (old: Manifest, new: Manifest) {
        let images = manifests.filter { $0.children.isEmpty && $0.subject == nil }
            .sorted { ($0.blobs.count, $0.digest) < ($1.blobs.count, $1.digest) }
        let old = images[0]
        let new = images.dropFirst().first { !Set($0.blobs).isSuperset(of: old.blobs) }
        return (old, new ?? images[1])
    }

    /// A blob that is longer than any of its pieces.
    fileprivate var blobInPieces: Blob {
        let isLonger = { (blob: Blob) in blob.bytes.count > Client.pieceMax }
        return blobs.first(where: isLonger) ?? blobs[0]
    }
}
