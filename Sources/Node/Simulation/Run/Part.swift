// SPDX-License-Identifier: Apache-2.0

/// A part of a seed's story that can be left out, to see whether the rest still goes wrong.
///
/// What a part does follows from the seed and its own name, so leaving one out does not alter what
/// the others draw.
public enum Part: Hashable, Sendable {
    /// What a client does as its `index`-th operation.
    case operation(client: Int, index: Int)
    /// A kind of fault in one life of the machine.
    case fault(life: Int, FaultKind)
    /// One of the crashes.
    case crash(Int)
    /// A kind of fault of the network, in the whole story.
    case network(FaultKind)
    /// Days in which nothing happens.
    case gap(Int)

    /// Whether it is a client's doing.
    public var isOperation: Bool {
        if case .operation = self { return true }
        return false
    }
}

extension Part: CustomStringConvertible {
    /// As the command line has it: `c2.17`, `l3.fullDisk`, `k3`, `n.cutBodies`, `g4`.
    public var description: String {
        switch self {
        case .operation(let client, let index): "c\(client).\(index)"
        case .fault(let life, let kind): "l\(life).\(kind.rawValue)"
        case .crash(let number): "k\(number)"
        case .network(let kind): "n.\(kind.rawValue)"
        case .gap(let number): "g\(number)"
        }
    }

    /// Reads what `description` says.
    public init?(_ text: String) {
        let words = text.split(separator: ".", maxSplits: 1).map(String.init)
        guard let first = words.first, let letter = first.first else { return nil }
        let number = Int(first.dropFirst())
        let second = words.count == 2 ? words[1] : nil
        switch (letter, number, second) {
        case ("c", let client?, let index?):
            guard let index = Int(index) else { return nil }
            self = .operation(client: client, index: index)
        case ("l", let life?, let kind?):
            guard let kind = FaultKind(rawValue: kind) else { return nil }
            self = .fault(life: life, kind)
        case ("n", nil, let kind?):
            guard first == "n", let kind = FaultKind(rawValue: kind) else { return nil }
            self = .network(kind)
        case ("k", let number?, nil): self = .crash(number)
        case ("g", let number?, nil): self = .gap(number)
        default: return nil
        }
    }
}
