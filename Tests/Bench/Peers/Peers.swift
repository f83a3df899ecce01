// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

extension World {
    /// Breakwater as built, with its request log on, to a file.
    ///
    /// `extra` are lines of its configuration.
    func breakwater(
        data: String,
        tls: Certificate? = nil,
        extra: String = ""
    ) throws -> Peer {
        var configuration = "log:\n  file: \(path)/breakwater-requests.log\n" + extra
        if let tls {
            configuration += "tls:\n  certificate: \(tls.certificate)\n  key: \(tls.key)\n"
        }
        let file = try write(configuration, to: fresh("breakwater.yaml"))
        let log = fresh("breakwater.log")
        let process = try start(
            [
                World.binary, "serve", "--listen", "127.0.0.1:0", "--data", data, "--config", file,
            ],
            log: log
        )
        return Peer(
            "breakwater",
            self,
            process,
            port: try readyPort(process, log),
            isTLS: tls != nil
        )
    }

    /// The port in the line that says it is ready.
    private func readyPort(_ process: ChildProcess, _ log: String) throws -> UInt16 {
        let clocks = LinuxClocks()
        let end = clocks.monotonic() + .seconds(300)
        while clocks.monotonic() < end {
            let lines = World.text(log).split(separator: "\n", omittingEmptySubsequences: false)
            if let line = lines.dropLast().first(where: { $0.contains(" is ready on ") }),
                let port = line.split(separator: ":").last.flatMap({ UInt16($0) })
            {
                return port
            }
            if let ending = process.ended() {
                throw Failure("breakwater ended: \(ending): \(World.text(log))")
            }
            usleep(500)
        }
        throw Failure("breakwater is not ready: \(World.text(log))")
    }

    static var binary: String {
        if let named = getenv("BREAKWATER_BINARY") { return String(cString: named) }
        let own = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false)
        return own.dropLast().joined(separator: "/") + "/breakwater"
    }

    /// Debian's docker-registry on a directory of its own, with its access log on, to a file.
    func dockerRegistry() throws -> Peer {
        let port = try World.freePort()
        let data = try directory(fresh("docker-registry"))
        let file = try write(
            World.dockerRegistryConfiguration(port, data),
            to: fresh("registry.yml")
        )
        let process = try start(
            ["docker-registry", "serve", file],
            log: fresh("docker-registry.log")
        )
        let peer = Peer("docker-registry", self, process, port: port)
        try peer.awaitPort()
        return peer
    }

    static func dockerRegistryConfiguration(_ port: UInt16, _ data: String) -> String {
        """
        version: 0.1
        log: {level: error, accesslog: {disabled: false}}
        storage:
          filesystem: {rootdirectory: \(data), maxthreads: 100}
          cache: {blobdescriptor: inmemory}
          delete: {enabled: true}
        http: {addr: "127.0.0.1:\(port)"}

        """
    }

    /// nginx over the files of `root`, as the physical limit of serving files.
    func nginx(root: String, tls: Certificate? = nil) throws -> Peer {
        let port = try World.freePort()
        let place = try directory(fresh("nginx"))
        let file = try write(World.nginxConfiguration(port, root, place, tls), to: "\(place)/conf")
        let process = try start(["nginx", "-c", file, "-e", "\(place)/error"], log: "\(place)/log")
        let peer = Peer("nginx", self, process, port: port, isTLS: tls != nil)
        try peer.awaitPort()
        return peer
    }

    static func nginxConfiguration(
        _ port: UInt16,
        _ root: String,
        _ place: String,
        _ tls: Certificate?
    ) -> String {
        let secrets = tls.map {
            """
            ssl_certificate \($0.certificate); ssl_certificate_key \($0.key);
            ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
            """
        }
        return """
            user root; worker_processes 2; daemon off; pid \(place)/pid; error_log \(place)/error;
            events { worker_connections 16384; }
            http {
              sendfile on; tcp_nopush on; access_log \(place)/access;
              keepalive_requests 100000000; default_type \(Content.manifestType);
              client_body_temp_path \(place)/a; proxy_temp_path \(place)/b;
              fastcgi_temp_path \(place)/c; uwsgi_temp_path \(place)/d; scgi_temp_path \(place)/e;
              server { listen 127.0.0.1:\(port)\(tls == nil ? "" : " ssl"); root \(root); \(secrets ?? "") }
            }

            """
    }
}
