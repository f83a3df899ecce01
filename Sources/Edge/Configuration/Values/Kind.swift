// SPDX-License-Identifier: Apache-2.0

import HTTP

/// What stands behind a key or a flag.
enum Written: Sendable {
    case text(String)
    case list([String])
}

/// What a key's value may be, how it is read and how it is shown.
struct Kind<Value: Sendable>: Sendable {
    /// What is allowed, as a phrase: `true or false`.
    var allowed: String
    /// Reads it; nil when it is not allowed.
    var read: @Sendable (Written) -> Value?
    /// Writes it as it would stand in a file; nil when it is not set.
    var show: @Sendable (Value) -> String?

    private init(
        _ allowed: String,
        show: @escaping @Sendable (Value) -> String?,
        read: @escaping @Sendable (Written) -> Value?
    ) {
        self.allowed = allowed
        self.show = show
        self.read = read
    }

    /// A kind that is written as one text.
    init(
        one allowed: String,
        show: @escaping @Sendable (Value) -> String?,
        read: @escaping @Sendable (String) -> Value?
    ) {
        self.init(allowed, show: show) { written in
            guard case .text(let text) = written else { return nil }
            return read(text)
        }
    }

    /// The same, but not set by default.
    var optional: Kind<Value?> {
        Kind<Value?>(allowed, show: { $0.flatMap(show) }, read: { read($0).map(Optional.some) })
    }

    /// A list of these; one alone need not be a list.
    var list: Kind<[Value]> {
        Kind<[Value]>(
            "a list, each element \(allowed)",
            show: { "[" + $0.compactMap(show).joined(separator: ", ") + "]" },
            read: { written in
                let texts =
                    switch written {
                    case .text(let text): [text]
                    case .list(let texts): texts
                    }
                let values = texts.compactMap { read(.text($0)) }
                return values.count == texts.count ? values : nil
            }
        )
    }
}

extension Kind<Bool> {
    static let flag = Kind(one: "true or false", show: { String($0) }, read: { Bool($0) })
}

extension Kind<UInt64> {
    static func size(_ range: ClosedRange<UInt64>) -> Kind {
        let lowest = Units.show(size: range.lowerBound)
        let highest = Units.show(size: range.upperBound)
        return Kind(
            one: "a size from \(lowest) to \(highest), as in 512KiB, 4MiB or 1GiB",
            show: { Units.show(size: $0) },
            read: { Units.size($0).flatMap { range.contains($0) ? $0 : nil } }
        )
    }
}

extension Kind<Int> {
    static func count(_ range: ClosedRange<Int>) -> Kind {
        Kind(
            one: "a number from \(range.lowerBound) to \(range.upperBound)",
            show: { String($0) },
            read: { text in
                Units.number(text).flatMap(Int.init(exactly:)).flatMap {
                    range.contains($0) ? $0 : nil
                }
            }
        )
    }
}

extension Kind<Duration> {
    static func time(_ range: ClosedRange<Duration>) -> Kind {
        let lowest = Units.show(duration: range.lowerBound)
        let highest = Units.show(duration: range.upperBound)
        return Kind(
            one: "a time from \(lowest) to \(highest), as in 500ms, 10s, 5m, 12h or 7d",
            show: { Units.show(duration: $0) },
            read: { Units.duration($0).flatMap { range.contains($0) ? $0 : nil } }
        )
    }
}

extension Kind<Endpoint> {
    static let endpoint = Kind(
        one: "an address and a port, as in 127.0.0.1:5000, [::1]:5000 or 0.0.0.0:443",
        show: { $0.description },
        read: { Endpoint($0) }
    )
}

extension Kind<AddressRange> {
    static let addressRange = Kind(
        one: "an address or a range, as in 192.0.2.7 or 10.0.0.0/8",
        show: { $0.description },
        read: { AddressRange($0) }
    )
}

extension Kind<String> {
    static let path = Kind(
        one: "a path, absolute or from the working directory",
        show: { Kind.quoted($0) },
        read: { text in
            let isPath = (1...4_096).contains(text.utf8.count) && !text.utf8.contains(0)
            return isPath ? text : nil
        }
    )

    static let name = Kind(
        one: "a name of 1 to 63 lower-case letters, digits and hyphens inside",
        show: { $0 },
        read: { text in
            let isName =
                (1...63).contains(text.utf8.count) && !text.hasPrefix("-") && !text.hasSuffix("-")
                && text.utf8.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
                }
            return isName ? text : nil
        }
    )

    static let publicURL = Kind(
        one: "http:// or https://, a host, and perhaps a port, as in https://registry.example.org",
        show: { $0 },
        read: { text in
            let prefix = ["https://", "http://"].first { text.hasPrefix($0) }
            guard let prefix, text.utf8.count <= 255 else { return nil }
            let authority = text.dropFirst(prefix.utf8.count)
            return Kind.isAuthority(authority) ? text : nil
        }
    )

    private static func isAuthority(_ text: Substring) -> Bool {
        var host = text
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            guard let port = Units.number(text[text.index(after: colon)...]),
                (1...65_535).contains(port)
            else { return false }
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            return IPAddress(host.dropFirst().dropLast())?.isSix == true
        }
        return !host.isEmpty && !host.hasPrefix(".") && !host.hasPrefix("-")
            && host.utf8.allSatisfy {
                (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x2D
                    || $0 == 0x2E
            }
    }

    /// In double quotes where YAML might take it for something else.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0)
                || [0x2D, 0x2E, 0x2F, 0x5F].contains($0)
        }
        guard !isPlain || text.hasPrefix("-") || ["~", "null"].contains(text) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": escaped += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                escaped += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return "\"\(escaped)\""
    }
}

extension Kind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    static var choice: Kind {
        Kind(
            one: Value.allCases.map(\.rawValue).joined(separator: ", "),
            show: { $0.rawValue },
            read: { Value(rawValue: $0) }
        )
    }
}
