// SPDX-License-Identifier: Apache-2.0

extension KeyTable {
    static let requests = KeyGroup(
        name: "requests",
        purpose: "What bounds a request.",
        keys: content + shape + load
    )

    private static let content: [Key] = [
        Key(
            "requests.manifest-size",
            \.requests.manifestSize,
            .size((64 << 10)...(64 << 20)),
            exceeded: "413 `MANIFEST_INVALID`",
            "The largest manifest or index."
        ),
        Key(
            "requests.manifest-references",
            \.requests.manifestReferences,
            .count(100...10_000),
            exceeded: "400 `MANIFEST_INVALID`",
            "Descriptors in a manifest or index. All of them fit into one entry of the journal."
        ),
        Key(
            "requests.manifest-depth",
            \.requests.manifestDepth,
            .count(8...512),
            exceeded: "400 `MANIFEST_INVALID`",
            "How deep a manifest's JSON may be nested."
        ),
        Key(
            "requests.manifest-values",
            \.requests.manifestValues,
            .count(10_000...4_194_304),
            exceeded: "400 `MANIFEST_INVALID`",
            "Values in a manifest's JSON, which take about 100 bytes of memory each while it is read."
        ),
        Key(
            "requests.blob-size",
            \.requests.blobSize,
            .size((1 << 20)...(16 << 40)),
            exceeded: "413 `SIZE_INVALID`",
            "The largest blob."
        ),
        Key(
            "requests.tags-per-push",
            \.requests.tagsPerPush,
            .count(10...1_000),
            exceeded: "414 `UNSUPPORTED`",
            "Tags of one push by digest (`?tag=`); all of them change at once."
        ),
        Key(
            "requests.page",
            \.requests.page,
            .count(1...10_000),
            exceeded: "200, with `Link` to the rest",
            "Items of a page of tags, repositories or referrers for a client that does not say `n`."
        ),
        Key(
            "requests.page-max",
            \.requests.pageMax,
            .count(1...10_000),
            exceeded: "200, clamped, with `Link` to the rest",
            "The most items of a page, whatever `n` says."
        ),
    ]

    private static let shape: [Key] = [
        Key(
            "requests.headers-size",
            \.requests.headersSize,
            .size((4 << 10)...(64 << 10)),
            exceeded: "431, connection closed",
            "Bytes of a request's first line and its header fields."
        ),
        Key(
            "requests.headers",
            \.requests.headers,
            .count(16...1_000),
            exceeded: "431, connection closed",
            "Header fields of a request."
        ),
        Key(
            "requests.query-size",
            \.requests.querySize,
            .size((1 << 10)...(64 << 10)),
            exceeded: "414 `UNSUPPORTED`",
            "Bytes of a query; `requests.headers-size` bounds it too."
        ),
        Key(
            "requests.query-parameters",
            \.requests.queryParameters,
            .count(16...1_100),
            exceeded: "414 `UNSUPPORTED`",
            "Parameters of a query, each tag of a push among them."
        ),
    ]

    private static let load: [Key] = [
        Key(
            "requests.manifest-bytes",
            \.requests.manifestBytes,
            .size((1 << 20)...(16 << 30)),
            exceeded: "429 `TOOMANYREQUESTS`, with `Retry-After`",
            "Bytes of manifests that have come and are not answered, of all requests together. Each may cost "
                + "twenty of memory while it is read. One manifest of `requests.manifest-size` is always "
                + "taken."
        ),
        Key(
            "requests.uploads-open",
            \.requests.uploadsOpen,
            .count(1...1_000_000),
            exceeded: "429 `TOOMANYREQUESTS`, with `Retry-After`",
            "Uploads that have begun and are neither finished, cancelled nor too old."
        ),
        Key(
            "requests.in-flight",
            \.requests.inFlight,
            .count(8...65_536),
            exceeded: "503 `UNAVAILABLE`, with `Retry-After`",
            "Requests being answered, without those that memory answers at once."
        ),
        Key(
            "requests.changes-waiting",
            \.requests.changesWaiting,
            .count(8...65_536),
            exceeded: "429 `TOOMANYREQUESTS`, with `Retry-After`",
            "Changes that wait to be decided and made durable."
        ),
        Key(
            "requests.change-deadline",
            \.requests.changeDeadline,
            .time(.seconds(1)...(.seconds(600))),
            exceeded: "503 `UNAVAILABLE`, with `Retry-After`",
            "How old a change may be when it is decided; an older one has no effect."
        ),
    ]

    static let connections = KeyGroup(
        name: "connections",
        purpose: "What bounds connections, idle ones and slow ones among them.",
        keys: [
            Key(
                "connections.max",
                \.connections.max,
                .count(16...1_000_000),
                exceeded: "the longest idle one closed, or 503 and closed",
                "Connections at the same time; the limit of open files bounds them too."
            ),
            Key(
                "connections.idle-max",
                \.connections.idleMax,
                .count(0...1_000_000),
                exceeded: "connection closed, the longest idle first",
                "Connections that wait for their clients: kept alive between two requests, or over TLS "
                    + "for more than a second in a handshake or after it."
            ),
            Key(
                "connections.idle-timeout",
                \.connections.idleTimeout,
                .time(.seconds(1)...(.seconds(3_600))),
                exceeded: "connection closed",
                "How long a kept-alive connection may wait for its next request."
            ),
            Key(
                "connections.header-deadline",
                \.connections.headerDeadline,
                .time(.seconds(1)...(.seconds(300))),
                exceeded: "connection closed",
                "From a connection's begin, or from the first byte of a later request, to the end of "
                    + "its header, even if bytes trickle."
            ),
            Key(
                "connections.body-rate-min",
                \.connections.bodyRateMin,
                .size(0...(1 << 30)),
                exceeded: "connection closed, and 408 in the log",
                "Bytes a second that a body must bring while we wait for it; 0 turns it off."
            ),
            Key(
                "connections.body-rate-window",
                \.connections.bodyRateWindow,
                .time(.seconds(1)...(.seconds(300))),
                "What that rate is averaged over."
            ),
            Key(
                "connections.answer-rate-min",
                \.connections.answerRateMin,
                .size(0...(1 << 30)),
                exceeded: "connection closed",
                "Bytes a second that a client must take of an answer while there are more; 0 turns it off. "
                    + "A client that takes none at all is idle, and `connections.idle-timeout` counts too."
            ),
            Key(
                "connections.answer-rate-window",
                \.connections.answerRateWindow,
                .time(.seconds(1)...(.seconds(600))),
                "What that rate is averaged over: long, because a client that writes what it reads may "
                    + "stand still for a while."
            ),
            Key(
                "connections.threads",
                \.connections.threads,
                Kind<Int>.count(1...256).optional,
                "Threads that serve connections. Without it one for each processor, two at least and eight at "
                    + "most."
            ),
            Key(
                "connections.workers",
                \.connections.workers,
                .count(2...1_024),
                "Threads on which requests may wait for disks."
            ),
        ]
    )
}
