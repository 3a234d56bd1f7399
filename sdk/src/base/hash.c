/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the seed of hashes and one-shot hashing. */
#include "base/hash.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/random.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* atomic: 0 = not drawn yet. Relaxed: the word carries nothing but itself. */
static _Atomic(uint64_t) process_seed;

static uint64_t draw_seed(void) {
    uint64_t seed = 0;
    if (!tachoi_random_bytes(&seed, sizeof seed)) {
        /* No randomness: where the stack lies and the time still differ between processes. */
        struct tachoi_rng rng;
        tachoi_rng_seed(&rng, tachoi_monotonic_ns() ^ tachoi_unix_ns() ^ (uint64_t)(uintptr_t)&rng);
        seed = tachoi_rng_next(&rng);
    }
    return seed != 0 ? seed : 1;
}

/* Threads that come first together all draw; the exchange lets one of them win for all. No lock, so
 * it may run in a signal handler and in a forked child. */
uint64_t tachoi_hash_seed(void) {
    uint64_t seed = atomic_load_explicit(&process_seed, memory_order_relaxed);
    if (seed != 0) {
        return seed;
    }
    uint64_t drawn = draw_seed();
    if (atomic_compare_exchange_strong_explicit(&process_seed, &seed, drawn, memory_order_relaxed,
                                                memory_order_relaxed)) {
        return drawn;
    }
    return seed;
}

uint64_t tachoi_hash_bytes(const void *data, size_t size, uint64_t seed) {
    return XXH3_64bits_withSeed(data, size, seed);
}
