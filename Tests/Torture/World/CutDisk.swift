// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// A disk whose power can be cut: ext4 in an image that a loop device opens with direct I/O.
///
/// The image lies on xfs, where a copy by reference takes milliseconds and is the disk at that
/// moment: what the kernel still had in its cache is not in it.
struct CutDisk {
    /// Both are sparse; what is written counts.
    private static let poolSize = "12G"
    private static let diskSize = "4G"

    private let path: String
    private let poolDevice: String
    private let diskDevice: String
    /// Where the living disk is mounted.
    let mounted: String

    init(in path: String) throws {
        self.path = path
        mounted = "\(path)/disk"
        for name in ["pool", "disk", "copy"] { try Files.run("mkdir", "\(path)/\(name)") }
        try Files.run("truncate", "--size=\(CutDisk.poolSize)", "\(path)/pool.image")
        try Files.run("mkfs.xfs", "-q", "-m", "reflink=1", "\(path)/pool.image")
        poolDevice = try CutDisk.attach("\(path)/pool.image")
        try Files.run("mount", poolDevice, "\(path)/pool")
        let image = "\(path)/pool/disk.image"
        try Files.run("truncate", "--size=\(CutDisk.diskSize)", image)
        try Files.run("mkfs.ext4", "-q", image)
        diskDevice = try CutDisk.attach(image)
        try Files.run("mount", diskDevice, mounted)
    }

    /// Copies the disk as it is at this moment; takes milliseconds.
    func cut() throws {
        let image = "\(path)/pool/disk.image"
        try Files.run("cp", "--reflink=always", image, "\(path)/pool/copy.image")
    }

    /// Mounts what the last cut left, hands its path over, and takes it away again.
    func withCopy(_ body: (String) async throws -> Void) async throws {
        let device = try CutDisk.attach("\(path)/pool/copy.image")
        let copy = "\(path)/copy"
        do {
            try Files.run("mount", device, copy)
            do {
                try await body(copy)
            } catch {
                umount2(copy, 0)
                throw error
            }
            try Files.run("umount", copy)
        } catch {
            CutDisk.detach(device)
            throw error
        }
        CutDisk.detach(device)
        try Files.run("rm", "\(path)/pool/copy.image")
    }

    /// Takes everything away, whatever of it is there.
    func remove() {
        umount2("\(path)/copy", Int32(MNT_DETACH))
        umount2(mounted, Int32(MNT_DETACH))
        CutDisk.detach(diskDevice)
        umount2("\(path)/pool", Int32(MNT_DETACH))
        CutDisk.detach(poolDevice)
    }

    private static func attach(_ image: String) throws -> String {
        let device = try Files.run("losetup", "--direct-io=on", "--find", "--show", image)
        return String(device.prefix { !$0.isWhitespace })
    }

    private static func detach(_ device: String) {
        _ = try? Files.run("losetup", "--detach", device)
    }
}
