// SPDX-License-Identifier: Apache-2.0

import HTTP

/// Reads whom a proxy speaks for.
enum ForwardedFor {
    /// The most addresses that are looked at.
    private static let hopsMax = 16

    /// The client as the configured proxies have it in `X-Forwarded-For`; nil when they say nothing.
    ///
    /// Each proxy appends whom it heard from, so the list is read from its end, and what a client wrote
    /// into it itself lies before the first address that is no configured proxy, and is not believed.
    static func client(_ headers: Headers, proxies: [AddressRange]) -> IPAddress? {
        let hops = headers.values("X-Forwarded-For").flatMap { $0.split(separator: ",") }
        var client: IPAddress?
        for hop in hops.suffix(hopsMax).reversed() {
            guard let address = address(hop) else { return client }
            client = address
            guard proxies.contains(where: { $0.contains(address) }) else { return client }
        }
        return client
    }

    /// An address, which some proxies write with a port.
    private static func address(_ hop: Substring) -> IPAddress? {
        var text = hop.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return IPAddress(text) ?? Endpoint(text)?.address
    }
}
