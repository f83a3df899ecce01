// SPDX-License-Identifier: Apache-2.0

import OCI

extension Client {
    /// Has every copy compared with its name, and brings again what the disk has lost.
    mutating func heal() async {
        guard let rot, !rot.suspects.isEmpty else { return }
        await verifyContent()
        for digest in rot.suspects {
            if rot.isKnown(digest) { findings.count("copy set aside") }
            let repository = generator.pick(content.repositories)
            if let blob = content.blob(digest) {
                if await upload(blob, to: repository) { findings.count("copy brought again") }
            } else if let manifest = content.manifest(digest) {
                if await push(manifest, to: repository, tags: []) {
                    findings.count("copy brought again")
                }
            }
        }
    }

    /// Reads everything there could be and judges it: what was acknowledged is there (I1), and nothing
    /// is where nobody put it (I9).
    public mutating func audit() async {
        for repository in content.repositories {
            for tag in content.tags { await pull(tag, in: repository) }
            for manifest in content.manifests {
                await pull(manifest, in: repository)
                if generator.chance(1, in: 3) {
                    await listReferrers(of: manifest, in: repository)
                }
            }
            for blob in content.blobs { await pull(blob, in: repository) }
            await listTags(repository)
        }
    }
}
