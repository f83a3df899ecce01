// SPDX-License-Identifier: Apache-2.0

import CShims
import Glibc

/// What a new process is to find, for one call of `posix_spawn`.
@safe struct SpawnPlan: ~Copyable {
    private var actions: posix_spawn_file_actions_t
    private var attributes = posix_spawnattr_t()

    init(workingDirectory: String?, output: String) {
        unsafe actions = posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        // Before the change of directory, so that a relative path means what it means here.
        let mode = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, mode, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        if let workingDirectory {
            unsafe bw_spawn_in_directory(&actions, workingDirectory)
        }
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    deinit {
        var (actions, attributes) = unsafe (actions, attributes)
        unsafe posix_spawn_file_actions_destroy(&actions)
        unsafe posix_spawnattr_destroy(&attributes)
    }

    /// Starts the program and returns its process id.
    mutating func start(_ arguments: [String], _ environment: [String]) throws(FileError) -> Int32 {
        var started: Int32 = 0
        // Safe because what C is given lives until `posix_spawn` returns, which copies it.
        let status = unsafe SpawnPlan.withStrings(arguments) { words in
            unsafe SpawnPlan.withStrings(environment) { variables in
                unsafe posix_spawnp(&started, arguments[0], &actions, &attributes, words, variables)
            }
        }
        guard status == 0 else {
            throw FileError(errno: status, operation: "start \(arguments[0])")
        }
        return started
    }

    private static func withStrings<Answer>(
        _ strings: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Answer
    ) -> Answer {
        let copies = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
            capacity: strings.count + 1
        )
        for (index, string) in strings.enumerated() { unsafe copies[index] = strdup(string) }
        unsafe copies[strings.count] = nil
        defer {
            for index in strings.indices { unsafe free(copies[index]) }
            unsafe copies.deallocate()
        }
        return unsafe body(copies)
    }
}
