/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the suite's retry and backoff cases. */
#include <locale.h>
#include <stdlib.h>
#include <time.h>

#include "conformance/sender/sender_fixture.h"

TestSuite(retry, .init = sender_init, .fini = sender_fini);

/* When each answer came, as the sender tells it. */
enum { ANSWERS_MAX = 64 };
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t answered_ns[ANSWERS_MAX];
    size_t count;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* On the sending thread, perhaps after those who wait for the data have been woken. */
static void see_answer(void *user, const tacho_remote_write_result *result) {
    (void)user;
    (void)result;
    pthread_mutex_lock(&seen.lock);
    if (seen.count < ANSWERS_MAX) {
        seen.answered_ns[seen.count++] = tachoi_monotonic_ns();
    }
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

/* Until the sender has told so many answers; nobody changes them then. */
static void wait_answers(size_t count) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_MS / 1000;
    int error = 0;
    pthread_mutex_lock(&seen.lock);
    while (seen.count < count && error == 0) {
        error = pthread_cond_timedwait(&seen.changed, &seen.lock, &deadline);
    }
    const size_t told = seen.count;
    pthread_mutex_unlock(&seen.lock);
    cr_assert(ge(sz, told, count));
}

static uint64_t interval_ms(size_t index) {
    return (seen.answered_ns[index + 1] - seen.answered_ns[index]) / TACHOI_NS_PER_MS;
}

/* Sends one sample to a receiver that begins with this answer; returns the flush's status. The
 * second collection, whose sample is welcome, shows that the sender goes on. */
static int send_to(const struct receiver_step *step) {
    tacho_remote_write_options options = sender_options();
    options.on_request = see_answer;
    sender_start(&options);
    receiver_script(sender.receiver, step, 1);
    set_gauge("level", 1);
    return sender_flush();
}

/* Refused for good: no second attempt, all counted, and later samples go out. */
static void is_final(unsigned status) {
    cr_assert(eq(int, send_to(&(struct receiver_step){.status = status}), TACHO_E_FAILED));
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 1));
    cr_assert(eq(u64, stats_of(sender.exporter).failed, 1));
    cr_assert(eq(u64, stats_of(sender.exporter).retries, 0));
    (void)sender_flushed();
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 2));
    cr_assert(eq(sz, receiver_sample_count(sender.receiver), 1));
}

/* Sent again until it is accepted, in the same bytes, and says which attempt it is. */
static void is_repeated(const struct receiver_step *step) {
    size_t lengths[2];
    cr_assert(eq(int, send_to(step), TACHO_OK), "%s", fault_log.text);
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 2));
    cr_assert(eq(sz, receiver_sample_count(sender.receiver), 1));
    const void *first = receiver_body(sender.receiver, 0, &lengths[0]);
    const void *second = receiver_body(sender.receiver, 1, &lengths[1]);
    cr_assert(eq(sz, lengths[0], lengths[1]));
    cr_assert(eq(int, memcmp(first, second, lengths[0]), 0));
    cr_assert(eq(str, (char *)receiver_header(sender.receiver, 0, "Retry-Attempt"), ""));
    cr_assert(eq(str, (char *)receiver_header(sender.receiver, 1, "Retry-Attempt"), "1"));
    cr_assert(eq(u64, stats_of(sender.exporter).retries, 1));
    wait_answers(2);
}

/* cases: TestRetryBehavior/no_retry_on_400 */
Test(retry, a_400_is_final) {
    is_final(400);
}

/* cases: TestRetryBehavior/no_retry_on_401 */
Test(retry, a_401_is_final) {
    is_final(401);
}

/* cases: TestRetryBehavior/no_retry_on_404 */
Test(retry, a_404_is_final) {
    is_final(404);
}

/* cases: TestRetryBehavior/no_retry_on_413 */
Test(retry, a_413_for_a_single_sample_is_final) {
    is_final(413);
}

/* HTTP-03, RETRY-04
 * cases: TestRetryBehavior/retry_on_500 */
Test(retry, after_a_500_the_same_comes_again) {
    is_repeated(&(struct receiver_step){.status = 500});
}

/* cases: TestRetryBehavior/retry_on_502 */
Test(retry, after_a_502_the_same_comes_again) {
    is_repeated(&(struct receiver_step){.status = 502});
}

/* cases: TestRetryBehavior/retry_on_503 */
Test(retry, after_a_503_the_same_comes_again) {
    is_repeated(&(struct receiver_step){.status = 503});
}

/* cases: TestRetryBehavior/retry_on_504 */
Test(retry, after_a_504_the_same_comes_again) {
    is_repeated(&(struct receiver_step){.status = 504});
}

/* RETRY-02
 * cases: TestRetryBehavior/may_retry_on_429 */
Test(retry, after_a_429_the_same_comes_again_when_the_receiver_said) {
    is_repeated(&(struct receiver_step){.status = 429, .retry_after = "1"});
    cr_assert(ge(u64, interval_ms(0), 1000));
}

Test(retry, after_a_429_without_a_time_the_same_comes_again) {
    is_repeated(&(struct receiver_step){.status = 429});
}

Test(retry, a_429_is_final_where_the_option_says_so) {
    tacho_remote_write_options options = sender_options();
    options.disable_retry_on_http_429 = true;
    sender_start(&options);
    receiver_script(sender.receiver, &(struct receiver_step){.status = 429, .retry_after = "1"}, 1);
    set_gauge("level", 1);
    cr_assert(eq(int, sender_flush(), TACHO_E_FAILED));
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 1));
}

/* RETRY-02 */
Test(retry, a_503_may_tell_the_time_as_a_date) {
    char date[64];
    struct tm parts;
    const time_t at = (time_t)(tachoi_unix_ns() / 1000000000) + 2; /* more than a second from now */
    cr_assert(ne(ptr, gmtime_r(&at, &parts), NULL));
    cr_assert(gt(sz, strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts), 0));
    is_repeated(&(struct receiver_step){.status = 503, .retry_after = date});
    cr_assert(ge(u64, interval_ms(0), 1000));
}

/* RETRY-02 */
Test(retry, a_time_too_far_or_without_sense_does_not_stop_the_sender) {
    tacho_remote_write_options options = sender_options();
    options.max_retry_after_ms = 50;
    sender_start(&options);
    receiver_script(sender.receiver,
                    (struct receiver_step[]){{.status = 503, .retry_after = "100000"},
                                             {.status = 503, .retry_after = "-5"},
                                             {.status = 503, .retry_after = "soon"}},
                    3);
    set_gauge("level", 1);
    cr_assert(eq(int, sender_flush(), TACHO_OK));
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 4));
}

/* --- backoff --- */

enum { FIRST_MS = 1, LARGEST_MS = 128, ROUNDS = 36, DOUBLINGS = 8 };

/* Sends one sample to a receiver that refuses it ROUNDS times; nobody waits meanwhile, which would
 * cut a delay short. */
static void be_refused(void) {
    struct receiver_step steps[ROUNDS];
    tacho_remote_write_options options = sender_options();
    options.on_request = see_answer;
    options.min_backoff_ms = FIRST_MS;
    options.max_backoff_ms = LARGEST_MS;
    for (size_t i = 0; i < ROUNDS; i++) {
        steps[i] = (struct receiver_step){.status = i % 2 == 0 ? 503 : 502};
    }
    sender_start(&options);
    receiver_script(sender.receiver, steps, ROUNDS);
    set_gauge("level", 1);
    sender_collect();
    cr_assert(receiver_wait_samples(sender.receiver, 1, PATIENCE_MS));
    wait_answers(ROUNDS + 1);
}

/* Delays are random between 0 and a ceiling. That less than three of 28 are in its upper half comes
 * once in half a million runs; that as many are longer than that on a busy machine, though the
 * ceiling does not grow, is as unlikely. */
/* RETRY-01
 * cases: TestBackoffBehavior/exponential_backoff_on_retries,
 * TestBackoffBehavior/backoff_with_jitter */
Test(retry, delays_grow_and_differ) {
    size_t long_ones = 0;
    size_t short_ones = 0;
    be_refused();
    for (size_t i = DOUBLINGS; i < ROUNDS; i++) {
        long_ones += interval_ms(i) >= LARGEST_MS / 2 ? 1 : 0;
        short_ones += interval_ms(i) < LARGEST_MS / 2 ? 1 : 0;
    }
    cr_assert(ge(sz, long_ones, 3));
    cr_assert(ge(sz, short_ones, 3));
}

/* cases: TestBackoffBehavior/backoff_required */
Test(retry, all_together_the_delays_spare_the_receiver) {
    be_refused(); /* 28 delays of 64 ms on average */
    const uint64_t all_ms = (seen.answered_ns[ROUNDS] - seen.answered_ns[0]) / TACHOI_NS_PER_MS;
    cr_assert(ge(u64, all_ms, ROUNDS * LARGEST_MS / 8));
}

/* cases: TestBackoffBehavior/backoff_max_delay */
Test(retry, no_delay_exceeds_the_largest) {
    be_refused(); /* unbounded, the last ones would be weeks */
    for (size_t i = 0; i < ROUNDS; i++) {
        cr_assert(lt(u64, interval_ms(i), LARGEST_MS + 2000));
    }
}
