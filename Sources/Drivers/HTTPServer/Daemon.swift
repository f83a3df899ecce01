// SPDX-License-Identifier: Apache-2.0

import CMicroHTTPD
import Glibc

/// The library's daemon: threads that move bytes of connections given to it.
///
/// It does not listen itself. Its way to stop listening races with its own threads (and then ends the
/// process), and it stalls new clients when it has as many as it may; so we accept ourselves.
// Safe because the library's handle may be used from any thread until the daemon is stopped, and the
// one owner, `Server`, does not use it after that.
@safe final class Daemon: @unchecked Sendable {
    private let daemon: OpaquePointer
    private let engine: Engine

    /// Starts the threads.
    init(_ engine: Engine) throws(ServerError) {
        self.engine = engine
        let options = engine.options
        var settings = unsafe bw_mhd_settings()
        unsafe settings.threads = UInt32(Daemon.threads(options))
        // Each thread has its share of the library's bound; ours, which comes first, is of all.
        unsafe settings.connections_max = UInt32((options.connectionsMax + 64) * 2)
        unsafe settings.idle_seconds = UInt32(max(1, options.idleTimeout.components.seconds))
        unsafe settings.connection_memory = Daemon.memory(options)
        unsafe settings.context = Unmanaged.passUnretained(engine).toOpaque()
        unsafe settings.access = access
        unsafe settings.completed = completed
        unsafe settings.connection = connectionChanged
        unsafe settings.uri = lineRead
        let started = unsafe Certificates.priorities.withCString { priorities in
            if engine.certificates != nil {
                unsafe settings.priorities = priorities
                unsafe settings.certificate = Certificates.callback
            }
            return unsafe bw_mhd_start(&settings)
        }
        guard let started = unsafe started else {
            throw .cannotStart(
                "libmicrohttpd does not start: \(unsafe String(cString: strerror(errno)))"
            )
        }
        unsafe daemon = started
    }

    /// Gives it a connection, which it closes in any case.
    func add(_ socket: Int32, _ peer: inout sockaddr_storage, _ size: socklen_t) {
        unsafe withUnsafePointer(to: &peer) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe MHD_add_connection(daemon, socket, $0, size)
            }
        }
    }

    /// Closes all connections and ends the threads; nothing may be suspended any more.
    func stop() {
        unsafe MHD_stop_daemon(daemon)
    }

    private static func threads(_ options: Server.Options) -> Int {
        guard options.threads == 0 else { return min(64, max(1, options.threads)) }
        return min(8, max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }

    /// The library keeps a request's head, and a record of each field, in this much memory, which it
    /// overwrites after each request; half of it is what it receives of a body at a time.
    private static func memory(_ options: Server.Options) -> Int {
        max(32_768, 2 * options.headerBytesMax)
    }
}

private func engine(_ context: UnsafeMutableRawPointer?) -> Engine? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<Engine>.fromOpaque(context).takeUnretainedValue()
}

private func connectionChanged(
    _ context: UnsafeMutableRawPointer?,
    _ handle: OpaquePointer?,
    _ link: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ what: MHD_ConnectionNotificationCode
) {
    guard let engine = unsafe engine(context), let handle = unsafe handle, let link = unsafe link
    else { return }
    if what == .CONNECTION_NOTIFY_STARTED {
        let connection = unsafe Connection(handle, engine)
        engine.connections.insert(connection)
        unsafe link.pointee = Unmanaged.passRetained(connection).toOpaque()
        connection.handshake?.begin()
    } else if let known = unsafe link.pointee {
        engine.connections.remove(
            unsafe Unmanaged<Connection>.fromOpaque(known).takeRetainedValue()
        )
        unsafe link.pointee = nil
    }
}

private func lineRead(
    _ context: UnsafeMutableRawPointer?,
    _ uri: UnsafePointer<CChar>?,
    _ handle: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let engine = unsafe engine(context), let handle = unsafe handle, let uri = unsafe uri,
        let known = unsafe bw_mhd_link(handle)
    else { return nil }
    let connection = unsafe Unmanaged<Connection>.fromOpaque(known).takeUnretainedValue()
    return unsafe Unmanaged.passRetained(Exchange(engine, handle, connection, uri: uri)).toOpaque()
}

private func access(
    _ context: UnsafeMutableRawPointer?,
    _ handle: OpaquePointer?,
    _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?,
    _ bytes: UnsafePointer<CChar>?,
    _ count: UnsafeMutablePointer<Int>?,
    _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let known = unsafe request?.pointee, let method = unsafe method,
        let version = unsafe version, let count = unsafe count
    else { return .NO }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
    return unsafe exchange.access(
        method: method,
        version: version,
        bytes: bytes,
        count: &count.pointee
    ) ? .YES : .NO
}

private func completed(
    _ context: UnsafeMutableRawPointer?,
    _ handle: OpaquePointer?,
    _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ code: MHD_RequestTerminationCode
) {
    guard let request = unsafe request, let known = unsafe request.pointee else { return }
    unsafe request.pointee = nil
    unsafe Unmanaged<Exchange>.fromOpaque(known).takeRetainedValue().completed(code)
}

extension Connection {
    /// Reads what the library knows of a new connection.
    convenience init(_ handle: OpaquePointer, _ engine: Engine) {
        var storage = sockaddr_storage()
        storage.ss_family = sa_family_t(AF_UNIX)
        if let address = unsafe bw_mhd_peer(handle) {
            let size =
                switch unsafe Int32(address.pointee.sa_family) {
                case AF_INET: MemoryLayout<sockaddr_in>.size
                case AF_INET6: MemoryLayout<sockaddr_in6>.size
                default: 0
                }
            if size > 0 {
                unsafe withUnsafeMutableBytes(of: &storage) {
                    unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size))
                }
            }
        }
        let socket = unsafe bw_mhd_socket(handle)
        self.init(
            socket: socket,
            address: PeerAddress(storage),
            proxies: engine.options.proxies,
            certificates: engine.certificates,
            handshake: engine.handshakes.map { unsafe Handshake($0, socket: socket, handle) }
        )
    }
}
