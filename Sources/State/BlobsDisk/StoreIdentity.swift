// SPDX-License-Identifier: Apache-2.0

import Platform

/// The file that says which store this is.
enum StoreIdentity {
    private static let name = "store"
    /// 32 hexadecimal digits and a newline.
    private static let byteCount = 33

    /// Reads the id, or draws one and makes it durable.
    ///
    /// A file that is there and is not an id is an error, and so is none where content is: a store
    /// that forgot its name must not take another.
    static func readOrMake(
        in directory: any Directory,
        world: World
    ) throws(FileError) -> Identifier {
        guard let bytes = try directory.contents(of: name, limit: byteCount) else {
            return try make(in: directory, world: world)
        }
        guard bytes.count == byteCount, bytes.last == UInt8(ascii: "\n"),
            let id = Identifier(String(decoding: bytes.dropLast(), as: UTF8.self))
        else {
            throw refusal("'\(name)' does not hold the store's id")
        }
        return id
    }

    private static func refusal(_ problem: String) -> FileError {
        let wayOut = "restore it from a backup, or write a new id into it by hand"
        return FileError(kind: .other, errno: 0, operation: "\(problem): \(wayOut)")
    }

    /// Whether content was ever published; a store is named durably before it takes any.
    private static func isUsed(_ directory: any Directory) throws(FileError) -> Bool {
        do throws(FileError) {
            let root = try directory.directory(BlobTree.rootName, .mustExist)
            return try !BlobTree.generations(in: root).isEmpty
        } catch {
            guard error.kind == .notFound else { throw error }
            return false
        }
    }

    private static func make(
        in directory: any Directory,
        world: World
    ) throws(FileError) -> Identifier {
        guard try !isUsed(directory) else {
            throw refusal("there is content in '\(BlobTree.rootName)' but no '\(name)'")
        }
        let id = Identifier(from: world.random)
        do throws(PublishError) {
            try directory.publish(Array("\(id)\n".utf8), as: name, or: world.lifeline)
        } catch {
            throw error.cause
        }
        return id
    }
}
