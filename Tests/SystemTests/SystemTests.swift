// SPDX-License-Identifier: Apache-2.0

import Testing

/// The built program with other people's clients, daemons and tools, as one finds them in Debian.
///
/// One after the other: each test drives programs that use every core. They run when
/// `BREAKWATER_SYSTEM` is set, which `script/test` does, and need root. A client that is missing or
/// does not start fails its test; there is no exception.
@Suite(
    .serialized,
    .enabled(if: Workspace.isOn, "set BREAKWATER_SYSTEM=1; script/test does"),
    .timeLimit(.minutes(30))
) struct `Breakwater as built` {}
