// SPDX-License-Identifier: Apache-2.0

import YAML

/// Reads settings from a file and options, and remembers where each came from.
///
/// It goes on after a problem, so that one check shows them all.
struct SettingsReader {
    private(set) var settings = Settings()
    private(set) var problems: [ConfigurationError.Problem] = []
    private var origins: [String: Origin] = [:]

    /// The most problems that are reported.
    static let problemsMax = 50

    mutating func readFile(_ bytes: [UInt8], named file: String) {
        let root: YAMLNode
        do { root = try YAMLNode.parse(bytes) } catch {
            report(Origin(source: file, place: error.place), error.problem)
            return
        }
        guard root.value != .null else { return }
        guard let entries = root.entries else {
            let here = Origin(source: file, place: root.place)
            report(here, "a configuration is keys with values, as in `listen: 127.0.0.1:5000`")
            return
        }
        for entry in entries { readTop(entry, file) }
    }

    mutating func readFlag(_ flag: String, _ value: String) {
        guard let key = KeyTable.keys.first(where: { $0.flag == flag }) else {
            report(Origin(source: "--\(flag)"), "there is no such option")
            return
        }
        set(key, .text(value), Origin(source: "--\(flag)"))
    }

    /// Reports a rule between keys, at the first of `paths` that was written somewhere.
    mutating func reportRule(_ paths: [String], _ sentence: String) {
        let origin = paths.lazy.compactMap { [origins] in origins[$0] }.first
        report(origin ?? Origin(source: "configuration"), sentence)
    }

    private mutating func readTop(_ entry: YAMLNode.Entry, _ file: String) {
        if let key = KeyTable.keys.first(where: { $0.path == entry.key }), key.group.isEmpty {
            read(key, entry, file)
            return
        }
        let here = Origin(source: file, place: entry.place)
        guard let group = KeyTable.groups.first(where: { $0.name == entry.key && $0.name != "" })
        else {
            report(here, NearestKey.unknown(entry.key, in: nil))
            return
        }
        // A group whose keys are all commented out is null.
        guard entry.value.value != .null else { return }
        guard let entries = entry.value.entries else {
            let names = group.keys.map(\.name).joined(separator: ", ")
            report(here, "`\(group.name)` is a group; its keys stand indented below: \(names)")
            return
        }
        for inner in entries {
            guard let key = group.keys.first(where: { $0.name == inner.key }) else {
                let place = Origin(source: file, place: inner.place)
                report(place, NearestKey.unknown(inner.key, in: group))
                continue
            }
            read(key, inner, file)
        }
    }

    private mutating func read(_ key: Key, _ entry: YAMLNode.Entry, _ file: String) {
        let place = Origin(source: file, place: entry.value.place)
        switch entry.value.value {
        case .null:
            let value = key.show(Settings()).map { "the default (\($0))" } ?? "its default"
            let sentence = "`\(key.path)` has no value; leave the key out for \(value)"
            report(Origin(source: file, place: entry.place), sentence)
        case .scalar(let text, _): set(key, .text(text), place)
        case .sequence(let elements):
            let texts = elements.compactMap(\.text)
            guard texts.count == elements.count else {
                report(place, "`\(key.path)` must be \(key.allowed)")
                return
            }
            set(key, .list(texts), place)
        case .mapping: report(place, "`\(key.path)` must be \(key.allowed), not a group of keys")
        }
    }

    private mutating func set(_ key: Key, _ written: Written, _ origin: Origin) {
        guard key.set(&settings, written) else {
            let shown: String =
                switch written {
                case .text(let text): SettingsReader.shown(text)
                case .list(let texts): texts.map(SettingsReader.shown).joined(separator: ", ")
                }
            report(origin, "`\(key.path)` must be \(key.allowed); '\(shown)' is not")
            return
        }
        origins[key.path] = origin
    }

    private mutating func report(_ origin: Origin, _ sentence: String) {
        guard problems.count < SettingsReader.problemsMax else { return }
        problems.append(origin.problem(sentence))
    }

    /// The first 100 characters, without control characters.
    private static func shown(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(100) {
            shown.unicodeScalars.append(
                scalar.properties.generalCategory == .control ? "?" : scalar
            )
        }
        return shown
    }
}
