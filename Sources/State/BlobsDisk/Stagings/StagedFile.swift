// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI
import Platform

/// The bytes of one upload: an open file, how far it is on its way to the disk, and its hash.
///
/// A value that one caller at a time owns: it is taken out of the table for each call.
struct StagedFile: Sendable {
    /// Why bytes were not taken.
    enum Failure: Error {
        /// The file has what it had.
        case unchanged(FileError)
        /// What the file or the disk has is unknown, and stays so.
        case unknown(FileError)

        var cause: FileError {
            switch self {
            case .unchanged(let error), .unknown(let error): error
            }
        }
    }

    private enum Hashed {
        /// Of all bytes so far.
        case running(RunningHash)
        case known(Digest)
        /// The bytes were not all seen: they must be read again.
        case not
    }

    /// Bytes read at a time when a hash did not run along.
    private static let readSize = 1 << 20

    let file: any File
    private(set) var size: UInt64
    /// Whether a blob may be the same file: then not a byte of it changes any more.
    var isPublished = false
    private let flushEvery: UInt64
    /// Below, all bytes were handed to the disk; from here on they are on their way.
    private var awaited: UInt64
    /// From here on, nothing was begun.
    private var begun: UInt64
    private var hashed: Hashed

    /// A hash of `algorithm` runs along from the first byte or not at all.
    init(_ file: any File, size: UInt64, flushEvery: UInt64, algorithm: Digest.Algorithm) {
        self.file = file
        self.size = size
        self.flushEvery = flushEvery
        (awaited, begun) = (size, size)
        hashed = size == 0 ? .running(RunningHash(algorithm)) : .not
    }

    /// Appends bytes.
    ///
    /// Every `flushEvery` bytes the last of them start for the disk and those before are waited for:
    /// so at most twice as many are on their way, the sync at the end is short, and the fsyncs of
    /// others, which the file system lets wait for these bytes, are too.
    mutating func append(_ bytes: [UInt8]) throws(Failure) {
        do throws(FileError) { try file.write(bytes.span, at: size) } catch {
            do throws(FileError) { try file.truncate(to: size) } catch { throw .unknown(error) }
            throw .unchanged(error)
        }
        switch hashed {
        case .running(let hash): hash.update(bytes)
        case .known, .not: hashed = .not
        }
        size += UInt64(bytes.count)
        guard size - begun >= flushEvery else { return }
        do throws(FileError) {
            try file.beginFlush(begun..<size)
            try file.awaitFlush(awaited..<begun)
        } catch {
            throw .unknown(error)
        }
        (awaited, begun) = (begun, size)
    }

    /// The digest of all bytes; read again where no hash of that algorithm ran along.
    mutating func digest(_ algorithm: Digest.Algorithm) throws(FileError) -> Digest {
        switch hashed {
        case .known(let digest) where digest.algorithm == algorithm: return digest
        case .running(let hash) where hash.algorithm == algorithm:
            guard let digest = hash.finish() else { break }
            hashed = .known(digest)
            return digest
        default: break
        }
        let digest = try read(algorithm)
        hashed = .known(digest)
        return digest
    }

    #if SABOTAGE
    /// Whether the digest is not known of bytes that were seen coming.
    var mustBeRead: Bool {
        if case .not = hashed { true } else { false }
    }
    #endif

    private func read(_ algorithm: Digest.Algorithm) throws(FileError) -> Digest {
        var context = DigestContext(algorithm)
        var buffer = [UInt8](repeating: 0, count: Int(min(UInt64(StagedFile.readSize), size)))
        var position: UInt64 = 0
        while position < size {
            let count = try file.read(into: &buffer, at: position)
            guard count > 0 else {
                throw FileError(
                    kind: .other,
                    errno: 0,
                    operation: "read a staging of \(size) bytes that ends at \(position)"
                )
            }
            let wanted = min(UInt64(count), size - position)
            context.update(buffer.span.extracting(0..<Int(wanted)))
            position += wanted
        }
        return context.finish()
    }
}
