// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Configuration
import HTTP
import HTTPServer
import OCI
import Registry
import RegistryAPI
import Scrub
import Sweep
import Telemetry

extension Settings {
    /// The store's options; each copy that is set aside is a line of the log.
    func disk(_ log: Telemetry.Log) -> DiskBlobStore.Options {
        var options = DiskBlobStore.Options()
        options.setAside = { copy in
            log.write(
                .error,
                "set a copy aside; see the runbook on content that is damaged or missing",
                [
                    ("digest", .text(copy.digest.description)),
                    ("generation", .number(Int64(clamping: copy.generation))),
                    ("flaw", .text(copy.flaw?.rawValue ?? "")),
                ]
            )
        }
        options.freeBytesFloor = storage.freeSpaceFloor
        options.stagingsMax = requests.uploadsOpen
        return options
    }

    /// The sweep's options.
    var sweepOptions: Sweep.Options {
        var options = Sweep.Options()
        options.copiesPerSecond = sweep.rate
        return options
    }

    /// Time between two looks at what is due to end: an hour at most.
    var expiryInterval: Duration { min(sweep.interval, .seconds(3600)) }

    /// The scrub's options.
    var scrubOptions: Scrub.Options {
        var options = Scrub.Options()
        options.period = scrub.period
        options.rateMax = scrub.rate
        return options
    }

    /// The registry's options.
    var registry: Registry.Options {
        var options = Registry.Options()
        options.blobSizeMax = requests.blobSize
        options.cacheBytes = Int(clamping: cache.blobs)
        options.cachedAnswersMax = cache.names
        options.cachedBlobMax = cache.blobSize
        options.changeDeadline = requests.changeDeadline
        options.uploadExpiry = storage.stagingAge
        options.registrar.waitingMax = requests.changesWaiting
        options.registrar.keepsReferrers = deletion.keepReferrers
        options.registrar.times.links = expiry.links.wholeMilliseconds
        options.registrar.times.promised = expiry.promised.wholeMilliseconds
        options.registrar.times.trash = expiry.trash.wholeMilliseconds
        return options
    }

    /// The API's options.
    var api: DistributionHandler.Options {
        var options = DistributionHandler.Options()
        options.pageDefault = requests.page
        options.pageMax = requests.pageMax
        options.manifestSizeMax = Int(clamping: requests.manifestSize)
        options.manifestBytesMax = Int(clamping: requests.manifestBytes)
        options.tagsMax = requests.tagsPerPush
        options.publicURL = publicURL
        options.manifestLimits = manifestLimits
        options.queryLimits.lengthMax = Int(clamping: requests.querySize)
        options.queryLimits.parametersMax = requests.queryParameters
        return options
    }

    private var manifestLimits: Manifest.Limits {
        var limits = Manifest.Limits()
        limits.referencesMax = requests.manifestReferences
        limits.depthMax = requests.manifestDepth
        limits.valuesMax = requests.manifestValues
        return limits
    }

    /// The options of a listener.
    func server(_ address: Server.Address) -> Server.Options {
        var options = Server.Options(address: address)
        options.threads = connections.threads ?? 0
        options.connectionsMax = connections.max
        options.idleConnectionsMax = connections.idleMax
        options.requestsMax = requests.inFlight
        options.headerBytesMax = Int(clamping: requests.headersSize)
        options.headerFieldsMax = requests.headers
        options.headerDeadline = connections.headerDeadline
        options.bodyRateMin = Int(clamping: connections.bodyRateMin)
        options.bodyRateWindow = connections.bodyRateWindow
        options.answerRateMin = Int(clamping: connections.answerRateMin)
        options.answerRateWindow = connections.answerRateWindow
        options.idleTimeout = connections.idleTimeout
        options.proxies = trustedProxies
        return options
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: UInt64 { UInt64(max(0, self / .milliseconds(1))) }
}
