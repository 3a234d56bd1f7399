/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rule that makes the milliseconds of batches strictly increase. Must not read a clock. */
#include "prometheus/timestamps.h"

#define NS_PER_MS UINT64_C(1000000)
#define LEAD_MAX_MS (INT64_C(10) * 60 * 1000)

/* 2026-01-01T00:00:00Z, fixed with the release: a clock that stands before it was never set. */
#define EARLIEST_MS (INT64_C(1767225600) * 1000)

/* The last timestamp and the time that has passed on the monotonic clock since, at least 1 ms. */
static int64_t advance(const struct tachoi_timestamps *timestamps, uint64_t monotonic_ns) {
    uint64_t elapsed_ms = 0;
    if (monotonic_ns > timestamps->last_monotonic_ns) {
        elapsed_ms = (monotonic_ns - timestamps->last_monotonic_ns) / NS_PER_MS;
    }
    return timestamps->last_ms + (elapsed_ms > 0 ? (int64_t)elapsed_ms : 1);
}

enum tachoi_timestamp_result tachoi_timestamps_next(struct tachoi_timestamps *timestamps,
                                                    uint64_t unix_ns, uint64_t monotonic_ns,
                                                    int64_t *out_ms) {
    const int64_t wall_ms = (int64_t)(unix_ns / NS_PER_MS);
    if (wall_ms < EARLIEST_MS) {
        return TACHOI_TIMESTAMP_TOO_EARLY;
    }
    int64_t next_ms = wall_ms;
    if (wall_ms <= timestamps->last_ms) {
        next_ms = advance(timestamps, monotonic_ns);
        if (next_ms - wall_ms > LEAD_MAX_MS) {
            return TACHOI_TIMESTAMP_TOO_FAR;
        }
    }
    timestamps->last_ms = next_ms;
    timestamps->last_monotonic_ns = monotonic_ns;
    *out_ms = next_ms;
    return TACHOI_TIMESTAMP_OK;
}
