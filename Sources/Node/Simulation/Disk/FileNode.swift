// SPDX-License-Identifier: Apache-2.0

/// A file as the kernel has it: what readers see, and what of it the platter may not have yet.
///
/// The platter takes 512-byte sectors whole. Between two syncs every version a sector went through
/// may be the one a crash leaves, each sector for itself, and so may every length the file had.
// Safe because a disk touches its nodes under its lock alone.
final class FileNode: @unchecked Sendable {
    /// The unit a disk writes whole.
    static let sectorBytes = 512

    /// One content a sector had since it was last durable.
    struct Version: Sendable {
        var order: UInt64
        /// A part of what was written, which all its sectors share.
        var bytes: ArraySlice<UInt8>
        /// Made by cutting the file, which takes effect with the file's length alone.
        var isCut: Bool
    }

    /// A sector that differs, or may differ, from the platter's.
    struct Sector: Sendable {
        var durable: [UInt8]
        var versions: [Version]
        /// A sync of it failed: the kernel thinks it clean, so later syncs pass over it.
        var isAbandoned = false
    }

    /// A length the file had since its length was last durable.
    struct Length: Sendable {
        var order: UInt64
        var bytes: Int
        var isCut: Bool
    }

    private(set) var bytes: [UInt8] = []
    private(set) var durableLength = 0
    private var lengths: [Length] = []
    private var sectors: [Int: Sector] = [:]
    var modifiedMilliseconds: UInt64
    /// How many names lead here; a file without one lives until its last handle goes.
    var links = 1
    var isLinked: Bool { links > 0 }
    /// Bits that are not what was written, by their byte.
    private var flipped: [Int: UInt8] = [:]
    /// Sectors that cannot be read until they are written again.
    private var unreadable: Set<Int> = []

    init(modifiedMilliseconds: UInt64) {
        self.modifiedMilliseconds = modifiedMilliseconds
    }

    func write(_ new: [UInt8], at offset: Int, order: UInt64) {
        guard !new.isEmpty else { return }
        let end = offset + new.count
        let touched = offset / FileNode.sectorBytes...(end - 1) / FileNode.sectorBytes
        for sector in touched { remember(sector) }
        if end > bytes.count {
            bytes.append(contentsOf: repeatElement(0, count: end - bytes.count))
            lengths.append(Length(order: order, bytes: end, isCut: false))
        }
        if isDamaged {
            // Who writes what was read writes the damage with it.
            let isRewrite = bytes[offset..<end] == new[...]
            forgetDamage(in: offset..<end, keepsFlips: isRewrite)
        }
        bytes.replaceSubrange(offset..<end, with: new)
        for sector in touched {
            let start = sector * FileNode.sectorBytes - offset
            let isWhole = start >= 0 && start + FileNode.sectorBytes <= new.count
            let content =
                isWhole ? new[start..<(start + FileNode.sectorBytes)] : content(of: sector)[...]
            record(sector, order: order, content, isCut: false)
        }
    }

    func truncate(to length: Int, order: UInt64) {
        guard length != bytes.count else { return }
        let isCut = length < bytes.count
        if isCut {
            let touched = length / FileNode.sectorBytes...(bytes.count - 1) / FileNode.sectorBytes
            for sector in touched { remember(sector) }
            if isDamaged { forgetDamage(in: length..<bytes.count) }
            bytes.removeLast(bytes.count - length)
            for sector in touched {
                record(sector, order: order, content(of: sector)[...], isCut: true)
            }
        } else {
            bytes.append(contentsOf: repeatElement(0, count: length - bytes.count))
        }
        lengths.append(Length(order: order, bytes: length, isCut: isCut))
    }

    /// Makes everything durable but what a failed sync lost track of.
    func sync() {
        if sectors.values.contains(where: \.isAbandoned) {
            sectors = sectors.filter(\.value.isAbandoned)
        } else {
            sectors.removeAll(keepingCapacity: true)
        }
        durableLength = bytes.count
        lengths = []
    }

    /// A sync that failed: nothing became durable for certain, and the kernel forgets that it was not.
    func abandon() {
        for sector in sectors.keys { sectors[sector]?.isAbandoned = true }
    }

    /// Whether a crash now could leave anything but what readers see.
    var isDurable: Bool { sectors.isEmpty && lengths.isEmpty }

    /// What the platter has for certain.
    var durableBytes: [UInt8] {
        guard !isDurable else { return bytes }
        var image = bytes
        for (sector, history) in sectors {
            FileNode.put(history.durable[...], sector: sector, into: &image)
        }
        return FileNode.fitted(image, to: durableLength)
    }

    /// Whether anything of it is not as it was written.
    var isDamaged: Bool { !flipped.isEmpty || !unreadable.isEmpty }

    /// Makes the sector around a byte unreadable.
    func loseSector(at offset: Int) {
        unreadable.insert(offset / FileNode.sectorBytes)
    }

    /// Makes every sector readable again.
    func findSectors() {
        unreadable = []
    }

    /// Whether these bytes can be read.
    func canRead(_ range: Range<Int>) -> Bool {
        guard !unreadable.isEmpty, !range.isEmpty else { return true }
        let touched =
            range.lowerBound / FileNode.sectorBytes...(range.upperBound - 1)
            / FileNode.sectorBytes
        return !touched.contains { unreadable.contains($0) }
    }

    /// Puts back what was damaged and not written since, as from a mirror.
    func undoDamage() {
        for (offset, mask) in flipped.sorted(by: { $0.key < $1.key }) where offset < bytes.count {
            damage(at: offset, xor: mask)
        }
        flipped = [:]
        unreadable = []
    }

    /// What is written anew is as it was written.
    private func forgetDamage(in range: Range<Int>, keepsFlips: Bool = false) {
        if !keepsFlips { flipped = flipped.filter { !range.contains($0.key) } }
        unreadable = unreadable.filter { sector in
            let start = sector * FileNode.sectorBytes
            return !range.contains(start)
                || range.upperBound < min(bytes.count, start + FileNode.sectorBytes)
        }
    }

    /// Changes a byte on the platter and in every memory of it, as rot does.
    func damage(at offset: Int, xor mask: UInt8) {
        precondition(offset < bytes.count, "no byte \(offset) in a file of \(bytes.count)")
        bytes[offset] ^= mask
        flipped[offset] = (flipped[offset] ?? 0) ^ mask
        let (sector, within) = (offset / FileNode.sectorBytes, offset % FileNode.sectorBytes)
        guard sectors[sector] != nil else { return }
        sectors[sector]?.durable[within] ^= mask
        for index in 0..<(sectors[sector]?.versions.count ?? 0) {
            guard let first = sectors[sector]?.versions[index].bytes.startIndex else { continue }
            sectors[sector]?.versions[index].bytes[first + within] ^= mask
        }
    }

    /// Turns the file into what a crash left of it.
    func settle(_ fate: CrashFate, _ generator: inout SeededGenerator) {
        switch fate {
        case .processOnly: return
        case .forgetsUnsynced: bytes = durableBytes
        case .seeded: bytes = torn(&generator)
        }
        sectors = [:]
        lengths = []
        durableLength = bytes.count
    }

    /// An image the platter may have: any length, and of each sector any version that can go with it.
    private func torn(_ generator: inout SeededGenerator) -> [UInt8] {
        let chosen = generator.below(lengths.count + 1)
        let length = chosen == 0 ? durableLength : lengths[chosen - 1].bytes
        let cutsUntil = chosen == 0 ? 0 : lengths[chosen - 1].order
        var image = bytes
        for (sector, history) in sectors.sorted(by: { $0.key < $1.key }) {
            let candidates = FileNode.candidates(history, cutsUntil: cutsUntil)
            FileNode.put(generator.pick(candidates), sector: sector, into: &image)
        }
        return FileNode.fitted(image, to: length)
    }

    /// The contents a sector may have: a cut that took effect forgets what was before it, and one that
    /// did not never happened.
    private static func candidates(
        _ sector: Sector,
        cutsUntil order: UInt64
    ) -> [ArraySlice<UInt8>] {
        let lastCut = sector.versions.lastIndex { $0.isCut && $0.order <= order }
        let later = sector.versions[((lastCut ?? -1) + 1)...].filter { !$0.isCut }.map(\.bytes)
        return [lastCut.map { sector.versions[$0].bytes } ?? sector.durable[...]] + later
    }

    /// Keeps the platter's content of a sector before it changes.
    private func remember(_ sector: Int) {
        sectors[sector, default: Sector(durable: content(of: sector), versions: [])]
            .isAbandoned = false
    }

    private func record(
        _ sector: Int,
        order: UInt64,
        _ content: ArraySlice<UInt8>,
        isCut: Bool
    ) {
        let version = Version(order: order, bytes: content, isCut: isCut)
        sectors[sector]?.versions.append(version)
    }

    /// A sector's bytes, zeros behind the end of the file.
    private func content(of sector: Int) -> [UInt8] {
        let start = sector * FileNode.sectorBytes
        let end = min(bytes.count, start + FileNode.sectorBytes)
        guard start < end else { return FileNode.emptySector }
        guard end - start < FileNode.sectorBytes else { return Array(bytes[start..<end]) }
        return FileNode.fitted(Array(bytes[start..<end]), to: FileNode.sectorBytes)
    }

    private static let emptySector = [UInt8](repeating: 0, count: sectorBytes)

    private static func put(
        _ content: ArraySlice<UInt8>,
        sector: Int,
        into image: inout [UInt8]
    ) {
        let start = sector * sectorBytes
        if image.count < start + sectorBytes {
            image.append(contentsOf: repeatElement(0, count: start + sectorBytes - image.count))
        }
        image.replaceSubrange(start..<(start + sectorBytes), with: content)
    }

    private static func fitted(_ bytes: [UInt8], to count: Int) -> [UInt8] {
        bytes.count == count
            ? bytes
            : bytes.count > count
                ? Array(bytes[..<count])
                : bytes + [UInt8](repeating: 0, count: count - bytes.count)
    }
}
