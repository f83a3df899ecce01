// SPDX-License-Identifier: Apache-2.0

import HTTP

/// What keys mean for each other.
enum Rules {
    static func check(_ reader: inout SettingsReader) {
        let settings = reader.settings
        if (settings.tls.certificate == nil) != (settings.tls.key == nil) {
            reader.reportRule(
                ["tls.certificate", "tls.key"],
                "`tls.certificate` and `tls.key` need each other"
            )
        }
        checkExposure(&reader)
        if let operations = settings.operations.listen, operations == settings.listen,
            operations.port != 0
        {
            reader.reportRule(
                ["operations.listen", "listen"],
                "`operations.listen` is the same as `listen`; leave it out to serve both there"
            )
        }
        if settings.requests.page > settings.requests.pageMax {
            reader.reportRule(
                ["requests.page", "requests.page-max"],
                "`requests.page` is greater than `requests.page-max`"
            )
        }
        if settings.requests.tagsPerPush > settings.requests.queryParameters {
            reader.reportRule(
                ["requests.tags-per-push", "requests.query-parameters"],
                "`requests.tags-per-push` is greater than `requests.query-parameters`"
            )
        }
        if settings.connections.idleMax > settings.connections.max {
            reader.reportRule(
                ["connections.idle-max", "connections.max"],
                "`connections.idle-max` is greater than `connections.max`"
            )
        }
        if settings.expiry.promised > settings.expiry.links / 2 {
            reader.reportRule(
                ["expiry.promised", "expiry.links"],
                "`expiry.promised` is greater than half of `expiry.links`"
            )
        }
        if settings.cache.blobSize > settings.cache.blobs {
            reader.reportRule(
                ["cache.blob-size", "cache.blobs"],
                "`cache.blob-size` is greater than `cache.blobs`"
            )
        }
    }

    /// Beyond loopback only with TLS or `insecure`, and, until there are permissions, with `open`.
    private static func checkExposure(_ reader: inout SettingsReader) {
        let settings = reader.settings
        if !settings.listen.address.isLoopback {
            if !settings.hasTLS && !settings.insecure {
                reader.reportRule(
                    ["listen"],
                    "\(settings.listen) is not loopback: set `tls.certificate` and `tls.key`, or "
                        + "`insecure: true` if nobody can listen in on that network"
                )
            }
            if !settings.open {
                reader.reportRule(
                    ["listen"],
                    "\(settings.listen) is not loopback and there are no permissions yet: set "
                        + "`open: true` if everybody there may pull, push and delete everything"
                )
            }
        }
        if let operations = settings.operations.listen, !operations.address.isLoopback,
            !(settings.insecure && settings.open)
        {
            reader.reportRule(
                ["operations.listen"],
                "\(operations) is not loopback and this listener is always plain HTTP: set "
                    + "`insecure: true` and `open: true` if everybody there may see health and metrics"
            )
        }
    }
}

extension Settings {
    /// Whether the main listener speaks TLS.
    public var hasTLS: Bool { tls.certificate != nil && tls.key != nil }

    /// What the operator should be told at every start.
    public var warnings: [String] {
        var warnings: [String] = []
        if open, !listen.address.isLoopback {
            warnings.append(
                "open: everybody who reaches \(listen) may pull, push and delete everything"
            )
        }
        if insecure, !hasTLS, !listen.address.isLoopback {
            warnings.append(
                "insecure: what passes \(listen) can be read and changed by everybody on the way"
            )
        }
        if let operations = operations.listen, !operations.address.isLoopback {
            warnings.append(
                "operations: everybody who reaches \(operations), and everybody on the way, may see "
                    + "health and metrics"
            )
        }
        return warnings
    }
}
