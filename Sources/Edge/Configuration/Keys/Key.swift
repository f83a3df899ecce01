// SPDX-License-Identifier: Apache-2.0

/// One key of the configuration file: how it is called, what it may be, what it does.
struct Key: Sendable {
    /// The name with its group: `log.level`.
    let path: String
    /// The option of `breakwater serve` that sets it, without hyphens.
    let flag: String?
    /// What it does, in a sentence or two.
    let purpose: String
    /// For a limit: which status answers what exceeds it.
    let exceeded: String?
    /// Whether SIGHUP reads it again.
    let isReloaded: Bool
    /// What it may be.
    let allowed: String

    /// Sets it; false when the value is not allowed.
    let set: @Sendable (inout Settings, Written) -> Bool
    /// How it would stand in a file; nil when it is not set.
    let show: @Sendable (Settings) -> String?

    init<Value>(
        _ path: String,
        _ member: any (WritableKeyPath<Settings, Value> & Sendable),
        _ kind: Kind<Value>,
        flag: String? = nil,
        exceeded: String? = nil,
        isReloaded: Bool = false,
        _ purpose: String
    ) {
        self.path = path
        self.flag = flag
        self.purpose = purpose
        self.exceeded = exceeded
        self.isReloaded = isReloaded
        allowed = kind.allowed
        set = { settings, written in
            guard let value = kind.read(written) else { return false }
            settings[keyPath: member] = value
            return true
        }
        show = { kind.show($0[keyPath: member]) }
    }

    /// The group's name; empty for keys that stand alone.
    var group: String { path.contains(".") ? String(path.prefix { $0 != "." }) : "" }

    /// The name inside the group.
    var name: String { path.split(separator: ".").last.map(String.init) ?? path }
}

/// Keys that belong together.
struct KeyGroup: Sendable {
    /// The name in the file; empty for keys that stand alone.
    let name: String
    /// What they are about, in a sentence.
    let purpose: String
    /// The keys.
    let keys: [Key]
}
