// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The memory of the machine, made present before anything is measured.
///
/// The host of a virtual machine gives it each page when it is touched first, which can take longer
/// than writing it. Later rounds would meet more new pages than earlier ones, as files fill the page
/// cache, and whoever pushes would be measured by its host.
enum HostMemory {
    private static let slice = 256 << 20
    /// Left alone, so that nothing is pushed out.
    private static let reserve = 2 << 30
    /// At most this much is touched, for at most this long.
    private static let most = 64 << 30
    private static let secondsMax = 240.0

    /// Touches every page that is free.
    static func makePresent(_ tell: (String) -> Void) throws {
        let free = sysconf(Int32(_SC_AVPHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        let wanted = min(most, free - reserve)
        guard wanted > 0 else { return }
        var held: [UnsafeMutableRawPointer] = []
        defer { for start in held { munmap(start, slice) } }
        var seconds = 0.0
        while held.count * slice < wanted, seconds < secondsMax {
            try Interruption.check()
            seconds += try Clients.time { held.append(try touch()) }
        }
        tell("touched \(held.count * slice >> 20) MiB of free memory in \(Int(seconds)) s")
    }

    private static func touch() throws -> UnsafeMutableRawPointer {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let start = mmap(nil, slice, PROT_READ | PROT_WRITE, flags, -1, 0),
            start != MAP_FAILED
        else { throw Failure("map memory: errno \(errno)") }
        memset(start, 1, slice)
        return start
    }
}
