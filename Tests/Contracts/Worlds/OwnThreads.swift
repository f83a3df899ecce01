// SPDX-License-Identifier: Apache-2.0

import Platform
public import Testing

/// Runs tests on threads that may block.
///
/// The runtime has one thread for each processor. A test that waits on a socket there keeps every other
/// test from going on, and all of them together run into their time limits.
public struct OwnThreads: SuiteTrait, TestTrait, TestScoping {
    private static let pool = BlockingPool(threadsMax: 256)

    /// Tests of the suites within are meant too.
    public var isRecursive: Bool { true }

    /// Runs `function` on a thread that may block.
    public func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(OwnThreads.pool) { try await function() }
    }
}

extension Trait where Self == OwnThreads {
    /// For tests that wait on sockets, processes or other threads.
    public static var ownThreads: Self { OwnThreads() }
}
