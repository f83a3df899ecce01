// SPDX-License-Identifier: Apache-2.0

import Contracts
import Platform
import Simulation
import Testing

@Suite struct `The simulated disk as a file system` {
    @Test(arguments: FileSystemContract.clauses)
    func `keeps the contract`(clause: Clause<any Directory>) async throws {
        let world = DiskWorld()
        let directory = try world.disk.mount().directory(at: "data", .createIfMissing)
        try await clause.check(directory)
    }

    @Test func `keeps the contract when a wrapper makes mistakes in syncing only`() async throws {
        for clause in FileSystemContract.clauses {
            let world = DiskWorld()
            let files = SabotagedFileSystem(world.disk.mount(), .skipsSyncOfFiles)
            try await clause.check(files.directory(at: "data", .createIfMissing))
        }
    }
}
