// SPDX-License-Identifier: Apache-2.0

/// Why a file was not published, and what that means for it.
public enum PublishError: Error, Hashable, Sendable {
    /// Its bytes could not be synced.
    ///
    /// What the disk has is unknown, and stays so whatever a later sync says: drop the file.
    case notSynced(FileError)
    /// It could not be renamed and lies where it lay.
    case notRenamed(FileError)
    /// It has its new name, and nobody knows whether that would survive a power cut.
    ///
    /// The lifeline was told; whoever still runs (in the simulator) touches nothing more.
    case halted(FileError)

    /// What the file system said.
    public var cause: FileError {
        switch self {
        case .notSynced(let error), .notRenamed(let error), .halted(let error): error
        }
    }
}

extension Directory {
    /// Gives a file of this directory its place in `target`, durably: the only code that renames.
    ///
    /// The file is synced, renamed, and `target` is synced; when this returns, a power cut leaves
    /// the whole file under `newName`. What was there is replaced, at once for readers. When the
    /// last step fails the process ends through `lifeline`: others may have seen the new name, and
    /// no later sync can tell whether it would stay.
    public func publish(
        _ name: String,
        _ file: any File,
        to target: any Directory,
        as newName: String,
        or lifeline: any Lifeline
    ) throws(PublishError) {
        do throws(FileError) { try file.sync() } catch { throw .notSynced(error) }
        do throws(FileError) { try rename(name, to: target, as: newName) } catch {
            throw .notRenamed(error)
        }
        do throws(FileError) { try target.sync() } catch {
            lifeline.halt(
                "a directory could not be synced after '\(newName)' was renamed into it: "
                    + "\(error.operation), errno \(error.errno)"
            )
            throw .halted(error)
        }
    }

    /// Makes `name` hold exactly `bytes`, durably and never half: small files of our own.
    ///
    /// Written as `name` with `.new` behind it, which a crash may leave and the next call replaces.
    /// One caller at a time for a name.
    public func publish(
        _ bytes: [UInt8],
        as name: String,
        or lifeline: any Lifeline
    ) throws(PublishError) {
        let temporary = name + ".new"
        let file: any File
        do throws(FileError) {
            file = try open(temporary, .writeOrCreate)
            try file.truncate(to: 0)
            try file.write(bytes.span, at: 0)
        } catch {
            throw .notRenamed(error)
        }
        try publish(temporary, file, to: self, as: name, or: lifeline)
    }

    /// Reads the file `name` whole, or returns nil when it is not there.
    ///
    /// One longer than `limit` bytes is an error, and not read.
    public func contents(of name: String, limit: Int) throws(FileError) -> [UInt8]? {
        let file: any File
        do throws(FileError) { file = try open(name, .read) } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
        let size = try file.size()
        guard size <= UInt64(limit) else {
            throw FileError(
                kind: .other,
                errno: 0,
                operation: "read '\(name)', which has \(size) bytes and may have \(limit)"
            )
        }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = try file.read(into: &bytes, at: 0)
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
