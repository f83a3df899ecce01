// SPDX-License-Identifier: Apache-2.0

import HTTP

/// A part that is selected lies inside what there is; conditions are the same however they are written.
///
/// The input's first eight bytes are the size, the rest the fields, one a line.
func fuzzRange(_ bytes: [UInt8]) {
    guard bytes.count >= 8 else { return }
    let size = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
    let lines = bytes[8...].split(separator: 0x0A, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    let range = lines.first ?? ""
    var headers = Headers([("Range", range)])
    if lines.count > 1 { headers.append("If-Range", lines[1]) }
    for line in lines.dropFirst(2) { headers.append("If-None-Match", line) }
    let current = EntityTag(strong: "sha256:aa")
    if case .part(let part) = RangeSelection(headers, size: size, entityTag: current) {
        precondition(part.first <= part.last && part.last < size, "a part outside the whole")
        precondition(part.count <= size, "a part greater than the whole")
    }
    if let chunk = ByteRange(uploadContentRange: range) {
        precondition(
            chunk.first <= chunk.last && chunk.count > 0,
            "a chunk that ends before it begins"
        )
        precondition(
            range.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2D },
            "not digits"
        )
    }
    let conditions = Preconditions(headers)
    if case .list(.tags(let tags)) = conditions.ifNoneMatch {
        precondition(tags.count <= EntityTagList.countMax, "more tags than are read")
        let again = EntityTagList([tags.map(\.description).joined(separator: ", ")])
        precondition(again == .tags(tags), "a list that changes when it is written")
    }
    precondition(
        conditions.forReading(current) != .failed,
        "If-None-Match fails a GET, which it must not"
    )
}

/// What was decoded is encoded and decoded to the same.
func fuzzQuery(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let query = try? Query(text) else { return }
    precondition(query.parameters.count <= Query.Limits().parametersMax, "more than the limit")
    let written = query.parameters.map {
        PercentCoding.encode($0.name) + "=" + PercentCoding.encode($0.value)
    }
    var limits = Query.Limits()
    limits.lengthMax = .max
    guard let again = try? Query(written.joined(separator: "&"), limits: limits) else {
        preconditionFailure("what was written is not read")
    }
    precondition(again == query, "another query than was written")
    for parameter in query.parameters {
        precondition(
            parameter.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F },
            "a control character"
        )
    }
}
