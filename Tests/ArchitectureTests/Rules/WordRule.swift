// SPDX-License-Identifier: Apache-2.0

/// Words that stand for something we do not do, each with what we do instead.
struct WordRule {
    /// What is looked for, in code unless `inText` says everywhere.
    var words: [String]
    var instead: String
    var inText = false
    /// The folders it holds in.
    var places = ["Sources", "Tests", "Package.swift"]
    /// The folders in them where it does not, each for the reason beside it.
    var except: [String] = []

    func findings(in file: SourceFile) -> [Finding] {
        guard file.isSwift, file.lies(in: places), !file.lies(in: except) else { return [] }
        let lines = inText ? file.lines : file.code
        return lines.enumerated().flatMap { index, line in
            words.filter { line.has($0) }.map {
                Finding(path: file.path, line: index + 1, sentence: "`\($0)`: \(instead)")
            }
        }
    }

    static let all: [WordRule] = [
        WordRule(
            words: ["TODO", "FIXME", "XXX", "HACK"],
            instead: "what is open stands in docs/promises.md as 'not yet'",
            inText: true,
            // These names are what this rule looks for.
            except: ["Tests/ArchitectureTests"]
        ),
        WordRule(
            words: ["import Foundation"],
            instead: "Foundation is in no binary of ours (style: Foundation)"
        ),
        WordRule(
            words: ["Task {", "Task(", "Task.detached", "Task.immediate"],
            instead: "structured concurrency only; a loose task leaves the simulation",
            places: ["Sources"],
            // One task for each request; main; the simulator's root task.
            except: [
                "Sources/Drivers/HTTPServer", "Sources/Apps",
                "Sources/Node/Simulation/Execution/SeededExecutor.swift",
            ]
        ),
        WordRule(
            words: ["Date(", ".random(in:", ".randomElement(", ".shuffled(", ".shuffle("],
            instead: "time and chance come in through `Platform`'s ports"
        ),
        WordRule(
            words: ["ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator"],
            instead: "time and chance come in through `Platform`'s ports",
            places: ["Sources"],
            // The ports' Linux form, and programs that measure.
            except: ["Sources/Base/Platform/Linux", "Sources/Apps"]
        ),
        WordRule(
            words: [
                "Task.sleep", "usleep(", "nanosleep(", "Glibc.sleep(", "sleep(forTimeInterval",
            ],
            instead: "a test waits for what it needs, never for a time",
            places: ["Tests"],
            // Waits for daemons that tell nobody when they are ready; the bench is no test.
            except: ["Tests/SystemTests/Support/Waiting.swift", "Tests/Bench"]
        ),
        WordRule(
            words: ["fatalError(", "print("],
            instead: "bugs are `precondition`s; what is said goes to the log",
            places: ["Sources"],
            // Programs talk to their terminal.
            except: ["Sources/Apps"]
        ),
    ]
}
