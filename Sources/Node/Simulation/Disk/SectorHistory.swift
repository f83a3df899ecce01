// SPDX-License-Identifier: Apache-2.0

/// What the sectors of a file went through since they were last durable.
///
/// The platter takes 512-byte sectors whole. Between two syncs every version a sector went through
/// may be the one a crash leaves, each sector for itself.
struct SectorHistory: Sendable {
    /// The unit a disk writes whole.
    static let sectorBytes = 512

    /// One content a sector had since it was last durable.
    private struct Version: Sendable {
        var order: UInt64
        /// A part of what was written, which all its sectors share.
        var bytes: ArraySlice<UInt8>
        /// Made by cutting the file, which takes effect with the file's length alone.
        var isCut: Bool
    }

    /// A sector that differs, or may differ, from the platter's.
    private struct Sector: Sendable {
        var durable: [UInt8]
        var versions: [Version]
        /// A sync of it failed: the kernel thinks it clean, so later syncs pass over it.
        var isAbandoned = false

        /// The contents it may have: a cut that took effect forgets what was before it, and one that
        /// did not never happened.
        func candidates(cutsUntil order: UInt64) -> [ArraySlice<UInt8>] {
            let lastCut = versions.lastIndex { $0.isCut && $0.order <= order }
            let later = versions[((lastCut ?? -1) + 1)...].filter { !$0.isCut }.map(\.bytes)
            return [lastCut.map { versions[$0].bytes } ?? durable[...]] + later
        }
    }

    /// A change of bytes.
    struct Write: Sendable {
        var order: UInt64
        /// The sectors it touches.
        var sectors: ClosedRange<Int>
        /// What they had before, zeros behind the end of the file.
        var before: [UInt8]
        /// What was written, from so many bytes behind the begin of the first sector.
        var bytes: [UInt8]
        var offset: Int
        /// Whether it is a cut of the file, which leaves zeros.
        var isCut = false
    }

    private var sectors: [Int: Sector] = [:]
    /// Not yet told to their sectors: most are synced before anybody asks what a crash would leave.
    private var writes: [Write] = []

    /// Whether the platter has everything.
    var isEmpty: Bool { sectors.isEmpty && writes.isEmpty }

    /// The sectors that these bytes, one or more, lie in.
    static func sectors(of bytes: Range<Int>) -> ClosedRange<Int> {
        bytes.lowerBound / sectorBytes...(bytes.upperBound - 1) / sectorBytes
    }

    /// Notes a write, or a cut of the file.
    mutating func add(_ write: Write) {
        writes.append(write)
    }

    /// Makes everything durable but what a failed sync lost track of.
    mutating func sync() {
        // What is written again after a sync that failed is synced again.
        if !sectors.isEmpty { tellSectors() }
        writes.removeAll(keepingCapacity: true)
        if sectors.values.contains(where: \.isAbandoned) {
            sectors = sectors.filter(\.value.isAbandoned)
        } else {
            sectors.removeAll(keepingCapacity: true)
        }
    }

    /// A sync that failed: nothing became durable for certain, and the kernel forgets that it was not.
    mutating func abandon() {
        tellSectors()
        for sector in sectors.keys { sectors[sector]?.isAbandoned = true }
    }

    /// Changes a byte in every memory of it, as rot does.
    mutating func damage(at offset: Int, xor mask: UInt8) {
        tellSectors()
        let within = offset % SectorHistory.sectorBytes
        let sector = offset / SectorHistory.sectorBytes
        guard sectors[sector] != nil else { return }
        sectors[sector]?.durable[within] ^= mask
        for index in 0..<(sectors[sector]?.versions.count ?? 0) {
            guard let first = sectors[sector]?.versions[index].bytes.startIndex else { continue }
            sectors[sector]?.versions[index].bytes[first + within] ^= mask
        }
    }

    /// Puts into `image` what the platter has for certain.
    mutating func putDurable(into image: inout [UInt8]) {
        tellSectors()
        for (sector, history) in sectors {
            SectorHistory.put(history.durable[...], sector: sector, into: &image)
        }
    }

    /// Puts into `image` any version of each sector that can go with the cuts until `order`.
    mutating func putAny(
        into image: inout [UInt8],
        cutsUntil order: UInt64,
        _ generator: inout SeededGenerator
    ) {
        tellSectors()
        for (sector, history) in sectors.sorted(by: { $0.key < $1.key }) {
            let candidates = history.candidates(cutsUntil: order)
            SectorHistory.put(generator.pick(candidates), sector: sector, into: &image)
        }
    }

    /// Gives every sector what was written into it.
    private mutating func tellSectors() {
        for write in writes {
            var after = write.before
            after.replaceSubrange(
                write.offset..<(write.offset + write.bytes.count),
                with: write.bytes
            )
            for sector in write.sectors {
                let start = (sector - write.sectors.lowerBound) * SectorHistory.sectorBytes
                let place = start..<(start + SectorHistory.sectorBytes)
                let version = Version(
                    order: write.order,
                    bytes: after[place],
                    isCut: write.isCut
                )
                add(version, to: sector, Array(write.before[place]))
            }
        }
        writes.removeAll(keepingCapacity: true)
    }

    /// Keeps the platter's content of a sector before it changes.
    private mutating func add(_ version: Version, to sector: Int, _ before: [UInt8]) {
        sectors[sector, default: Sector(durable: before, versions: [])].isAbandoned = false
        sectors[sector]?.versions.append(version)
    }

    private static func put(
        _ content: ArraySlice<UInt8>,
        sector: Int,
        into image: inout [UInt8]
    ) {
        let start = sector * sectorBytes
        let end = start + sectorBytes
        if image.count < end {
            image.append(contentsOf: [UInt8](repeating: 0, count: end - image.count))
        }
        image.replaceSubrange(start..<end, with: content)
    }
}
