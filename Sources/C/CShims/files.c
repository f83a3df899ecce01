// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "files.h"
#include <fcntl.h>
#include <sys/random.h>

int bw_openat(int directory, const char *name, int flags, unsigned mode) {
    return openat(directory, name, flags, mode);
}

int bw_getrandom(void *bytes, size_t count) {
    return getrandom(bytes, count, 0) == (ssize_t)count ? 0 : -1;
}
