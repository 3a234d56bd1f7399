/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the delays between attempts. See backoff.h. */
#include "http/backoff.h"

void tachoi_backoff_init(struct tachoi_backoff *backoff, uint32_t min_ms, uint32_t max_ms,
                         uint64_t seed) {
    backoff->min_ms = min_ms;
    backoff->max_ms = max_ms;
    tachoi_rng_seed(&backoff->rng, seed);
    tachoi_backoff_reset(backoff);
}

uint32_t tachoi_backoff_next_ms(struct tachoi_backoff *backoff) {
    uint32_t ceiling_ms = backoff->ceiling_ms;
    backoff->ceiling_ms = ceiling_ms > backoff->max_ms / 2 ? backoff->max_ms : ceiling_ms * 2;
    return 1 + (uint32_t)tachoi_rng_upto(&backoff->rng, ceiling_ms - 1);
}

uint32_t tachoi_backoff_slow_ms(struct tachoi_backoff *backoff) {
    uint32_t half_ms = backoff->max_ms / 2;
    return half_ms + (uint32_t)tachoi_rng_upto(&backoff->rng, backoff->max_ms - half_ms);
}

void tachoi_backoff_reset(struct tachoi_backoff *backoff) {
    backoff->ceiling_ms = backoff->min_ms;
}
