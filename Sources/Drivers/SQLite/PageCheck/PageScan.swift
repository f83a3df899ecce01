// SPDX-License-Identifier: Apache-2.0

/// Looks at the pages of a database file as they lie on the disk, without SQLite.
public enum PageScan {
    /// Bytes of a page.
    public static let pageBytes = PageCheck.pageBytes

    /// The numbers of those pages in `bytes` that fail their check; the first one is page `first`.
    ///
    /// A part of a page at the end fails as well.
    public static func damaged(_ bytes: [UInt8], first: UInt32) -> [UInt32] {
        var damaged: [UInt32] = []
        unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var (offset, number) = (0, first)
            while offset < bytes.count {
                let isWhole = offset + pageBytes <= bytes.count
                let holds =
                    unsafe isWhole && PageCheck.holds(base + offset, number: number)
                if !holds { damaged.append(number) }
                (offset, number) = (offset + pageBytes, number + 1)
            }
        }
        return damaged
    }

    /// What a page of the list of free pages says: the next one of the list, and pages that nothing uses.
    ///
    /// Page 1 has the list's begin. (SQLite's file format, 1.3 and 1.5.)
    public static func freePages(_ page: [UInt8], isFirst: Bool) -> (next: UInt32, free: [UInt32]) {
        func number(_ offset: Int) -> UInt32 {
            page[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
        }
        guard page.count == pageBytes else { return (0, []) }
        if isFirst { return (number(32), []) }
        let count = min(Int(number(4)), PageCheck.coveredBytes / 4 - 2)
        return (number(0), (0..<count).map { number(8 + 4 * $0) })
    }
}
