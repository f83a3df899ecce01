// SPDX-License-Identifier: Apache-2.0

/// A file as the kernel has it: what readers see, and what of it the platter may not have yet.
///
/// After a crash any length may be left that the file had since its last sync, and of each sector any
/// version.
// Safe because a disk touches its nodes under its lock alone.
final class FileNode: @unchecked Sendable {
    /// A length the file had since its length was last durable.
    struct Length: Sendable {
        var order: UInt64
        var bytes: Int
        var isCut: Bool
    }

    private(set) var bytes: [UInt8] = []
    private(set) var durableLength = 0
    private var lengths: [Length] = []
    private var history = SectorHistory()
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
        let sectors = SectorHistory.sectors(of: offset..<end)
        history.add(
            SectorHistory.Write(
                order: order,
                sectors: sectors,
                before: content(of: sectors),
                bytes: new,
                offset: offset - sectors.lowerBound * SectorHistory.sectorBytes
            )
        )
        if end > bytes.count {
            bytes.append(contentsOf: [UInt8](repeating: 0, count: end - bytes.count))
            lengths.append(Length(order: order, bytes: end, isCut: false))
        }
        if isDamaged {
            // Who writes what was read writes the damage with it.
            let isRewrite = bytes[offset..<end] == new[...]
            forgetDamage(in: offset..<end, keepsFlips: isRewrite)
        }
        bytes.replaceSubrange(offset..<end, with: new)
    }

    func truncate(to length: Int, order: UInt64) {
        guard length != bytes.count else { return }
        let isCut = length < bytes.count
        if isCut {
            let touched = SectorHistory.sectors(of: length..<bytes.count)
            let offset = length - touched.lowerBound * SectorHistory.sectorBytes
            history.add(
                SectorHistory.Write(
                    order: order,
                    sectors: touched,
                    before: content(of: touched),
                    bytes: [UInt8](
                        repeating: 0,
                        count: touched.count * SectorHistory.sectorBytes - offset
                    ),
                    offset: offset,
                    isCut: true
                )
            )
            if isDamaged { forgetDamage(in: length..<bytes.count) }
            bytes.removeLast(bytes.count - length)
        } else {
            bytes.append(contentsOf: [UInt8](repeating: 0, count: length - bytes.count))
        }
        lengths.append(Length(order: order, bytes: length, isCut: isCut))
    }

    /// Makes everything durable but what a failed sync lost track of.
    func sync() {
        history.sync()
        durableLength = bytes.count
        lengths = []
    }

    /// A sync that failed: nothing became durable for certain, and the kernel forgets that it was not.
    func abandon() {
        history.abandon()
    }

    /// Whether a crash now could leave anything but what readers see.
    var isDurable: Bool { history.isEmpty && lengths.isEmpty }

    /// What the platter has for certain.
    var durableBytes: [UInt8] {
        guard !isDurable else { return bytes }
        var image = bytes
        history.putDurable(into: &image)
        return FileNode.fitted(image, to: durableLength)
    }

    /// Whether anything of it is not as it was written.
    var isDamaged: Bool { !flipped.isEmpty || !unreadable.isEmpty }

    /// Makes the sector around a byte unreadable.
    func loseSector(at offset: Int) {
        unreadable.insert(offset / SectorHistory.sectorBytes)
    }

    /// Makes every sector readable again.
    func findSectors() {
        unreadable = []
    }

    /// Whether these bytes can be read.
    func canRead(_ range: Range<Int>) -> Bool {
        guard !unreadable.isEmpty, !range.isEmpty else { return true }
        return !SectorHistory.sectors(of: range).contains { unreadable.contains($0) }
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
            let start = sector * SectorHistory.sectorBytes
            return !range.contains(start)
                || range.upperBound < min(bytes.count, start + SectorHistory.sectorBytes)
        }
    }

    /// Changes a byte on the platter and in every memory of it, as rot does.
    func damage(at offset: Int, xor mask: UInt8) {
        precondition(offset < bytes.count, "no byte \(offset) in a file of \(bytes.count)")
        history.damage(at: offset, xor: mask)
        bytes[offset] ^= mask
        flipped[offset] = (flipped[offset] ?? 0) ^ mask
    }

    /// Turns the file into what a crash left of it.
    func settle(_ fate: CrashFate, _ generator: inout SeededGenerator) {
        switch fate {
        case .processOnly: return
        case .forgetsUnsynced: bytes = durableBytes
        case .seeded: bytes = torn(&generator)
        }
        history = SectorHistory()
        lengths = []
        durableLength = bytes.count
    }

    /// An image the platter may have: any length, and of each sector any version that can go with it.
    private func torn(_ generator: inout SeededGenerator) -> [UInt8] {
        let chosen = generator.below(lengths.count + 1)
        let length = chosen == 0 ? durableLength : lengths[chosen - 1].bytes
        let cutsUntil = chosen == 0 ? 0 : lengths[chosen - 1].order
        var image = bytes
        history.putAny(into: &image, cutsUntil: cutsUntil, &generator)
        return FileNode.fitted(image, to: length)
    }

    /// What is in these sectors, zeros behind the end of the file.
    private func content(of sectors: ClosedRange<Int>) -> [UInt8] {
        let start = min(bytes.count, sectors.lowerBound * SectorHistory.sectorBytes)
        let end = min(bytes.count, (sectors.upperBound + 1) * SectorHistory.sectorBytes)
        let count = sectors.count * SectorHistory.sectorBytes
        return FileNode.fitted(Array(bytes[start..<end]), to: count)
    }

    private static func fitted(_ bytes: [UInt8], to count: Int) -> [UInt8] {
        bytes.count == count
            ? bytes
            : bytes.count > count
                ? Array(bytes[..<count])
                : bytes + [UInt8](repeating: 0, count: count - bytes.count)
    }
}
