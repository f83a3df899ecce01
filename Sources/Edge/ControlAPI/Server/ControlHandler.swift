// SPDX-License-Identifier: Apache-2.0

import Catalog
public import HTTP
import Journal
import OCI
import Platform
public import Registry
public import Retention
public import Scrub
public import Sweep

/// The answering end of the management interface: decodes, calls, encodes.
///
/// It listens on the data directory's socket alone, which only its owner may open; so whoever reaches
/// it may do everything.
public struct ControlHandler: Handler {
    /// What only the node knows.
    public struct NodeFacts: Sendable {
        /// The binary's version.
        public var version: String
        /// Time since the server was ready.
        public var uptime: Duration
        /// What people call this node and what it belongs to.
        public var names: Wire.Names
        /// Bytes free for content; nil when the disk does not say.
        public var freeBytes: UInt64?
        /// Uploads open.
        public var uploadsOpen: Int
        /// Pages whose check failed since the start.
        public var pageCheckFailures: UInt64
        /// Time between two rounds of the sweep, each of which raises the epoch.
        public var sweepInterval: Duration
        /// Time between two looks at what is due to end.
        public var expiryInterval: Duration

        /// Makes the facts.
        public init(
            version: String,
            uptime: Duration,
            names: Wire.Names,
            freeBytes: UInt64?,
            uploadsOpen: Int,
            pageCheckFailures: UInt64,
            sweepInterval: Duration,
            expiryInterval: Duration
        ) {
            self.version = version
            self.uptime = uptime
            self.names = names
            self.freeBytes = freeBytes
            self.uploadsOpen = uploadsOpen
            self.pageCheckFailures = pageCheckFailures
            self.sweepInterval = sweepInterval
            self.expiryInterval = expiryInterval
        }
    }

    let registry: Registry
    let sweep: Sweep
    let retention: Retention
    let scrub: Scrub
    let facts: @Sendable () -> NodeFacts
    let work: LongWork

    /// Makes a handler.
    public init(
        registry: Registry,
        sweep: Sweep,
        retention: Retention,
        scrub: Scrub,
        facts: @escaping @Sendable () -> NodeFacts
    ) {
        self.registry = registry
        self.sweep = sweep
        self.retention = retention
        self.scrub = scrub
        self.facts = facts
        work = LongWork()
    }

    /// Answers a request of `ControlClient`.
    public func answer(_ head: RequestHead, body: any RequestBody) async -> Response {
        do {
            guard head.path.hasPrefix(Wire.prefix) else { throw ControlHandler.unknown(head) }
            let path = String(head.path.dropFirst(Wire.prefix.count))
            return try await respond(head.method, path, try Query(head.query), body)
        } catch let problem as Wire.Problem {
            return ControlHandler.problem(problem)
        } catch let error as QueryError {
            return ControlHandler.problem(Wire.Problem(message: error.sentence, isRefusal: true))
        } catch let error as RegistryError {
            return ControlHandler.problem(Wire.Problem(error))
        } catch {
            preconditionFailure("the routes throw nothing else: \(error)")
        }
    }

    private func respond(
        _ method: String,
        _ path: String,
        _ query: Query,
        _ body: any RequestBody
    ) async throws -> Response {
        switch (method, path) {
        case ("GET", "status"): return json(try status())
        case ("GET", "repositories"): return json(try repositories(query))
        case ("DELETE", "repositories"): return json(try await deleteRepository(query))
        case ("GET", "journal"): return json(try journal(query))
        case ("POST", "tags"): return json(try await addTag(query))
        case ("DELETE", "tags"): return json(try await removeTag(query))
        case ("GET", "tags/history"): return json(try history(query))
        case ("POST", "images"): return json(try await copyImage(query))
        case ("DELETE", "images"): return json(try await deleteImage(query))
        case ("GET", "usage"): return json(try await usage(query))
        case ("GET", "sweep"): return json(try sweepStatus())
        case ("GET", "sweep/plan"): return json(try await planSweep(query))
        case ("POST", "sweep/run"): return json(try await runSweep())
        case ("POST", "sweep/pause"): return json(try await pauseSweep(true))
        case ("POST", "sweep/resume"): return json(try await pauseSweep(false))
        case ("GET", "retention"): return json(try retentionPolicies())
        case ("PUT", "retention"): return json(try await setRetention(query, body))
        case ("POST", "retention/plan"): return json(try await planRetention(query, body))
        case ("POST", "retention/run"): return json(try await runRetention(query))
        case ("GET", "trash"): return json(try trash(query))
        case ("GET", "trash/manifests"): return json(try trashedManifests(query))
        case ("GET", "trash/tags"): return json(try trashedTags(query))
        case ("POST", "trash/restore"): return json(try await restore(query))
        case ("POST", "trash/purge"): return json(try await purge(query))
        case ("POST", "repositories/restore"): return json(try await restoreRepository(query))
        case ("GET", "clock"): return json(try clock())
        case ("POST", "clock/accept"): return json(try await acceptClock())
        case ("POST", "catalog/rebuild"): return json(try await rebuild())
        case ("GET", "scrub"): return json(scrubStatus())
        case ("POST", "scrub/run"): return json(try await runScrub())
        case ("GET", "quarantine"): return json(try await quarantine(query))
        case ("DELETE", "quarantine"): return json(try await purgeQuarantine(query))
        case ("POST", "content/verify"): return json(try await verify(query))
        default: throw Wire.Problem(message: "no such request: \(method) \(path)", isRefusal: true)
        }
    }

    func required(_ query: Query, _ name: String) throws -> String {
        guard let value = try query.value(name) else {
            throw Wire.Problem(message: "the parameter '\(name)' is missing", isRefusal: true)
        }
        return value
    }

    func repository(_ text: String) throws -> RepositoryName {
        guard let name = RepositoryName(text) else {
            throw Wire.Problem(message: "'\(text)' is not a repository name", isRefusal: true)
        }
        return name
    }

    func reference(_ text: String) throws -> Reference {
        guard let reference = Reference(text) else {
            throw Wire.Problem(message: "'\(text)' is neither a tag nor a digest", isRefusal: true)
        }
        return reference
    }

    func tag(_ text: String) throws -> Tag {
        guard let tag = Tag(text) else {
            throw Wire.Problem(message: "'\(text)' is not a tag", isRefusal: true)
        }
        return tag
    }

    private func json(_ value: some Encodable) -> Response {
        Response(
            status: 200,
            headers: Headers([("Content-Type", "application/json")]),
            body: .bytes(Wire.json(value))
        )
    }

    private static func problem(_ problem: Wire.Problem) -> Response {
        Response(
            status: problem.isRefusal ? 409 : 500,
            headers: Headers([("Content-Type", "application/json")]),
            body: .bytes(Wire.json(problem))
        )
    }

    private static func unknown(_ head: RequestHead) -> Wire.Problem {
        Wire.Problem(message: "no such request: \(head.method) \(head.path)", isRefusal: true)
    }
}

extension Wire.Problem {
    /// What the operator reads when the registry did not do what was asked.
    init(_ error: RegistryError) {
        switch error {
        case .refused(let refusal): self.init(message: refusal.sentence, isRefusal: true)
        case .notReady(let reason):
            self.init(message: "no changes are taken now: \(reason)", isRefusal: false)
        case .catalog(let error): self.init(message: "\(error)", isRefusal: false)
        default: self.init(message: "\(error)", isRefusal: false)
        }
    }
}

extension Refusal {
    /// The refusal as a sentence for an operator.
    var sentence: String {
        switch self {
        case .manifestUnknown(let reference): "there is no manifest '\(reference)'"
        case .blobUnknown(let digest): "there is no blob \(digest)"
        case .nameUnknown(let name): "there is no repository '\(name)'"
        case .referencesUnknown(let digests):
            "missing: " + digests.map(\.description).joined(separator: ", ")
        case .conditionFailed(let current):
            "the tag is \(current?.description ?? "not there")"
        case .stillNamed(let digest, let namer):
            "\(digest) is named by the manifest \(namer); delete that first"
        case .receiptTooOld(let digest): "\(digest) was stored too long ago; push it again"
        case .pastDeadline: "the change waited longer than its deadline; try again"
        case .tooLarge(let sentence): sentence
        case .changedSince(let digest): "\(digest) was changed meanwhile"
        case .policyChanged: "the retention policy was changed meanwhile"
        case .notInTrash(let name): "there is no '\(name)' in the trash"
        case .tagTaken(let tag, let current):
            "the tag '\(tag)' is \(current?.description ?? "not what it was a moment ago"); --force "
                + "overwrites it, and the trash keeps what it was"
        case .contentGone(let digests):
            "nothing is left of " + digests.map(\.description).joined(separator: ", ")
        case .promised(let time):
            "clients may have been told that its content exists, and count on it until "
                + "\(Moment(milliseconds: time)); purge it without --now, or wait"
        }
    }
}
