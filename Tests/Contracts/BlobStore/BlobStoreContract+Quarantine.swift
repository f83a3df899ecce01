// SPDX-License-Identifier: Apache-2.0

import Blobs
import Crypto
import OCI
import Testing

extension BlobStoreContract {
    // I3: what was found corrupt is not served, and not in the way of what heals it.
    static let quarantine: [Clause<BlobStoreUnderTest>] = [
        Clause("a copy that is set aside is gone, also after a restart, until it is pushed again") {
            test in
            let store = try test.open()
            let digest = Digest.of([1])
            try await Self.store([1], in: store, generation: 2)
            try await Self.store([1], in: store, generation: 3)
            let copy = try #require(try await store.open(digest, generation: 2))
            #expect(try await store.quarantine(copy, of: digest, generation: 2))
            #expect(try await !store.quarantine(copy, of: digest, generation: 2))
            for store in [store, try test.open()] {
                #expect(try await store.stat(digest, generation: 2) == nil)
                #expect(try await store.open(digest, generation: 2) == nil)
                #expect(try await store.page(generation: 2, after: nil, limit: 9) == [])
                #expect(try await store.stat(digest, generation: 3) == 1)
            }
            try await Self.store([1], in: store, generation: 2)
            #expect(try await read(digest, generation: 2, from: store) == [1])
        },
        Clause("a copy that took the place of the corrupt one stays") { test in
            let store = try test.open()
            let digest = Digest.of([1])
            try await Self.store([1], in: store)
            let copy = try #require(try await store.open(digest, generation: 0))
            try await Self.store([1], in: store)
            #expect(try await !store.quarantine(copy, of: digest, generation: 0))
            #expect(try await read(digest, from: store) == [1])
        },
        Clause("one digest is set aside as often as it is found corrupt") { test in
            let store = try test.open()
            let digest = Digest.of([1])
            for _ in 0..<2 {
                try await Self.store([1], in: store)
                let copy = try #require(try await store.open(digest, generation: 0))
                #expect(try await store.quarantine(copy, of: digest, generation: 0))
                #expect(try await store.stat(digest, generation: 0) == nil)
            }
        },
    ]
}
