// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What all connections of this process know together about one database file or WAL.
final class SharedFacts: Sendable {
    private let state = Mutex(State())

    private struct State {
        var pageCount: UInt32 = 0
        /// By frame; 0 is unknown.
        var frameChecks: [UInt64] = []
    }

    /// The pages that page 1 of the database file says there are.
    var pageCount: UInt32 {
        get { state.withLock { $0.pageCount } }
        set { state.withLock { $0.pageCount = newValue } }
    }

    /// The check of a frame's page, nil while unknown.
    func check(ofFrame frame: Int) -> UInt64? {
        state.withLock {
            guard frame < $0.frameChecks.count, $0.frameChecks[frame] != 0 else { return nil }
            return $0.frameChecks[frame]
        }
    }

    /// Notes the check of a frame's page; nil when nobody knows what the file holds there.
    func setCheck(_ check: UInt64?, ofFrame frame: Int) {
        state.withLock {
            while $0.frameChecks.count <= frame { $0.frameChecks.append(0) }
            $0.frameChecks[frame] = check ?? 0
        }
    }

    /// Forgets the frames from `count` on.
    func keepFrames(_ count: Int) {
        state.withLock {
            guard count < $0.frameChecks.count else { return }
            $0.frameChecks.removeSubrange(count...)
        }
    }
}

/// The shape of a WAL file: a header, then frames of a header and a page each.
enum LogLayout {
    /// Bytes of the header.
    static let headerBytes = 32
    /// Bytes of a frame's header.
    static let frameHeaderBytes = 24
    /// Bytes of a frame with a page of ours.
    static let frameBytes = frameHeaderBytes + PageCheck.pageBytes

    /// Which part of a frame `count` bytes at `offset` are.
    enum Part {
        /// Of the file's header or a frame's.
        case header
        case page(frame: Int)
        case frame(Int)
        case other
    }

    static func part(count: Int, at offset: Int64) -> Part {
        guard offset >= headerBytes else {
            return Int(offset) + count <= headerBytes ? .header : .other
        }
        let (frame, start) = (Int(offset) - headerBytes).quotientAndRemainder(
            dividingBy: frameBytes
        )
        switch (start, count) {
        case (0, frameBytes): return .frame(frame)
        case (frameHeaderBytes, PageCheck.pageBytes): return .page(frame: frame)
        default: return start + count <= frameHeaderBytes ? .header : .other
        }
    }

    /// Where a frame begins.
    static func offset(ofFrame frame: Int) -> Int64 {
        Int64(headerBytes + frame * frameBytes)
    }
}
