// SPDX-License-Identifier: Apache-2.0

import CJansson

// Safe because libjansson is given the text with its length and copies it, its tree lives until the copy
// of it is made, and the length of every string comes from it.
extension JSONValue {
    /// Parses a document of any kind of value.
    ///
    /// Refuses duplicate keys, invalid UTF-8, NUL in strings, integers outside 64 bits, reals outside
    /// a double, text after the document, and what exceeds `limits`.
    public static func parse(
        _ bytes: [UInt8],
        limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> JSONValue {
        try limits.check(bytes)
        var failure = json_error_t()
        let flags = Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)
        let root = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { text in
                unsafe json_loadb(text.baseAddress, text.count, flags, &failure)
            }
        }
        guard let root = unsafe root else {
            let text = unsafe withUnsafeBytes(of: &failure.text) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw JSONError(
                problem: text,
                line: Int(failure.line),
                column: Int(failure.column)
            )
        }
        defer { unsafe bw_json_decref(root) }
        return unsafe value(root)
    }

    /// Copies a tree, which `JSONLimits` has bounded in depth and number.
    private static func value(_ node: UnsafeMutablePointer<json_t>) -> JSONValue {
        switch unsafe node.pointee.type {
        case JSON_OBJECT: return unsafe object(node)
        case JSON_ARRAY:
            let count = unsafe json_array_size(node)
            var elements: [JSONValue] = []
            elements.reserveCapacity(count)
            for index in 0..<count {
                guard let element = unsafe json_array_get(node, index) else { continue }
                elements.append(unsafe value(element))
            }
            return .array(elements)
        case JSON_STRING:
            let count = unsafe json_string_length(node)
            return .string(unsafe text(json_string_value(node), count))
        case JSON_INTEGER: return .integer(Int64(unsafe json_integer_value(node)))
        case JSON_REAL: return .real(unsafe json_real_value(node))
        case JSON_TRUE: return .bool(true)
        case JSON_FALSE: return .bool(false)
        default: return .null
        }
    }

    private static func object(_ node: UnsafeMutablePointer<json_t>) -> JSONValue {
        var members: [Member] = []
        members.reserveCapacity(unsafe json_object_size(node))
        // libjansson iterates in the order of insertion, which is that of the text.
        var place = unsafe json_object_iter(node)
        while let here = unsafe place {
            if let key = unsafe json_object_iter_key(here),
                let child = unsafe json_object_iter_value(here)
            {
                members.append(Member(unsafe String(cString: key), unsafe value(child)))
            }
            unsafe place = json_object_iter_next(node, here)
        }
        return .object(members)
    }

    private static func text(_ start: UnsafePointer<CChar>?, _ count: Int) -> String {
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
        return unsafe String(decoding: bytes, as: UTF8.self)
    }
}
