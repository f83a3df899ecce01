// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import Platform
import Synchronization

/// How much a line matters.
public enum LogLevel: UInt8, Comparable, CaseIterable, Sendable {
    /// For whoever looks for a mistake.
    case debug
    /// What happened.
    case info
    /// What somebody should look at some time.
    case warning
    /// What somebody should look at now.
    case error

    /// By weight.
    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The level's name, in lower case.
    public var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }
}

/// How lines look.
public enum LogFormat: Sendable {
    /// `TIME LEVEL MESSAGE KEY=VALUE …`, for people.
    case text
    /// One JSON object a line, for machines.
    case json
}

/// What a field of a line says.
public enum LogValue: Sendable, Equatable {
    /// Text; cut at `Log.valueMax` bytes.
    case text(String)
    /// A whole number.
    case number(Int64)
    /// A duration, in milliseconds with three decimals.
    case duration(Duration)
}

/// Structured lines to a descriptor, written by a thread of its own.
///
/// Whoever logs only adds to a buffer. When the descriptor takes nothing for so long that the buffer
/// is full, lines are dropped, counted, and their number is told in a line of its own: a stuck disk or
/// terminal must not stop the server.
public final class Log: Sendable {
    /// The most bytes of one value that are written; a longer one ends with `…`.
    public static let valueMax = 2_048

    private let format: LogFormat
    private let clocks: any Clocks
    private let minimum: Atomic<UInt8>
    private let droppedLines = Atomic(0)
    private let droppedEver = Atomic(0)
    private let sink: any LogSink

    /// Makes a log that gives its lines to `sink`.
    public init(to sink: any LogSink, format: LogFormat, level: LogLevel, clocks: any Clocks) {
        self.sink = sink
        self.format = format
        self.clocks = clocks
        minimum = Atomic(level.rawValue)
    }

    /// The least level that is written; may be changed at any time.
    public var level: LogLevel {
        get { LogLevel(rawValue: minimum.load(ordering: .relaxed)) ?? .error }
        set { minimum.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// How many lines the sink had no room for since the last line that says so.
    public var dropped: Int { droppedLines.load(ordering: .relaxed) }

    /// How many lines the sink had no room for since the start.
    public var droppedSinceStart: Int { droppedEver.load(ordering: .relaxed) }

    /// Writes a line.
    public func write(_ level: LogLevel, _ message: String, _ fields: [(String, LogValue)] = []) {
        guard level >= self.level else { return }
        var line = LogLine(format)
        line.begin(clocks.wallMilliseconds(), level, message)
        for (name, value) in fields { line.add(name, value) }
        line.end()
        give(line.bytes)
    }

    /// Writes the line of a request, as an error when it failed because of us (5xx).
    ///
    /// The query is left out, for it can carry signed state.
    public func request(
        _ head: RequestHead,
        status: Int,
        bytesReceived: UInt64,
        bytesSent: UInt64,
        duration: Duration,
        fields: [(String, String)] = []
    ) {
        let weight: LogLevel = status >= 500 ? .error : .info
        guard weight >= level else { return }
        var line = LogLine(format)
        line.begin(clocks.wallMilliseconds(), weight, "request")
        line.add("id", text: head.requestID)
        line.add("peer", text: head.peer)
        line.add("method", text: head.method)
        line.add("path", text: head.path)
        line.add("status", number: Int64(status))
        line.add("received", number: Int64(clamping: bytesReceived))
        line.add("sent", number: Int64(clamping: bytesSent))
        line.add("milliseconds", duration: duration)
        for (name, value) in fields { line.add(name, text: value) }
        line.end()
        give(line.bytes)
    }

    private func give(_ line: [UInt8]) {
        if droppedLines.load(ordering: .relaxed) > 0 { tellDropped() }
        guard !sink.take(line) else { return }
        droppedLines.wrappingAdd(1, ordering: .relaxed)
        droppedEver.wrappingAdd(1, ordering: .relaxed)
    }

    private func tellDropped() {
        let count = droppedLines.exchange(0, ordering: .relaxed)
        guard count > 0 else { return }
        var line = LogLine(format)
        line.begin(clocks.wallMilliseconds(), .warning, "log lines were dropped")
        line.add("lines", number: Int64(count))
        line.end()
        if !sink.take(line.bytes) { droppedLines.wrappingAdd(count, ordering: .relaxed) }
    }

    /// Returns when what was logged before is with the descriptor, or cannot be.
    public func flush() {
        sink.flush()
    }
}

/// What takes whole lines.
public protocol LogSink: Sendable {
    /// Takes a line, with its line feed, and does not wait; false when there is no room for it.
    func take(_ line: [UInt8]) -> Bool
    /// Returns when what was taken is where it belongs, or cannot be.
    func flush()
}

/// A sink for tests and simulations: the lines, in memory.
public final class MemoryLog: LogSink {
    private let bytes = Mutex<[UInt8]>([])

    /// Makes an empty one.
    public init() {}

    /// Takes a line.
    public func take(_ line: [UInt8]) -> Bool {
        bytes.withLock { $0 += line }
        return true
    }

    /// Nothing to wait for.
    public func flush() {}

    /// All lines.
    public var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}

/// A sink that forgets.
public struct NoLog: LogSink {
    /// Makes one.
    public init() {}
    /// Forgets a line.
    public func take(_ line: [UInt8]) -> Bool { true }
    /// Nothing to wait for.
    public func flush() {}
}
