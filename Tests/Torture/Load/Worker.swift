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

    let history: History
    let registry: Registry
    var chance: Chance

    /// Works until the whistle.
    mutating func work(until whistle: Whistle) async -> End {
        while !whistle.isBlown {
            for step in plan() {
                if let end = await take(step) { return end }
                if whistle.isBlown { break }
            }
        }
        return .told
    }

    /// The requests of one piece of work, in order.
    private mutating func plan() -> [RepositoryState.Change] {
        let state = history.current
        switch chance.below(100) {
        case ..<45: return image(subject: nil)
        case ..<55: return image(subject: chance.pick(state.manifests.sorted()))
        case ..<62: return index(of: state)
        case ..<72: return chance.pick(state.manifests.sorted()).map { [put($0)] } ?? []
        case ..<84: return chance.pick(state.tags.keys.sorted()).map { [.deleteTag($0)] } ?? []
        case ..<93:
            let free = state.unnamed(state.manifests, history.everything.names)
            return chance.pick(free).map { [.deleteManifest($0)] } ?? []
        default:
            let free = state.unnamed(state.blobs, history.everything.names)
            return chance.pick(free).map { [.deleteBlob($0)] } ?? []
        }
    }

    /// Two blobs and the manifest that names them.
    private mutating func image(subject: Digest?) -> [RepositoryState.Change] {
        // Mostly small, now and then several flushes long.
        let size = chance.below(40) == 0 ? 5 << 20 : 16 << chance.below(13)
        let layer = chance.bytes(size + chance.below(size))
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
        // An artifact with a subject often has no tag.
        let isTagged = subject == nil || chance.below(3) == 0
        return [
            .pushBlob(layer, layerDigest), .pushBlob(config, configDigest),
            .putManifest(digest, tag: isTagged ? tag() : nil),
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
        return [.putManifest(digest, tag: tag())]
    }

    private mutating func put(_ digest: Digest) -> RepositoryState.Change {
        .putManifest(digest, tag: tag())
    }

    private mutating func tag() -> String { "t\(chance.below(Worker.tagsMax))" }

    /// Sends one change, between the ledger's two notes.
    private mutating func take(_ change: RepositoryState.Change) async -> End? {
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
        return nil
    }

    /// Sends it; returns the answer and the status that acknowledges.
    private mutating func send(
        _ change: RepositoryState.Change
    ) async throws(TransportError) -> (ReceivedResponse, Int) {
        let repository = "/v2/\(history.repository)"
        switch change {
        case .pushBlob(let bytes, let digest):
            let chunks = bytes.count > 1000 ? chance.below(4) : chance.below(2)
            let name = history.repository
            return (try await registry.push(bytes, digest, to: name, chunks: chunks), 201)
        case .putManifest(let digest, let tag):
            let names = history.everything.names[digest]
            let path = "\(repository)/manifests/\(tag ?? digest.description)"
            let type = names?.mediaType
            return (try await registry.send("PUT", path, type: type, body: names?.bytes ?? []), 201)
        case .deleteTag(let tag):
            return (try await registry.send("DELETE", "\(repository)/manifests/\(tag)"), 202)
        case .deleteManifest(let digest):
            return (try await registry.send("DELETE", "\(repository)/manifests/\(digest)"), 202)
        case .deleteBlob(let digest):
            return (try await registry.send("DELETE", "\(repository)/blobs/\(digest)"), 202)
        }
    }
}

extension RepositoryState.Change {
    /// The change without its bytes.
    var name: String {
        switch self {
        case .pushBlob(_, let digest): "push blob \(digest)"
        case .putManifest(let digest, let tag): "put manifest \(digest) as \(tag ?? "itself")"
        case .deleteTag(let tag): "delete tag \(tag)"
        case .deleteManifest(let digest): "delete manifest \(digest)"
        case .deleteBlob(let digest): "delete blob \(digest)"
        }
    }
}
