// SPDX-License-Identifier: Apache-2.0

import Platform

/// A disk's state, touched by one call at a time.
struct DiskState {
    var names = NameTable()
    var files: [Int: FileNode] = [:]
    var faults: DiskFaults
    var generator: SeededGenerator
    /// Rises with every mount, so that handles of an earlier life are known.
    var life = 0
    var isDown = true
    /// Bytes of all files that have a name.
    private(set) var usedBytes = 0
    var operationCounts: [Int]
    /// How often planned crashes came, by what was counted up to them.
    var crashes: [String: Int] = [:]
    /// How often each kind of fault struck.
    var strikes: [FaultKind: Int] = [:]
    private var nextNode = NameTable.root + 1
    private var order: UInt64 = 0

    init(faults: DiskFaults, generator: SeededGenerator) {
        self.faults = faults
        self.generator = generator
        operationCounts = [Int](repeating: 0, count: DiskOperation.allCases.count)
    }

    mutating func nextOrder() -> UInt64 {
        order += 1
        return order
    }

    mutating func newNode() -> Int {
        defer { nextNode += 1 }
        return nextNode
    }

    /// Lets a call begin: counts it, and throws what was planned for it.
    ///
    /// When the machine stops at a change, the change may still have reached the kernel, or the platter
    /// where it is a sync: `change` runs then in half of the cases, and the caller learns nothing either way.
    mutating func begin(
        _ operation: DiskOperation,
        life caller: Int,
        _ name: String = "",
        change: (inout DiskState) throws(FileError) -> Void = { _ in }
    ) throws(FileError) {
        guard caller == life, !isDown else { throw DiskState.dead(operation, name) }
        operationCounts[Int(operation.rawValue)] += 1
        if operation.isChange || faults.crashCountsReads, let left = faults.crashAfter {
            guard left > 0 else {
                faults.crashAfter = nil
                crashes[faults.crashCountsReads ? "calls" : "changes", default: 0] += 1
                let mayHappen = operation.isChange && !faults.crashComesBefore
                if mayHappen, generator.chance(1, in: 2) { try change(&self) }
                isDown = true
                throw DiskState.dead(operation, name)
            }
            faults.crashAfter = left - 1
        }
        if operation.isChange, faults.isReadOnly {
            strikes[.readOnlyDisk, default: 0] += 1
            throw DiskState.error(.readOnly, operation, name)
        }
        if let kind = faults.failure(of: operation) {
            if let fault = operation.fault { strikes[fault, default: 0] += 1 }
            throw DiskState.error(kind, operation, name)
        }
    }

    /// Counts the bytes a file is about to gain against the disk's size.
    mutating func grow(_ file: FileNode, to length: Int, _ name: String) throws(FileError) {
        guard file.isLinked, length > file.bytes.count else { return }
        guard UInt64(usedBytes + length - file.bytes.count) <= faults.capacity else {
            strikes[.fullDisk, default: 0] += 1
            throw DiskState.error(.noSpace, .write, name)
        }
        usedBytes += length - file.bytes.count
    }

    mutating func shrink(_ file: FileNode, to length: Int) {
        if file.isLinked, length < file.bytes.count { usedBytes -= file.bytes.count - length }
    }

    /// Takes one of its names from a file; its bytes go with the last.
    mutating func unlink(_ node: Int) {
        guard let file = files[node], file.isLinked else { return }
        file.links -= 1
        if !file.isLinked { usedBytes -= file.bytes.count }
    }

    /// Turns the disk into what a crash left of it.
    mutating func settle(_ fate: CrashFate) {
        guard fate != .processOnly else { return }
        names.settle(fate, &generator)
        let links = names.linkCounts()
        files = files.filter { links[$0.key] != nil }
        usedBytes = 0
        for (node, file) in files.sorted(by: { $0.key < $1.key }) {
            file.settle(fate, &generator)
            file.links = links[node] ?? 0
            usedBytes += file.bytes.count
        }
    }

    /// How long the call that just happened took.
    mutating func latency(of operation: DiskOperation) -> Duration {
        let isSync = operation == .syncFile || operation == .syncDirectory
        let range = isSync ? faults.syncLatency : faults.latency
        if isSync, !isDown, range == DiskFaults.slowSync { strikes[.slowDisk, default: 0] += 1 }
        let width = DiskState.nanoseconds(range.upperBound - range.lowerBound)
        return range.lowerBound + .nanoseconds(generator.below(width + 1))
    }

    static func nanoseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }

    static func dead(_ operation: DiskOperation, _ name: String) -> FileError {
        error(.device, operation, "\(name) (the machine is down)")
    }

    static func error(
        _ kind: FileError.Kind,
        _ operation: DiskOperation,
        _ name: String
    ) -> FileError {
        FileError(kind: kind, errno: 0, operation: "\(operation) \(name)")
    }
}
