// SPDX-License-Identifier: Apache-2.0

extension Digest {
    /// The tag under which clients keep the referrers list of a manifest where there is no referrers
    /// API (OCI distribution spec, "Referrers Tag Schema").
    public var referrersTag: String { "\(algorithm.name)-\(hex.prefix(64))" }

    /// The tags that belong to a manifest by their names: the referrers list, and cosign's
    /// signatures, attestations and bills of materials.
    public var companionTags: [Tag] {
        ["", ".sig", ".att", ".sbom"].compactMap { suffix in
            Tag(suffix.isEmpty ? referrersTag : "\(algorithm.name)-\(hex)\(suffix)")
        }
    }
}
