// SPDX-License-Identifier: Apache-2.0

import Platform

/// A directory of a simulated disk, held open by one life of a machine.
final class SimulatedDirectory: Directory {
    let disk: SimulatedDisk
    let life: Int
    let node: Int

    init(disk: SimulatedDisk, life: Int, node: Int) {
        self.disk = disk
        self.life = life
        self.node = node
    }

    func open(_ name: String, _ mode: OpenMode) throws(FileError) -> any File {
        try SimulatedDirectory.check(name)
        let isThere = disk.inspect { $0.names.entries[node]?[name] != nil }
        let creates = !isThere && (mode == .writeOrCreate || mode == .createNew)
        let now = disk.wallMilliseconds
        let opened = try disk.perform(creates ? .create : .open) { state throws(FileError) in
            let create = { [node] (state: inout DiskState) throws(FileError) -> Void in
                let made = state.newNode()
                state.files[made] = FileNode(modifiedMilliseconds: now)
                let edit = NameTable.Edit(directory: node, name: name, node: made, removes: nil)
                state.names.change([edit], order: state.nextOrder())
            }
            try state.begin(creates ? .create : .open, life: life, name, change: create)
            try requireEntries(state, name)
            if creates { try create(&state) }
            guard let found = state.names.entries[node]?[name] else {
                throw DiskState.error(.notFound, .open, name)
            }
            if mode == .createNew, !creates { throw DiskState.error(.exists, .open, name) }
            guard !state.names.isDirectory(found) else {
                throw DiskState.error(.other, .open, name)
            }
            return found
        }
        return SimulatedFile(
            disk: disk,
            life: life,
            node: opened,
            name: name,
            isWritable: mode != .read && mode != .readPastCaches
        )
    }

    func directory(_ name: String, _ presence: Presence) throws(FileError) -> any Directory {
        SimulatedDirectory(disk: disk, life: life, node: try find(name, presence))
    }

    /// The directory `name`, made when it is missing and `presence` says so.
    func find(_ name: String, _ presence: Presence) throws(FileError) -> Int {
        try SimulatedDirectory.check(name)
        let isThere = disk.inspect { $0.names.entries[node]?[name] != nil }
        let creates = !isThere && presence == .createIfMissing
        return try disk.perform(creates ? .makeDirectory : .open) { state throws(FileError) in
            let create = { [node] (state: inout DiskState) throws(FileError) -> Void in
                let made = state.newNode()
                state.names.addDirectory(made)
                let edit = NameTable.Edit(directory: node, name: name, node: made, removes: nil)
                state.names.change([edit], order: state.nextOrder())
            }
            try state.begin(
                creates ? .makeDirectory : .open,
                life: life,
                name,
                change: create
            )
            try requireEntries(state, name)
            if creates { try create(&state) }
            guard let found = state.names.entries[node]?[name] else {
                throw DiskState.error(.notFound, .open, name)
            }
            guard state.names.isDirectory(found) else {
                throw DiskState.error(.other, .open, name)
            }
            return found
        }
    }

    func names(after: String, limit: Int) throws(FileError) -> [String] {
        let all = try disk.perform(.list) { state throws(FileError) in
            try state.begin(.list, life: life)
            try requireEntries(state, "")
            return Array((state.names.entries[node] ?? [:]).keys)
        }
        let later = all.filter { after.utf8.lexicographicallyPrecedes($0.utf8) }
        return Array(
            later.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(max(0, limit))
        )
    }

    func rename(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        let target = try place(name, in: target, as: newName, .rename)
        try disk.perform(.rename) { state throws(FileError) in
            let move = { [node] (state: inout DiskState) throws(FileError) -> Void in
                guard let moved = state.names.entries[node]?[name],
                    state.names.entries[target.node] != nil
                else { throw DiskState.error(.notFound, .rename, name) }
                let replaced = state.names.entries[target.node]?[newName]
                guard replaced != moved else { return }
                if let replaced, state.names.isDirectory(replaced) || state.names.isDirectory(moved)
                {
                    throw DiskState.error(.exists, .rename, name)
                }
                if let replaced { state.unlink(replaced) }
                let edits = [
                    NameTable.Edit(directory: node, name: name, node: nil, removes: moved),
                    NameTable.Edit(
                        directory: target.node,
                        name: newName,
                        node: moved,
                        removes: nil
                    ),
                ]
                state.names.change(edits, order: state.nextOrder())
            }
            try state.begin(.rename, life: life, name, change: move)
            try move(&state)
        }
    }

    func link(
        _ name: String,
        to target: any Directory,
        as newName: String
    ) throws(FileError) {
        let target = try place(name, in: target, as: newName, .link)
        try disk.perform(.link) { state throws(FileError) in
            let link = { [node] (state: inout DiskState) throws(FileError) -> Void in
                guard let linked = state.names.entries[node]?[name],
                    let names = state.names.entries[target.node]
                else { throw DiskState.error(.notFound, .link, name) }
                guard names[newName] == nil else { throw DiskState.error(.exists, .link, newName) }
                guard let file = state.files[linked] else {
                    throw DiskState.error(.denied, .link, name)
                }
                file.links += 1
                let edit = NameTable.Edit(
                    directory: target.node,
                    name: newName,
                    node: linked,
                    removes: nil
                )
                state.names.change([edit], order: state.nextOrder())
            }
            try state.begin(.link, life: life, name, change: link)
            try link(&state)
        }
    }

    func remove(_ name: String) throws(FileError) {
        try SimulatedDirectory.check(name)
        try disk.perform(.remove) { state throws(FileError) in
            let remove = { [node] (state: inout DiskState) throws(FileError) -> Void in
                guard let removed = state.names.entries[node]?[name] else {
                    throw DiskState.error(.notFound, .remove, name)
                }
                guard !state.names.isDirectory(removed) else {
                    throw DiskState.error(.other, .remove, name)
                }
                state.unlink(removed)
                let edit = NameTable.Edit(directory: node, name: name, node: nil, removes: removed)
                state.names.change([edit], order: state.nextOrder())
            }
            try state.begin(.remove, life: life, name, change: remove)
            try remove(&state)
        }
    }

    func removeDirectory(_ name: String) throws(FileError) {
        try SimulatedDirectory.check(name)
        try disk.perform(.removeDirectory) { state throws(FileError) in
            let remove = { [node] (state: inout DiskState) throws(FileError) -> Void in
                guard let removed = state.names.entries[node]?[name] else {
                    throw DiskState.error(.notFound, .removeDirectory, name)
                }
                guard let content = state.names.entries[removed] else {
                    throw DiskState.error(.other, .removeDirectory, name)
                }
                guard content.isEmpty else {
                    throw DiskState.error(.exists, .removeDirectory, name)
                }
                let edit = NameTable.Edit(directory: node, name: name, node: nil, removes: removed)
                state.names.change([edit], order: state.nextOrder())
                state.names.dropDirectory(removed)
            }
            try state.begin(.removeDirectory, life: life, name, change: remove)
            try remove(&state)
        }
    }

    func sync() throws(FileError) {
        try disk.perform(.syncDirectory) { state throws(FileError) in
            try state.begin(.syncDirectory, life: life) { [node] state in state.names.sync(node) }
            state.names.sync(node)
        }
    }

    func freeBytes() throws(FileError) -> UInt64 {
        try disk.perform(.freeSpace) { state throws(FileError) in
            try state.begin(.freeSpace, life: life)
            return state.faults.capacity - min(state.faults.capacity, UInt64(state.usedBytes))
        }
    }

    /// Throws when this directory was removed while it was held open.
    private func requireEntries(_ state: DiskState, _ name: String) throws(FileError) {
        guard state.names.isDirectory(node) else { throw DiskState.error(.notFound, .open, name) }
    }

    /// The directory that is to have a name of a file of this one.
    private func place(
        _ name: String,
        in target: any Directory,
        as newName: String,
        _ operation: DiskOperation
    ) throws(FileError) -> SimulatedDirectory {
        try SimulatedDirectory.check(name)
        try SimulatedDirectory.check(newName)
        guard let target = target as? SimulatedDirectory, target.disk === disk else {
            throw DiskState.error(.other, operation, name)
        }
        return target
    }

    private static func check(_ name: String) throws(FileError) {
        guard !name.isEmpty, name != ".", name != "..",
            !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0)
        else { throw DiskState.error(.badName, .open, "'\(name)'") }
    }
}
