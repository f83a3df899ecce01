// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "files.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/random.h>

int bw_openat(int directory, const char *name, int flags, unsigned mode) {
    return openat(directory, name, flags, mode);
}

int bw_getrandom(void *bytes, size_t count) {
    return getrandom(bytes, count, 0) == (ssize_t)count ? 0 : -1;
}

int bw_begin_flush(int file, int64_t offset, int64_t count) {
    return sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE);
}

int bw_await_flush(int file, int64_t offset, int64_t count) {
    return sync_file_range(file, offset, count,
                           SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                               SYNC_FILE_RANGE_WAIT_AFTER);
}

void bw_name_this_thread(const char *name) {
    pthread_setname_np(pthread_self(), name);
}

int bw_direct_flag(void) {
    return O_DIRECT;
}
