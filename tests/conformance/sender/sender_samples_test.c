/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the suite's sample and timestamp cases: numbers, the times of samples, and start
 * times. */
#include <float.h>
#include <math.h>

#include "conformance/sender/sender_fixture.h"

TestSuite(samples, .init = sender_init, .fini = sender_fini);

static double sent_back(double value) {
    sender_start_usual();
    set_gauge("level", value);
    return value_of(sender_flushed(), "level", NULL, NULL);
}

/* RW1-08
 * cases: TestSampleEncoding/float_value_encoding */
Test(samples, a_float_arrives) {
    cr_assert(eq(dbl, sent_back(123.45), 123.45));
}

/* cases: TestSampleEncoding/integer_value_encoding */
Test(samples, an_integer_arrives_as_a_float) {
    sender_start_usual();
    tacho_gauge_record(tacho_meter_create_gauge(sender.meter, "level", NULL), 42, TACHO_NO_ATTRS);
    cr_assert(eq(dbl, value_of(sender_flushed(), "level", NULL, NULL), 42.0));
}

/* cases: TestSampleEncoding/zero_value_encoding */
Test(samples, zero_is_a_sample) {
    cr_assert(eq(dbl, sent_back(0), 0.0));
}

/* cases: TestSampleEncoding/negative_value_encoding */
Test(samples, a_negative_value_arrives) {
    cr_assert(eq(dbl, sent_back(-15.5), -15.5));
}

/* cases: TestSampleEncoding/positive_infinity_encoding,
 * TestSampleEncoding/negative_infinity_encoding, TestEdgeCases/special_float_combinations */
Test(samples, infinities_arrive_beside_ordinary_values) {
    sender_start_usual();
    set_gauge("up", INFINITY);
    set_gauge("down", -INFINITY);
    set_gauge("none", 0);
    set_gauge("less", -123.45);
    set_gauge("odd", NAN);
    const struct sent *sent = sender_flushed();
    cr_assert(eq(dbl, value_of(sent, "up", NULL, NULL), INFINITY));
    cr_assert(eq(dbl, value_of(sent, "down", NULL, NULL), -INFINITY));
    cr_assert(eq(dbl, value_of(sent, "none", NULL, NULL), 0.0));
    cr_assert(eq(dbl, value_of(sent, "less", NULL, NULL), -123.45));
    cr_assert(isnan(value_of(sent, "odd", NULL, NULL)));
}

/* CONV-36, PROM-41
 * cases: TestSampleEncoding/nan_encoding */
Test(samples, a_nan_is_one_but_never_a_stale_marker) {
    const uint64_t stale_bits = 0x7ff0000000000002;
    double stale;
    memcpy(&stale, &stale_bits, sizeof stale);
    sender_start_usual();
    set_gauge("plain", NAN);
    set_gauge("stale_on_purpose", stale);
    const struct sent *sent = sender_flushed();
    for (size_t i = 0; i < 2; i++) {
        cr_assert(isnan(sent->series[i].samples[0].value));
        cr_assert(ne(u64, sent->series[i].samples[0].bits, stale_bits));
    }
}

/* cases: TestSampleEncoding/large_float_values, TestSampleEncoding/small_float_values,
 * TestSampleEncoding/scientific_notation, TestSampleEncoding/precision_preservation */
Test(samples, every_bit_of_a_value_arrives) {
    static const struct {
        const char *name;
        double value;
    } cases[] = {{"largest", DBL_MAX}, {"smallest", DBL_TRUE_MIN}, {"tiny", 1e-308},
                 {"huge", 1.7e308},    {"scientific", 1.23e-4},    {"third", 1.0 / 3},
                 {"tenth", 0.1},       {"pi", 3.141592653589793},  {"exact", 9007199254740991.0},
                 {"lowest", -DBL_MAX}};
    sender_start_usual();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_gauge(cases[i].name, cases[i].value);
    }
    const struct sent *sent = sender_flushed();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t bits;
        memcpy(&bits, &cases[i].value, sizeof bits);
        cr_assert(eq(u64, need(sent, cases[i].name, NULL, NULL)->samples[0].bits, bits), "%s",
                  cases[i].name);
    }
}

/* --- times --- */

static void judge_times(bool is_2) {
    const int64_t before_ms = wall_ms();
    (is_2 ? sender_start_usual : sender_start_1)();
    set_gauge("level", 42);
    tacho_counter_add(counter_of("jobs"), 1, TACHO_NO_ATTRS);
    const struct sent *sent = sender_flushed();
    const int64_t after_ms = wall_ms();
    cr_assert(eq(sz, sent->series_count, 2));
    for (size_t i = 0; i < 2; i++) {
        cr_assert(ge(i64, sent->series[i].samples[0].time_ms, before_ms));
        cr_assert(le(i64, sent->series[i].samples[0].time_ms, after_ms));
    }
}

/* CONV-16
 * cases: TestSampleEncoding/timestamp_milliseconds_format, TestSampleEncoding/timestamp_recent,
 * TestTimestampEncoding/timestamp_int64_milliseconds, TestTimestampEncoding/timestamp_precision */
Test(samples, times_are_milliseconds_between_recording_and_answer) {
    judge_times(true);
}

/* cases: 1.0/Timestamp */
Test(samples, times_are_milliseconds_between_recording_and_answer_with_1) {
    judge_times(false);
}

/* RW2-10, QUEUE-07
 * cases: TestSampleEncoding/multiple_samples_same_series, TestSampleOrdering,
 * TestTimestampEncoding/timestamp_ordering_within_series */
Test(samples, of_a_series_come_oldest_first_also_within_a_millisecond) {
    tacho_remote_write_options options = sender_options();
    options.min_backoff_ms = options.max_backoff_ms = 50; /* so that several share a request */
    sender_start(&options);
    receiver_script(sender.receiver, &(struct receiver_step){.status = 503}, 1);
    tacho_counter *counter = counter_of("jobs");
    for (int64_t i = 0; i < 20; i++) {
        tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
        sender_collect();
    }
    (void)sender_flushed();
    struct receiver_sample samples[32];
    const size_t count = receiver_samples(sender.receiver, COUNTER, samples, 32);
    cr_assert(eq(sz, count, 21));
    for (size_t i = 1; i < count; i++) {
        cr_assert(gt(i64, samples[i].time_ms, samples[i - 1].time_ms));
        cr_assert(ge(dbl, samples[i].value, samples[i - 1].value));
    }
    for (size_t i = 0; i < receiver_request_count(sender.receiver); i++) {
        const struct sent_series *series = need(sender_request(i), "jobs_total", NULL, NULL);
        for (size_t j = 1; j < series->sample_count; j++) {
            cr_assert(gt(i64, series->samples[j].time_ms, series->samples[j - 1].time_ms));
        }
    }
}

/* --- clocks that are wrong --- */

static uint64_t wall_now_ns;
static uint64_t wall(void *user) {
    (void)user;
    return wall_now_ns;
}
static uint64_t steady(void *user) {
    (void)user;
    return tachoi_monotonic_ns();
}
static const tacho_clock clock_under_test = {
    .struct_size = sizeof clock_under_test, .unix_ns = wall, .monotonic_ns = steady};

/* cases: TestEdgeCases/zero_timestamp */
Test(samples, of_a_clock_that_was_never_set_are_not_sent) {
    wall_now_ns = 0;
    sender.clock = &clock_under_test;
    sender_start_usual();
    set_gauge("level", 42);
    (void)sender_flush();
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 0));
    cr_assert(eq(u64, stats_of(sender.exporter).dropped_clock, 1));
}

/* cases: TestEdgeCases/future_timestamp, TestTimestampEncoding/timestamp_future_values */
Test(samples, of_a_clock_that_is_ahead_have_its_time) {
    const int64_t tomorrow_ms = wall_ms() + INT64_C(86400000);
    wall_now_ns = (uint64_t)tomorrow_ms * TACHOI_NS_PER_MS;
    sender.clock = &clock_under_test;
    sender_start_usual();
    set_gauge("level", 42);
    cr_assert(
        eq(i64, need(sender_flushed(), "level", NULL, NULL)->samples[0].time_ms, tomorrow_ms));
}

/* --- start times --- */

/* RW2-08, CONV-15, PROM-22
 * cases: TestTimestampEncoding/start_timestamp_for_counters,
 * TestTimestampEncoding/start_timestamp_before_sample_timestamp */
Test(samples, of_a_counter_tell_since_when_it_counts) {
    struct sent_sample first;
    const int64_t start_ms = wall_ms();
    wall_now_ns = (uint64_t)start_ms * TACHOI_NS_PER_MS;
    sender.clock = &clock_under_test;
    sender_start_usual();
    tacho_counter_add(counter_of("jobs"), 1, TACHO_NO_ATTRS);
    wall_now_ns += 5 * TACHOI_NS_PER_MS;
    first = need(sender_flushed(), "jobs_total", NULL, NULL)->samples[0];
    cr_assert(eq(i64, first.start_ms, start_ms));
    cr_assert(eq(i64, first.time_ms, start_ms + 5));
    wall_now_ns += 1000 * TACHOI_NS_PER_MS;
    const struct sent_sample second = need(sender_flushed(), "jobs_total", NULL, NULL)->samples[0];
    cr_assert(eq(i64, second.start_ms, start_ms));
    cr_assert(eq(i64, second.time_ms, start_ms + 1005));
}

/* RW2-08 */
Test(samples, of_a_counter_collected_at_once_tell_one_start) {
    const int64_t start_ms = wall_ms();
    wall_now_ns = (uint64_t)start_ms * TACHOI_NS_PER_MS;
    sender.clock = &clock_under_test;
    sender_start_usual();
    tacho_counter_add(counter_of("jobs"), 1, TACHO_NO_ATTRS);
    for (int64_t i = 0; i < 3; i++) {
        const struct sent_sample sample =
            need(sender_flushed(), "jobs_total", NULL, NULL)->samples[0];
        cr_assert(eq(i64, sample.start_ms, start_ms - 1));
        cr_assert(eq(i64, sample.time_ms, start_ms + 1000 * i));
        wall_now_ns += 1000 * TACHOI_NS_PER_MS;
    }
}

/* PROM-26
 * cases: TestTimestampEncoding/start_timestamp_for_histograms */
Test(samples, of_a_histogram_tell_since_when_it_counts) {
    const int64_t before_ms = wall_ms();
    sender_start_usual();
    tacho_histogram_record(tacho_meter_create_histogram(sender.meter, "size", NULL), 3,
                           TACHO_NO_ATTRS);
    const struct sent *sent = sender_flushed();
    const int64_t start_ms = need(sent, "size_count", NULL, NULL)->samples[0].start_ms;
    cr_assert(gt(sz, sent->series_count, 3));
    cr_assert(ge(i64, start_ms, before_ms - 1));
    for (size_t i = 0; i < sent->series_count; i++) {
        cr_assert(eq(i64, sent->series[i].samples[0].start_ms, start_ms));
        cr_assert(lt(i64, start_ms, sent->series[i].samples[0].time_ms));
    }
}

/* cases: TestTimestampEncoding/start_timestamp_zero_handling */
Test(samples, of_a_gauge_have_no_start_time) {
    sender_start_usual();
    set_gauge("level", 1);
    tacho_up_down_counter_add(tacho_meter_create_up_down_counter(sender.meter, "depth", NULL), 2,
                              TACHO_NO_ATTRS);
    const struct sent *sent = sender_flushed();
    cr_assert(eq(i64, need(sent, "level", NULL, NULL)->samples[0].start_ms, 0));
    cr_assert(eq(i64, need(sent, "depth", NULL, NULL)->samples[0].start_ms, 0));
}

/* CONV-17
 * cases: TestSampleEncoding/job_instance_labels_present */
Test(samples, have_job_and_instance) {
    sender_start_usual();
    set_gauge("level", 1);
    const struct sent_series *series = need(sender_flushed(), "level", NULL, NULL);
    cr_assert(eq(str, (char *)sent_label_of(series, "job"), "svc"));
    cr_assert(eq(str, (char *)sent_label_of(series, "instance"), "one"));
}
