// SPDX-License-Identifier: Apache-2.0

import CYAML

/// One event of a document.
struct Event {
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    var kind: Kind
    var place: YAMLPlace
}

/// A libyaml parser over bytes in memory.
///
/// Used by one thread: it is created, read to its end and dropped in one call.
// Safe because the pointers are private, point to memory that lives as long as the parser, and every
// read stays within what libyaml was told.
@safe
final class EventParser {
    // libyaml keeps a pointer to the text until the parser is deleted, and its parser must not move.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        unsafe text = .allocate(capacity: bytes.count)
        _ = unsafe text.initialize(from: bytes)
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        precondition(unsafe yaml_parser_initialize(parser) == 1, "out of memory")
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, text.baseAddress, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe text.deallocate()
    }

    /// The next event; anchors, aliases and tags are errors.
    func next() throws(YAMLError) -> Event {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        let mark = unsafe event.start_mark
        let place = YAMLPlace(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
        return Event(kind: try unsafe EventParser.kind(event, place), place: place)
    }

    private static func kind(
        _ event: yaml_event_t,
        _ place: YAMLPlace
    ) throws(YAMLError) -> Event.Kind {
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            try unsafe refuse(anchor: scalar.anchor, tag: scalar.tag, place)
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                unsafe String(decoding: bytes, as: UTF8.self),
                isPlain: unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
            )
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            try unsafe refuse(anchor: start.anchor, tag: start.tag, place)
            return .sequenceStart
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            try unsafe refuse(anchor: start.anchor, tag: start.tag, place)
            return .mappingStart
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: throw YAMLError(problem: "aliases (*name) are not taken", place: place)
        }
    }

    private static func refuse(
        anchor: UnsafeMutablePointer<UInt8>?,
        tag: UnsafeMutablePointer<UInt8>?,
        _ place: YAMLPlace
    ) throws(YAMLError) {
        guard unsafe anchor == nil else {
            throw YAMLError(problem: "anchors (&name) are not taken", place: place)
        }
        guard unsafe tag == nil else {
            throw YAMLError(problem: "tags (!name) are not taken", place: place)
        }
    }

    /// What libyaml says is wrong; what its reader finds it places by byte, all else by line.
    private func failure() -> YAMLError {
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
        let error = unsafe parser.pointee.error
        guard error == YAML_READER_ERROR else {
            let mark = unsafe parser.pointee.problem_mark
            return YAMLError(
                problem: problem ?? "the text is not YAML",
                place: YAMLPlace(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
            )
        }
        let offset = unsafe min(Int(parser.pointee.problem_offset), text.count)
        let before = unsafe text[..<offset]
        let lineStart = unsafe before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = unsafe before.count { $0 == UInt8(ascii: "\n") }
        return YAMLError(
            problem: problem ?? "the text cannot be read",
            place: YAMLPlace(line: line + 1, column: offset - lineStart + 1)
        )
    }
}
