// SPDX-License-Identifier: Apache-2.0

public import Platform
import Testing

/// What every file system does: the kernel's, and each model of one.
///
/// Each clause gets an empty directory. What survives a crash is not here: no process can show it.
public enum FileSystemContract {
    /// The clauses.
    public static let clauses: [Clause<any Directory>] = files + names + directories

    static func kind(_ body: () throws -> Void) -> FileError.Kind? {
        do {
            try body()
            return nil
        } catch {
            return (error as? FileError)?.kind
        }
    }

    private static let files: [Clause<any Directory>] = [
        Clause("what was written is read, at any offset") { directory in
            let file = try directory.open("a", .createNew)
            try file.put(patterned(10_000))
            try file.put([1, 2, 3], at: 5000)
            var expected = patterned(10_000)
            expected.replaceSubrange(5000..<5003, with: [1, 2, 3])
            #expect(try file.size() == 10_000)
            #expect(try file.all() == expected)
            #expect(
                try directory.open("a", .read).get(10, at: 4998)
                    == expected[4998..<5008].map(\.self)
            )
        },
        Clause("reading stops at the end and leaves the rest of the buffer") { directory in
            let file = try directory.open("a", .createNew)
            try file.put([1, 2, 3])
            var buffer: [UInt8] = [9, 9, 9, 9, 9]
            #expect(try file.read(into: &buffer, at: 1) == 2)
            #expect(buffer == [2, 3, 9, 9, 9])
            #expect(try file.read(into: &buffer, at: 3) == 0)
            #expect(try file.read(into: &buffer, at: 1 << 40) == 0)
        },
        Clause("a write behind the end leaves zeros between") { directory in
            let file = try directory.open("a", .createNew)
            try file.put([1], at: 4)
            #expect(try file.all() == [0, 0, 0, 0, 1])
        },
        Clause("a write of no bytes changes nothing") { directory in
            let file = try directory.open("a", .createNew)
            try file.put([], at: 100)
            #expect(try file.size() == 0)
        },
        Clause("truncating cuts, and extends with zeros") { directory in
            let file = try directory.open("a", .createNew)
            try file.put([1, 2, 3, 4])
            try file.truncate(to: 2)
            try file.truncate(to: 3)
            #expect(try file.all() == [1, 2, 0])
        },
        Clause("flushing and syncing change no byte") { directory in
            let file = try directory.open("a", .createNew)
            try file.beginFlush(0..<0)
            try file.awaitFlush(0..<0)
            try file.put(patterned(100_000))
            try file.beginFlush(0..<50_000)
            try file.awaitFlush(0..<100_000)
            try file.sync()
            #expect(try file.all() == patterned(100_000))
        },
        Clause("a file opened for reading cannot be written") { directory in
            try directory.open("a", .createNew).put([1])
            let file = try directory.open("a", .read)
            #expect(kind { try file.put([2]) } != nil)
            #expect(kind { try file.truncate(to: 0) } != nil)
            #expect(try file.all() == [1])
        },
        Clause("two openings are one file, and one may outlive its name") { directory in
            let first = try directory.open("a", .createNew)
            let second = try directory.open("a", .write)
            try first.put([1, 2])
            #expect(try second.all() == [1, 2])
            try directory.remove("a")
            try second.put([3], at: 2)
            #expect(try first.all() == [1, 2, 3])
            #expect(kind { _ = try directory.open("a", .read) } == .notFound)
        },
        Clause("each way of opening makes or finds as it says") { directory in
            #expect(kind { _ = try directory.open("a", .read) } == .notFound)
            #expect(kind { _ = try directory.open("a", .write) } == .notFound)
            try directory.open("a", .writeOrCreate).put([7])
            #expect(kind { _ = try directory.open("a", .createNew) } == .exists)
            #expect(try directory.open("a", .writeOrCreate).all() == [7])
            #expect(try directory.open("a", .read).all() == [7])
        },
    ]

    private static let names: [Clause<any Directory>] = [
        Clause("no name leaves its directory") { directory in
            for name in ["", ".", "..", "a/b", "/a", "../a", "a\0b", "a/"] {
                #expect(kind { _ = try directory.open(name, .writeOrCreate) } == .badName)
                #expect(kind { _ = try directory.directory(name, .createIfMissing) } == .badName)
                #expect(kind { try directory.remove(name) } == .badName)
                _ = try directory.open("good", .writeOrCreate)
                #expect(kind { try directory.rename(name, to: directory, as: "b") } == .badName)
                #expect(kind { try directory.rename("good", to: directory, as: name) } == .badName)
            }
            #expect(try directory.names(after: "", limit: 10) == ["good"])
        },
        Clause("names come in byte order, page by page") { directory in
            let all = ["A", "a", "a-b", "a.b", "ab", "b", "é", "z"]
            for name in all.reversed() { _ = try directory.open(name, .createNew) }
            let expected = all.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            #expect(try directory.names(after: "", limit: 100) == expected)
            var paged: [String] = []
            while true {
                let page = try directory.names(after: paged.last ?? "", limit: 3)
                guard !page.isEmpty else { break }
                paged += page
            }
            #expect(paged == expected)
            #expect(try directory.names(after: "", limit: 0) == [])
            #expect(try directory.names(after: "aa", limit: 1) == ["ab"])
        },
        Clause("listing sees what changed since, whoever listed before") { directory in
            _ = try directory.open("a", .createNew)
            #expect(try directory.names(after: "", limit: 9) == ["a"])
            _ = try directory.open("b", .createNew)
            try directory.remove("a")
            #expect(try directory.names(after: "", limit: 9) == ["b"])
        },
        Clause("a rename moves between directories and replaces what is there") { directory in
            let from = try directory.directory("from", .createIfMissing)
            let to = try directory.directory("to", .createIfMissing)
            try from.open("a", .createNew).put([1])
            let old = try to.open("b", .createNew)
            try old.put([2])
            try from.rename("a", to: to, as: "b")
            #expect(try to.open("b", .read).all() == [1])
            #expect(try old.all() == [2])
            #expect(try from.names(after: "", limit: 9) == [])
            #expect(kind { try from.rename("a", to: to, as: "b") } == .notFound)
            try to.rename("b", to: to, as: "b")
            #expect(try to.open("b", .read).all() == [1])
        },
        Clause("a link is another name of one file, which lives until the last is gone") {
            directory in
            let to = try directory.directory("to", .createIfMissing)
            let file = try directory.open("a", .createNew)
            #expect(try file.links() == 1)
            try directory.link("a", to: to, as: "b")
            try directory.link("a", to: directory, as: "c")
            #expect(try file.links() == 3)
            try file.put([1, 2])
            #expect(try to.open("b", .read).all() == [1, 2])
            #expect(try file.isSame(as: to.open("b", .read)))
            #expect(try !file.isSame(as: directory.open("d", .createNew)))
            try directory.remove("a")
            try directory.remove("c")
            #expect(try to.open("b", .read).links() == 1)
            #expect(try to.open("b", .read).all() == [1, 2])
        },
        Clause("a link takes no name that is taken, and links nothing that is not there") {
            directory in
            try directory.open("a", .createNew).put([1])
            try directory.open("b", .createNew).put([2])
            #expect(kind { try directory.link("a", to: directory, as: "b") } == .exists)
            #expect(kind { try directory.link("a", to: directory, as: "a") } == .exists)
            #expect(kind { try directory.link("c", to: directory, as: "d") } == .notFound)
            #expect(kind { try directory.link("a", to: directory, as: "x/y") } == .badName)
            #expect(try directory.open("b", .read).all() == [2])
            #expect(try directory.names(after: "", limit: 9) == ["a", "b"])
        },
        Clause("renaming onto another name of the same file leaves both") { directory in
            try directory.open("a", .createNew).put([1])
            try directory.link("a", to: directory, as: "b")
            try directory.rename("a", to: directory, as: "b")
            #expect(try directory.names(after: "", limit: 9) == ["a", "b"])
            #expect(try directory.open("a", .read).links() == 2)
        },
        Clause("removing what is not there says so") { directory in
            #expect(kind { try directory.remove("a") } == .notFound)
            #expect(kind { try directory.removeDirectory("a") } == .notFound)
        },
    ]

    private static let directories: [Clause<any Directory>] = [
        Clause("a directory is made once and found again") { directory in
            #expect(kind { _ = try directory.directory("d", .mustExist) } == .notFound)
            let made = try directory.directory("d", .createIfMissing)
            _ = try made.open("a", .createNew)
            try made.sync()
            try directory.sync()
            let found = try directory.directory("d", .createIfMissing)
            #expect(try found.names(after: "", limit: 9) == ["a"])
        },
        Clause("a file is no directory and a directory no file") { directory in
            _ = try directory.open("f", .createNew)
            _ = try directory.directory("d", .createIfMissing)
            #expect(kind { _ = try directory.directory("f", .mustExist) } != nil)
            #expect(kind { _ = try directory.directory("f", .createIfMissing) } != nil)
            #expect(kind { _ = try directory.open("d", .write) } != nil)
            #expect(kind { try directory.remove("d") } != nil)
            #expect(kind { try directory.removeDirectory("f") } != nil)
            #expect(try directory.names(after: "", limit: 9) == ["d", "f"])
        },
        Clause("only an empty directory can be removed") { directory in
            let child = try directory.directory("d", .createIfMissing)
            _ = try child.open("a", .createNew)
            #expect(kind { try directory.removeDirectory("d") } == .exists)
            try child.remove("a")
            try directory.removeDirectory("d")
            #expect(try directory.names(after: "", limit: 9) == [])
        },
        Clause("an empty disk has room") { directory in
            let free = try directory.freeBytes()
            #expect(free > 0)
        },
        Clause("publishing replaces a small file whole, and it is read back whole") { directory in
            let lifeline = NotedLifeline()
            #expect(try directory.contents(of: "a", limit: 10) == nil)
            try directory.publish(patterned(5000), as: "a", or: lifeline)
            try directory.publish(patterned(10, seed: 2), as: "a", or: lifeline)
            #expect(try directory.contents(of: "a", limit: 10) == patterned(10, seed: 2))
            #expect(kind { _ = try directory.contents(of: "a", limit: 9) } == .other)
            #expect(try directory.names(after: "", limit: 9) == ["a"])
            #expect(lifeline.reasons.isEmpty)
        },
    ]
}
