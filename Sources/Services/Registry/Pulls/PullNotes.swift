// SPDX-License-Identifier: Apache-2.0

public import OCI
import Platform
import Synchronization

/// That a manifest was pulled on a day.
public struct Pull: Hashable, Sendable {
    /// In which repository.
    public var repository: RepositoryName
    /// The manifest.
    public var digest: Digest
    /// The day, since 1970, on the expiry clock.
    public var day: UInt32
}

/// Pulls that stand in no entry yet: one for each manifest and day.
///
/// To look whether a pull is noted costs an answer from memory two loads of a number. For that the day is
/// kept where it is read without a clock, and trusted only while it cannot end before somebody looks at
/// the clock again.
final class PullNotes: Sendable {
    /// Pulls that wait; of one more, the day is remembered as one whose pulls are not all known.
    static let waitingMax = 65_536
    /// With as many, who reads from the catalog anyway writes them first.
    static let waitingMany = 8_192
    /// Longer than it takes until somebody looks at the clock again, by that clock, which may run at twice
    /// the speed of others.
    static let trustedMilliseconds: UInt64 = 4 * 300_000

    private struct Key: Hashable {
        var repository: RepositoryName
        var digest: Digest
    }

    private struct State {
        var waiting: [Key: UInt32] = [:]
        var missedDay: UInt32?
    }

    private let clock: ExpiryClock
    private let clocks: any Clocks
    /// The day it is; 0 when that must be asked.
    private let trustedDay = Atomic<UInt32>(0)
    private let state = Mutex(State())

    init(clock: ExpiryClock, clocks: any Clocks) {
        (self.clock, self.clocks) = (clock, clocks)
    }

    /// A manifest is answered from memory.
    func note(_ content: Registry.Content, at path: String) {
        guard let day = dayToNote(of: content) else { return }
        // The key was made of a name and a reference; what stands there last is the reference.
        let parts = path.utf8.split(separator: UInt8(ascii: "/"))
        guard parts.count > 3 else { return }
        let name = parts[1..<(parts.count - 2)].map { String($0) ?? "" }.joined(separator: "/")
        guard let repository = RepositoryName(name) else { return }
        note(content, in: repository, day)
    }

    /// A manifest is answered.
    func note(_ content: Registry.Content, in repository: RepositoryName) {
        guard let day = dayToNote(of: content) else { return }
        note(content, in: repository, day)
    }

    /// The day, unless a pull of it was noted on that day.
    private func dayToNote(of content: Registry.Content) -> UInt32? {
        let trusted = trustedDay.load(ordering: .relaxed)
        let noted = content.pulledDay.load(ordering: .relaxed)
        if trusted != 0 { return trusted == noted ? nil : trusted }
        let day = Moment(milliseconds: clock.reading ?? clocks.wallMilliseconds()).dayNumber
        return day == noted ? nil : day
    }

    private func note(_ content: Registry.Content, in repository: RepositoryName, _ day: UInt32) {
        let key = Key(repository: repository, digest: content.digest)
        let isNoted = state.withLock { state in
            guard state.waiting[key] != nil || state.waiting.count < PullNotes.waitingMax else {
                state.missedDay = max(state.missedDay ?? day, day)
                return false
            }
            state.waiting[key] = max(state.waiting[key] ?? day, day)
            return true
        }
        if isNoted { content.pulledDay.store(day, ordering: .relaxed) }
    }

    /// Lets answers from memory go without the clock until the next look, unless the day ends before that.
    ///
    /// If the day that was trusted had ended all the same (the machine was suspended, or its clock was set
    /// forwards), pulls of the new day are noted on an old one or not at all: they count as missed.
    func look(at now: UInt64) {
        let (day, later) = (
            Moment(milliseconds: now).dayNumber,
            Moment(milliseconds: now + PullNotes.trustedMilliseconds).dayNumber
        )
        let trusted = trustedDay.exchange(day == later ? day : 0, ordering: .relaxed)
        guard trusted != 0, trusted != day else { return }
        state.withLock { $0.missedDay = max($0.missedDay ?? day, day) }
    }

    /// How many wait.
    var count: Int { state.withLock { $0.waiting.count } }

    /// The last day of which not all pulls are known, if there is one.
    var missedDay: UInt32? { state.withLock(\.missedDay) }

    /// All that wait, in order; they go on waiting.
    var all: [Pull] {
        state.withLock(\.waiting)
            .map { Pull(repository: $0.key.repository, digest: $0.key.digest, day: $0.value) }
            .sorted { ($0.repository, $0.digest) < ($1.repository, $1.digest) }
    }

    /// These stand in the journal now; of what was pulled on a later day meanwhile, that waits.
    func drop(_ written: some Sequence<Pull>) {
        state.withLock { state in
            for pull in written {
                let key = Key(repository: pull.repository, digest: pull.digest)
                if state.waiting[key] == pull.day { state.waiting[key] = nil }
            }
        }
    }
}
