// SPDX-License-Identifier: Apache-2.0

public import HTTP

#if canImport(FoundationEssentials)
import FoundationEssentials
#endif

/// The calling end of the management interface.
public struct ControlClient: Sendable {
    /// The longest answer taken, in bytes; pages are bounded well below it.
    public static let answerMax = 32 << 20

    private let transport: any Transport

    /// Makes a client that sends through `transport`.
    public init(transport: any Transport) {
        self.transport = transport
    }

    /// Asks for `path` below the interface's prefix and decodes the answer.
    public func get<Answer: Decodable>(
        _ path: String,
        _ query: [(String, String)] = [],
        as answer: Answer.Type
    ) async throws -> Answer {
        try await send("GET", path, query, as: answer)
    }

    /// Everything a tag ever was, newest first, asked for in pages of at most so many values.
    public func history(
        of tag: String,
        in repository: String,
        pageSize: Int = Wire.pageMax
    ) async throws -> Wire.TagHistory {
        var query = [("repository", repository), ("tag", tag), ("limit", "\(pageSize)")]
        var all = try await get("tags/history", query, as: Wire.TagHistory.self)
        while let next = all.next {
            query = query.filter { $0.0 != "before" } + [("before", next)]
            let page = try await get("tags/history", query, as: Wire.TagHistory.self)
            all.values += page.values
            all.next = page.next
        }
        return all
    }

    /// Everything that is set aside, asked for page by page.
    public func quarantine() async throws -> Wire.Quarantine {
        var all = try await get("quarantine", as: Wire.Quarantine.self)
        while let next = all.next {
            let page = try await get("quarantine", [("after", next)], as: Wire.Quarantine.self)
            all.copies += page.copies
            all.next = page.next
        }
        return all
    }

    /// Every repository from which something can be had back.
    public func trash() async throws -> Wire.Trash {
        var all = try await get("trash", as: Wire.Trash.self)
        while let next = all.next {
            let page = try await get("trash", [("after", next)], as: Wire.Trash.self)
            all.repositories += page.repositories
            all.next = page.next
        }
        return all
    }

    /// Everything in a repository's trash.
    public func trash(of repository: String) async throws -> Wire.RepositoryTrash {
        let query = [("repository", repository)]
        var manifests = try await get("trash/manifests", query, as: Wire.TrashedManifests.self)
        while let next = manifests.next {
            let page = try await get(
                "trash/manifests",
                query + [("after", next)],
                as: Wire.TrashedManifests.self
            )
            manifests.manifests += page.manifests
            manifests.next = page.next
        }
        var tags = try await get("trash/tags", query, as: Wire.TrashedTags.self)
        while let next = tags.next {
            let page = try await get(
                "trash/tags",
                query + [("after", next)],
                as: Wire.TrashedTags.self
            )
            tags.tags += page.tags
            tags.next = page.next
        }
        return Wire.RepositoryTrash(manifests: manifests.manifests, tags: tags.tags)
    }

    /// Sends a request and decodes the answer; throws `Wire.Problem` when refused.
    public func send<Answer: Decodable>(
        _ method: String,
        _ path: String,
        _ query: [(String, String)] = [],
        body: [UInt8] = [],
        as answer: Answer.Type
    ) async throws -> Answer {
        let head = ControlClient.head(method, path, query)
        let received = try await transport.send(head, body: body, limit: ControlClient.answerMax)
        guard received.status == 200 else { throw ControlClient.problem(received) }
        return try JSONDecoder().decode(Answer.self, from: Data(received.body))
    }

    /// What the server says went wrong, or that it said nothing we know.
    private static func problem(_ received: ReceivedResponse) -> Wire.Problem {
        do {
            return try JSONDecoder().decode(Wire.Problem.self, from: Data(received.body))
        } catch {
            let message = "the server answered \(received.status)"
            return Wire.Problem(message: message, isRefusal: false)
        }
    }

    /// The head of a request to the interface.
    public static func head(
        _ method: String,
        _ path: String,
        _ query: [(String, String)] = []
    ) -> RequestHead {
        let pairs = query.map { "\(encode($0.0))=\(encode($0.1))" }
        return RequestHead(
            method: method,
            path: Wire.prefix + path,
            query: pairs.isEmpty ? nil : pairs.joined(separator: "&"),
            headers: Headers([("Host", "breakwater"), ("Accept", "application/json")])
        )
    }

    /// Percent-encodes everything but RFC 3986's unreserved characters.
    static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.append(byte)
            default:
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
