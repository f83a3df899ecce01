// SPDX-License-Identifier: Apache-2.0

import Journal
public import OCI
import Platform

extension Registry {
    /// Notes that a manifest is answered to a client, by GET or HEAD.
    ///
    /// Where many wait to be written, they are, by whoever comes.
    public func notePull(
        of content: Content,
        in repository: RepositoryName
    ) async {
        pulls.note(content, in: repository)
        guard pulls.count >= PullNotes.waitingMany, registrar.refusal == nil else { return }
        do throws(RegistryError) { try await flushPulls() } catch {
            // They wait for the next who comes, and for the care, which tells of it.
        }
    }

    /// Writes the pulls that were noted since the last time into the journal.
    ///
    /// To be called more often than `pullsEvery`: between two calls, answers from memory do not look at the
    /// clock.
    public func flushPulls() async throws(RegistryError) {
        pulls.look(at: try expiryNow())
        // They wait until they are committed: who comes meanwhile and finds none knows that none are missing.
        var rest = pulls.all[...]
        while !rest.isEmpty {
            let page = rest.prefix(Decision.eventsMax)
            rest = rest.dropFirst(page.count)
            try await change(.canary, .notePulls(Array(page)))
            pulls.drop(page)
        }
    }

    /// How often noted pulls are written: what a crash can lose of them.
    public static let pullsEvery = Duration.seconds(300)
    /// Pulls that are noted and stand in no entry yet.
    public var pullsWaiting: Int { pulls.count }
    /// The last day, since 1970, of which some pulls could not be noted for there were too many.
    public var pullsMissedDay: UInt32? { pulls.missedDay }
}
