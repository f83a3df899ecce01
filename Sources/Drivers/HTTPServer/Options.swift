// SPDX-License-Identifier: Apache-2.0

public import HTTP

extension Server {
    /// Where a server listens.
    public enum Address: Sendable, Equatable {
        /// TCP; port 0 lets the kernel choose.
        case tcp(host: String, port: UInt16)
        /// A Unix socket that only its owner may open (mode 0600).
        case unix(path: String)
    }

    /// A certificate chain and its key, both PEM.
    public struct Certificate: Sendable {
        /// The chain, the server's own certificate first.
        public var chain: [UInt8]
        /// The private key of the first certificate.
        public var key: [UInt8]

        /// Makes a certificate of PEM texts.
        public init(chain: [UInt8], key: [UInt8]) {
            self.chain = chain
            self.key = key
        }
    }

    /// What a server is started with; every limit has the default that the documentation names.
    public struct Options: Sendable {
        /// Where it listens.
        public var address: Address
        /// The certificate it shows; nil for plain HTTP.
        public var certificate: Certificate?
        /// Threads that move bytes; 0 takes as many as there are processors, 2 at least, 8 at most.
        public var threads = 0
        /// The most connections; over it the longest idle one is closed, or the new one gets 503.
        public var connectionsMax = 16_384
        /// The most connections that wait for a next request, or over TLS for the first one; the longest
        /// idle are closed first.
        public var idleConnectionsMax = 2_048
        /// The most requests that are worked on at once; over it the answer is 503.
        public var requestsMax = 1_024
        /// The most bytes of a request line and its header fields; over it the answer is 431.
        public var headerBytesMax = 16_384
        /// The most header fields; over it the answer is 431.
        public var headerFieldsMax = 100
        /// How long a header may take: from the connection's opening, later from its first byte.
        public var headerDeadline: Duration = .seconds(10)
        /// How long a connection may be silent.
        public var idleTimeout: Duration = .seconds(75)
        /// The least a client may send of a body, in bytes per second over `bodyRateWindow`; 0 for any.
        public var bodyRateMin = 1_024
        /// Over how much time of waiting for the client the rate is taken.
        public var bodyRateWindow: Duration = .seconds(10)
        /// The least a client may take of an answer, in bytes per second over `answerRateWindow`; 0 for any.
        public var answerRateMin = 1_024
        /// Over how much time of waiting for the client the rate is taken; long, because a client that
        /// writes what it reads may stand still for a while.
        public var answerRateWindow: Duration = .seconds(60)
        /// The most of a request body that is held for a handler that is slower than its client.
        public var bodyBufferMax = 524_288
        /// The most of an unread body that is read and dropped to keep the connection.
        public var discardMax = 65_536
        /// How long an answer that came before the end of its request's body is left to be read.
        public var lingerMax: Duration = .seconds(5)
        /// Peers whose `X-Request-Id`, `Forwarded` and `X-Forwarded-*` count.
        public var proxies: [AddressRange] = []
        /// Makes the body of what the server itself refuses, and its media type.
        public var refusal: @Sendable (_ status: Int, _ sentence: String) -> Refusal =
            Refusal.plainText

        /// Makes options with the defaults.
        public init(address: Address) {
            self.address = address
        }
    }

    /// The body of an answer that the server gives without asking the handler.
    public struct Refusal: Sendable {
        /// Its media type.
        public var mediaType: String
        /// Its bytes.
        public var body: [UInt8]

        /// Makes a body.
        public init(mediaType: String, body: [UInt8]) {
            self.mediaType = mediaType
            self.body = body
        }

        /// The sentence and a line feed.
        @Sendable public static func plainText(_ status: Int, _ sentence: String) -> Refusal {
            Refusal(mediaType: "text/plain; charset=utf-8", body: Array((sentence + "\n").utf8))
        }
    }
}

/// Why a server cannot start or take a certificate.
public enum ServerError: Error, Equatable, Sendable {
    /// The address cannot be listened on; the sentence says why.
    case cannotListen(String)
    /// The certificate or its key cannot be used; the sentence says why.
    case certificate(String)
    /// The library did not start.
    case cannotStart(String)
}
