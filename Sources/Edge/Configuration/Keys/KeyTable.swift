// SPDX-License-Identifier: Apache-2.0

import HTTP

/// Every key there is; the file, the flags, `config check` and the reference all go by this table.
enum KeyTable {
    /// The groups in the order of the reference.
    static let groups: [KeyGroup] = [
        top, tls, operations, log, names, storage, sweep, expiry, retention, scrub, cache,
        deletion, requests,
        connections,
    ]

    /// The keys in the order of the reference.
    static let keys = groups.flatMap(\.keys)

    private static let top = KeyGroup(
        name: "",
        purpose: "Where the registry is reached and where it keeps its data.",
        keys: [
            Key(
                "listen",
                \.listen,
                .endpoint,
                flag: "listen",
                "Where clients are answered. Anything but loopback needs `tls` (or `insecure: true`) "
                    + "and `open: true`. Port 0 lets the system choose a port."
            ),
            Key(
                "public-url",
                \.publicURL,
                Kind<String>.publicURL.optional,
                "What clients reach this registry by. `Location` is relative without it and begins "
                    + "with it otherwise."
            ),
            Key(
                "insecure",
                \.insecure,
                .flag,
                "Allows plain HTTP beyond loopback, where everybody on the way can read and change "
                    + "what passes."
            ),
            Key(
                "open",
                \.open,
                .flag,
                "Says that everybody who reaches the listener may pull, push and delete everything. "
                    + "There are no permissions yet, so anything but loopback needs it; a warning at "
                    + "every start reminds of it."
            ),
            Key(
                "data",
                \.data,
                .path,
                flag: "data",
                "The directory in which everything is kept. Made at first start; one server at a time."
            ),
            Key(
                "trusted-proxies",
                \.trustedProxies,
                Kind<AddressRange>.addressRange.list,
                "Proxies before this server. Of their requests, `X-Forwarded-For` says who is the "
                    + "client (`peer` in the log) and `X-Request-Id` is the id; those of all others "
                    + "are ignored. `Location` needs no `X-Forwarded-Proto` or `-Host`: it is "
                    + "relative, or begins with `public-url`."
            ),
            Key(
                "shutdown-grace",
                \.shutdownGrace,
                .time(.seconds(0)...(.seconds(3_600))),
                exceeded: "connection closed",
                "How long SIGTERM waits for requests in flight, on all listeners together, before it closes "
                    + "their connections and breaks a rebuild of the catalog off."
            ),
        ]
    )

    private static let tls = KeyGroup(
        name: "tls",
        purpose: "TLS for the main listener. Both keys or neither.",
        keys: [
            Key(
                "tls.certificate",
                \.tls.certificate,
                Kind<String>.path.optional,
                isReloaded: true,
                "The certificate, followed by those that lead to its root, in PEM."
            ),
            Key(
                "tls.key",
                \.tls.key,
                Kind<String>.path.optional,
                isReloaded: true,
                "The certificate's private key, in PEM. It should be readable by its owner alone."
            ),
        ]
    )

    private static let operations = KeyGroup(
        name: "operations",
        purpose: "`/livez`, `/readyz`, `/contentz` and `/metrics`.",
        keys: [
            Key(
                "operations.listen",
                \.operations.listen,
                Kind<Endpoint>.endpoint.optional,
                "A listener of their own, always plain HTTP; then the main one does not serve them. "
                    + "Anything but loopback needs `insecure: true` and `open: true`."
            )
        ]
    )

    private static let log = KeyGroup(
        name: "log",
        purpose: "One line for each request and for what happens besides.",
        keys: [
            Key(
                "log.level",
                \.log.level,
                .choice,
                isReloaded: true,
                "Lines of this and of graver levels are written. Requests are `info`, those that fail "
                    + "because of us `error`."
            ),
            Key(
                "log.format",
                \.log.format,
                .choice,
                flag: "log-format",
                "Lines for people or one JSON object a line."
            ),
            Key(
                "log.file",
                \.log.file,
                Kind<String>.path.optional,
                "The file lines are added to; it is opened again on SIGHUP. Without it they go to "
                    + "standard error."
            ),
        ]
    )

    private static let names = KeyGroup(
        name: "names",
        purpose: "What people call this node and what it belongs to. Ids are random, made at first "
            + "start, and never change; names may.",
        keys: [
            Key("names.estate", \.names.estate, .name, "The whole deployment."),
            Key("names.region", \.names.region, .name, "The zones near enough for common commits."),
            Key("names.zone", \.names.zone, .name, "The failure domain this node is in."),
            Key("names.node", \.names.node, .name, "This node."),
        ]
    )

    private static let storage = KeyGroup(
        name: "storage",
        purpose: "The disk under the data directory.",
        keys: [
            Key(
                "storage.free-space-floor",
                \.storage.freeSpaceFloor,
                .size(0...(1 << 50)),
                exceeded: "507 `UNKNOWN`",
                "Bytes that stay free: uploads that would take them are refused. Pulls go on."
            ),
            Key(
                "storage.staging-age",
                \.storage.stagingAge,
                .time(.seconds(60)...(.seconds(365 * 86_400))),
                exceeded: "404 `BLOB_UPLOAD_UNKNOWN`",
                "How long an upload that nobody continues is kept; every byte that comes begins the time "
                    + "anew. Measured so that a jump of the clock drops nothing."
            ),
        ]
    )

    private static let sweep = KeyGroup(
        name: "sweep",
        purpose: "Freeing the copies that nothing names any more, while everything else goes on.",
        keys: [
            Key(
                "sweep.interval",
                \.sweep.interval,
                .time(.seconds(1)...(.seconds(30 * 86_400))),
                "Time between two rounds. Each raises the sweep epoch, if anything was changed; what lost "
                    + "its last name is freed two to three rounds later. What is due to end is looked for as "
                    + "often, and at least every hour."
            ),
            Key(
                "sweep.rate",
                \.sweep.rate,
                .count(1...1_000_000),
                "Copies that a round looks at in a second, at most, so that it leaves the disk to others."
            ),
        ]
    )

    private static let expiry = KeyGroup(
        name: "expiry",
        purpose: "How long things stay that nothing holds. What has ended is freed by the sweep.",
        keys: [
            Key(
                "expiry.links",
                \.expiry.links,
                .time(.seconds(2)...(.seconds(365 * 86_400))),
                "How long a repository sees a blob that no manifest of it names, from its upload, or from when "
                    + "the last such manifest went."
            ),
            Key(
                "expiry.promised",
                \.expiry.promised,
                .time(.seconds(1)...(.seconds(180 * 86_400))),
                "With less than this left, HEAD and mount answer 404 for such a blob, so that its bytes are "
                    + "sent again; at most half of `expiry.links`."
            ),
            Key(
                "expiry.trash",
                \.expiry.trash,
                .time(.seconds(0)...(.seconds(3_650 * 86_400))),
                "How long what was deleted or overwritten can be had back (`breakwater trash list`)."
            ),
        ]
    )

    private static let retention = KeyGroup(
        name: "retention",
        purpose:
            "Putting into the trash what the namespaces' policies let go (`breakwater retention set`).",
        keys: [
            Key(
                "retention.interval",
                \.retention.interval,
                .time(.seconds(10)...(.seconds(30 * 86_400))),
                "Time between two runs; the first is ten minutes after a start, or sooner, and after one "
                    + "that failed the next comes sooner."
            )
        ]
    )

    private static let scrub = KeyGroup(
        name: "scrub",
        purpose:
            "Reading everything again, past the caches, and setting aside what is not as it was "
            + "stored.",
        keys: [
            Key(
                "scrub.period",
                \.scrub.period,
                .time(.seconds(60)...(.seconds(365 * 86_400))),
                "Every copy is read and hashed once in this time, the journals and the catalog are "
                    + "compared. The rate follows from it: 10 TB in 7 days are 17 MB in a second."
            ),
            Key(
                "scrub.rate",
                \.scrub.rate,
                .size((64 << 10)...(64 << 30)),
                "Bytes read in a second, at most, whatever the period asks for. Where others keep the "
                    + "disk busy it reads less."
            ),
            Key(
                "scrub.quarantine-alarm",
                \.scrub.quarantineAlarm,
                .size(0...(1 << 50)),
                "Bytes of copies set aside above which the log and a metric raise an alarm; they go by "
                    + "`breakwater content quarantine purge` alone."
            ),
        ]
    )

    private static let cache = KeyGroup(
        name: "cache",
        purpose: "Memory that answers without a disk. What does not fit is read from the disk.",
        keys: [
            Key(
                "cache.blobs",
                \.cache.blobs,
                .size(0...(64 << 30)),
                "Memory for manifests and small blobs, which are hashed as they enter it."
            ),
            Key(
                "cache.blob-size",
                \.cache.blobSize,
                .size(0...(64 << 20)),
                "The largest blob that is kept in memory; larger ones leave by `sendfile`."
            ),
            Key(
                "cache.names",
                \.cache.names,
                .count(0...16_777_216),
                "Tags and digests whose answers are kept, about 300 bytes each."
            ),
        ]
    )

    private static let deletion = KeyGroup(
        name: "deletion",
        purpose: "What goes with a deleted manifest.",
        keys: [
            Key(
                "deletion.keep-referrers",
                \.deletion.keepReferrers,
                .flag,
                "Keeps the referrers of a deleted manifest, its fallback tag and cosign's tags for it, "
                    + "which otherwise go with it unless they have a tag of their own."
            )
        ]
    )
}
