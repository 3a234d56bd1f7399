/* SPDX-License-Identifier: Apache-2.0 */
/* Owns randomness: bytes of the kernel for identities and seeds, and a small seeded generator for
 * jitter and sampling. */
#ifndef TACHOI_BASE_RANDOM_H
#define TACHOI_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** False if the system has none to give. */
bool tachoi_random_bytes(void *out, size_t size);

/** A random UUID (version 4) as 36 characters and a NUL; false as above. */
bool tachoi_uuid_v4(char out[37]);

/** A generator for one thread (splitmix64); the same seed gives the same numbers. */
struct tachoi_rng {
    uint64_t state;
};
void tachoi_rng_seed(struct tachoi_rng *rng, uint64_t seed);
uint64_t tachoi_rng_next(struct tachoi_rng *rng);
/** Uniform in [0, bound]. */
uint64_t tachoi_rng_upto(struct tachoi_rng *rng, uint64_t bound);

#endif
