// SPDX-License-Identifier: Apache-2.0

import Platform

/// The file that says which store this is.
enum StoreIdentity {
    private static let name = "store"

    /// Reads the id, or draws one and makes it durable.
    ///
    /// A file that is there and is not an id is an error: a store that forgot its name must not
    /// take another.
    static func readOrMake(
        in directory: any Directory,
        staging: any Directory,
        world: World
    ) throws(FileError) -> Identifier {
        do throws(FileError) {
            let file = try directory.open(name, .read)
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = try file.read(into: &buffer, at: 0)
            let text = String(decoding: buffer[..<count].filter { $0 != 10 }, as: UTF8.self)
            guard let id = Identifier(text) else {
                throw FileError(kind: .other, errno: 0, operation: "read the id in '\(name)'")
            }
            return id
        } catch {
            guard error.kind == .notFound else { throw error }
        }
        let id = Identifier(from: world.random)
        let temporary = "store-\(id)"
        let file = try staging.open(temporary, .createNew)
        try file.write(Array("\(id)\n".utf8).span, at: 0)
        try file.sync()
        try staging.rename(temporary, to: directory, as: name)
        try directory.sync()
        return id
    }
}
