// SPDX-License-Identifier: Apache-2.0

public import HTTP

/// Everything `breakwater serve` can be told, with its defaults.
///
/// `KeyTable` says how each is called in the file, what it may be and what it does. `Node` maps these
/// values to the options of the modules, which know nothing of files.
public struct Settings: Hashable, Sendable {
    /// Where clients are answered.
    public var listen = Endpoint(address: .loopback, port: 5000)
    /// What clients put before the path, without a slash at the end: `https://registry.example.org`.
    public var publicURL: String?
    /// Plain HTTP is allowed beyond loopback.
    public var insecure = false
    /// Everybody who reaches the listener may do everything.
    public var open = false
    /// Where everything is kept.
    public var data = "data"
    /// Whose `X-Forwarded-*` fields count.
    public var trustedProxies: [AddressRange] = []
    /// How long a stop waits for requests in flight.
    public var shutdownGrace = Duration.seconds(30)

    /// Certificate and key.
    public var tls = TLS()
    /// Health and metrics.
    public var operations = Operations()
    /// Logging.
    public var log = Log()
    /// What this node and what it belongs to are called.
    public var names = Names()
    /// The data directory.
    public var storage = Storage()
    /// Freeing what nothing names.
    public var sweep = Sweeping()
    /// How long things stay that nothing holds.
    public var expiry = Expiry()
    /// How long things stay that nothing holds.
    public struct Expiry: Hashable, Sendable {
        /// A blob in a repository where no manifest names it.
        public var links = Duration.seconds(24 * 3_600)
        /// How long who is told that such a blob exists may count on it.
        public var promised = Duration.seconds(3_600)
        /// A deleted manifest in the trash.
        public var trash = Duration.seconds(30 * 86_400)
    }

    /// Keeping what the namespaces' policies keep.
    public var retention = Retaining()
    /// Reading everything again.
    public var scrub = Scrubbing()
    /// Memory for speed.
    public var cache = Cache()
    /// What deleting takes along.
    public var deletion = Deletion()
    /// What bounds a request.
    public var requests = Requests()
    /// What bounds connections.
    public var connections = Connections()

    /// Makes the defaults.
    public init() {}

    /// Certificate and key, read again on SIGHUP.
    public struct TLS: Hashable, Sendable {
        /// The certificate chain's file, PEM.
        public var certificate: String?
        /// The private key's file, PEM.
        public var key: String?
    }

    /// Health and metrics.
    public struct Operations: Hashable, Sendable {
        /// A listener of their own; without it they are served by the main one.
        public var listen: Endpoint?
    }

    /// Logging.
    public struct Log: Hashable, Sendable {
        /// From which level on lines are written.
        public enum Level: String, CaseIterable, Sendable {
            case error
            case warning
            case info
            case debug
        }

        /// How lines look.
        public enum Format: String, CaseIterable, Sendable {
            case text
            case json
        }

        /// The level, read again on SIGHUP.
        public var level = Level.info
        /// The format.
        public var format = Format.text
        /// The file lines are added to; without it they go to standard error.
        public var file: String?
    }

    /// What this node and what it belongs to are called; ids are random and made at first start.
    public struct Names: Hashable, Sendable {
        /// The estate.
        public var estate = "estate"
        /// The region.
        public var region = "region-1"
        /// The zone.
        public var zone = "zone-1"
        /// The node.
        public var node = "node-1"
    }

    /// The data directory.
    public struct Storage: Hashable, Sendable {
        /// Bytes that stay free.
        public var freeSpaceFloor: UInt64 = 256 << 20
        /// How long an upload that nobody continues is kept.
        public var stagingAge = Duration.seconds(7 * 86_400)
    }

    /// Freeing what nothing names.
    public struct Sweeping: Hashable, Sendable {
        /// Time between two rounds, each of which raises the epoch.
        public var interval = Duration.seconds(3_600)
        /// Copies looked at in a second.
        public var rate = 2_000
    }

    /// Keeping what the namespaces' policies keep.
    public struct Retaining: Hashable, Sendable {
        /// Time between two runs.
        public var interval = Duration.seconds(86_400)
    }

    /// Reading everything again, and what that finds.
    public struct Scrubbing: Hashable, Sendable {
        /// Everything is read again within this time.
        public var period = Duration.seconds(7 * 86_400)
        /// Bytes read in a second, at most.
        public var rate: UInt64 = 64 << 20
        /// Bytes set aside from which on there is an alarm.
        public var quarantineAlarm: UInt64 = 1 << 30
    }

    /// Memory for speed.
    public struct Cache: Hashable, Sendable {
        /// Bytes of small blobs and manifests.
        public var blobs: UInt64 = 32 << 20
        /// The largest blob that is kept there.
        public var blobSize: UInt64 = 1 << 20
        /// Names whose answers are kept.
        public var names = 65_536
    }

    /// What deleting takes along.
    public struct Deletion: Hashable, Sendable {
        /// Referrers stay when their subject goes.
        public var keepReferrers = false
    }

    /// What bounds a request.
    public struct Requests: Hashable, Sendable {
        /// The largest manifest.
        public var manifestSize: UInt64 = 4 << 20
        /// Descriptors of a manifest.
        public var manifestReferences = 10_000
        /// Nesting of a manifest's JSON.
        public var manifestDepth = 64
        /// Values of a manifest's JSON.
        public var manifestValues = 262_144
        /// The largest blob.
        public var blobSize: UInt64 = 200 << 30
        /// Tags of one push by digest.
        public var tagsPerPush = 100
        /// Items of a page without `n`.
        public var page = 1_000
        /// The most items of a page.
        public var pageMax = 1_000
        /// Bytes of a request's line and header fields.
        public var headersSize: UInt64 = 16 << 10
        /// Header fields.
        public var headers = 100
        /// Bytes of a query.
        public var querySize: UInt64 = 8 << 10
        /// Parameters of a query.
        public var queryParameters = 128
        /// Bytes of manifests that have come and are not answered.
        public var manifestBytes: UInt64 = 32 << 20
        /// Uploads that have begun and are not finished.
        public var uploadsOpen = 10_000
        /// Requests that are being answered.
        public var inFlight = 1_024
        /// Changes that wait to be decided.
        public var changesWaiting = 4_096
        /// How long a change may wait until it is durable.
        public var changeDeadline = Duration.seconds(30)
    }

    /// What bounds connections.
    public struct Connections: Hashable, Sendable {
        /// All of them.
        public var max = 16_384
        /// Those that wait for their next request.
        public var idleMax = 2_048
        /// How long a connection may wait for its next request.
        public var idleTimeout = Duration.seconds(75)
        /// From a connection's begin, or a later request's first byte, to the end of its header.
        public var headerDeadline = Duration.seconds(10)
        /// Bytes of a body in a second, averaged over the window.
        public var bodyRateMin: UInt64 = 1 << 10
        /// What the rate is averaged over.
        public var bodyRateWindow = Duration.seconds(10)
        /// Bytes of an answer that are taken in a second, averaged over its window.
        public var answerRateMin: UInt64 = 1 << 10
        /// What that rate is averaged over.
        public var answerRateWindow = Duration.seconds(60)
        /// Threads that serve connections; nil: one for each processor, two to eight.
        public var threads: Int?
        /// Threads that may wait for disks.
        public var workers = 64
    }
}
