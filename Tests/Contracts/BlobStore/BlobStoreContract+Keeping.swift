// SPDX-License-Identifier: Apache-2.0

import Blobs
import Crypto
import OCI
import Testing

extension BlobStoreContract {
    // R-ACR-07: who was refused asks again.
    static let keeping: [Clause<BlobStoreUnderTest>] = [
        Clause("a kept staging is published again, and takes no byte that would change its blob") {
            test in
            let store = try test.open()
            let id = newID()
            let bytes = patterned(70_000)
            let digest = Digest.of(bytes)
            let staging = try await store.stage(id, .begin, expected: .sha256)
            try await staging.append(bytes, at: 0)
            let first = try await staging.publish(as: digest, generation: 0, keeps: true)
            for _ in 0..<2 {
                await #expect(throws: BlobError.unknownStaging) {
                    try await staging.append([1], at: 70_000)
                }
                await #expect(throws: BlobError.unknownStaging) {
                    _ = try await store.stage(id, .resume, expected: .sha256)
                }
                #expect(try await staging.size == 70_000)
                let found = try await store.stage(id, .find, expected: .sha256)
                #expect(try await found.publish(as: digest, generation: 0, keeps: true) == first)
            }
            #expect(try await store.page(generation: 0, after: nil, limit: 9) == [digest])
            try await staging.cancel()
            await #expect(throws: BlobError.unknownStaging) {
                _ = try await store.stage(id, .find, expected: .sha256)
            }
            #expect(try await read(digest, from: store) == bytes)
        },
        Clause("a kept staging stays so over a restart, under another generation too") { test in
            let id = newID()
            let bytes = patterned(70_000)
            let digest = Digest.of(bytes)
            let before = try await test.open().stage(id, .begin, expected: .sha256)
            try await before.append(bytes, at: 0)
            _ = try await before.publish(as: digest, generation: 0, keeps: true)
            let store = try test.open()
            await #expect(throws: BlobError.unknownStaging) {
                _ = try await store.stage(id, .resume, expected: .sha256)
            }
            let staging = try await store.stage(id, .find, expected: .sha256)
            await #expect(throws: BlobError.unknownStaging) {
                try await staging.append([1], at: 70_000)
            }
            for generation in [0, 1] as [UInt64] {
                _ = try await staging.publish(as: digest, generation: generation, keeps: true)
                #expect(try await read(digest, generation: generation, from: store) == bytes)
            }
            try await staging.cancel()
            #expect(try await read(digest, from: store) == bytes)
        },
        Clause("kept stagings of one digest are each other's equal") { test in
            let store = try test.open()
            let stagings = try await [
                store.stage(newID(), .begin, expected: .sha256),
                store.stage(newID(), .begin, expected: .sha256),
            ]
            for staging in stagings { try await staging.append([1, 2], at: 0) }
            for staging in stagings + stagings {
                _ = try await staging.publish(as: Digest.of([1, 2]), generation: 0, keeps: true)
            }
            for staging in stagings {
                try await staging.cancel()
                #expect(try await read(Digest.of([1, 2]), from: store) == [1, 2])
            }
        },
    ]
}
