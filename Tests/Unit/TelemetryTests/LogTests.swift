// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Platform
import Telemetry
import Testing

/// A clock that stands still.
struct StoppedClocks: Clocks {
    var milliseconds: UInt64

    func wallMilliseconds() -> UInt64 { milliseconds }
    func monotonic() -> Duration { .zero }
    func sleep(for duration: Duration) async throws(CancellationError) {}
}

@Suite(.timeLimit(.minutes(10)))
struct `A log` {
    let memory = MemoryLog()

    func log(_ format: LogFormat, at milliseconds: UInt64 = 0, level: LogLevel = .info) -> Log {
        Log(
            to: memory,
            format: format,
            level: level,
            clocks: StoppedClocks(milliseconds: milliseconds)
        )
    }

    @Test
    func `a line of text has time, level, message and fields`() {
        log(.text, at: 1_700_000_000_123)
            .write(
                .warning,
                "disk is slow",
                [
                    ("file", .text("a b")), ("count", .number(-3)),
                    ("took", .duration(.microseconds(1_500))),
                ]
            )
        #expect(
            memory.text
                == "2023-11-14T22:13:20.123Z WARNING disk is slow file=\"a b\" count=-3 took=1.500\n"
        )
    }

    @Test
    func `a line of JSON is one object`() {
        log(.json, at: 951_782_400_007)
            .write(.error, "no \"luck\"", [("path", .text("C:\\x")), ("n", .number(.max))])
        #expect(
            memory.text
                == #"{"time":"2000-02-29T00:00:00.007Z","level":"error","message":"no \"luck\"","#
                + #""path":"C:\\x","n":9223372036854775807}"# + "\n"
        )
    }

    @Test(arguments: [LogFormat.text, .json])
    func `what a client sends can neither end a line nor a value`(format: LogFormat) {
        let evil = "a\nfake line\r\u{0}\u{1b}[31m\" b=c"
        log(format).write(.info, "seen", [("agent", .text(evil))])
        #expect(memory.text.filter { $0 == "\n" }.count == 1)
        #expect(!memory.text.utf8.contains(0x1b))
        #expect(!memory.text.utf8.contains(0))
        #expect(memory.text.contains(#"a\nfake line\r\u0000\u001b[31m\" b=c"#))
    }

    @Test
    func `a value that is too long is cut at a character`() {
        log(.text).write(.info, "long", [("text", .text(String(repeating: "é", count: 5_000)))])
        #expect(memory.text.utf8.count < Log.valueMax + 100)
        #expect(memory.text.hasSuffix("é…\n"))
        #expect(!memory.text.unicodeScalars.contains("\u{FFFD}"))
    }

    @Test
    func `lines below the level are not written, and the level can change`() {
        let log = log(.text, level: .warning)
        log.write(.info, "quiet")
        log.level = .debug
        log.write(.debug, "loud")
        #expect(memory.text == "1970-01-01T00:00:00.000Z DEBUG loud\n")
    }

    @Test
    func `a request is one line, without its query`() {
        let head = RequestHead(
            method: "GET",
            path: "/v2/",
            query: "secret",
            requestID: "abc-1",
            peer: "127.0.0.1:9"
        )
        log(.text)
            .request(
                head,
                status: 200,
                bytesReceived: 1,
                bytesSent: 2,
                duration: .milliseconds(3),
                fields: [("repository", "a/b")]
            )
        #expect(
            memory.text == "1970-01-01T00:00:00.000Z INFO request id=abc-1 peer=127.0.0.1:9 "
                + "method=GET path=/v2/ status=200 received=1 sent=2 milliseconds=3.000 "
                + "repository=a/b\n"
        )
    }
}

@Suite(.timeLimit(.minutes(10)))
struct `A log to a descriptor` {
    let clocks = StoppedClocks(milliseconds: 0)

    func pipe() -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        #expect(Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    func readAll(_ descriptor: Int32) -> String {
        var all: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all += bytes[..<count]
        }
    }

    @Test
    func `stopping writes everything that was logged`() {
        let (reader, writer) = pipe()
        let sink = DescriptorLog(writer, .closed)
        let log = Log(to: sink, format: .text, level: .info, clocks: clocks)
        for number in 0..<100 { log.write(.info, "line", [("number", .number(Int64(number)))]) }
        sink.stop()
        let text = readAll(reader)
        close(reader)
        #expect(text.split(separator: "\n").count == 100)
        #expect(text.hasSuffix("number=99\n"))
    }

    @Test
    func `a descriptor that takes nothing costs lines, which are counted, and no waiting`() {
        let (reader, writer) = pipe()
        let sink = DescriptorLog(writer, .closed, bufferMax: 100_000)
        let log = Log(to: sink, format: .text, level: .info, clocks: clocks)
        // Far more than pipe and buffer hold.
        for number in 0..<10_000 { log.write(.info, "line", [("number", .number(Int64(number)))]) }
        let dropped = log.droppedSinceStart
        #expect(dropped > 0)
        let text = drainOnThread(reader) {
            log.flush()
            log.write(.info, "after")
            sink.stop()
        }
        let lines = text.split(separator: "\n")
        #expect(lines.last?.hasSuffix("after") == true)
        // Whenever there was room again in between, it was said, too.
        let told = lines.filter { $0.contains("log lines were dropped") }
        #expect(told.count >= 1)
        let counts = told.compactMap { line in line.split(separator: "=").last.flatMap { Int($0) } }
        #expect(counts.reduce(0, +) == dropped)
        #expect(lines.count == 10_000 - dropped + told.count + 1)
    }

    /// Reads on a thread of its own while `work` runs.
    private func drainOnThread(_ reader: Int32, _ work: () -> Void) -> String {
        let text = Box()
        let thread = Thread { text.set(readAll(reader)) }
        work()
        thread.join()
        close(reader)
        return text.value
    }
}
