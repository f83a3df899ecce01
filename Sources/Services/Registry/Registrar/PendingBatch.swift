// SPDX-License-Identifier: Apache-2.0

import Catalog
import Journal
import OCI
import Platform

/// Changes on their way into one transaction.
struct PendingBatch {
    let changes: [Change]
    /// Each change's own; nil for one that did not fit any more and waits for the next batch.
    var results: [Result<Registrar.Done, RegistryError>?]
    var entries: [StoredEntry] = []
    var bytes = 0
    var outcomes: [Registrar.Outcome] = []

    init(changes: [Change]) {
        self.changes = changes
        results = changes.map { _ in nil }
    }

    /// Everybody who has a result has this one: also who was refused, for the state that the refusal
    /// speaks of may have been this batch's own.
    func failed(_ error: RegistryError) -> [Result<Registrar.Done, RegistryError>?] {
        // Who is before the change that failed has no result either way.
        let reached = max(1, (results.lastIndex { $0 != nil } ?? 0) + 1)
        return results.indices.map { $0 < reached ? .failure(error) : nil }
    }

    #if SABOTAGE
    func underOtherIdentifiers(_ world: World) -> PendingBatch {
        PendingBatch(
            changes: changes.map { change in
                var change = change
                change.id = Identifier(from: world.random)
                return change
            }
        )
    }
    #endif
}

extension Registrar {
    /// Decides, applies, appends and commits; every change gets its own result, or nil to wait for
    /// the next batch.
    ///
    /// Who lost the race for a position follows what came first, and decides again.
    func commit(_ pending: PendingBatch) async -> [Result<Done, RegistryError>?] {
        for _ in 0..<options.racesMax {
            #if SABOTAGE
            let pending =
                Sabotage.makes("retriesUnderAnotherIdentifier")
                ? pending.underOtherIdentifiers(world) : pending
            #endif
            if let results = await attempt(pending) { return results }
            do throws(RegistryError) { try await follow() } catch {
                return pending.failed(error)
            }
        }
        return pending.failed(.notReady("another node wrote first each time"))
    }

    /// Makes one try; nil when something else took the position.
    private func attempt(_ pending: PendingBatch) async -> [Result<Done, RegistryError>?]? {
        var batch = pending
        do throws(CatalogError) {
            let transaction = try catalog.begin()
            let before: Heads
            let after: Heads
            do throws(CatalogError) {
                before = try transaction.view.heads()
                after = try applyAll(&batch, in: transaction, from: before)
            } catch {
                try transaction.rollback()
                throw error
            }
            guard !batch.entries.isEmpty else {
                try transaction.rollback()
                return batch.results
            }
            let appended = Batch(entries: batch.entries, heads: after)
            switch await append(appended, after: before) {
            case .isIn: break
            case .overtaken:
                try transaction.rollback()
                guard sequencer.keepsEntries else {
                    return batch.failed(
                        .notReady("another node wrote first; this one is catching up")
                    )
                }
                return nil
            case .failed(let reason):
                try transaction.rollback()
                return batch.failed(.notReady(reason))
            }
            do throws(CatalogError) { try commit(transaction, batch) } catch {
                guard sequencer.keepsEntries, !error.leavesCommitUnknown else { throw error }
                await takeWhatIsOrdered(error)
            }
            return batch.results
        } catch {
            // A commit that failed in its sync may be on the disk or not: the next start finds out.
            if error.leavesCommitUnknown {
                world.lifeline.halt("the journal could not be synced: \(error)")
            }
            return batch.failed(.catalog(error))
        }
    }

    /// Takes a batch that is in the sequencer and could not be committed here; whoever cannot must not go
    /// on, for it would answer from a past that is over (I5).
    private func takeWhatIsOrdered(_ failure: CatalogError) async {
        do throws(RegistryError) { try await follow() } catch {
            world.lifeline.halt("the catalog cannot take what was ordered: \(failure)")
        }
    }

    private func commit(
        _ transaction: WriteTransaction,
        _ batch: PendingBatch
    ) throws(CatalogError) {
        observer.willCommit(batch.outcomes)
        defer { observer.didEnd(batch.outcomes) }
        try transaction.commit()
        count(entries: batch.entries.count)
    }

    private func applyAll(
        _ batch: inout PendingBatch,
        in transaction: WriteTransaction,
        from before: Heads
    ) throws(CatalogError) -> Heads {
        var heads = before
        let time = max(
            world.clocks.wallMilliseconds(),
            expiryClock.now(horizon: try transaction.view.horizon())
        )
        for (index, change) in batch.changes.enumerated() {
            if let (scope, position) = try transaction.view.change(change.id) {
                let done = Done(
                    position: scope == .region ? position : heads.region.position,
                    isPartial: false
                )
                batch.results[index] = .success(done)
                continue
            }
            let room = batch.entries.isEmpty ? Int.max : options.batchBytesMax - batch.bytes
            let outcome = try transaction.attempt { () throws(ChangeError) in
                try apply(change, in: transaction, heads: heads, room: room, time: time)
            }
            switch outcome {
            case .success(let applied):
                heads = applied.heads
                batch.entries += applied.entries
                batch.bytes += applied.byteCount
                batch.outcomes.append(
                    Outcome(repository: change.repository, events: applied.events)
                )
                batch.results[index] = .success(
                    Done(position: heads.region.position, isPartial: applied.isPartial)
                )
            case .failure(.refused(let refusal)):
                batch.results[index] = .failure(.refused(refusal))
            case .failure(.poison(let reason)):
                batch.results[index] = .failure(.catalog(.poison(reason)))
            case .failure(.noRoom): return heads
            case .failure(.catalog(.pageCheckFailed(let page))):
                // Others need other pages.
                batch.results[index] = .failure(.catalog(.pageCheckFailed(page)))
            case .failure(.catalog(let error)): throw error
            }
        }
        return heads
    }

    private enum ChangeError: Error {
        case refused(Refusal)
        case poison(String)
        /// It is for the next batch.
        case noRoom
        case catalog(CatalogError)
    }

    private struct Applied {
        var heads: Heads
        var entries: [StoredEntry]
        var events: [Event]
        var isPartial: Bool
        var byteCount: Int { entries.reduce(0) { $0 + $1.bytes.count } }
    }

    private func apply(
        _ change: Change,
        in transaction: WriteTransaction,
        heads: Heads,
        room: Int,
        time: UInt64
    ) throws(ChangeError) -> Applied {
        do {
            let now = world.clocks.wallMilliseconds()
            let decision = try decide(change, transaction.view, now: now, time: time)
            var applied = Applied(
                heads: heads,
                entries: [],
                events: decision.events,
                isPartial: decision.isPartial
            )
            // The estate's entry first: the region's has it as its basis.
            for scope in [Scope.estate, .region] {
                let events = decision.events.filter { $0.scope == scope }
                guard !events.isEmpty else { continue }
                try add(events, of: change, scope, now: now, in: transaction, to: &applied)
            }
            guard applied.byteCount <= room else { throw ChangeError.noRoom }
            return applied
        } catch let error as ChangeError {
            throw error
        } catch let error as DecisionError {
            switch error {
            case .refused(let refusal): throw .refused(refusal)
            case .catalog(let error): throw .catalog(error)
            }
        } catch let error as CatalogError {
            if case .poison(let reason) = error { throw .poison(reason) }
            throw .catalog(error)
        } catch {
            preconditionFailure("deciding and applying throw nothing else")
        }
    }

    private func decide(
        _ change: Change,
        _ view: CatalogView,
        now: UInt64,
        time: UInt64
    ) throws -> Decision {
        #if SABOTAGE
        if Sabotage.makes("decidesAwayFromTheHead") {
            return try catalog.read { committed in
                Result { try decider(change, committed, time: time).decide(now: now) }
            }.get()
        }
        #endif
        return try decider(change, view, time: time).decide(now: now)
    }

    private func decider(_ change: Change, _ view: CatalogView, time: UInt64) -> Decider {
        Decider(
            view: view,
            change: change,
            rules: Decider.Rules(keepsReferrers: options.keepsReferrers, times: options.times),
            store: store,
            time: time
        )
    }

    private func add(
        _ events: [Event],
        of change: Change,
        _ scope: Scope,
        now: UInt64,
        in transaction: WriteTransaction,
        to applied: inout Applied
    ) throws(CatalogError) {
        let head = applied.heads[scope]
        let identity = catalog.identity
        let stamp = Stamp.next(
            clock: now,
            seen: try transaction.view.greatestStamp(),
            region: identity.region
        )
        // All members of an estate of one node are of this version: it may use what it knows.
        let raise = try levelRaise(scope, in: transaction)
        let entry = Entry(
            id: change.id,
            scope: scope,
            origin: Origin(
                journal: scope == .region ? identity.region : identity.estate,
                incarnation: head.incarnation,
                position: head.position + 1
            ),
            stamp: stamp,
            basis: applied.heads.estate.position,
            actor: change.actor,
            level: EntryCodec.levelSupported,
            events: raise + events
        )
        let bytes = EntryCodec.encode(entry, after: head.chain)
        guard bytes.count <= EntryCodec.sizeMax else {
            throw .poison("the entry would have \(bytes.count) bytes")
        }
        let stored = StoredEntry(
            scope: scope,
            position: head.position + 1,
            bytes: bytes,
            chain: EntryCodec.chain(bytes)
        )
        try transaction.apply(entry, stored: stored)
        applied.heads[scope] = Head(
            incarnation: head.incarnation,
            position: stored.position,
            chain: stored.chain
        )
        applied.entries.append(stored)
    }

    /// What an entry begins with in a journal whose level is lower than this version's.
    private func levelRaise(
        _ scope: Scope,
        in transaction: WriteTransaction
    ) throws(CatalogError) -> [Event] {
        let level = EntryCodec.levelSupported
        guard try transaction.view.level(scope) < level else { return [] }
        return [scope == .region ? .regionLevelRaised(level) : .estateLevelRaised(level)]
    }

    private enum Append {
        case isIn, overtaken
        case failed(String)
    }

    /// Sends a batch until its outcome is known.
    private func append(_ batch: Batch, after heads: Heads) async -> Append {
        for _ in 0..<options.appendAttemptsMax {
            switch await sequencer.append(batch, after: heads) {
            case .appended: return .isIn
            case .lost: return .overtaken
            case .refused(let reason): return .failed(reason)
            case .unknown:
                #if SABOTAGE
                if Sabotage.makes("retriesUnderAnotherIdentifier"), sequencer.keepsEntries {
                    return .overtaken
                }
                #endif
                continue
            }
        }
        // Nobody knows whether it is in. Going on could put another entry at its position (I11).
        refuse("the sequencer did not say whether the last batch is in; restart the node")
        return .failed("the sequencer does not answer")
    }
}
