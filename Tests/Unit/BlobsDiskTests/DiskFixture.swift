// SPDX-License-Identifier: Apache-2.0

import Blobs
import BlobsDisk
import Contracts
import Crypto
import OCI
import Platform

/// A directory, a disk that fails on demand, clocks moved by hand, and a lifeline that takes notes.
struct DiskFixture {
    let scratch: TemporaryDirectory
    let faults = Faults()
    let clocks = HandClocks()
    let lifeline = NotedLifeline()
    var options = DiskBlobStore.Options()

    init() throws {
        scratch = try TemporaryDirectory()
        options.freeBytesFloor = 1
    }

    var world: World {
        World(
            clocks: clocks,
            random: LinuxRandom(),
            files: FaultyFileSystem(LinuxFileSystem(), faults: faults),
            lifeline: lifeline
        )
    }

    /// Opens the store as a new process does.
    func open() throws -> DiskBlobStore {
        let directory = try world.files.directory(at: scratch.path, .mustExist)
        return try DiskBlobStore(in: directory, world: world, options: options)
    }

    /// Begins an upload of these bytes.
    func begin(
        _ bytes: [UInt8],
        in store: DiskBlobStore
    ) async throws -> (id: Identifier, staging: any Staging) {
        let id = Identifier(from: LinuxRandom())
        let staging = try await store.stage(id, .begin, expected: .sha256)
        try await staging.append(bytes, at: 0)
        return (id, staging)
    }

    /// The files under the directory, with their paths, in order.
    func paths() throws -> [String] {
        try DiskFixture.paths(scratch.directory, "")
    }

    private static func paths(_ directory: any Directory, _ prefix: String) throws -> [String] {
        try directory.names(after: "", limit: .max).flatMap { name in
            do {
                return try paths(directory.directory(name, .mustExist), "\(prefix)\(name)/")
            } catch {
                return ["\(prefix)\(name)"]
            }
        }
    }
}
