// SPDX-License-Identifier: Apache-2.0

import Blobs
import Catalog
import HTTPServer
import Platform
import Registry

/// Why a node does not start, as the operator reads it.
public struct NodeError: Error, Sendable, CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String

    init(_ description: String) {
        self.description = description
    }

    /// Runs a step of the start and says which one failed.
    static func step<Answer>(
        _ step: String,
        _ body: () throws -> Answer
    ) throws(NodeError) -> Answer {
        do { return try body() } catch { throw NodeError("\(step): \(sentence(error))") }
    }

    static func sentence(_ error: any Error) -> String {
        switch error {
        case let error as FileError: sentence(error)
        case BlobError.trouble(let error): sentence(error)
        case BlobError.noSpace: "\(CatalogError.full)"
        case BlobError.readOnly: "\(CatalogError.readOnly)"
        default: "\(error)"
        }
    }

    /// Trouble of our own comes without the kernel's number and is a whole sentence.
    private static func sentence(_ error: FileError) -> String {
        error.kind == .other && error.errno == 0
            ? error.operation : "\(error.operation): \(error.kind) (errno \(error.errno))"
    }
}
