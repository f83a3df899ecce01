// SPDX-License-Identifier: Apache-2.0

import CGnuTLS
import CMicroHTTPD
import CShims
import Glibc
import Platform
import Synchronization

/// Handshakes that wait for their clients, out of the library's sight.
///
/// The library would ask GnuTLS again and again whether a handshake can go on, and so keep a processor
/// busy for as long as a client likes. So a connection is suspended as soon as its handshake finds
/// nothing to read, and goes on when its socket has something, or its end.
final class Handshakes: Sendable {
    private struct State {
        /// Those whose connections are suspended, by descriptor.
        var waiting: [Int32: Handshake] = [:]
        var isStopped = false
    }

    /// Sockets looked at in one go.
    private static let portion = 256

    /// Readable when a client that is waited for has something to say.
    private let descriptor: Int32
    private let bell = Bell()
    private let state = Mutex(State())
    private let thread = Mutex<Thread?>(nil)

    init() {
        descriptor = bw_epoll()
        precondition(descriptor >= 0, "the kernel gives no descriptor: \(errno)")
    }

    deinit {
        close(descriptor)
    }

    /// Begins to watch.
    func start() {
        let thread = Thread { [self] in run() }
        self.thread.withLock { $0 = thread }
    }

    /// Lets every connection go on, and from now on none wait.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            for (_, handshake) in state.waiting { handshake.resume() }
            state.waiting.removeAll()
        }
        bell.ring()
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    /// Suspends a connection until its client sends more; on the thread that moves its bytes.
    fileprivate func wait(_ handshake: Handshake) {
        state.withLock { state in
            // What the kernel does not watch is asked again and again: slow, and right.
            guard !state.isStopped, bw_epoll_add(descriptor, handshake.socket) == 0
            else { return }
            state.waiting[handshake.socket] = handshake
            handshake.suspend()
        }
    }

    private func run() {
        var ready = [Int32](repeating: 0, count: Handshakes.portion)
        while !state.withLock({ $0.isStopped }) {
            var waits = [descriptor, bell.descriptor].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            guard unsafe poll(&waits, nfds_t(waits.count), -1) > 0 else { continue }
            let count = unsafe bw_epoll_ready(descriptor, &ready, Int32(ready.count))
            for socket in ready.prefix(Int(max(0, count))) { goOn(socket) }
        }
    }

    private func goOn(_ socket: Int32) {
        state.withLock { state in
            // After `stop` the descriptor may be another connection's.
            guard let handshake = state.waiting.removeValue(forKey: socket) else { return }
            _ = bw_epoll_remove(descriptor, socket)
            handshake.resume()
        }
    }
}

/// The handshake of one connection.
// Safe because the library calls from the one thread that moves the connection's bytes, and keeps a
// connection that is suspended, which alone is resumed.
@safe final class Handshake: @unchecked Sendable {
    private let all: Handshakes
    let socket: Int32
    private let handle: OpaquePointer
    private var isDone = false
    /// Whether the client is the next to say something: in the handshake, or its first request.
    let awaitsClient = Atomic(false)

    init(_ all: Handshakes, socket: Int32, _ handle: OpaquePointer) {
        self.all = all
        self.socket = socket
        unsafe self.handle = handle
    }

    /// Reads for GnuTLS from now on; this has to outlive the connection's last byte.
    func begin() {
        guard let known = unsafe bw_mhd_tls_session(handle) else { return }
        let session = gnutls_session_t(known)
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        // The descriptor itself, as the library set it, is what GnuTLS writes to.
        let writing = unsafe gnutls_transport_get_ptr(session)
        unsafe gnutls_transport_set_ptr2(session, this, writing)
        unsafe gnutls_transport_set_pull_function(session, readForTLS)
        unsafe gnutls_handshake_set_hook_function(
            session,
            GNUTLS_HANDSHAKE_FINISHED.rawValue,
            GNUTLS_HOOK_POST,
            handshakeFinished
        )
    }

    fileprivate func read(_ space: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        let received = unsafe recv(socket, space, count, 0)
        if received < 0, errno == EAGAIN, !isDone {
            all.wait(self)
            errno = EAGAIN
        }
        return received
    }

    fileprivate func suspend() {
        awaitsClient.store(true, ordering: .relaxed)
        unsafe MHD_suspend_connection(handle)
    }

    fileprivate func resume() {
        awaitsClient.store(false, ordering: .relaxed)
        unsafe MHD_resume_connection(handle)
    }

    /// The client's last word of the handshake is there.
    fileprivate func finished() {
        isDone = true
        awaitsClient.store(true, ordering: .relaxed)
    }
}

private func readForTLS(
    _ handshake: UnsafeMutableRawPointer?,
    _ space: UnsafeMutableRawPointer?,
    _ count: Int
) -> Int {
    guard let handshake = unsafe handshake else { return 0 }
    return unsafe Unmanaged<Handshake>.fromOpaque(handshake).takeUnretainedValue()
        .read(space, count)
}

private func handshakeFinished(
    _ session: gnutls_session_t?,
    _ type: UInt32,
    _ when: UInt32,
    _ isIncoming: UInt32,
    _ message: UnsafePointer<gnutls_datum_t>?
) -> Int32 {
    var (reading, writing): (gnutls_transport_ptr_t?, gnutls_transport_ptr_t?) = (nil, nil)
    guard isIncoming != 0, let session = unsafe session else { return 0 }
    unsafe gnutls_transport_get_ptr2(session, &reading, &writing)
    guard let known = unsafe reading else { return 0 }
    unsafe Unmanaged<Handshake>.fromOpaque(known).takeUnretainedValue().finished()
    return 0
}
