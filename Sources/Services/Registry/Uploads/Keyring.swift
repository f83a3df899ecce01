// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Platform

/// Keys that never leave this node's data directory: until identities exist, one, for upload state.
public struct Keyring: Sendable {
    /// The file's name in the data directory.
    public static let fileName = "keyring"
    /// The longest file read, in bytes.
    private static let sizeMax = 4096
    private static let heading = "breakwater keyring 1"

    /// The id that state signed with the key carries.
    public let uploadKeyID: Identifier
    let uploadKey: [UInt8]

    /// Makes a keyring of a key.
    public init(uploadKeyID: Identifier, uploadKey: [UInt8]) {
        self.uploadKeyID = uploadKeyID
        self.uploadKey = uploadKey
    }

    /// Reads the file (docs/formats/keyring.md), or draws a key and makes it (mode 0600, durable).
    ///
    /// `isNew` says that the operator must be told to keep it: without it, uploads under way cannot
    /// be continued after a restore.
    public static func open(
        in directory: any Directory,
        world: World
    ) throws(FileError) -> (keyring: Keyring, isNew: Bool) {
        do throws(FileError) {
            let file = try directory.open(fileName, .read)
            var buffer = [UInt8](repeating: 0, count: sizeMax)
            let count = try file.read(into: &buffer, at: 0)
            guard let keyring = Keyring(text: String(decoding: buffer[..<count], as: UTF8.self))
            else {
                throw FileError(kind: .other, errno: 0, operation: "understand '\(fileName)'")
            }
            return (keyring, false)
        } catch {
            guard error.kind == .notFound else { throw error }
        }
        let made = Keyring(
            uploadKeyID: Identifier(from: world.random),
            uploadKey: world.random.bytes(32)
        )
        do throws(PublishError) {
            try directory.publish(Array(made.text.utf8), as: fileName, or: world.lifeline)
        } catch {
            throw error.cause
        }
        return (made, true)
    }

    private var text: String {
        let half = { (bytes: ArraySlice<UInt8>) in
            Identifier(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
            ).description
        }
        return "\(Keyring.heading)\nupload \(uploadKeyID) "
            + "\(half(uploadKey[..<16]))\(half(uploadKey[16...]))\n"
    }

    private init?(text: String) {
        let lines = text.split(separator: "\n")
        guard lines.count == 2, lines[0] == Keyring.heading else { return nil }
        let words = lines[1].split(separator: " ")
        guard words.count == 3, words[0] == "upload", words[2].utf8.count == 64,
            let id = Identifier(words[1]), let first = Identifier(words[2].prefix(32)),
            let second = Identifier(words[2].suffix(32))
        else { return nil }
        self.init(uploadKeyID: id, uploadKey: first.bytes + second.bytes)
    }
}
