// SPDX-License-Identifier: Apache-2.0

extension Client {
    /// Lets time pass at once, after which links that nothing needs may have ended.
    func elapse(_ duration: Duration) async {
        await timeline.elapse(
            duration,
            on: { access.current.flatMap { $0.isRunning() ? $0.registry : nil } },
            failed: { trace.note("\(timeline.stamp) pulls wait: \($0)") }
        )
        ledger.noteExpiry()
    }
}
