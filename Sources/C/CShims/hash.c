// SPDX-License-Identifier: Apache-2.0
#include "hash.h"

static const uint64_t PRIME1 = 0x9E3779B185EBCA87u;
static const uint64_t PRIME2 = 0xC2B2AE3D27D4EB4Fu;
static const uint64_t PRIME3 = 0x165667B19E3779F9u;
static const uint64_t PRIME4 = 0x85EBCA77C2B2AE63u;
static const uint64_t PRIME5 = 0x27D4EB2F165667C5u;

static inline uint64_t rotate(uint64_t value, int bits) {
    return value << bits | value >> (64 - bits);
}

static inline uint64_t load(const uint8_t *at, int width) {
    uint64_t value = 0;
    for (int index = 0; index < width; index++) value |= (uint64_t)at[index] << (8 * index);
    return value;
}

static inline uint64_t load64(const uint8_t *at) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t value;
    __builtin_memcpy(&value, at, 8);
    return value;
#else
    return load(at, 8);
#endif
}

static inline uint64_t lane(uint64_t sum, uint64_t input) {
    return rotate(sum + input * PRIME2, 31) * PRIME1;
}

static inline uint64_t merge(uint64_t hash, uint64_t sum) {
    return (hash ^ lane(0, sum)) * PRIME1 + PRIME4;
}

uint64_t bw_xxh64(const void *bytes, size_t count, uint64_t seed) {
    const uint8_t *at = bytes;
    size_t left = count;
    uint64_t hash = seed + PRIME5;
    if (left >= 32) {
        uint64_t a = seed + PRIME1 + PRIME2, b = seed + PRIME2, c = seed, d = seed - PRIME1;
        for (; left >= 32; left -= 32, at += 32) {
            a = lane(a, load64(at));
            b = lane(b, load64(at + 8));
            c = lane(c, load64(at + 16));
            d = lane(d, load64(at + 24));
        }
        hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
        hash = merge(merge(merge(merge(hash, a), b), c), d);
    }
    hash += count;
    for (; left >= 8; left -= 8, at += 8)
        hash = rotate(hash ^ lane(0, load64(at)), 27) * PRIME1 + PRIME4;
    if (left >= 4) {
        hash = rotate(hash ^ load(at, 4) * PRIME1, 23) * PRIME2 + PRIME3;
        left -= 4, at += 4;
    }
    for (; left > 0; left--, at++) hash = rotate(hash ^ *at * PRIME5, 11) * PRIME1;
    hash = (hash ^ hash >> 33) * PRIME2;
    hash = (hash ^ hash >> 29) * PRIME3;
    return hash ^ hash >> 32;
}

static inline uint32_t word(const uint8_t *at, int big) {
    uint32_t value = (uint32_t)load(at, 4);
    return big ? __builtin_bswap32(value) : value;
}

void bw_wal_checksum(const void *bytes, size_t count, int big, uint32_t sums[2]) {
    const uint8_t *at = bytes;
    uint32_t first = sums[0], second = sums[1];
    for (size_t offset = 0; offset + 8 <= count; offset += 8) {
        first += word(at + offset, big) + second;
        second += word(at + offset + 4, big) + first;
    }
    sums[0] = first, sums[1] = second;
}

void bw_wal_checksum_undo(const void *bytes, size_t count, int big, uint32_t sums[2]) {
    const uint8_t *at = bytes;
    uint32_t first = sums[0], second = sums[1];
    for (size_t offset = count & ~(size_t)7; offset >= 8; offset -= 8) {
        second -= word(at + offset - 4, big) + first;
        first -= word(at + offset - 8, big) + second;
    }
    sums[0] = first, sums[1] = second;
}
