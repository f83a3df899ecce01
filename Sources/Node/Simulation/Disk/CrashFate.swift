// SPDX-License-Identifier: Apache-2.0

/// What a crash does to what was not synced.
public enum CrashFate: Sendable, CaseIterable {
    /// The process ended, the machine did not: everything is there, and still not durable.
    case processOnly
    /// The machine lost its power: nothing but what was synced is there.
    case forgetsUnsynced
    /// The machine lost its power: each sector, length and name for itself, as the seed draws.
    case seeded
}
