// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// A disk whose power can be cut: ext4 in an image that a loop device opens with direct I/O.
///
/// The image lies on xfs, where a copy by reference takes milliseconds and is the disk at that
/// moment: what the kernel still had in its cache is not in it.
struct CutDisk {
    /// Both are sparse; what is written counts.
    private static let poolSize = "24G"
    private static let diskSize = "8G"

    private let path: String
    /// Where the living disk is mounted.
    let mounted: String

    /// Lets `body` work on a new disk below `path`, and takes it away whatever happens.
    static func with<Value>(
        in path: String,
        _ body: (CutDisk) async throws -> Value
    ) async throws -> Value {
        guard geteuid() == 0 else {
            throw Failure(
                "mounting a disk needs root: run it as root or with sudo",
                isOfPlace: true
            )
        }
        let disk = CutDisk(path: path, mounted: "\(path)/disk")
        defer { disk.remove() }
        do {
            try disk.build()
        } catch {
            let way = "power cuts need loop devices, ext4 and xfs with reflinks; this place has not"
            throw Failure("\(way): \(error)", isOfPlace: true)
        }
        return try await body(disk)
    }

    private func build() throws {
        for name in ["pool", "disk", "copy"] { try Files.run("mkdir", "\(path)/\(name)") }
        try Files.run("truncate", "--size=\(CutDisk.poolSize)", "\(path)/pool.image")
        try Files.run("mkfs.xfs", "-q", "-m", "reflink=1", "\(path)/pool.image")
        try Files.run("mount", try attach("\(path)/pool.image"), "\(path)/pool")
        let image = "\(path)/pool/disk.image"
        try Files.run("truncate", "--size=\(CutDisk.diskSize)", image)
        try Files.run("mkfs.ext4", "-q", image)
        try Files.run("mount", try attach(image), mounted)
    }

    /// Copies the disk as it is at this moment; takes milliseconds.
    func cut() throws {
        let image = "\(path)/pool/disk.image"
        try Files.run("cp", "--reflink=always", image, "\(path)/pool/copy.image")
    }

    /// Mounts what the last cut left, hands its path over, and takes it away again.
    func withCopy<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        let (image, copy) = ("\(path)/pool/copy.image", "\(path)/copy")
        defer {
            umount2(copy, 0)
            detach(image)
            unlink(image)
        }
        try Files.run("mount", try attach(image), copy)
        return try await body(copy)
    }

    /// Takes everything away, whatever of it is there; the inner disks first.
    private func remove() {
        umount2("\(path)/copy", Int32(MNT_DETACH))
        detach("\(path)/pool/copy.image")
        umount2(mounted, Int32(MNT_DETACH))
        detach("\(path)/pool/disk.image")
        umount2("\(path)/pool", Int32(MNT_DETACH))
        detach("\(path)/pool.image")
    }

    private func attach(_ image: String) throws -> String {
        let device = try Files.run("losetup", "--direct-io=on", "--find", "--show", image)
        return String(device.prefix { !$0.isWhitespace })
    }

    /// By the image's name, so that a device is found also if attaching it was only half done.
    private func detach(_ image: String) {
        guard let listed = try? Files.run("losetup", "--associated", image) else { return }
        for line in listed.split(separator: "\n") {
            _ = try? Files.run("losetup", "--detach", String(line.prefix { $0 != ":" }))
        }
    }
}
