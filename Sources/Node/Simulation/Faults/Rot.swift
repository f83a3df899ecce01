// SPDX-License-Identifier: Apache-2.0

import OCI
import Synchronization

/// Which copies a fault has damaged at rest: what a checker may not expect of them, and what it still may.
///
/// A registry need not give what the disk has lost (I2 excepts what is reported as quarantined or
/// missing), but it must never give other bytes of a manifest or a small blob, and none at all of
/// a copy that it knows to be bad (I3).
public final class Rot: Sendable {
    private struct Copy: Hashable {
        var path: String
        var node: Int
    }

    private struct State {
        /// Where the damaged copies of a digest lie, and as which file.
        var damaged: [Digest: [Copy]] = [:]
        /// Found whole once since: who asked before that may still be answered.
        var healing: Set<Digest> = []
        /// Damaged copies of digests that have a whole one now, which may lie there yet.
        var outlived: Set<Copy> = []
        var wasCatalogDamaged = false
        var catalogDamages = 0
    }

    private let state = Mutex(State())
    private let disk: SimulatedDisk

    /// Makes the memory of a disk that nothing has damaged.
    public init(disk: SimulatedDisk) {
        self.disk = disk
    }

    /// Notes that the copy of a digest at `path` was damaged.
    func damaged(_ digest: Digest, at path: String) {
        guard let node = DiskView(disk, .current).node(at: path) else { return }
        state.withLock { state in
            state.damaged[digest, default: []].append(Copy(path: path, node: node))
            state.healing.remove(digest)
        }
    }

    /// Notes that the copy of a digest was found whole at a start, as when its bytes came again.
    func isWhole(_ digest: Digest) {
        state.withLock { state in
            guard state.damaged[digest] != nil, !state.healing.insert(digest).inserted else {
                return
            }
            state.outlived.formUnion(state.damaged.removeValue(forKey: digest) ?? [])
            state.healing.remove(digest)
        }
    }

    /// Excuses nothing more: from now on each digest has to be there, and whole.
    func forget() {
        state.withLock { state in
            var next = State()
            next.outlived = state.outlived.union(state.damaged.values.joined())
            state = next
        }
    }

    /// How many damaged copies lie where they were damaged.
    var lying: Int {
        let view = DiskView(disk, .current)
        let copies = state.withLock { $0.outlived.union($0.damaged.values.joined()) }
        return copies.count { view.node(at: $0.path) == $0.node }
    }

    /// Whether what is here of a digest may be damaged or gone.
    func isSuspect(_ digest: Digest) -> Bool {
        state.withLock { $0.damaged[digest] != nil }
    }

    /// Every digest that may be damaged, in order.
    var suspects: [Digest] { state.withLock { $0.damaged.keys.sorted() } }

    /// Digests of which a damaged copy is not where it lay: set aside, or freed.
    var gone: Set<Digest> {
        let view = DiskView(disk, .current)
        let damaged = state.withLock { $0.damaged }
        return Set(
            damaged.filter { $0.value.contains { view.node(at: $0.path) != $0.node } }.keys
        )
    }

    /// Whether the registry has found out that its copy is bad, and set it aside.
    func isKnown(_ digest: Digest) -> Bool {
        guard let copies = state.withLock({ $0.damaged[digest] }) else { return false }
        let view = DiskView(disk, .current)
        return copies.allSatisfy { view.node(at: $0.path) != $0.node }
    }

    /// Whether the registry has set aside the damaged copy of a digest that lay at `path`.
    func isKnown(_ digest: Digest, at path: String) -> Bool {
        let copies = state.withLock { $0.damaged[digest] ?? [] }.filter { $0.path == path }
        guard !copies.isEmpty else { return false }
        let view = DiskView(disk, .current)
        return copies.allSatisfy { view.node(at: path) != $0.node }
    }

    /// Notes that the catalog's file was damaged.
    func damagedCatalog() {
        state.withLock { state in
            state.wasCatalogDamaged = true
            state.catalogDamages += 1
        }
    }

    /// Notes that an operator has mended the catalog, or put a whole one in its place.
    func mendedCatalog() {
        state.withLock { $0.wasCatalogDamaged = false }
    }

    /// Whether the catalog's file was damaged in this life, or before it was opened.
    var wasCatalogDamaged: Bool { state.withLock { $0.wasCatalogDamaged } }

    /// How many reads have failed of what is whole.
    var failedReads: Int { disk.strikes[.failedRead, default: 0] }

    /// How often the catalog's file was damaged.
    var catalogDamages: Int { state.withLock { $0.catalogDamages } }

    /// Whether the catalog's file is damaged now: neither mended by its user nor written since.
    var isCatalogDamaged: Bool {
        wasCatalogDamaged
            && DiskView(disk, .current).isDamaged(under: "\(SimulatedNode.directory)/catalog")
    }
}
