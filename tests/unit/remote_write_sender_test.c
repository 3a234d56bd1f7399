/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the state of sending: times are given, nothing waits. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/clock.h"
#include "remote_write/sender.h"

#define MS TACHOI_NS_PER_MS

static struct tachoi_sender sender;

static void begin(void) {
    tachoi_sender_init(&sender, 100, 1000, 7);
}

TestSuite(sender, .init = begin);

Test(sender, an_idle_one_may_send_and_has_nothing_to_wait_for) {
    cr_assert(tachoi_sender_may_send(&sender, 0));
    cr_assert(eq(u64, tachoi_sender_wake_ns(&sender), UINT64_MAX));
}

Test(sender, sends_one_request_at_a_time) {
    tachoi_sender_sent(&sender);
    cr_assert(not(tachoi_sender_may_send(&sender, UINT64_MAX)));
    cr_assert(eq(u32, sender.attempts, 1));
    tachoi_sender_settled(&sender);
    cr_assert(tachoi_sender_may_send(&sender, 0));
    cr_assert(eq(u32, sender.attempts, 0));
}

Test(sender, a_failure_delays_the_next_attempt_by_the_backoff) {
    for (uint32_t attempt = 1; attempt <= 5; attempt++) {
        uint64_t now = (uint64_t)attempt * 10000 * MS;
        tachoi_sender_sent(&sender);
        cr_assert(eq(u32, sender.attempts, attempt));
        tachoi_sender_failed(&sender, now, 0, false);
        uint64_t wake = tachoi_sender_wake_ns(&sender);
        cr_assert(ge(u64, wake, now));
        cr_assert(le(u64, wake, now + 1000 * MS));
        cr_assert(wake == now || !tachoi_sender_may_send(&sender, wake - 1));
        cr_assert(tachoi_sender_may_send(&sender, wake));
    }
    cr_assert(eq(u32, sender.backoff.ceiling_ms, 1000));
    tachoi_sender_settled(&sender);
    cr_assert(eq(u32, sender.backoff.ceiling_ms, 100));
}

/* RETRY-02: a minimum, with jitter on top */
Test(sender, the_receivers_delay_is_a_minimum_and_not_cut_short) {
    tachoi_sender_sent(&sender);
    tachoi_sender_failed(&sender, 0, 5000, false);
    cr_assert(ge(u64, tachoi_sender_wake_ns(&sender), 5000 * MS));
    cr_assert(le(u64, tachoi_sender_wake_ns(&sender), 5100 * MS));
    cr_assert(not(tachoi_sender_hurry(&sender, 10 * MS)));
    cr_assert(not(tachoi_sender_may_send(&sender, 4999 * MS)));
}

Test(sender, a_slow_failure_waits_long) {
    tachoi_sender_sent(&sender);
    tachoi_sender_failed(&sender, 0, 0, true);
    cr_assert(ge(u64, tachoi_sender_wake_ns(&sender), 500 * MS));
}

Test(sender, a_hurry_ends_its_own_backoff_once) {
    tachoi_sender_sent(&sender);
    cr_assert(not(tachoi_sender_hurry(&sender, 0))); /* under way */
    tachoi_sender_failed(&sender, 0, 0, true);
    cr_assert(tachoi_sender_hurry(&sender, 10 * MS));
    cr_assert(tachoi_sender_may_send(&sender, 10 * MS));
    cr_assert(not(tachoi_sender_hurry(&sender, 10 * MS)));
}

Test(sender, what_became_too_old_leaves_the_backoff_where_it_was) {
    tachoi_sender_sent(&sender);
    tachoi_sender_failed(&sender, 0, 0, false);
    tachoi_sender_forget(&sender);
    cr_assert(eq(u32, sender.attempts, 0));
    cr_assert(tachoi_sender_may_send(&sender, 0));
    cr_assert(eq(u32, sender.backoff.ceiling_ms, 200));
}
