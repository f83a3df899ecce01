// SPDX-License-Identifier: Apache-2.0

public import Configuration
public import Platform
public import Telemetry

/// The log of a process: where its lines go, and how that changes on SIGHUP.
public struct NodeLog: Sendable {
    /// What is written to.
    public let log: Log
    private let sink: DescriptorLog
    private let file: String?

    /// Opens the file of the settings, or takes standard error.
    public init(_ settings: Settings, clocks: any Clocks) throws(NodeError) {
        file = settings.log.file
        if let path = settings.log.file {
            sink = try NodeError.step("open the log") { try DescriptorLog(file: path) }
        } else {
            sink = .toStandardError()
        }
        let format: LogFormat = settings.log.format == .json ? .json : .text
        log = Log(
            to: sink,
            format: format,
            level: NodeLog.level(settings.log.level),
            clocks: clocks
        )
    }

    /// Takes the level of the settings, and opens the file anew, as after a rotation.
    ///
    /// Another file's name or format counts from the next start.
    public func reload(_ settings: Settings) throws(NodeError) {
        log.level = NodeLog.level(settings.log.level)
        guard let file else { return }
        try NodeError.step("open the log again") { try sink.reopen(file) }
    }

    /// Writes what waits and ends the thread that writes.
    public func stop() {
        sink.stop()
    }

    private static func level(_ level: Settings.Log.Level) -> LogLevel {
        switch level {
        case .error: .error
        case .warning: .warning
        case .info: .info
        case .debug: .debug
        }
    }
}
