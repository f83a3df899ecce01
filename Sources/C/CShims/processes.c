// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "processes.h"
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

int bw_pidfd_open(int process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

int bw_spawn_in_directory(void *actions, const char *directory) {
    return posix_spawn_file_actions_addchdir_np(actions, directory);
}
