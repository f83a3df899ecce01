// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>
#include <stdint.h>

/// openat(2), which is variadic. Returns a descriptor, or -1 with errno.
int bw_openat(int directory, const char *name, int flags, unsigned mode);
/// getrandom(2) for exactly `count` bytes (≤ 256). Returns 0, or -1 with errno.
int bw_getrandom(void *bytes, size_t count);
