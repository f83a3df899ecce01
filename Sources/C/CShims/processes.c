// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "processes.h"
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int rung_stop = -1;
static volatile int rung_reload = -1;

static void ring(int number) {
    int before = errno;
    uint64_t one = 1;
    // A full counter is readable already.
    ssize_t written = write(number == SIGHUP ? rung_reload : rung_stop, &one, sizeof one);
    (void)written;
    errno = before;
}

void bw_catch_signals(int stop, int reload) {
    const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = ring, .sa_flags = SA_RESTART};
    struct sigaction before;
    rung_stop = stop;
    rung_reload = reload;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            sigaction(signals[i], &action, NULL);
        }
    }
}

int bw_pidfd_open(int process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

int bw_spawn_in_directory(void *actions, const char *directory) {
    return posix_spawn_file_actions_addchdir_np(actions, directory);
}
