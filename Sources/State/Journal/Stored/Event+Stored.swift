// SPDX-License-Identifier: Apache-2.0

import OCI
import Platform

extension Event {
    /// Writes what stands after the kind and the length.
    func write(to writer: inout ByteWriter) {
        switch self {
        case .blobLinked(let repository, let digest, let size, let generation, let expires):
            writer.repository(repository)
            writer.digest(digest)
            writer.number(size)
            writer.number(generation.number)
            if expires > 0 { writer.number(expires) }
        case .blobUnlinked(let repository, let digest),
            .manifestDeleted(let repository, let digest),
            .manifestPurged(let repository, let digest):
            writer.repository(repository)
            writer.digest(digest)
        case .manifestPut(let repository, let facts):
            writer.repository(repository)
            facts.write(to: &writer)
        case .manifestTrashed(let repository, let digest, let until, let linksUntil):
            writer.repository(repository)
            writer.digest(digest)
            writer.number(until)
            writer.number(linksUntil)
        case .manifestPulled(let repository, let digest, let day):
            writer.repository(repository)
            writer.digest(digest)
            writer.number(day)
        case .tagPut(let repository, let tag, let digest):
            writer.repository(repository)
            writer.text(tag.description)
            writer.digest(digest)
        case .tagDeleted(let repository, let tag):
            writer.repository(repository)
            writer.text(tag.description)
        case .sweepEpochRaised(let epoch): writer.number(epoch)
        case .expiryReached(let time): writer.number(time)
        case .reasonGiven(let words): writer.text(words)
        case .regionHandover(let successor), .estateHandover(let successor):
            writer.text(successor)
        case .regionLevelRaised(let level), .estateLevelRaised(let level): writer.number(level)
        case .namespaceCreated(let id, let name):
            writer.id(id)
            writer.text(name)
        case .retentionPolicySet(let namespace, let policy):
            writer.id(namespace)
            writer.text(policy)
        }
    }

    /// Reads what `write` wrote.
    static func read(
        _ kind: EventKind,
        from reader: inout ByteReader
    ) throws(EntryError) -> Event {
        switch kind {
        case .blobLinked:
            .blobLinked(
                try reader.repository(),
                try reader.digest(),
                size: try reader.number(),
                Generation(try reader.number())
            )
        case .blobLinkedUntil: try blobLinkedUntil(&reader)
        case .blobUnlinked: .blobUnlinked(try reader.repository(), try reader.digest())
        case .manifestPut:
            .manifestPut(try reader.repository(), try ManifestFacts.read(from: &reader))
        case .manifestDeleted: .manifestDeleted(try reader.repository(), try reader.digest())
        case .manifestTrashed:
            .manifestTrashed(
                try reader.repository(),
                try reader.digest(),
                until: try reader.number(),
                linksUntil: try reader.number()
            )
        case .manifestPurged: .manifestPurged(try reader.repository(), try reader.digest())
        case .manifestPulled:
            .manifestPulled(
                try reader.repository(),
                try reader.digest(),
                day: try reader.number()
            )
        case .tagPut: .tagPut(try reader.repository(), try reader.tag(), try reader.digest())
        case .tagDeleted: .tagDeleted(try reader.repository(), try reader.tag())
        case .sweepEpochRaised: .sweepEpochRaised(try reader.number())
        case .expiryReached: .expiryReached(try reader.number())
        case .reasonGiven: .reasonGiven(try reader.text())
        case .regionHandover: .regionHandover(try reader.text())
        case .regionLevelRaised: .regionLevelRaised(try reader.number())
        case .namespaceCreated: .namespaceCreated(try reader.id(), name: try reader.namespaceName())
        case .retentionPolicySet:
            .retentionPolicySet(try reader.id(), policy: try reader.text())
        case .estateHandover: .estateHandover(try reader.text())
        case .estateLevelRaised: .estateLevelRaised(try reader.number())
        }
    }

    /// Only with a time: without one the kind is another, and an event has one form.
    private static func blobLinkedUntil(
        _ reader: inout ByteReader
    ) throws(EntryError) -> Event {
        let event = Event.blobLinked(
            try reader.repository(),
            try reader.digest(),
            size: try reader.number(),
            Generation(try reader.number()),
            expires: try reader.number()
        )
        guard event.kind == .blobLinkedUntil else { throw .malformed("a link ends at no time") }
        return event
    }
}

extension ManifestFacts {
    func write(to writer: inout ByteWriter) {
        writer.digest(digest)
        writer.number(size)
        writer.number(generation.number)
        writer.text(mediaType)
        writer.number(UInt8(artifactType == nil ? 0 : 1))
        if let artifactType { writer.text(artifactType) }
        writer.number(UInt8(subject == nil ? 0 : 1))
        if let subject { writer.digest(subject) }
        writer.number(UInt32(references.count))
        for reference in references {
            writer.number(reference.role.rawValue)
            writer.digest(reference.digest)
        }
    }

    static func read(from reader: inout ByteReader) throws(EntryError) -> ManifestFacts {
        var facts = ManifestFacts(
            digest: try reader.digest(),
            size: try reader.number(),
            generation: Generation(try reader.number()),
            mediaType: try reader.text(),
            artifactType: try reader.optional { reader throws(EntryError) in try reader.text() },
            subject: try reader.optional { reader throws(EntryError) in try reader.digest() },
            references: []
        )
        let count = try reader.number(UInt32.self)
        var seen: Set<ManifestReference> = []
        for _ in 0..<count {
            guard let role = ReferenceRole(rawValue: try reader.number()) else {
                throw .malformed("a reference has no known role")
            }
            let reference = ManifestReference(role: role, digest: try reader.digest())
            guard seen.insert(reference).inserted else {
                throw .malformed("a manifest names something twice")
            }
            facts.references.append(reference)
        }
        return facts
    }
}

extension ManifestFacts {
    /// The facts as they stand in an entry.
    public var stored: [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Reads what `stored` wrote; nil for anything else.
    public init?(stored: [UInt8]) {
        var reader = ByteReader(stored[...])
        guard let facts = try? ManifestFacts.read(from: &reader), reader.isAtEnd else { return nil }
        self = facts
    }
}
