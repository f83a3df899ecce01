// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// A server that is measured, started by the bench on a port of its own.
final class Peer {
    let name: String
    let world: World
    let process: ChildProcess
    let port: UInt16
    let isTLS: Bool

    init(_ name: String, _ world: World, _ process: ChildProcess, port: UInt16, isTLS: Bool = false)
    {
        self.name = name
        self.world = world
        self.process = process
        self.port = port
        self.isTLS = isTLS
    }

    var url: String { "\(isTLS ? "https" : "http")://127.0.0.1:\(port)" }

    func connection() throws -> Connection { try Connection(port: port) }

    func stop(_ signal: Int32 = SIGTERM) { world.stop(process, signal) }

    /// Waits until somebody listens on the port.
    func awaitPort() throws {
        let clocks = LinuxClocks()
        let end = clocks.monotonic() + .seconds(300)
        while clocks.monotonic() < end {
            if (try? Connection(port: port)) != nil { return }
            if let ending = process.ended() { throw Failure("\(name) ended: \(ending)") }
            usleep(2_000)
        }
        throw Failure("\(name) does not listen")
    }

    /// A field of /proc/PID/status in KiB: `VmHWM`, `VmRSS`.
    func kibibytes(_ field: String) throws -> Double {
        let line = World.text("/proc/\(process.id)/status").split(separator: "\n")
            .first { $0.hasPrefix("\(field):") }
        guard let value = line?.split(separator: " ").dropLast().last.flatMap({ Double($0) }) else {
            throw Failure("\(name) has no \(field)")
        }
        return value
    }

    /// Seconds of processor time used so far by it and by its children that live.
    func cpuSeconds() -> Double {
        let id = process.id
        let children = World.text("/proc/\(id)/task/\(id)/children").split(separator: " ")
        let ticks = ([String(id)] + children.map(String.init)).map { id -> Double in
            let fields = World.text("/proc/\(id)/stat").split(separator: " ")
            guard fields.count > 14 else { return 0 }
            return (Double(fields[13]) ?? 0) + (Double(fields[14]) ?? 0)
        }
        return ticks.reduce(0, +) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// A certificate for this address.
struct Certificate {
    let certificate: String
    let key: String

    init(certificate: String, key: String) {
        (self.certificate, self.key) = (certificate, key)
    }

    init(_ world: World) throws {
        (certificate, key) = ("\(world.path)/cert.pem", "\(world.path)/key.pem")
        try world.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", key, "-out", certificate, "-days", "30", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ])
        chmod(key, 0o644)
    }
}
