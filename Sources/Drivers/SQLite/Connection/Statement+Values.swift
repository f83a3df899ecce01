// SPDX-License-Identifier: Apache-2.0

import CSQLite

/// A value to bind.
public enum BoundValue: Hashable, Sendable {
    /// A 64-bit integer.
    case integer(Int64)
    /// UTF-8 text.
    case text(String)
    /// Bytes.
    case blob([UInt8])
    /// NULL.
    case null
}

extension Statement {
    /// Binds the parameters ?1, ?2 … in this order, and returns the statement.
    @discardableResult
    public func bind(_ values: BoundValue...) throws(SQLiteError) -> Statement {
        for (index, value) in values.enumerated() {
            switch value {
            case .integer(let number): try bind(index + 1, number)
            case .text(let text): try bind(index + 1, text)
            case .blob(let bytes): try bind(index + 1, bytes)
            case .null: try bindNull(index + 1)
            }
        }
        return self
    }

    /// Binds an integer to parameter `index`, counted from 1.
    public func bind(_ index: Int, _ number: Int64) throws(SQLiteError) {
        try check(unsafe sqlite3_bind_int64(handle, Int32(index), number))
    }

    /// Binds text to parameter `index`, counted from 1.
    public func bind(_ index: Int, _ text: String) throws(SQLiteError) {
        var text = text
        // A null pointer would be bound as NULL, and so would be no text at all.
        let code = text.withUTF8 { bytes in
            unsafe bw_sqlite3_bind_text(handle, Int32(index), bytes.baseAddress, bytes.count)
        }
        try check(code)
    }

    /// Binds bytes to parameter `index`, counted from 1; no bytes are an empty blob, not NULL.
    public func bind(_ index: Int, _ bytes: [UInt8]) throws(SQLiteError) {
        guard !bytes.isEmpty else {
            try check(unsafe sqlite3_bind_zeroblob(handle, Int32(index), 0))
            return
        }
        let code = unsafe bytes.withUnsafeBytes { buffer in
            unsafe sqlite3_bind_blob64(
                handle,
                Int32(index),
                buffer.baseAddress,
                UInt64(buffer.count),
                bw_sqlite3_transient()
            )
        }
        try check(code)
    }

    /// Binds NULL to parameter `index`, counted from 1.
    public func bindNull(_ index: Int) throws(SQLiteError) {
        try check(unsafe sqlite3_bind_null(handle, Int32(index)))
    }

    /// Whether column `index`, counted from 0, is NULL.
    public func isNull(_ index: Int) -> Bool {
        unsafe sqlite3_column_type(handle, Int32(index)) == SQLITE_NULL
    }

    /// Column `index`, counted from 0, as an integer; 0 for NULL.
    public func integer(_ index: Int) -> Int64 {
        unsafe sqlite3_column_int64(handle, Int32(index))
    }

    /// Column `index`, counted from 0, as text; empty for NULL.
    public func text(_ index: Int) -> String {
        guard let bytes = unsafe sqlite3_column_text(handle, Int32(index)) else { return "" }
        let count = Int(unsafe sqlite3_column_bytes(handle, Int32(index)))
        return unsafe String(
            decoding: UnsafeBufferPointer(start: bytes, count: count),
            as: UTF8.self
        )
    }

    /// Column `index`, counted from 0, as bytes; none for NULL.
    public func blob(_ index: Int) -> [UInt8] {
        guard let bytes = unsafe sqlite3_column_blob(handle, Int32(index)) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(handle, Int32(index)))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// The number of columns a row has.
    public var columnCount: Int { Int(unsafe sqlite3_column_count(handle)) }

    /// Lets `body` read the bytes of column `index`, counted from 0, where SQLite has them.
    public func withBlob<Result>(_ index: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        let start = unsafe sqlite3_column_blob(handle, Int32(index))
        let count = unsafe start == nil ? 0 : Int(sqlite3_column_bytes(handle, Int32(index)))
        let buffer = unsafe UnsafeBufferPointer(
            start: start?.assumingMemoryBound(to: UInt8.self),
            count: count
        )
        return unsafe body(buffer.span)
    }
}
