// SPDX-License-Identifier: Apache-2.0

import OCI

extension FaultDriver {
    /// The most copies that are damaged at the beginning of one life.
    private static let copiesMax = 3

    /// Flips one bit in each of a few copies.
    func flipBits(_ generator: inout SeededGenerator) {
        for (path, digest, size) in copies(&generator) {
            let (offset, bit) = (generator.below(size), generator.below(8))
            DiskView(disk, .current).damage(path, at: offset, xor: 1 << bit)
            rot.damaged(digest, at: path)
            findings.count("fault \(FaultKind.bitFlips.rawValue)")
            trace.note("bit \(bit) of byte \(offset) of \(path) flips")
        }
        rotNotes(&generator)
    }

    /// Makes one sector of each of a few copies unreadable.
    func loseSectors(_ generator: inout SeededGenerator) {
        for (path, digest, size) in copies(&generator) {
            let offset = generator.below(size)
            DiskView(disk, .current).loseSector(path, at: offset)
            rot.damaged(digest, at: path)
            trace.note("the sector with byte \(offset) of \(path) cannot be read any more")
        }
        rotNotes(&generator)
    }

    /// What the product notes beside names and content, and finds again where it is lost.
    private static let notes = ["sweep", "scrub", "staging-ages"]

    /// Damages one of the notes, in half of the cases: no promise rests on them.
    private func rotNotes(_ generator: inout SeededGenerator) {
        let path = "\(SimulatedNode.directory)/\(generator.pick(FaultDriver.notes))"
        guard generator.chance(1, in: 2),
            let size = DiskView(disk, .current).bytes(at: path)?.count, size > 0
        else { return }
        damage(path, at: generator.below(size), &generator)
        findings.count("damaged note")
    }

    /// Flips a bit of a byte, or makes the sector around it unreadable.
    func damage(_ path: String, at offset: Int, _ generator: inout SeededGenerator) {
        let bit = generator.below(8)
        if generator.chance(1, in: 3) {
            DiskView(disk, .current).loseSector(path, at: offset)
            trace.note("the sector with byte \(offset) of \(path) cannot be read any more")
        } else {
            DiskView(disk, .current).damage(path, at: offset, xor: 1 << bit)
            trace.note("bit \(bit) of byte \(offset) of \(path) flips")
        }
    }

    private func copies(
        _ generator: inout SeededGenerator
    ) -> [(path: String, digest: Digest, size: Int)] {
        let view = DiskView(disk, .durable)
        var found: [(path: String, digest: Digest, size: Int)] = []
        for path in view.paths() where path.hasPrefix("\(SimulatedNode.directory)/blobs/") {
            let name = path.split(separator: "/").last.map(String.init)
            guard let digest = digests.first(where: { $0.hex == name }),
                let size = view.bytes(at: path)?.count, size > 0,
                let node = view.node(at: path), node == DiskView(disk, .current).node(at: path)
            else { continue }
            found.append((path, digest, size))
        }
        guard !found.isEmpty else { return [] }
        return (0..<generator.within(1...FaultDriver.copiesMax)).map { _ in generator.pick(found) }
    }
}
