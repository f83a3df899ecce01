// SPDX-License-Identifier: Apache-2.0

import CShims

/// The check value of a page, and where it lies (docs/formats/catalog-file.md).
enum PageCheck {
    /// Bytes of a page; a database with another page size is refused.
    static let pageBytes = 4096
    /// Bytes at the end of each page that SQLite leaves to us.
    static let reservedBytes = 8
    /// Bytes of a page that the check covers.
    static let coveredBytes = pageBytes - reservedBytes
    /// Bytes of SQLite's header at the start of page 1.
    static let headerBytes = 100

    /// XXH64 of what the check covers, the page's number as seed, so that a page that lies where
    /// another belongs fails.
    static func value(_ page: UnsafeRawPointer, number: UInt32) -> UInt64 {
        unsafe bw_xxh64(page, coveredBytes, UInt64(number))
    }

    /// XXH64.
    static func hash(_ bytes: [UInt8], seed: UInt64) -> UInt64 {
        unsafe bytes.withUnsafeBytes { unsafe bw_xxh64($0.baseAddress, $0.count, seed) }
    }

    /// Whether the page carries the check that its bytes and its number ask for.
    static func holds(_ page: UnsafeRawPointer, number: UInt32) -> Bool {
        let stored = unsafe page.loadUnaligned(fromByteOffset: coveredBytes, as: UInt64.self)
        return unsafe UInt64(littleEndian: stored) == value(page, number: number)
    }

    /// Writes the check into the page.
    static func put(into page: UnsafeMutableRawPointer, number: UInt32) {
        let value = unsafe value(page, number: number)
        unsafe page.storeBytes(of: value.littleEndian, toByteOffset: coveredBytes, as: UInt64.self)
    }

    /// Whether these first bytes of page 1 are those of a database whose pages carry checks.
    static func headerFits(_ header: UnsafeRawPointer) -> Bool {
        for (index, byte) in magic.enumerated() {
            guard unsafe header.load(fromByteOffset: index, as: UInt8.self) == byte else {
                return false
            }
        }
        let size = unsafe header.loadUnaligned(fromByteOffset: 16, as: UInt16.self)
        let reserved = unsafe header.load(fromByteOffset: 20, as: UInt8.self)
        return UInt16(bigEndian: size) == pageBytes && reserved == reservedBytes
    }

    /// The number of pages that page 1 says the database has.
    static func pageCount(_ header: UnsafeRawPointer) -> UInt32 {
        unsafe UInt32(bigEndian: header.loadUnaligned(fromByteOffset: 28, as: UInt32.self))
    }

    private static let magic = Array("SQLite format 3\u{0}".utf8)
}
