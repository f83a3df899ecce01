// SPDX-License-Identifier: Apache-2.0

/// An address and a port to listen on or to name a peer by: `127.0.0.1:5000`, `[::1]:5000`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// The address.
    public let address: IPAddress
    /// The port; 0 lets the system choose one.
    public let port: UInt16

    /// Makes an endpoint.
    public init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Parses an address (IPv6 in brackets) or `localhost`, a colon and a port.
    ///
    /// No other names: one name can be several addresses, and some of them not loopback.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let digits = text[text.utf8.index(after: colon)...]
        guard digits.utf8.count <= 5, case .number(let number) = Digits(digits.utf8),
            let port = UInt16(exactly: number)
        else { return nil }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.utf8.count > 2
        let written = isBracketed ? String(host.dropFirst().dropLast()) : String(host)
        guard isBracketed == written.utf8.contains(UInt8(ascii: ":")),
            let address = IPAddress(written == "localhost" ? "127.0.0.1" : written)
        else { return nil }
        self.address = address
        self.port = port
    }

    /// As it is written in logs and in the configuration.
    public var description: String { address.isSix ? "[\(address)]:\(port)" : "\(address):\(port)" }
}
