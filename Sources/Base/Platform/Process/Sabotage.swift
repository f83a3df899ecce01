// SPDX-License-Identifier: Apache-2.0

#if SABOTAGE

/// A known mistake, made by the product's own code where the simulator asks for it.
///
/// For mistakes that no port can make. The condition is set for `script/sabotage`'s build of the simulator
/// alone: what others build has neither this nor the code that asks it.
public enum Sabotage {
    /// The mistake of this run, by name; nil for none.
    @TaskLocal public static var mistake: String?

    /// Whether this run makes that mistake.
    public static func makes(_ mistake: String) -> Bool {
        Sabotage.mistake == mistake
    }
}

#endif
