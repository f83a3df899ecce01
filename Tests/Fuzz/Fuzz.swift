// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Hands libFuzzer one parser; `FUZZ_TARGET` says which, the arguments are libFuzzer's.
///
/// A property that does not hold is a failed precondition, which libFuzzer reports with the input.
@main
enum Fuzz {
    /// The parsers, by the name `script/fuzz` uses.
    static let targets: [(name: String, run: @Sendable ([UInt8]) -> Void)] = [
        ("name", fuzzName), ("digest", fuzzDigest), ("range", fuzzRange), ("query", fuzzQuery),
        ("manifest", fuzzManifest), ("configuration", fuzzConfiguration),
        ("location", fuzzLocation), ("entry", fuzzEntry),
    ]

    static let target: @Sendable ([UInt8]) -> Void = {
        let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let found = targets.first(where: { $0.name == name }) else {
            print("FUZZ_TARGET must be one of \(targets.map(\.name).joined(separator: " "))")
            exit(2)
        }
        return found.run
    }()

    static func main() {
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(runDriver(&count, &arguments, LLVMFuzzerTestOneInput))
    }
}

/// What libFuzzer calls with each input; it looks for this name when it is linked.
@c
func LLVMFuzzerTestOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Fuzz.target(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// libFuzzer's driver (compiler-rt, FuzzerDriver.cpp); its arguments are plain pointers, which both
/// calling conventions pass alike.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
