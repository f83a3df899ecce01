// SPDX-License-Identifier: Apache-2.0

public import Platform

extension Settings {
    /// A configuration file's text and what errors call it.
    public struct Source: Sendable {
        /// The path as it was given.
        public var name: String
        /// The text.
        public var bytes: [UInt8]

        /// Makes a source.
        public init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }

        /// The longest configuration file in bytes.
        public static let sizeMax = 256 << 10

        /// Reads the file at `path`, relative to the working directory or absolute.
        public static func read(
            _ path: String,
            from files: any FileSystem
        ) throws(ConfigurationError) -> Source {
            let parts = path.split(separator: "/", omittingEmptySubsequences: true)
            let isAbsolute = path.hasPrefix("/")
            let parent = parts.dropLast().joined(separator: "/")
            let directory = isAbsolute ? "/" + parent : parent.isEmpty ? "." : parent
            do {
                let file = try files.directory(at: directory, .mustExist)
                    .open(parts.last.map(String.init) ?? "", .read)
                var bytes = [UInt8](repeating: 0, count: sizeMax + 1)
                var count = 0
                while count < bytes.count {
                    var rest = [UInt8](repeating: 0, count: bytes.count - count)
                    let read = try file.read(into: &rest, at: UInt64(count))
                    guard read > 0 else { break }
                    bytes.replaceSubrange(count..<(count + read), with: rest[..<read])
                    count += read
                }
                return Source(name: path, bytes: Array(bytes[..<count]))
            } catch {
                let reason =
                    switch error.kind {
                    case .notFound: "there is no such file"
                    case .denied: "permission denied"
                    default: "\(error.operation) failed (errno \(error.errno))"
                    }
                let sentence = "the configuration cannot be read: \(reason)"
                throw ConfigurationError(problems: [
                    ConfigurationError.Problem(source: path, sentence: sentence)
                ])
            }
        }
    }

    /// The options of `breakwater serve` that set a key: name, what stands for the value, purpose.
    public static var flags: [(name: String, allowed: String, purpose: String)] {
        KeyTable.keys.compactMap { key in
            key.flag.map { ($0, key.allowed, key.purpose) }
        }
    }

    /// Reads settings: the defaults, then the file, then options, each over what came before.
    ///
    /// Throws everything that is wrong at once.
    public static func read(
        _ file: Source?,
        flags: [(name: String, value: String)] = []
    ) throws(ConfigurationError) -> Settings {
        var reader = SettingsReader()
        if let file { reader.readFile(file.bytes, named: file.name) }
        for flag in flags { reader.readFlag(flag.name, flag.value) }
        // Rules are asked of values that can be believed.
        if reader.problems.isEmpty { Rules.check(&reader) }
        guard reader.problems.isEmpty else {
            throw ConfigurationError(problems: reader.problems)
        }
        return reader.settings
    }

    /// The settings as a file that would give them, every key in it or commented out.
    public var asYAML: String {
        var lines: [String] = []
        for group in KeyTable.groups {
            let indentation = group.name.isEmpty ? "" : "  "
            if !group.name.isEmpty { lines.append("\(group.name):") }
            for key in group.keys {
                let line = key.show(self).map { "\(key.name): \($0)" } ?? "# \(key.name):"
                lines.append(indentation + line)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
