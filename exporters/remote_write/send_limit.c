/* SPDX-License-Identifier: Apache-2.0 */
/* Owns how many samples a shard puts into a request. See send_limit.h. */
#include "remote_write/send_limit.h"

/* Requests that must succeed before a lowered limit is doubled again: what a receiver found too
 * large once it will find too large again, so trying must be rare. */
#define SUCCESSES_BEFORE_GROWTH 16u

void tachoi_send_limit_init(struct tachoi_send_limit *limit, size_t most) {
    *limit = (struct tachoi_send_limit){.samples = most, .most = most};
}

bool tachoi_send_limit_halve(struct tachoi_send_limit *limit, size_t samples) {
    limit->samples = samples > 1 ? samples / 2 : limit->most;
    limit->successes = 0;
    return samples > 1;
}

void tachoi_send_limit_grow(struct tachoi_send_limit *limit) {
    if (limit->samples < limit->most && ++limit->successes >= SUCCESSES_BEFORE_GROWTH) {
        limit->samples = limit->samples > limit->most / 2 ? limit->most : limit->samples * 2;
        limit->successes = 0;
    }
}
