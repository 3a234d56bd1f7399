/* SPDX-License-Identifier: Apache-2.0 */
/* Owns randomness: the kernel's for identities and seeds, splitmix64 for everything that must not
 * cost a system call. Source of the latter: Steele, Lea, Flood, "Fast splittable pseudorandom
 * number generators", OOPSLA 2014. */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

bool tachoi_random_bytes(void *out, size_t size) {
    unsigned char *bytes = out;
    while (size > 0) {
        /* Early in the boot the kernel would wait until it has collected enough: a library must
         * not hold its host for that. */
        ssize_t got = getrandom(bytes, size, GRND_NONBLOCK);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

bool tachoi_uuid_v4(char out[37]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    if (!tachoi_random_bytes(bytes, sizeof bytes)) {
        return false;
    }
    bytes[6] = (unsigned char)((bytes[6] & 0x0fU) | 0x40U); /* version 4 (RFC 9562) */
    bytes[8] = (unsigned char)((bytes[8] & 0x3fU) | 0x80U); /* variant 10 */
    char *cursor = out;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *cursor++ = '-';
        }
        *cursor++ = digits[bytes[i] >> 4U];
        *cursor++ = digits[bytes[i] & 0x0fU];
    }
    *cursor = '\0';
    return true;
}

void tachoi_rng_seed(struct tachoi_rng *rng, uint64_t seed) {
    rng->state = seed;
}

uint64_t tachoi_rng_next(struct tachoi_rng *rng) {
    rng->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = rng->state;
    mixed = (mixed ^ (mixed >> 30U)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27U)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31U);
}

/* The remainder alone would favour small numbers; draws below 2^64 mod (bound + 1) are thrown away,
 * which leaves a whole number of rounds. */
uint64_t tachoi_rng_upto(struct tachoi_rng *rng, uint64_t bound) {
    if (bound == UINT64_MAX) {
        return tachoi_rng_next(rng);
    }
    uint64_t count = bound + 1;
    uint64_t uneven = (UINT64_MAX - count + 1) % count;
    uint64_t drawn = tachoi_rng_next(rng);
    while (drawn < uneven) {
        drawn = tachoi_rng_next(rng);
    }
    return drawn % count;
}
