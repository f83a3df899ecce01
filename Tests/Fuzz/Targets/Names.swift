// SPDX-License-Identifier: Apache-2.0

import HTTP
import OCI

/// Names and tags agree with the specification's regular expressions, and are what was read.
func fuzzName(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    let name = RepositoryName(text)
    precondition((name != nil) == (bytes.count <= 255 && isName(bytes)), "not the specification's")
    if let name {
        precondition(Array(name.description.utf8) == bytes, "another name than was written")
        precondition(RepositoryName(name.namespace) != nil, "a namespace that is no name")
    }
    let tag = Tag(text)
    precondition((tag != nil) == isTag(bytes), "not the specification's")
    if let tag {
        precondition(Array(tag.description.utf8) == bytes, "another tag than was written")
    }
    switch Reference(text) {
    case .tag(let read): precondition(read == tag, "another tag")
    case .digest(let digest):
        precondition(Array(digest.description.utf8) == bytes, "another digest")
    case nil: precondition(tag == nil && Digest(text) == nil, "a reference that was not read")
    }
    if let endpoint = Endpoint(text) {
        precondition(Endpoint(endpoint.description) == endpoint, "an endpoint that changes")
    }
    if let range = AddressRange(text) {
        precondition(AddressRange(range.description) == range, "a range that changes")
        precondition(range.contains(range.base), "a range without its base")
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`, in another way than
/// the parser: by cutting it into components and these into runs.
private func isName(_ bytes: [UInt8]) -> Bool {
    bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
        var rest = part[...]
        while true {
            let letters = rest.prefix { isLowerOrDigit($0) }
            guard !letters.isEmpty else { return false }
            rest = rest.dropFirst(letters.count)
            guard !rest.isEmpty else { return true }
            let separator = Array(rest.prefix { !isLowerOrDigit($0) })
            let isHyphens = separator.allSatisfy { $0 == UInt8(ascii: "-") }
            guard
                isHyphens
                    || [
                        Array(
                            "."
                                .utf8
                        ), Array("_".utf8), Array("__".utf8),
                    ].contains(separator)
            else { return false }
            rest = rest.dropFirst(separator.count)
        }
    }
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
private func isTag(_ bytes: [UInt8]) -> Bool {
    (1...128).contains(bytes.count) && bytes[0] != UInt8(ascii: ".")
        && bytes[0] != UInt8(ascii: "-")
        && bytes.allSatisfy {
            isLowerOrDigit($0) || (0x41...0x5A).contains($0) || "._-".utf8.contains($0)
        }
}

private func isLowerOrDigit(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
}

/// A digest that is read is written as it was, and compares as its text does; one a line.
func fuzzDigest(_ bytes: [UInt8]) {
    let lines = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let digests = lines.map { Digest(String(decoding: $0, as: UTF8.self)) }
    guard let digest = digests[0] else { return }
    precondition(lines[0].elementsEqual(digest.description.utf8), "another digest than was written")
    precondition(Digest(digest.algorithm, digest.bytes) == digest, "bytes that are another digest")
    for tag in digest.companionTags {
        precondition(Reference(tag.description) == .tag(tag), "a tag that is none")
    }
    guard digests.count == 2, let other = digests[1] else { return }
    let inOrder = digest.description.utf8.lexicographicallyPrecedes(other.description.utf8)
    precondition((digest < other) == inOrder, "another order than the texts'")
    precondition((digest == other) == (digest.description == other.description), "equal, or not")
}
