// SPDX-License-Identifier: Apache-2.0

import Contracts
import Glibc
import OCI
import Platform
import Testing

@testable import Registry

@Suite struct `The state in a Location` {
    @Test func `is taken as it was sealed and in no other form`() async throws {
        let test = try Fixture()
        let name = try Fixture.name("team/app")
        let state = try await test.registry.beginUpload(name, .sha256)
        let sealed = test.registry.seal(state)
        let id = state.id.description
        #expect(try test.registry.unseal(sealed, id: id, name) == state)
        let bytes = try #require(Base64URL.decode(sealed))
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= 1
            expectUnknown(Base64URL.encode(altered), id, name, test)
        }
        for count in 0..<bytes.count {
            expectUnknown(Base64URL.encode(Array(bytes[..<count])), id, name, test)
        }
        for forged in [nil, "", "A", sealed + "A", "=" + sealed, Base64URL.encode(bytes + [0])] {
            expectUnknown(forged, id, name, test)
        }
    }

    @Test func `is good for its own upload and repository alone`() async throws {
        let test = try Fixture()
        let name = try Fixture.name("team/app")
        let state = try await test.registry.beginUpload(name, .sha256)
        let other = try await test.registry.beginUpload(name, .sha256)
        let sealed = test.registry.seal(state)
        expectUnknown(sealed, other.id.description, name, test)
        expectUnknown(sealed, state.id.description, try Fixture.name("team/other"), test)
        var elsewhere = state
        elsewhere.holders = [Identifier(high: 1, low: 1)]
        expectUnknown(test.registry.seal(elsewhere), state.id.description, name, test)
        var strange = state
        strange.estate = Identifier(high: 1, low: 1)
        expectUnknown(test.registry.seal(strange), state.id.description, name, test)
    }

    @Test func `of another server's key is unknown`() async throws {
        let test = try Fixture()
        let other = try Fixture()
        let name = try Fixture.name("a")
        let state = try await test.registry.beginUpload(name, .sha256)
        let forged = state.sealed(with: other.keyring)
        expectUnknown(forged, state.id.description, name, test)
        // Another key under the id of this one: what somebody who knows the id can make.
        let guess = Keyring(
            uploadKeyID: test.keyring.uploadKeyID,
            uploadKey: [UInt8](repeating: 0, count: 32)
        )
        expectUnknown(state.sealed(with: guess), state.id.description, name, test)
    }

    /// Years ahead, and back to 1970.
    @Test(arguments: [4_000_000_000_000, 0])
    func `is taken whatever the wall clock says, for as long as there is a staging`(
        wall: UInt64
    ) async throws {
        let test = try Fixture { $0.uploadExpiry = .seconds(100) }
        let name = try Fixture.name("a")
        let state = try await test.registry.beginUpload(name, .sha256)
        let sealed = test.registry.seal(state)
        test.clocks.setWall(wall)
        let taken = try test.registry.unseal(sealed, id: state.id.description, name)
        #expect(taken == state)
        #expect(try await test.registry.uploadSize(taken) == 0)
        // What the client is given next says when it ends by the clock of now.
        let renewed = test.registry.seal(taken)
        #expect(
            try test.registry.unseal(renewed, id: state.id.description, name).expiry
                == wall + 100_000
        )
        try await test.registry.cancelUpload(taken)
        await #expect {
            try await test.registry.uploadSize(taken)
        } throws: {
            guard case RegistryError.uploadUnknown = $0 else { return false }
            return true
        }
    }

    private func expectUnknown(
        _ text: String?,
        _ id: String,
        _ name: RepositoryName,
        _ test: Fixture,
        _ location: SourceLocation = #_sourceLocation
    ) {
        do throws(RegistryError) {
            let state = try test.registry.unseal(text, id: id, name)
            Issue.record("taken: \(state)", sourceLocation: location)
        } catch {
            guard case .uploadUnknown = error else {
                Issue.record("\(error)", sourceLocation: location)
                return
            }
        }
    }
}

@Suite struct `The keyring` {
    @Test func `is made once, for its owner alone, and read again as it was`() throws {
        let temporary = try TemporaryDirectory()
        let world = World.linux()
        let made = try Keyring.open(in: temporary.directory, world: world)
        #expect(made.isNew)
        let again = try Keyring.open(in: temporary.directory, world: world)
        #expect(!again.isNew)
        #expect(again.keyring.uploadKeyID == made.keyring.uploadKeyID)
        #expect(again.keyring.uploadKey == made.keyring.uploadKey)
        #expect(made.keyring.uploadKey.count == 32)
        #expect(try modes(temporary.path + "/" + Keyring.fileName) == 0o600)
    }

    @Test(arguments: [
        "", "breakwater keyring 1\n", "breakwater keyring 2\nupload a b\n", "nonsense",
        "breakwater keyring 1\nupload 00000000000000000000000000000001 00\n",
    ])
    func `that cannot be understood is refused and stays as it is`(text: String) throws {
        let temporary = try TemporaryDirectory()
        let file = try temporary.directory.open(Keyring.fileName, .createNew)
        try file.put(Array(text.utf8))
        #expect(throws: FileError.self) {
            _ = try Keyring.open(in: temporary.directory, world: World.linux())
        }
        #expect(try temporary.bytes(of: Keyring.fileName) == Array(text.utf8))
    }

    private func modes(_ path: String) throws -> UInt32 {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o777
    }
}
