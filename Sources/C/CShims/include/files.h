// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>
#include <stdint.h>

/// openat(2), which is variadic. Returns a descriptor, or -1 with errno.
int bw_openat(int directory, const char *name, int flags, unsigned mode);
/// getrandom(2) for exactly `count` bytes (≤ 256). Returns 0, or -1 with errno.
int bw_getrandom(void *bytes, size_t count);
/// sync_file_range(2): begins to write these bytes to the device. Returns 0, or -1 with errno.
int bw_begin_flush(int file, int64_t offset, int64_t count);
/// sync_file_range(2): writes these bytes to the device and waits. Returns 0, or -1 with errno.
int bw_await_flush(int file, int64_t offset, int64_t count);
/// Gives the calling thread a name of at most 15 bytes, for `top -H` and core files.
void bw_name_this_thread(const char *name);
/// O_DIRECT, which is GNU's.
int bw_direct_flag(void);
