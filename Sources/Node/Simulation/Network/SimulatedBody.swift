// SPDX-License-Identifier: Apache-2.0

import HTTP
import Synchronization

/// A request body that arrives piece by piece over virtual time, and may break off.
final class SimulatedBody: RequestBody {
    private struct State {
        var position = 0
        var generator: SeededGenerator
    }

    /// The most bytes that arrive at once.
    private static let pieceMax = 16_384

    private let bytes: [UInt8]
    private let cutAfter: Int?
    private let timeline: Timeline
    private let state: Mutex<State>

    /// Makes a body; with `cutAfter`, the client is gone after so many bytes.
    init(_ bytes: [UInt8], cutAfter: Int?, generator: SeededGenerator, timeline: Timeline) {
        self.bytes = bytes
        self.cutAfter = cutAfter
        self.timeline = timeline
        state = Mutex(State(generator: generator))
    }

    func next() async throws(BodyError) -> [UInt8]? {
        let pause = state.withLock { $0.generator.below(3000) }
        do { try await timeline.sleep(for: .microseconds(pause)) } catch { throw .disconnected }
        let end = min(bytes.count, cutAfter ?? bytes.count)
        let piece = state.withLock { state -> Range<Int>? in
            guard state.position < end else { return nil }
            let count = state.generator.within(1...SimulatedBody.pieceMax)
            let range = state.position..<min(end, state.position + count)
            state.position = range.upperBound
            return range
        }
        if let piece { return Array(bytes[piece]) }
        if cutAfter != nil { throw .disconnected }
        return nil
    }
}
