// SPDX-License-Identifier: Apache-2.0

import OCI

extension Client {
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
