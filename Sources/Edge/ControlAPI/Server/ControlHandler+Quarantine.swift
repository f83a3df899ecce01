// SPDX-License-Identifier: Apache-2.0

import Blobs
import HTTP
import OCI
import Registry

extension ControlHandler {
    func quarantine(_ query: Query) async throws -> Wire.Quarantine {
        let found = try await registry.quarantined(
            after: try query.value("after") ?? "",
            limit: Wire.pageMax + 1
        )
        let page = found.prefix(Wire.pageMax)
        let totals = registry.quarantineTotals
        return Wire.Quarantine(
            copies: page.map { copy in
                Wire.QuarantinedCopy(
                    digest: copy.digest.description,
                    generation: copy.generation,
                    size: copy.size,
                    milliseconds: copy.milliseconds,
                    flaw: copy.flaw?.rawValue
                )
            },
            count: totals.count,
            bytes: totals.bytes,
            next: found.count > Wire.pageMax ? page.last?.name : nil
        )
    }

    /// Removes what is set aside of one digest, or of all where that is asked for.
    func purgeQuarantine(_ query: Query) async throws -> Wire.QuarantinePurged {
        let digest = try query.value("digest").map { text throws(Wire.Problem) in
            guard let digest = Digest(text) else {
                throw Wire.Problem(message: "'\(text)' is not a digest", isRefusal: true)
            }
            return digest
        }
        if digest == nil { _ = try required(query, "all") }
        let purged = try await registry.purgeQuarantine(of: digest)
        guard purged.count > 0 || digest == nil else {
            throw Wire.Problem(message: "nothing of that digest is set aside", isRefusal: true)
        }
        return Wire.QuarantinePurged(count: purged.count, bytes: purged.bytes)
    }
}
