// SPDX-License-Identifier: Apache-2.0

public import Journal

extension WriteTransaction {
    /// Puts entries that were ordered elsewhere at the end of their journals here and applies them.
    ///
    /// Each must follow the entry before it, position and chain hash (I11): what does not is no later
    /// part of this catalog's past, and the transaction is to be rolled back. Returns the entries.
    @discardableResult
    public func follow(_ entries: [StoredEntry]) throws(CatalogError) -> [Entry] {
        var heads = try view.heads()
        var followed: [Entry] = []
        for stored in entries {
            let head = heads[stored.scope]
            guard stored.position == head.position + 1 else {
                throw .damaged(
                    "the sequencer gave entry \(stored.position) of the \(stored.scope) journal "
                        + "where \(head.position + 1) follows"
                )
            }
            let entry = try EntryCheck.check(stored, after: head.chain)
            try apply(entry, stored: stored)
            heads[stored.scope] = try view.heads()[stored.scope]
            followed.append(entry)
        }
        return followed
    }
}
