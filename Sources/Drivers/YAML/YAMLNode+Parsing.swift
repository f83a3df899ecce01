// SPDX-License-Identifier: Apache-2.0

extension YAMLNode {
    /// Parses one document; an empty text is null.
    ///
    /// Refuses anchors and aliases (with which a few lines are gigabytes), tags, two equal keys, keys
    /// that are not text, a second document, and what exceeds `limits`.
    public static func parse(
        _ bytes: [UInt8],
        limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLError) -> YAMLNode {
        let start = YAMLPlace(line: 1, column: 1)
        guard bytes.count <= limits.sizeMax else {
            throw YAMLError(problem: "longer than \(limits.sizeMax) bytes", place: start)
        }
        let parser = EventParser(bytes)
        var reader = TreeReader(parser: parser, limits: limits)
        return try reader.document() ?? YAMLNode(value: .null, place: start)
    }
}

/// Builds the tree of a document from its events.
private struct TreeReader {
    let parser: EventParser
    let limits: YAMLLimits
    var nodes = 0

    mutating func document() throws(YAMLError) -> YAMLNode? {
        var root: YAMLNode?
        while true {
            let event = try parser.next()
            switch event.kind {
            case .streamStart, .documentEnd: continue
            case .streamEnd: return root
            case .documentStart:
                guard root == nil else {
                    throw YAMLError(problem: "a second document begins", place: event.place)
                }
                root = try node(try parser.next(), depth: 0)
            default: throw YAMLError(problem: "something else is expected", place: event.place)
            }
        }
    }

    private mutating func node(_ event: Event, depth: Int) throws(YAMLError) -> YAMLNode {
        guard depth < limits.depthMax else {
            throw YAMLError(problem: "nested deeper than \(limits.depthMax)", place: event.place)
        }
        nodes += 1
        guard nodes <= limits.nodesMax else {
            throw YAMLError(problem: "more than \(limits.nodesMax) values", place: event.place)
        }
        switch event.kind {
        case .scalar(let text, let isPlain):
            let isNull = isPlain && ["", "~", "null"].contains(text)
            let value: YAMLNode.Value = isNull ? .null : .scalar(text, isPlain: isPlain)
            return YAMLNode(value: value, place: event.place)
        case .sequenceStart:
            return YAMLNode(value: .sequence(try elements(depth: depth)), place: event.place)
        case .mappingStart:
            return YAMLNode(value: .mapping(try entries(depth: depth)), place: event.place)
        default: throw YAMLError(problem: "a value is expected", place: event.place)
        }
    }

    private mutating func elements(depth: Int) throws(YAMLError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let event = try parser.next()
            if case .sequenceEnd = event.kind { return elements }
            elements.append(try node(event, depth: depth + 1))
        }
    }

    private mutating func entries(depth: Int) throws(YAMLError) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        // Bytes, because Swift compares texts by their canonical form.
        var seen: Set<[UInt8]> = []
        while true {
            let event = try parser.next()
            if case .mappingEnd = event.kind { return entries }
            guard case .scalar(let key, _) = event.kind else {
                throw YAMLError(problem: "a key must be text", place: event.place)
            }
            guard seen.insert(Array(key.utf8)).inserted else {
                throw YAMLError(problem: "the key '\(key)' is there twice", place: event.place)
            }
            let value = try node(try parser.next(), depth: depth + 1)
            entries.append(YAMLNode.Entry(key: key, place: event.place, value: value))
        }
    }
}
