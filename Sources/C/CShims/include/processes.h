// SPDX-License-Identifier: Apache-2.0
#pragma once

/// pidfd_open(2): a descriptor that can be read from once the process has ended, or -1 with errno.
int bw_pidfd_open(int process);
/// From now on SIGINT and SIGTERM add to the eventfd `stop`, SIGHUP to `reload`, and do nothing else; one that is
/// ignored stays ignored.
void bw_catch_signals(int stop, int reload);
/// posix_spawn_file_actions_addchdir_np: the new process begins in this directory.
int bw_spawn_in_directory(void *actions, const char *directory);
