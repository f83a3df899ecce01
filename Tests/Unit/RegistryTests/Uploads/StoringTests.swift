// SPDX-License-Identifier: Apache-2.0

import Contracts
import Platform
import Testing

@testable import Registry

@Suite struct `Storing a manifest` {
    @Test func `one that cannot be stored leaves nothing behind`() async throws {
        let test = try Fixture()
        let bytes = try await test.image("x", in: "a")
        test.files.faults.fail(.rename)
        await #expect(throws: RegistryError.self) {
            try await test.put(bytes, in: "a", tags: ["v1"])
        }
        #expect(try test.temporary.directory.directory("staging", .mustExist).isEmpty())
        #expect(try test.tags("a").isEmpty)
        try await test.put(bytes, in: "a", tags: ["v1"])
        #expect(try test.tags("a") == ["v1"])
    }

    @Test func `one that is there is not written again`() async throws {
        let test = try Fixture()
        let bytes = try await test.image("x", in: "a")
        try await test.put(bytes, in: "a", tags: ["v1"])
        let before = test.files.faults.count(.sync)
        for number in 0..<5 { try await test.put(bytes, in: "a", tags: ["t\(number)"]) }
        #expect(test.files.faults.count(.sync) == before)
    }
}

extension Directory {
    fileprivate func isEmpty() throws(FileError) -> Bool { try names(after: "", limit: 1).isEmpty }
}
