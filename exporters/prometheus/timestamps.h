/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the timestamps of samples: milliseconds that strictly increase from batch to batch whatever
 * the wall clock does (QUEUE-07; design "Time"). Pure; one thread at a time. */
#ifndef TACHOI_PROMETHEUS_TIMESTAMPS_H
#define TACHOI_PROMETHEUS_TIMESTAMPS_H

#include <stdbool.h>
#include <stdint.h>

struct tachoi_timestamps {
    int64_t last_ms; /* 0 before the first batch */
    uint64_t last_monotonic_ns;
};

enum tachoi_timestamp_result {
    TACHOI_TIMESTAMP_OK,
    TACHOI_TIMESTAMP_TOO_EARLY, /* the wall clock stands before 2026: it was never set */
    TACHOI_TIMESTAMP_TOO_FAR    /* would lead the wall clock by more than ten minutes */
};

/**
 * The timestamp for a batch taken at `unix_ns` and `monotonic_ns`: the wall clock's if it is later
 * than the last one, else the last one advanced by the monotonic time that has passed, at least 1
 * ms. State advances only on OK.
 */
enum tachoi_timestamp_result tachoi_timestamps_next(struct tachoi_timestamps *timestamps,
                                                    uint64_t unix_ns, uint64_t monotonic_ns,
                                                    int64_t *out_ms);

#endif
