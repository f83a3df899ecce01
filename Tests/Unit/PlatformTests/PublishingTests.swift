// SPDX-License-Identifier: Apache-2.0

import Contracts
import Platform
import Synchronization
import Testing

@Suite struct `Publishing a file` {
    private let scratch: TemporaryDirectory
    private let faults = Faults()
    private let lifeline = NotedLifeline()
    private let directory: any Directory
    private let file: any File

    init() throws {
        scratch = try TemporaryDirectory()
        let files = FaultyFileSystem(LinuxFileSystem(), faults: faults)
        directory = try files.directory(at: scratch.path, .mustExist)
        file = try directory.open("new", .createNew)
        try file.put([1])
    }

    private func publish() throws(PublishError) {
        try directory.publish("new", file, to: directory, as: "there", or: lifeline)
    }

    // I1: acknowledged only after the bytes, then the name, are durable.
    @Test func `syncs the bytes, then renames, then syncs the names`() throws {
        let order = Mutex<[FileOperation]>([])
        faults.before { operation, _ in order.withLock { $0.append(operation) } }
        try publish()
        #expect(order.withLock(\.self) == [.sync, .rename, .syncDirectory])
        #expect(try scratch.bytes(of: "there") == [1])
        #expect(lifeline.reasons.isEmpty)
    }

    @Test func `a failed sync of the bytes renames nothing`() throws {
        faults.fail(.sync)
        let error = #expect(throws: PublishError.self) { try publish() }
        guard case .notSynced = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(error?.cause.kind == .device)
        #expect(try directory.names(after: "", limit: 9) == ["new"])
        #expect(lifeline.reasons.isEmpty)
    }

    @Test func `a failed rename leaves the file where it lay`() throws {
        faults.fail(.rename, as: .noSpace)
        let error = #expect(throws: PublishError.self) { try publish() }
        guard case .notRenamed = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(try directory.names(after: "", limit: 9) == ["new"])
        #expect(lifeline.reasons.isEmpty)
        try publish()
        #expect(try directory.names(after: "", limit: 9) == ["there"])
    }

    // I1: others may have seen the new name, and no later sync says whether it stays.
    @Test func `a failed sync of the names ends the process`() throws {
        faults.fail(.syncDirectory)
        let error = #expect(throws: PublishError.self) { try publish() }
        guard case .halted = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(lifeline.reasons.count == 1)
        #expect(lifeline.reasons[0].contains("there"))
    }

    @Test func `a crash while a small file is written leaves the old one whole`() throws {
        try directory.publish([1, 2, 3, 4], as: "small", or: lifeline)
        faults.fail(.write)
        #expect(throws: PublishError.self) {
            try directory.publish([5, 6, 7, 8], as: "small", or: lifeline)
        }
        #expect(try directory.contents(of: "small", limit: 9) == [1, 2, 3, 4])
        // What the failed attempt left is longer than the next bytes, and does not show.
        try directory.publish([9], as: "small", or: lifeline)
        #expect(try directory.contents(of: "small", limit: 9) == [9])
    }
}
