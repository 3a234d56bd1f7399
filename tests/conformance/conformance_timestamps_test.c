/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the golden vectors of sample timestamps, whatever the wall clock does. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "prometheus/timestamps.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

#define MS UINT64_C(1000000)
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS INT64_C(3600000)

static const int64_t release_ms = INT64_C(1767225600000); /* 2026-01-01T00:00:00Z */
static const int64_t start_ms = INT64_C(1767225600000) + 1000;

static struct tachoi_timestamps timestamps;
static int64_t monotonic_ms;

static void begin(void) {
    timestamps = (struct tachoi_timestamps){0};
    monotonic_ms = 5000;
}

TestSuite(timestamps, .init = begin);

/* The timestamp for a wall clock `elapsed_ms` later by the monotonic clock; minus the result's
 * number if there is none. */
static int64_t next(int64_t wall_ms, int64_t elapsed_ms) {
    int64_t out_ms = INT64_MIN;
    monotonic_ms += elapsed_ms;
    const enum tachoi_timestamp_result result = tachoi_timestamps_next(
        &timestamps, (uint64_t)wall_ms * MS, (uint64_t)monotonic_ms * MS, &out_ms);
    if (result != TACHOI_TIMESTAMP_OK) {
        cr_expect(eq(i64, out_ms, INT64_MIN));
        return -(int64_t)result;
    }
    return out_ms;
}

/* CONV-16 */
Test(timestamps, nanoseconds_are_rounded_down) {
    int64_t out_ms = 0;
    const uint64_t unix_ns = (uint64_t)start_ms * MS + 999999;
    cr_assert(eq(int, (int)tachoi_timestamps_next(&timestamps, unix_ns, 1, &out_ms),
                 (int)TACHOI_TIMESTAMP_OK));
    cr_assert(eq(i64, out_ms, start_ms));
}

Test(timestamps, follow_the_wall_clock_while_it_advances) {
    cr_assert(eq(i64, next(start_ms, 0), start_ms));
    cr_assert(eq(i64, next(start_ms + 1000, 1000), start_ms + 1000));
    cr_assert(eq(i64, next(start_ms + 1001, 1), start_ms + 1001));
}

/* QUEUE-07: a flush in the same millisecond */
Test(timestamps, the_same_millisecond_gives_the_next_one) {
    cr_assert(eq(i64, next(start_ms, 0), start_ms));
    cr_assert(eq(i64, next(start_ms, 0), start_ms + 1));
    cr_assert(eq(i64, next(start_ms, 0), start_ms + 2));
    cr_assert(eq(i64, next(start_ms + 1, 1), start_ms + 3));
    cr_assert(eq(i64, next(start_ms + 4, 3), start_ms + 4));
}

/* QUEUE-07 */
Test(timestamps, a_small_step_back_advances_by_the_monotonic_clock) {
    cr_assert(eq(i64, next(start_ms + 5 * MINUTE_MS, 0), start_ms + 5 * MINUTE_MS));
    cr_assert(eq(i64, next(start_ms, 1000), start_ms + 5 * MINUTE_MS + 1000));
    cr_assert(eq(i64, next(start_ms + 1000, 1000), start_ms + 5 * MINUTE_MS + 2000));
}

Test(timestamps, ten_minutes_of_lead_are_the_most) {
    cr_assert(eq(i64, next(start_ms + 10 * MINUTE_MS, 0), start_ms + 10 * MINUTE_MS));
    cr_assert(eq(i64, next(start_ms + 1, 1), start_ms + 10 * MINUTE_MS + 1));
    cr_assert(eq(i64, next(start_ms + 1, 0), -(int64_t)TACHOI_TIMESTAMP_TOO_FAR));
    cr_assert(eq(i64, next(start_ms + 2, 0), start_ms + 10 * MINUTE_MS + 2));
}

Test(timestamps, an_hour_back_is_too_far_until_the_wall_clock_has_caught_up) {
    const int64_t last = start_ms + HOUR_MS;
    cr_assert(eq(i64, next(last, 0), last));
    for (int64_t minute = 1; minute <= 49; minute++) {
        cr_assert(eq(i64, next(start_ms + minute * MINUTE_MS, MINUTE_MS),
                     -(int64_t)TACHOI_TIMESTAMP_TOO_FAR));
    }
    /* what was dropped left no trace: last + 61 minutes would lead by less than ten only now */
    cr_assert(eq(i64, next(last + MINUTE_MS, 12 * MINUTE_MS), last + MINUTE_MS));
}

Test(timestamps, a_jump_forward_is_followed) {
    cr_assert(eq(i64, next(start_ms, 0), start_ms));
    cr_assert(eq(i64, next(start_ms + 11 * MINUTE_MS, 1000), start_ms + 11 * MINUTE_MS));
    cr_assert(eq(i64, next(start_ms + 24 * HOUR_MS, 1000), start_ms + 24 * HOUR_MS));
}

Test(timestamps, a_clock_that_was_never_set_is_too_early) {
    cr_assert(eq(i64, next(0, 0), -(int64_t)TACHOI_TIMESTAMP_TOO_EARLY));
    cr_assert(eq(i64, next(1000, 1000), -(int64_t)TACHOI_TIMESTAMP_TOO_EARLY));
    cr_assert(eq(i64, next(release_ms - 1, 1000), -(int64_t)TACHOI_TIMESTAMP_TOO_EARLY));
    cr_assert(eq(i64, timestamps.last_ms, 0));
    cr_assert(eq(i64, next(release_ms, 1000), release_ms));
    cr_assert(eq(i64, next(0, 1000), -(int64_t)TACHOI_TIMESTAMP_TOO_EARLY));
    cr_assert(eq(i64, next(release_ms + 2000, 1000), release_ms + 2000));
}

Test(timestamps, a_monotonic_clock_that_stands_still_costs_one_millisecond_each) {
    cr_assert(eq(i64, next(start_ms, 0), start_ms));
    cr_assert(eq(i64, next(start_ms - 10, -100), start_ms + 1));
    cr_assert(eq(i64, next(start_ms - 10, 0), start_ms + 2));
}
