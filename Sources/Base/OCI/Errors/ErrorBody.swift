// SPDX-License-Identifier: Apache-2.0

public import JSON

/// The body of an answer that is an error (OCI distribution spec, "Error Codes").
public struct ErrorBody: Hashable, Sendable {
    /// One error.
    public struct Item: Hashable, Sendable {
        /// Its code.
        public var code: ErrorCode
        /// What went wrong here and what to do about it.
        public var message: String
        /// Facts for machines; null is left out.
        public var detail: JSONValue

        /// Makes an item; without a message it has the code's own.
        public init(_ code: ErrorCode, message: String? = nil, detail: JSONValue = .null) {
            self.code = code
            self.message = message ?? code.message
            self.detail = detail
        }
    }

    /// The type of the body.
    public static let mediaType = "application/json"
    /// The most errors that are written; a manifest can miss thousands of blobs.
    public static let itemsMax = 100

    /// The errors, the most important first.
    public var items: [Item]

    /// Makes a body.
    public init(_ items: [Item]) { self.items = items }

    /// The JSON text.
    public var encoded: [UInt8] {
        let errors = items.prefix(ErrorBody.itemsMax).map { item in
            var members: [JSONValue.Member] = [
                .init("code", .string(item.code.rawValue)),
                .init("message", .string(item.message)),
            ]
            if item.detail != .null { members.append(.init("detail", item.detail)) }
            return JSONValue.object(members)
        }
        return JSONValue.object([.init("errors", .array(errors))]).encoded
    }
}
