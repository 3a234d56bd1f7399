/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the delays between attempts: exponential with full jitter (RETRY-01). Pure: the generator is
 * seeded by the caller, nobody reads a clock. One thread at a time. */
#ifndef TACHOI_HTTP_BACKOFF_H
#define TACHOI_HTTP_BACKOFF_H

#include <stdint.h>

#include "base/random.h"

struct tachoi_backoff {
    uint32_t min_ms;
    uint32_t max_ms;
    uint32_t ceiling_ms; /* of the next delay */
    struct tachoi_rng rng;
};

/** Delays between 1 ms and a ceiling that starts at min_ms (not 0) and doubles up to max_ms. */
void tachoi_backoff_init(struct tachoi_backoff *backoff, uint32_t min_ms, uint32_t max_ms,
                         uint64_t seed);

/** The next delay; the one after it may be twice as long. */
uint32_t tachoi_backoff_next_ms(struct tachoi_backoff *backoff);

/** A delay for what only a person can mend: in the upper half of the largest delay. */
uint32_t tachoi_backoff_slow_ms(struct tachoi_backoff *backoff);

/** Starts over: the receiver has answered. */
void tachoi_backoff_reset(struct tachoi_backoff *backoff);

#endif
