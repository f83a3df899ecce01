// SPDX-License-Identifier: Apache-2.0

import Platform

/// A disk seen from outside, by nobody who lives on it: no time passes and no fault is met.
public struct DiskView: Sendable {
    /// Which of a disk's two truths.
    public enum Truth: Sendable {
        /// What programs see.
        case current
        /// What no crash can take away any more.
        case durable
    }

    private let disk: SimulatedDisk
    private let truth: Truth

    /// Looks at `disk`.
    public init(_ disk: SimulatedDisk, _ truth: Truth) {
        self.disk = disk
        self.truth = truth
    }

    /// The bytes of the file at `path`, or nil when there is none.
    public func bytes(at path: String) -> [UInt8]? {
        disk.inspect { state in
            guard let node = find(path, state), let file = state.files[node] else { return nil }
            return truth == .current ? file.bytes : file.durableBytes
        }
    }

    /// The paths of all files, in byte order.
    public func paths() -> [String] {
        let found = disk.inspect { state in
            var found: [String] = []
            var waiting = [(prefix: "", node: NameTable.root)]
            while let (prefix, directory) = waiting.popLast() {
                for (name, node) in entries(of: directory, state) {
                    if state.names.isDirectory(node) {
                        waiting.append((prefix + name + "/", node))
                    } else if state.files[node] != nil {
                        found.append(prefix + name)
                    }
                }
            }
            return found
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Flips bits of a byte at rest, as a failing disk does.
    public func damage(_ path: String, at offset: Int, xor mask: UInt8) {
        disk.inspect { state in
            guard let node = find(path, state), let file = state.files[node] else {
                preconditionFailure("no file \(path) to damage")
            }
            file.damage(at: offset, xor: mask)
        }
    }

    /// Makes the sector with that byte unreadable, as a failing disk does.
    func loseSector(_ path: String, at offset: Int) {
        disk.inspect { state in
            guard let node = find(path, state), let file = state.files[node] else {
                preconditionFailure("no file \(path) to damage")
            }
            file.loseSector(at: offset)
        }
    }

    /// Which file lies at `path`; nil when there is none.
    func node(at path: String) -> Int? {
        disk.inspect { find(path, $0) }
    }

    /// Whether the whole file at `path` can be read.
    func isReadable(_ path: String) -> Bool {
        disk.inspect { state in
            guard let node = find(path, state), let file = state.files[node] else { return false }
            return file.canRead(0..<file.bytes.count)
        }
    }

    /// Makes every sector of every file readable again.
    func findSectors() {
        for path in paths() {
            disk.inspect { state in
                if let node = find(path, state) { state.files[node]?.findSectors() }
            }
        }
    }

    /// Puts back what was damaged in the files under a directory and not written since.
    func undoDamage(under prefix: String) {
        for path in paths() where path.hasPrefix(prefix) {
            disk.inspect { state in
                if let node = find(path, state) { state.files[node]?.undoDamage() }
            }
        }
    }

    /// Whether anything is damaged in the files under a directory.
    func isDamaged(under prefix: String) -> Bool {
        paths().contains { path in
            path.hasPrefix(prefix)
                && disk.inspect { state in
                    find(path, state).flatMap { state.files[$0]?.isDamaged } ?? false
                }
        }
    }

    /// A copy of everything, path by path.
    public func contents() -> [(path: String, bytes: [UInt8])] {
        paths().map { ($0, bytes(at: $0) ?? []) }
    }

    private func entries(of directory: Int, _ state: DiskState) -> [String: Int] {
        truth == .current
            ? state.names.entries[directory] ?? [:] : state.names.durableEntries(of: directory)
    }

    private func find(_ path: String, _ state: DiskState) -> Int? {
        var node = NameTable.root
        for component in path.split(separator: "/") {
            let name = String(component)
            let next =
                truth == .current
                ? state.names.entries[node]?[name] : state.names.durableEntry(name, of: node)
            guard let next else { return nil }
            node = next
        }
        return node
    }
}
