// SPDX-License-Identifier: Apache-2.0

import OCI
import Retention
import Telemetry

extension RetentionCare {
    /// Runs retention, and tells of what it left and what it removed; false where something failed.
    func tidy() async -> Bool {
        do throws(RetentionError) {
            let round = try await retention.run()
            tell(round)
            return round.failures == 0
        } catch {
            log.write(.error, "retention was broken off", [("cause", .text("\(error)"))])
            return false
        }
    }

    private func tell(_ round: Retention.Round) {
        for namespace in round.unreadable {
            log.write(
                .error,
                "a retention policy cannot be read; set it again",
                [("namespace", .text(namespace))]
            )
        }
        for namespace in round.superseded {
            log.write(
                .info,
                "a retention policy was changed during a run; the rest of its namespace waits for the next",
                [("namespace", .text(namespace))]
            )
        }
        for repository in round.tooLarge {
            log.write(
                .error,
                "a repository has more manifests than retention looks at; nothing of it was removed",
                [("repository", .text(repository.description))]
            )
        }
        if round.unlisted > 0 {
            log.write(
                .error,
                "retention left more repositories and namespaces than it names",
                [("more", .number(Int64(clamping: round.unlisted)))]
            )
        }
        for failure in round.failed {
            log.write(
                .error,
                "retention failed in a repository; it is tried again",
                [("name", .text(failure.name)), ("cause", .text(failure.cause))]
            )
        }
        guard round.manifests > 0 else { return }
        log.write(
            .info,
            "retention removed images",
            [
                ("images", .number(Int64(clamping: round.removed))),
                ("partly", .number(Int64(clamping: round.partly))),
                ("manifests", .number(Int64(clamping: round.manifests))),
                ("bytes", .number(Int64(clamping: round.bytes))),
            ]
        )
    }

    /// A line for each image that went, or of which a part did.
    static func tell(_ removed: Retention.Removed, _ ending: Retention.Ending, _ log: Log) {
        let image = removed.removal.image
        switch ending {
        case .removed:
            let bytes = LogValue.number(Int64(clamping: image.bytes))
            tell(
                "retention put an image into the trash",
                removed,
                [("manifests", .number(Int64(image.manifests))), ("bytes", bytes)],
                log
            )
        case .partly(let manifests):
            tell(
                "retention put a part of an image into the trash; the rest was in use meanwhile",
                removed,
                [("manifests", .number(Int64(manifests)))],
                log
            )
        case .stayed, .unknown: break
        }
    }

    private static func tell(
        _ sentence: String,
        _ removed: Retention.Removed,
        _ numbers: [(String, LogValue)],
        _ log: Log
    ) {
        let image = removed.removal.image
        var fields: [(String, LogValue)] = [
            ("repository", .text(removed.repository.description)),
            ("digest", .text(image.digest.description)),
            ("tags", .text(image.tags.map(\.description).joined(separator: ","))),
        ]
        fields += numbers
        fields.append(("reason", .text(removed.removal.reason)))
        log.write(.info, sentence, fields)
    }
}
