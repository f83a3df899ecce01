// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Synchronization

/// What the connections of this process to one database share: locks, and the WAL's index.
///
/// The index's memory is kept by address. It lives as long as anybody maps it, and SQLite guards
/// what is in it with the locks kept here.
final class SharedDatabase: Sendable {
    private let state = Mutex(State())

    private struct State {
        /// Everybody who may read, with the level each has reached.
        var levels: [ObjectIdentifier: Int32] = [:]
        var regions: [UInt] = []
        var users: Set<ObjectIdentifier> = []
        /// Who holds each of the eight locks of the WAL's index, and whether alone.
        var readers = [Set<ObjectIdentifier>](repeating: [], count: Int(SQLITE_SHM_NLOCK))
        var writers = [ObjectIdentifier?](repeating: nil, count: Int(SQLITE_SHM_NLOCK))
    }

    deinit {
        state.withLock { SharedDatabase.free(&$0.regions) }
    }

    /// Whether somebody is about to write (or writes).
    var isReserved: Bool {
        state.withLock { $0.levels.values.contains { $0 >= SQLITE_LOCK_RESERVED } }
    }

    /// Raises the lock of `holder` to `level`, or says who is in the way: SQLITE_BUSY.
    func lock(_ holder: ObjectIdentifier, _ level: Int32) -> Int32 {
        state.withLock { state in
            let own = state.levels[holder] ?? SQLITE_LOCK_NONE
            guard level > own else { return SQLITE_OK }
            let others = state.levels.filter { $0.key != holder }.map(\.value)
            let highest = others.max() ?? SQLITE_LOCK_NONE
            switch level {
            case SQLITE_LOCK_SHARED:
                guard highest < SQLITE_LOCK_PENDING else { return SQLITE_BUSY }
            case SQLITE_LOCK_RESERVED:
                guard highest < SQLITE_LOCK_RESERVED else { return SQLITE_BUSY }
            default:
                guard highest < SQLITE_LOCK_RESERVED else { return SQLITE_BUSY }
                guard others.isEmpty else {
                    // From here on nobody new may read, so that those who read will be done.
                    state.levels[holder] = SQLITE_LOCK_PENDING
                    return SQLITE_BUSY
                }
            }
            state.levels[holder] = level
            return SQLITE_OK
        }
    }

    /// Lowers the lock of `holder` to `level`.
    func unlock(_ holder: ObjectIdentifier, _ level: Int32) -> Int32 {
        state.withLock { state in
            guard let own = state.levels[holder], level < own else { return SQLITE_OK }
            state.levels[holder] = level == SQLITE_LOCK_NONE ? nil : level
            return SQLITE_OK
        }
    }

    /// The memory of a region of the WAL's index; nil when it is not there and not to be made.
    func memory(
        _ user: ObjectIdentifier,
        region: Int,
        bytes: Int,
        extend: Bool
    ) -> UnsafeMutableRawPointer? {
        let address = state.withLock { state -> UInt in
            state.users.insert(user)
            while state.regions.count <= region, extend {
                let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
                unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
                state.regions.append(UInt(bitPattern: memory))
            }
            return region < state.regions.count ? state.regions[region] : 0
        }
        return unsafe UnsafeMutableRawPointer(bitPattern: address)
    }

    /// Ends the use of the index; with its last user it goes, so that the next one recovers the WAL.
    func leaveMemory(_ user: ObjectIdentifier) {
        state.withLock { state in
            state.users.remove(user)
            for index in 0..<Int(SQLITE_SHM_NLOCK) {
                state.readers[index].remove(user)
                if state.writers[index] == user { state.writers[index] = nil }
            }
            if state.users.isEmpty { SharedDatabase.free(&state.regions) }
        }
    }

    /// Takes or gives back locks of the WAL's index.
    func lockMemory(_ user: ObjectIdentifier, _ locks: Range<Int>, _ flags: Int32) -> Int32 {
        state.withLock { state in
            if flags & SQLITE_SHM_UNLOCK != 0 {
                for index in locks {
                    state.readers[index].remove(user)
                    if state.writers[index] == user { state.writers[index] = nil }
                }
                return SQLITE_OK
            }
            let alone = flags & SQLITE_SHM_EXCLUSIVE != 0
            for index in locks {
                if let writer = state.writers[index], writer != user { return SQLITE_BUSY }
                guard !alone || state.readers[index].subtracting([user]).isEmpty else {
                    return SQLITE_BUSY
                }
            }
            for index in locks {
                if alone { state.writers[index] = user } else { state.readers[index].insert(user) }
            }
            return SQLITE_OK
        }
    }

    private static func free(_ regions: inout [UInt]) {
        for address in regions {
            unsafe UnsafeMutableRawPointer(bitPattern: address)?.deallocate()
        }
        regions = []
    }
}
