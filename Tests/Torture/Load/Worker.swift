// SPDX-License-Identifier: Apache-2.0

import Crypto
import HTTP
import OCI

/// One client: pushes, tags and deletes in a repository of its own until it is told to stop or the
/// server is gone.
struct Worker: Sendable {
    /// Why a worker came to its end.
    enum End: Sendable {
        /// It was told to.
        case told
        /// The server did not answer: what was asked for last may have happened or not.
        case unanswered
        /// The server answered what it never should.
        case wrong(String)
    }

    /// So few tags that most of them are moved and deleted often.
    private static let tagsMax = 12
    /// So much content that several clients push.
    private static let sharedMax = 40

    let history: History
    let registry: Registry
    var chance: Chance

    /// Works until the whistle.
    mutating func work(until whistle: Whistle) async -> End {
        // What the server before left unfinished comes first.
        if let upload = history.upload, let end = await take(.resume(upload)) { return end }
        while !whistle.isBlown {
            if chance.below(25) == 0, let end = await leaveUpload() { return end }
            for step in plan() {
                if let end = await take(step) { return end }
                if whistle.isBlown { break }
            }
        }
        return .told
    }

    /// An image, as `work` makes them; to see that a server takes writes at all.
    mutating func workOnce() async -> End {
        for step in image(subject: nil, tags: tags()) {
            if let end = await take(step) { return end }
        }
        return .told
    }

    /// The requests of one piece of work, in order.
    private mutating func plan() -> [RepositoryState.Change] {
        guard history.retainedNamespace == nil else { return planRetained() }
        let state = history.current
        switch chance.below(100) {
        case ..<42: return image(subject: nil, tags: tags())
        case ..<52:
            let subject = chance.pick(state.manifests.sorted())
            // An artifact with a subject often has no tag.
            let isTagged = subject == nil || chance.below(3) == 0
            return image(subject: subject, tags: isTagged ? tags() : [])
        case ..<58: return index(of: state)
        case ..<68:
            return chance.pick(state.manifests.sorted()).map { [.putManifest($0, tags: tags())] }
                ?? []
        case ..<72: return history.upload.map { [.resume($0)] } ?? []
        case ..<80: return chance.pick(state.tags.keys.sorted()).map { [.deleteTag($0)] } ?? []
        case ..<85:
            return chance.pick(state.restorable(history.everything.names)).map { [.restore($0)] }
                ?? []
        case ..<86: return chance.pick(state.trash.keys.sorted()).map { [.purge($0)] } ?? []
        case ..<93:
            let free = state.unnamed(state.manifests, history.everything.names)
            return chance.pick(free).map { [.deleteManifest($0)] } ?? []
        default:
            let free = state.unnamed(state.blobs, history.everything.names)
            return chance.pick(free).map { [.deleteBlob($0)] } ?? []
        }
    }

    /// Two blobs and the manifest that names them.
    mutating func image(subject: Digest?, tags: [String]) -> [RepositoryState.Change] {
        let layer = content()
        let config = Array("{\"made\":\(chance.next())}".utf8)
        let (layerDigest, configDigest) = (Digest.of(layer), Digest.of(config))
        let manifest = Documents.image(
            config: (configDigest, config.count),
            layer: (layerDigest, layer.count),
            subject: subject.flatMap { subject in
                history.everything.names[subject].map { (subject, $0) }
            }
        )
        let names = RepositoryState.Names(
            bytes: manifest,
            mediaType: Documents.imageType,
            references: [configDigest, layerDigest],
            subject: subject
        )
        let digest = Digest.of(manifest)
        history.note(digest, names)
        return [
            .pushBlob(layer, layerDigest), .pushBlob(config, configDigest),
            .putManifest(digest, tags: tags),
        ]
    }

    /// An index of two manifests that are there.
    private mutating func index(of state: RepositoryState) -> [RepositoryState.Change] {
        let names = history.everything.names
        let images = state.manifests.sorted().filter { names[$0]?.mediaType == Documents.imageType }
        guard let first = chance.pick(images), let second = chance.pick(images),
            let one = names[first], let two = names[second]
        else { return [] }
        let manifest = Documents.index(of: [(first, one), (second, two)])
        let digest = Digest.of(manifest)
        history.note(
            digest,
            RepositoryState.Names(
                bytes: manifest,
                mediaType: Documents.indexType,
                references: [first, second],
                subject: nil
            )
        )
        return [.putManifest(digest, tags: tags())]
    }

    /// Content of a blob: mostly small, now and then several flushes long, and now and then what
    /// other clients push too, maybe at this moment.
    mutating func content() -> [UInt8] {
        if chance.below(5) == 0 {
            let number = chance.below(Worker.sharedMax)
            var shared = Chance(seed: UInt64(number))
            return shared.bytes(1024 << (number % 10))
        }
        let size = chance.below(80) == 0 ? 5 << 20 : 16 << chance.below(13)
        return chance.bytes(size + chance.below(size))
    }

    /// One tag, or now and then several at once.
    private mutating func tags() -> [String] {
        let count = chance.below(4) == 0 ? chance.within(2...4) : 1
        return Set((0..<count).map { _ in "t\(chance.below(Worker.tagsMax))" }).sorted()
    }

    private mutating func way(_ bytes: [UInt8]) -> Registry.Way {
        switch chance.below(5) {
        case 0: .single
        case 1: .mount
        default: .session(chunks: bytes.count > 1000 ? chance.below(4) : 0)
        }
    }

    /// Sends one change, between the ledger's two notes.
    mutating func take(_ change: RepositoryState.Change) async -> End? {
        history.willSend(change)
        do throws(TransportError) {
            let (answer, right) = try await send(change)
            guard answer.status == right else {
                let body = String(decoding: answer.body.prefix(500), as: UTF8.self)
                return .wrong("\(history.repository): \(change.name): \(answer.status) \(body)")
            }
        } catch {
            return .unanswered
        }
        history.acknowledge()
        if case .resume(let upload) = change { history.drop(upload) }
        return nil
    }

    /// Sends it; returns the answer and the status that acknowledges.
    private mutating func send(
        _ change: RepositoryState.Change
    ) async throws(TransportError) -> (ReceivedResponse, Int) {
        let repository = "/v2/\(history.repository)"
        switch change {
        case .pushBlob(let bytes, let digest):
            let way = way(bytes)
            return (try await registry.push(bytes, digest, to: history.repository, way), 201)
        case .resume(let upload): return (try await resume(upload), 201)
        case .putManifest(let digest, let tags):
            let names = history.everything.names[digest]
            // By tag, or by digest with the tags beside it.
            let isByTag = tags.count == 1 && chance.below(4) != 0
            let path = "\(repository)/manifests/\(isByTag ? tags[0] : digest.description)"
            let query = isByTag ? [] : tags.map { "tag=\($0)" }
            let answer = try await registry.send(
                "PUT",
                path,
                query: query.isEmpty ? nil : query.joined(separator: "&"),
                type: names?.mediaType,
                body: names?.bytes ?? []
            )
            return (answer, 201)
        case .deleteTag(let tag):
            return (try await registry.send("DELETE", "\(repository)/manifests/\(tag)"), 202)
        case .deleteManifest(let digest):
            return (try await registry.send("DELETE", "\(repository)/manifests/\(digest)"), 202)
        case .deleteBlob(let digest):
            return (try await registry.send("DELETE", "\(repository)/blobs/\(digest)"), 202)
        case .restore(let digest):
            return (try await registry.trash("restore", digest, in: history.repository), 200)
        case .purge(let digest):
            return (try await registry.trash("purge", digest, in: history.repository), 200)
        case .pull(let digest):
            return (try await registry.send("GET", "\(repository)/manifests/\(digest)"), 200)
        case .setPolicy(let kept):
            let namespace = history.retainedNamespace ?? ""
            return (try await registry.setPolicy(keeping: kept, in: namespace), 200)
        case .retain: return (try await runRetention(), 200)
        }
    }
}
