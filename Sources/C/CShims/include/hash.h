// SPDX-License-Identifier: Apache-2.0
// XXH64 in C because every page of the catalog passes through it, in debug builds too.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// XXH64 of `count` bytes under `seed` (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
uint64_t bw_xxh64(const void *bytes, size_t count, uint64_t seed);

/// SQLite's WAL checksum over `count` bytes (a multiple of 8), going on from the two `sums`;
/// the words are big-endian when `big` is not 0 (sqlite.org/fileformat2.html, 4.2).
void bw_wal_checksum(const void *bytes, size_t count, int big, uint32_t sums[2]);
/// The sums there were before `bw_wal_checksum` added these bytes: the same walk backwards.
void bw_wal_checksum_undo(const void *bytes, size_t count, int big, uint32_t sums[2]);
