// SPDX-License-Identifier: Apache-2.0

import Glibc
import Simulation
import Testing

extension `Breakwater as built` {
    @Suite struct `The program's own bytes` {
        @Test func `have none of the mistakes that the simulator makes on purpose`() throws {
            let file = try #require(fopen(RunningServer.binary, "rb"))
            defer { fclose(file) }
            fseek(file, 0, SEEK_END)
            var bytes = [UInt8](repeating: 0, count: ftell(file))
            rewind(file)
            #expect(fread(&bytes, 1, bytes.count, file) == bytes.count)
            // What is there is found.
            #expect(has(bytes, "libsqlite3.so"))
            for mistake in Mistake.allCases { #expect(!has(bytes, mistake.rawValue), "\(mistake)") }
        }

        private func has(_ bytes: [UInt8], _ text: String) -> Bool {
            let wanted = Array(text.utf8)
            return bytes.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while rest.count >= wanted.count {
                    let all = UnsafeRawBufferPointer(rebasing: rest)
                    guard let start = all.baseAddress,
                        let found = memchr(start, Int32(wanted[0]), all.count - wanted.count + 1)
                    else { return false }
                    if memcmp(found, wanted, wanted.count) == 0 { return true }
                    rest = rest.dropFirst(UnsafeRawPointer(found) - start + 1)
                }
                return false
            }
        }
    }
}
