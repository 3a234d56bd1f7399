/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the suite's histogram cases: classic, exponential and custom-bucket ones. */
#include <math.h>
#include <stdlib.h>

#include "conformance/sender/sender_source.h"

typedef Io__Prometheus__Write__V2__Histogram native_histogram;

TestSuite(histograms, .init = sender_init, .fini = sender_fini);

static const double bounds[] = {1, 2.5, 10};

static tacho_histogram *histogram_of(const char *name) {
    return tacho_meter_create_histogram(sender.meter, name,
                                        TACHO_OPTIONS(tacho_instrument_options,
                                                      .explicit_bucket_boundaries = bounds,
                                                      .explicit_bucket_boundary_count = 3));
}

/* 100 values in three of four buckets, with the sum 250.5. */
static const struct sent *send_hundred(void) {
    tacho_histogram *histogram = histogram_of("size");
    for (size_t i = 0; i < 60; i++) {
        tacho_histogram_record(histogram, 1, TACHO_NO_ATTRS); /* on a bound: below it */
    }
    for (size_t i = 0; i < 39; i++) {
        tacho_histogram_record(histogram, 3, TACHO_NO_ATTRS);
    }
    tacho_histogram_record(histogram, 73.5, TACHO_NO_ATTRS);
    return sender_flushed();
}

/* PROM-25, CONV-12
 * cases: TestHistogramEncoding/histogram_count_present,
 * TestHistogramEncoding/histogram_sum_present */
Test(histograms, count_and_sum_are_right) {
    sender_start_usual();
    const struct sent *sent = send_hundred();
    cr_assert(eq(dbl, value_of(sent, "size_count", NULL, NULL), 100.0));
    cr_assert(eq(dbl, value_of(sent, "size_sum", NULL, NULL), 250.5));
}

/* PROM-24, PROM-25
 * cases: TestHistogramEncoding/histogram_buckets_ordered,
 * TestCombinedFeatures/complete_metric_family */
Test(histograms, buckets_are_cumulative_in_order_and_in_one_request) {
    static const char *const les[] = {"1", "2.5", "10", "+Inf"};
    static const double counts[] = {60, 60, 99, 100};
    size_t seen = 0;
    sender_start_usual();
    const struct sent *sent = send_hundred();
    cr_assert(eq(sz, sent->series_count, 6));
    for (size_t i = 0; i < sent->series_count; i++) {
        if (strcmp(sent_label_of(&sent->series[i], "__name__"), "size_bucket") == 0) {
            cr_assert(lt(sz, seen, 4));
            cr_assert(eq(str, (char *)sent_label_of(&sent->series[i], "le"), (char *)les[seen]));
            cr_assert(eq(dbl, sent->series[i].samples[0].value, counts[seen]));
            seen++;
        }
    }
    cr_assert(eq(sz, seen, 4));
}

/* cases: TestHistogramEncoding/histogram_timestamp */
Test(histograms, all_parts_have_one_time) {
    const int64_t before_ms = wall_ms();
    sender_start_usual();
    const struct sent *sent = send_hundred();
    for (size_t i = 0; i < sent->series_count; i++) {
        cr_assert(eq(i64, sent->series[i].samples[0].time_ms, sent->series[0].samples[0].time_ms));
    }
    cr_assert(ge(i64, sent->series[0].samples[0].time_ms, before_ms));
    cr_assert(le(i64, sent->series[0].samples[0].time_ms, wall_ms()));
}

/* --- exponential --- */

static const tacho_aggregation exponential = {
    .struct_size = sizeof exponential,
    .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM,
    .max_scale = TACHO_MAX_SCALE_ZERO};

static void record_all(tacho_histogram *histogram, const double *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        tacho_histogram_record(histogram, values[i], TACHO_NO_ATTRS);
    }
}

static const native_histogram *native_of(const struct sent *sent, const char *name) {
    const struct sent_series *series = need(sent, name, NULL, NULL);
    cr_assert(eq(sz, series->histogram_count, 1));
    cr_assert(eq(sz, series->sample_count, 0));
    return series->histogram;
}

static void has_spans(size_t count, Io__Prometheus__Write__V2__BucketSpan *const *spans,
                      const int32_t (*wanted)[2], size_t wanted_count) {
    cr_assert(eq(sz, count, wanted_count));
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(i32, spans[i]->offset, wanted[i][0]), "span %zu", i);
        cr_assert(eq(u32, spans[i]->length, (uint32_t)wanted[i][1]), "span %zu", i);
    }
}

static void has_deltas(size_t count, const int64_t *deltas, const int64_t *wanted,
                       size_t wanted_count) {
    cr_assert(eq(sz, count, wanted_count));
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(i64, deltas[i], wanted[i]), "delta %zu", i);
    }
}

/* CONV-14, PROM-30, PROM-34, PROM-35, RW2-21
 * cases: TestHistogramEncoding/native_histogram_structure,
 * TestHistogramEncoding/histogram_positive_buckets */
Test(histograms, exponential_ones_are_native_with_spans_and_deltas) {
    static const double values[] = {1, 3, 4, 64}; /* in (0.5, 1], (2, 4] twice, (32, 64] */
    static const int32_t spans[][2] = {{0, 3}, {3, 1}};
    static const int64_t deltas[] = {1, -1, 2, -1};
    use_aggregation("size", &exponential);
    sender_start_usual();
    record_all(histogram_of("size"), values, 4);
    const native_histogram *native = native_of(sender_flushed(), "size");
    has_spans(native->n_positive_spans, native->positive_spans, spans, 2);
    has_deltas(native->n_positive_deltas, native->positive_deltas, deltas, 4);
    cr_assert(eq(i32, native->schema, 0));
    cr_assert(eq(u64, native->count_int, 4));
    cr_assert(eq(dbl, native->sum, 72.0));
    cr_assert(eq(sz, native->n_negative_spans + native->n_custom_values, 0));
    cr_assert(eq(int, (int)native->reset_hint, 0)); /* RW2-22 */
    cr_assert(gt(i64, native->start_timestamp, 0));
    cr_assert(lt(i64, native->start_timestamp, native->timestamp));
}

/* PROM-32
 * cases: TestHistogramEncoding/histogram_zero_bucket */
Test(histograms, zeros_have_a_bucket_of_their_own) {
    static const double values[] = {0, 0, 1};
    use_aggregation("size", &exponential);
    sender_start_usual();
    record_all(histogram_of("size"), values, 3);
    const native_histogram *native = native_of(sender_flushed(), "size");
    cr_assert(eq(u64, native->zero_count_int, 2));
    cr_assert(eq(dbl, native->zero_threshold, 1e-128));
    cr_assert(eq(u64, native->count_int, 3));
}

/* cases: TestHistogramEncoding/histogram_negative_buckets */
Test(histograms, negative_values_have_spans_of_their_own) {
    static const uint64_t counts[] = {10, 0, 0, 20, 5, 2};
    static const int32_t spans[][2] = {{4, 1}, {2, 3}};
    static const int64_t deltas[] = {10, 10, -15, -3};
    static tacho_exponential_histogram_point point;
    point = (tacho_exponential_histogram_point){
        .series = source_series(),
        .start_time_unix_nano = source_start(),
        .count = 37,
        .sum = -99,
        .has_sum = true,
        .negative = {.offset = 3, .counts = counts, .count = 6}};
    source_add("debt", TACHO_METRIC_EXPONENTIAL_HISTOGRAM, &point, sizeof point);
    source_use();
    sender_start_usual();
    const native_histogram *native = native_of(sender_flushed(), "debt");
    has_spans(native->n_negative_spans, native->negative_spans, spans, 2);
    has_deltas(native->n_negative_deltas, native->negative_deltas, deltas, 4);
    cr_assert(eq(sz, native->n_positive_spans, 0));
    cr_assert(eq(dbl, native->sum, -99.0));
}

/* PROM-31
 * cases: TestHistogramEncoding/histogram_schema */
Test(histograms, the_schema_is_the_scale_and_at_most_eight) {
    static const double values[] = {1, 1.0001};
    tacho_aggregation finer = exponential;
    finer.max_scale = 20;
    use_aggregation("fine", &finer);
    sender_start_usual();
    record_all(histogram_of("fine"), values, 2);
    const native_histogram *native = native_of(sender_flushed(), "fine");
    cr_assert(eq(i32, native->schema, 8));
    cr_assert(eq(u64, native->count_int, 2));
}

/* CONV-31, PROM-36 */
Test(histograms, a_native_one_that_goes_ends_with_a_stale_sum) {
    uint64_t bits;
    use_aggregation("size", &exponential);
    sender_start_usual();
    tacho_histogram *histogram = histogram_of("size");
    tacho_histogram_record(histogram, 3, TACHO_NO_ATTRS);
    (void)sender_flushed();
    cr_assert(eq(int, tacho_histogram_remove(histogram, TACHO_NO_ATTRS), TACHO_OK));
    (void)sender_flushed(); /* its last collection */
    const native_histogram *native = native_of(sender_flushed(), "size");
    memcpy(&bits, &native->sum, sizeof bits);
    cr_assert(eq(u64, bits, UINT64_C(0x7ff0000000000002)));
    cr_assert(eq(u64, native->count_int + native->zero_count_int, 0));
    cr_assert(eq(sz, native->n_positive_spans + native->n_positive_deltas, 0));
}

/* RW2-20, PROM-27, PROM-28: buckets of its own choice, where the sender is told to. */
Test(histograms, explicit_buckets_can_be_native_ones_with_custom_bounds) {
    static const double custom[] = {-2, -1, 0, 1, 2};
    static const uint64_t counts[] = {10, 0, 0, 20, 5, 2};
    static const int32_t spans[][2] = {{0, 1}, {2, 3}};
    static const int64_t deltas[] = {10, 10, -15, -3};
    static tacho_histogram_point point;
    point = (tacho_histogram_point){.series = source_series(),
                                    .start_time_unix_nano = source_start(),
                                    .count = 37,
                                    .sum = 12.5,
                                    .has_sum = true,
                                    .bounds = custom,
                                    .bound_count = 5,
                                    .bucket_counts = counts};
    source_add("size", TACHO_METRIC_HISTOGRAM, &point, sizeof point);
    source_use();
    tacho_remote_write_options options = sender_options();
    options.convert_classic_histograms_to_nhcb = true;
    sender_start(&options);
    const native_histogram *native = native_of(sender_flushed(), "size");
    cr_assert(eq(i32, native->schema, -53));
    cr_assert(eq(sz, native->n_custom_values, 5));
    for (size_t i = 0; i < 5; i++) {
        cr_assert(eq(dbl, native->custom_values[i], custom[i]));
    }
    has_spans(native->n_positive_spans, native->positive_spans, spans, 2);
    has_deltas(native->n_positive_deltas, native->positive_deltas, deltas, 4);
    cr_assert(eq(dbl, native->zero_threshold, 0.0));
    cr_assert(eq(u64, native->zero_count_int, 0));
    cr_assert(eq(sz, native->n_negative_spans, 0));
}

/* RW2-04
 * cases: TestHistogramEncoding/histogram_no_mixed_with_samples,
 * TestEdgeCases/mixed_sample_and_histogram_families */
Test(histograms, no_series_has_both_samples_and_histograms) {
    use_aggregation("native", &exponential);
    sender_start_usual();
    set_gauge("level", 1);
    tacho_counter_add(counter_of("jobs"), 1, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram_of("native"), 3, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram_of("classic"), 3, TACHO_NO_ATTRS);
    const struct sent *sent = sender_flushed();
    size_t natives = 0;
    cr_assert(eq(sz, sent->series_count, 9));
    for (size_t i = 0; i < sent->series_count; i++) {
        natives += sent->series[i].histogram_count;
        cr_assert(eq(sz, sent->series[i].histogram_count + sent->series[i].sample_count, 1));
    }
    cr_assert(eq(sz, natives, 1));
}

/* A classic histogram whose only bucket with a bound has this many values. */
static const struct sent *send_count(uint64_t in_first, uint64_t in_second, double sum) {
    static const double one_bound[] = {1};
    static uint64_t counts[2];
    static tacho_histogram_point point;
    counts[0] = in_first;
    counts[1] = in_second;
    point = (tacho_histogram_point){.series = source_series(),
                                    .start_time_unix_nano = source_start(),
                                    .count = in_first + in_second,
                                    .sum = sum,
                                    .has_sum = true,
                                    .bounds = one_bound,
                                    .bound_count = 1,
                                    .bucket_counts = counts};
    source_add("size", TACHO_METRIC_HISTOGRAM, &point, sizeof point);
    source_use();
    sender_start_usual();
    return sender_flushed();
}

/* cases: TestHistogramEncoding/histogram_empty_buckets */
Test(histograms, one_without_a_value_is_all_zeros) {
    const struct sent *sent = send_count(0, 0, 0);
    cr_assert(eq(sz, sent->series_count, 4));
    cr_assert(eq(dbl, value_of(sent, "size_bucket", "le", "1"), 0.0));
    cr_assert(eq(dbl, value_of(sent, "size_bucket", "le", "+Inf"), 0.0));
    cr_assert(eq(dbl, value_of(sent, "size_count", NULL, NULL), 0.0));
    cr_assert(eq(dbl, value_of(sent, "size_sum", NULL, NULL), 0.0));
}

/* cases: TestHistogramEncoding/histogram_large_counts */
Test(histograms, large_counts_arrive) {
    const struct sent *sent = send_count(1000000000, UINT64_C(4503599627370495), 1e300);
    cr_assert(eq(dbl, value_of(sent, "size_bucket", "le", "1"), 1e9));
    cr_assert(eq(dbl, value_of(sent, "size_bucket", "le", "+Inf"),
                 (double)(UINT64_C(4503599627370495) + 1000000000)));
    cr_assert(eq(dbl, value_of(sent, "size_sum", NULL, NULL), 1e300));
}
