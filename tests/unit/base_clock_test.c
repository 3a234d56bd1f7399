/* SPDX-License-Identifier: Apache-2.0 */
/* Tests clocks and the arithmetic of deadlines. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/clock.h"

Test(clock, monotonic_time_does_not_step_back) {
    uint64_t before = tachoi_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = tachoi_monotonic_ns();
        cr_assert(ge(u64, now, before));
        before = now;
    }
}

Test(clock, unix_time_agrees_with_the_system) {
    uint64_t before = (uint64_t)time(NULL);
    uint64_t now_s = tachoi_unix_ns() / TACHOI_NS_PER_S;
    cr_assert(ge(u64, now_s, before));
    cr_assert(le(u64, now_s, before + 60));
}

Test(deadline, comes_after_the_timeout) {
    cr_assert(eq(u64, tachoi_deadline_after_ms(5, 0), 5));
    cr_assert(eq(u64, tachoi_deadline_after_ms(5, 3), 3000005));
    cr_assert(eq(u64, tachoi_deadline_after_ms(0, UINT32_MAX - 1),
                 (uint64_t)(UINT32_MAX - 1) * TACHOI_NS_PER_MS));
}

Test(deadline, saturates) {
    cr_assert(eq(u64, tachoi_deadline_after_ms(5, UINT32_MAX), UINT64_MAX));
    cr_assert(eq(u64, tachoi_deadline_after_ms(UINT64_MAX - 10, 1), UINT64_MAX));
}

Test(deadline, what_is_left) {
    cr_assert(eq(u64, tachoi_deadline_left_ns(10, 3), 7));
    cr_assert(eq(u64, tachoi_deadline_left_ns(10, 10), 0));
    cr_assert(eq(u64, tachoi_deadline_left_ns(10, 11), 0));
    cr_assert(eq(u64, tachoi_deadline_left_ns(UINT64_MAX, 11), UINT64_MAX));
}

Test(deadline, what_is_left_in_ms_rounds_up) {
    cr_assert(eq(u32, tachoi_deadline_left_ms(10, 10), 0));
    cr_assert(eq(u32, tachoi_deadline_left_ms(11, 10), 1));
    cr_assert(eq(u32, tachoi_deadline_left_ms(TACHOI_NS_PER_MS, 0), 1));
    cr_assert(eq(u32, tachoi_deadline_left_ms(TACHOI_NS_PER_MS + 1, 0), 2));
    cr_assert(eq(u32, tachoi_deadline_left_ms(UINT64_MAX - 1, 0), UINT32_MAX - 1));
    cr_assert(eq(u32, tachoi_deadline_left_ms(UINT64_MAX, 0), UINT32_MAX));
}

Test(deadline, the_earlier_of_two) {
    cr_assert(eq(u64, tachoi_deadline_earlier(1, 2), 1));
    cr_assert(eq(u64, tachoi_deadline_earlier(UINT64_MAX, 2), 2));
}

Test(clock, timespec_splits_seconds) {
    struct timespec split = tachoi_timespec_from_ns(UINT64_C(12000000034));
    cr_assert(eq(i64, (int64_t)split.tv_sec, 12));
    cr_assert(eq(i64, (int64_t)split.tv_nsec, 34));
}
