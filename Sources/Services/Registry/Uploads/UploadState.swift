// SPDX-License-Identifier: Apache-2.0

import Crypto
import OCI
public import Platform

/// What an upload's `Location` carries, signed: which upload, of whom, where, how far, until when.
///
/// The holders of the staging are the truth about its length; the state only says what the client was
/// told. Every request is authorised anew with it.
public struct UploadState: Hashable, Sendable {
    /// The estate it belongs to.
    public var estate: Identifier
    /// The repository it was begun in.
    public var repository: String
    /// Who began it.
    public var actor: Identifier
    /// The staging's id.
    public var id: Identifier
    /// Bytes acknowledged to the client.
    public var offset: UInt64
    /// The stores that have the staging.
    public var holders: [Identifier]
    /// Wall clock milliseconds until which its holders keep it at least, as far as their clocks agree.
    ///
    /// For those who have no part of the staging; holders go by its age.
    public var expiry: UInt64

    private static let version: UInt8 = 1

    /// The state as text for a query parameter: base64url of the key's id, the fields, and their code.
    func sealed(with keyring: Keyring) -> String {
        var bytes: [UInt8] = [UploadState.version] + keyring.uploadKeyID.bytes
        bytes += estate.bytes + actor.bytes + id.bytes
        bytes += UploadState.bytes(offset) + UploadState.bytes(expiry)
        bytes.append(UInt8(truncatingIfNeeded: holders.count))
        for holder in holders { bytes += holder.bytes }
        bytes += Array(repository.utf8)
        bytes += MessageAuthenticationCode.sign(key: keyring.uploadKey, message: bytes)
        return Base64URL.encode(bytes)
    }

    /// Reads sealed text; nil unless every byte is as it was sealed with this keyring.
    init?(sealed text: String, with keyring: Keyring) {
        guard let all = Base64URL.decode(text), all.count > 32 else { return nil }
        let bytes = Array(all.dropLast(32))
        guard
            MessageAuthenticationCode.verify(
                key: keyring.uploadKey,
                message: bytes,
                code: Array(all.suffix(32))
            )
        else { return nil }
        var rest = bytes[...]
        func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func number() -> UInt64? { take(8)?.reduce(0) { $0 << 8 | UInt64($1) } }
        func id() -> Identifier? {
            guard let high = number(), let low = number() else { return nil }
            return Identifier(high: high, low: low)
        }
        guard take(1)?.first == UploadState.version, id() == keyring.uploadKeyID,
            let estate = id(), let actor = id(), let upload = id(), let offset = number(),
            let expiry = number(), let count = take(1)?.first
        else { return nil }
        var holders: [Identifier] = []
        for _ in 0..<count {
            guard let holder = id() else { return nil }
            holders.append(holder)
        }
        self.init(
            estate: estate,
            repository: String(decoding: rest, as: UTF8.self),
            actor: actor,
            id: upload,
            offset: offset,
            holders: holders,
            expiry: expiry
        )
    }

    /// Makes a state.
    public init(
        estate: Identifier,
        repository: String,
        actor: Identifier,
        id: Identifier,
        offset: UInt64,
        holders: [Identifier],
        expiry: UInt64
    ) {
        self.estate = estate
        self.repository = repository
        self.actor = actor
        self.id = id
        self.offset = offset
        self.holders = holders
        self.expiry = expiry
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
    }
}

/// Base64 with the alphabet for URLs and no padding (RFC 4648, 5).
enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8
    )

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let group = bytes[index..<min(index + 3, bytes.count)]
            let padded = Array(group) + [UInt8](repeating: 0, count: 3 - group.count)
            let bits = padded.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            for place in 0...group.count {
                text.append(alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)])
            }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= (1 << UInt32(count)) - 1
            }
        }
        // What is left over must be zero: a text has one meaning and a meaning one text.
        return bits == 0 && count < 6 ? bytes : nil
    }
}
