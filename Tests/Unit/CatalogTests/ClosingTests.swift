// SPDX-License-Identifier: Apache-2.0

import Catalog
import SQLite
import Testing

@Suite struct `Closing a catalog` {
    // I1: a change that outlives the server's grace must end as it will, not under a closed file.
    @Test func `is refused while a change is under way, which goes on`() throws {
        let fixture = try CatalogFixture()
        let transaction = try fixture.catalog.begin()
        #expect(throws: CatalogError.self) { try fixture.close() }
        _ = try transaction.view.heads()
        try transaction.commit()
        try fixture.close()
    }

    @Test func `is final: later changes and reads are refused, and closing again is nothing`()
        throws
    {
        let fixture = try CatalogFixture()
        try fixture.close()
        #expect(throws: CatalogError.self) { try fixture.catalog.begin() }
        #expect(throws: CatalogError.self) {
            try fixture.catalog.read { view throws(CatalogError) in try view.heads() }
        }
        try fixture.close()
    }
}
