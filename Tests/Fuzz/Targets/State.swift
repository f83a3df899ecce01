// SPDX-License-Identifier: Apache-2.0

import Crypto
import Journal
import Platform

@testable import Registry

private let keyring = Keyring(
    uploadKeyID: Identifier(high: 1, low: 2),
    uploadKey: [UInt8](repeating: 7, count: 32)
)

/// A `Location` of somebody else's is refused; one that we signed is read, or refused, and never more.
func fuzzLocation(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    precondition(UploadState(sealed: text, with: keyring) == nil, "a forged state was taken")
    if let decoded = Base64URL.decode(text) {
        precondition(Base64URL.encode(decoded) == text, "two texts for the same bytes")
    }
    // The same bytes as what is signed: what a later version, or a mistake of ours, may send.
    let code = MessageAuthenticationCode.sign(key: keyring.uploadKey, message: bytes)
    let signed = Base64URL.encode(bytes + code)
    guard let state = UploadState(sealed: signed, with: keyring) else { return }
    let again = UploadState(sealed: state.sealed(with: keyring), with: keyring)
    precondition(again == state, "another state than was written")
}

/// An entry that is read is written byte for byte.
func fuzzEntry(_ bytes: [UInt8]) {
    guard let (entry, predecessor) = try? EntryCodec.decode(bytes) else { return }
    precondition(EntryCodec.encode(entry, after: predecessor) == bytes, "two forms of one entry")
}
