// SPDX-License-Identifier: Apache-2.0

import Contracts
import Glibc
import Platform
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A child process` {
    private let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    private func start(
        _ arguments: String...,
        environment: [(String, String)] = []
    ) throws(FileError) -> ChildProcess {
        try ChildProcess(
            arguments,
            environment: environment,
            workingDirectory: scratch.path,
            output: "\(scratch.path)/output"
        )
    }

    private func output() throws -> String {
        String(decoding: try scratch.bytes(of: "output"), as: UTF8.self)
    }

    @Test func `says both outputs into its file, and how it ended`() throws {
        let child = try start("/bin/sh", "-c", "echo one; echo two >&2; exit 3")
        #expect(child.wait() == .exited(3))
        #expect(try output() == "one\ntwo\n")
    }

    @Test func `tells its end as often as it is asked`() throws {
        let child = try start("true")
        #expect(child.wait() == .exited(0))
        #expect(child.ended() == .exited(0))
        #expect(child.wait(atMost: .zero) == .exited(0))
        #expect(child.wait() == .exited(0))
    }

    @Test func `runs in its directory with its variables`() throws {
        let child = try start(
            "/bin/sh",
            "-c",
            "echo $BREAKWATER_PROBE; pwd -P; test -n \"$PATH\"",
            environment: [("BREAKWATER_PROBE", "here")]
        )
        #expect(child.wait() == .exited(0))
        #expect(try output().split(separator: "\n").first == "here")
        #expect(try output().hasSuffix("\(scratch.path.split(separator: "/").last ?? "")\n"))
    }

    @Test func `is waited for no longer than said, and ended by a signal`() throws {
        let child = try start("sleep", "600")
        #expect(child.wait(atMost: .milliseconds(20)) == nil)
        child.send(SIGKILL)
        #expect(child.wait(atMost: .seconds(300)) == .signalled(SIGKILL))
        child.send(SIGKILL)
    }

    @Test func `is ended with what it started`() throws {
        // The shell waits for its child; a signal to the shell alone would leave that running.
        let child = try start("/bin/sh", "-c", "sleep 600 & wait")
        child.sendToGroup(SIGTERM)
        #expect(child.wait() == .signalled(SIGTERM))
    }

    @Test func `gets signals that its parent holds back`() throws {
        var held = sigset_t()
        var before = sigset_t()
        sigemptyset(&held)
        sigaddset(&held, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &held, &before)
        let child = try start("sleep", "600")
        pthread_sigmask(SIG_SETMASK, &before, nil)
        child.send(SIGTERM)
        #expect(child.wait(atMost: .seconds(300)) == .signalled(SIGTERM))
    }

    @Test func `that cannot start is an error that names it`() {
        let error = #expect(throws: FileError.self) { try start("/nowhere/program") }
        #expect(error?.kind == .notFound)
        #expect(error?.operation == "start /nowhere/program")
    }
}
