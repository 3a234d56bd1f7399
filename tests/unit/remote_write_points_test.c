/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what points become records of: deltas made cumulative, summaries, native histograms,
 * exemplars. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "remote_write/batch_sizes.h"
#include "tacho/sdk/diagnostics.h"
#include "unit/converter_fixture.h"

#define SECOND UINT64_C(1000000000)

static void begin(void) {
    converter_begin(&(struct tachoi_converter_options){
        .disable_target_info = true, .sends_exemplars = true, .sends_native_histograms = true});
}

TestSuite(points, .init = begin, .fini = converter_end);

/* --- deltas --- */

/* A counter of one series that grew by `value` from `start` to `end` seconds. */
static void add_delta(int64_t value, uint64_t start, uint64_t end) {
    renew();
    batch_add_counter(&batch, "jobs", 1, value, TACHO_NO_ATTRS);
    batch.metrics[0].temporality = TACHO_TEMPORALITY_DELTA;
    tacho_number_point *point = (tacho_number_point *)batch.metrics[0].points;
    point->start_time_unix_nano = BATCH_UNIX_NS + start * SECOND - 100 * SECOND;
    point->time_unix_nano = BATCH_UNIX_NS + end * SECOND - 100 * SECOND;
    convert();
}

static void expect_total(double value, int64_t start_s) {
    cr_assert(eq(sz, converter.gathering.runs[0].record_count, 1));
    cr_expect(eq(dbl, word_as_double(record_at(0), TACHOI_NUMBER_VALUE), value));
    cr_expect(
        eq(i64, tachoi_record_start_ms(record_at(0)), BATCH_UNIX_MS + start_s * 1000 - 100000));
    enqueue();
}

/* CONV-01, PROM-21 */
Test(points, deltas_are_added_up_from_their_first_start) {
    add_delta(3, 0, 10);
    expect_total(3, 0);
    add_delta(4, 10, 20);
    expect_total(7, 0);
    add_delta(5, 25, 30); /* a gap has nothing to count */
    expect_total(12, 0);
}

Test(points, a_delta_out_of_order_is_refused_and_changes_nothing) {
    add_delta(3, 0, 10);
    enqueue();
    add_delta(100, 5, 15);
    cr_expect(eq(sz, converter.gathering.runs[0].record_count, 0));
    cr_expect(eq(u64, converter.gathering.unsupported, 1));
    enqueue();
    add_delta(4, 10, 20);
    expect_total(7, 0);
}

/* A delta stream leaves out what did not change. */
Test(points, a_total_goes_on_after_a_pause_and_is_forgotten_after_minutes) {
    add_delta(3, 0, 10);
    enqueue();
    renew();
    convert();
    cr_expect(eq(u64, converter.gathering.stale_markers, 1));
    enqueue();
    add_delta(4, 20, 30);
    expect_total(7, 0);
    now_ms += TACHOI_SERIES_MEMORY_MS;
    renew();
    convert();
    cr_expect(eq(sz, converter.memories.count, 0));
    enqueue();
    add_delta(5, 30, 40);
    expect_total(5, 30);
}

/* PROM-24 */
Test(points, delta_histograms_are_added_up_bucket_by_bucket) {
    static const double bounds[] = {1};
    static const uint64_t counts[] = {1, 2};
    for (uint64_t i = 1; i <= 2; i++) {
        renew();
        batch_add_histogram(&batch, "h", 1, bounds, counts, 1, 5, TACHO_NO_ATTRS);
        batch.metrics[0].temporality = TACHO_TEMPORALITY_DELTA;
        tacho_histogram_point *point = (tacho_histogram_point *)batch.metrics[0].points;
        point->start_time_unix_nano = BATCH_UNIX_NS - 100 * SECOND + i * SECOND;
        point->time_unix_nano = point->start_time_unix_nano + SECOND;
        convert();
        const struct tachoi_record *record = record_at(0);
        cr_expect(eq(u64, record->words[TACHOI_HISTOGRAM_COUNT], 3 * i));
        cr_expect(eq(u64, record->words[TACHOI_HISTOGRAM_BUCKETS], i));
        cr_expect(eq(u64, record->words[TACHOI_HISTOGRAM_BUCKETS + 1], 2 * i));
        cr_expect(eq(dbl, word_as_double(record, TACHOI_HISTOGRAM_SUM), 5.0 * (double)i));
        enqueue();
    }
}

/* PROM-30 */
Test(points, delta_exponential_histograms_are_added_up) {
    for (uint64_t i = 1; i <= 3; i++) {
        renew();
        batch_add_exponential_histogram(&batch, "h", 1, TACHO_NO_ATTRS);
        batch.metrics[0].temporality = TACHO_TEMPORALITY_DELTA;
        tacho_exponential_histogram_point *point =
            (tacho_exponential_histogram_point *)batch.metrics[0].points;
        point->start_time_unix_nano = BATCH_UNIX_NS - 100 * SECOND + i * SECOND;
        point->time_unix_nano = point->start_time_unix_nano + SECOND;
        convert();
        const struct tachoi_record *record = record_at(0);
        const tacho_exponential_buckets positive = tachoi_record_buckets(record, false);
        cr_expect(eq(u64, record->words[TACHOI_EXPONENTIAL_COUNT], i));
        cr_assert(eq(sz, positive.count, 1));
        cr_expect(eq(u64, positive.counts[0], i));
        enqueue();
    }
}

/* --- starts --- */

/* RW2-08: a start that changes would be taken for a reset. */
Test(points, a_start_that_had_to_be_sent_earlier_stays_so) {
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_NO_ATTRS);
    batch_add_histogram(&batch, "sizes", 2, NULL, (const uint64_t[]){3}, 0, 3.0, TACHO_NO_ATTRS);
    tacho_number_point *number = (tacho_number_point *)batch.metrics[0].points;
    tacho_histogram_point *histogram = (tacho_histogram_point *)batch.metrics[1].points;
    const uint64_t first_ms = BATCH_UNIX_MS + 1000;
    number->start_time_unix_nano = histogram->start_time_unix_nano = first_ms * TACHOI_NS_PER_MS;
    for (int i = 0; i < 3; i++) {
        convert();
        cr_assert(eq(i64, tachoi_record_start_ms(record_at(0)), BATCH_UNIX_MS + 999), "%d", i);
        cr_assert(eq(i64, tachoi_record_start_ms(record_at(1)), BATCH_UNIX_MS + 999), "%d", i);
        enqueue();
    }
    number->start_time_unix_nano += 1500 * TACHOI_NS_PER_MS;
    convert();
    cr_assert(eq(i64, tachoi_record_start_ms(record_at(0)), BATCH_UNIX_MS + 2499));
}

/* --- kinds --- */

/* PROM-31, PROM-33 */
Test(points, an_exponential_histogram_is_one_sample_with_its_counts) {
    batch_add_exponential_histogram(&batch, "h", 1, TACHO_NO_ATTRS);
    convert();
    const struct tachoi_record *record = record_at(0);
    cr_expect(eq(sz, tachoi_record_samples(record), 1));
    cr_expect(eq(sz, tachoi_record_extra_words(record), 1));
    cr_expect(eq(sz, tachoi_record_buckets(record, false).count, 1));
    cr_expect(eq(sz, tachoi_record_buckets(record, true).count, 0));
    enqueue();
    ((tacho_exponential_histogram_point *)batch.metrics[0].points)->has_sum = false;
    convert();
    cr_expect(eq(u64, converter.gathering.unsupported, 1));
    cr_expect(eq(sz, converter.gathering.runs[0].record_count, 0));
    enqueue();
}

/* PROM-38 */
Test(points, a_summary_has_a_time_series_for_each_quantile_and_two_more) {
    batch_add_summary(&batch, "rtt", 1, TACHO_NO_ATTRS);
    const tacho_summary_point *point = tacho_metric_summary_point(&batch.metrics[0], 0);
    convert();
    const struct tachoi_record *record = record_at(0);
    cr_expect(eq(sz, tachoi_record_samples(record), point->quantile_count + 2));
    cr_expect(eq(u64, record->words[TACHOI_SUMMARY_COUNT], point->count));
    char text[200];
    tachoi_encoded_series_describe(record->series, point->quantile_count, text, sizeof text);
    cr_expect(eq(int, strncmp(text, "rtt_count{", 10), 0), "%s", text);
    tachoi_encoded_series_describe(record->series, point->quantile_count + 1, text, sizeof text);
    cr_expect(eq(int, strncmp(text, "rtt_sum{", 8), 0), "%s", text);
    enqueue();
}

/* PROM-27: own labels stand on both sides of le */
Test(points, a_custom_histogram_has_the_native_time_series_and_the_classic_ones) {
    static const double bounds[] = {0.5, 2};
    static const uint64_t counts[] = {1, 2, 3};
    static const char *const expected[] = {
        "h{a=\"1\",instance=\"one\",job=\"svc\",otel_scope_name=\"test\",z=\"2\"}",
        "h_bucket{a=\"1\",instance=\"one\",job=\"svc\",le=\"0.5\",otel_scope_name=\"test\",z="
        "\"2\"}",
        "h_bucket{a=\"1\",instance=\"one\",job=\"svc\",le=\"2\",otel_scope_name=\"test\",z=\"2\"}",
        "h_bucket{a=\"1\",instance=\"one\",job=\"svc\",le=\"+Inf\",otel_scope_name=\"test\",z="
        "\"2\"}",
        "h_count{a=\"1\",instance=\"one\",job=\"svc\",otel_scope_name=\"test\",z=\"2\"}",
        "h_sum{a=\"1\",instance=\"one\",job=\"svc\",otel_scope_name=\"test\",z=\"2\"}"};
    converter.options.converts_to_custom = true;
    for (uint64_t id = 1; id <= 2; id++) { /* the second one finds the shape of the first */
        renew();
        batch_add_histogram(&batch, "h", id, bounds, counts, 2, 9,
                            TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("z", "2")));
        convert();
        const struct tachoi_record *record = record_at(0);
        cr_assert(eq(sz, record->series->shape->component_count, 6));
        cr_expect(eq(sz, tachoi_record_samples(record), 1));
        for (size_t i = 0; i < 6; i++) {
            char text[200];
            tachoi_encoded_series_describe(record->series, i, text, sizeof text);
            cr_expect(eq(str, text, (char *)expected[i]));
            cr_expect(eq(u32, record->series->shape->components[i].part, (uint32_t)i));
        }
        enqueue();
    }
}

/* RW2-20: receivers refuse custom bounds that do not increase, and buckets that are not the count
 */
Test(points, a_histogram_that_cannot_be_a_custom_one_is_classic_or_left_out) {
    static const double falling[] = {2, 1};
    static const double bounds[] = {1, 2};
    static const uint64_t counts[] = {1, 2, 3};
    converter.options.converts_to_custom = true;
    batch_add_histogram(&batch, "falling", 1, falling, counts, 2, 9, TACHO_NO_ATTRS);
    batch_add_histogram(&batch, "less", 2, bounds, counts, 2, 9, TACHO_NO_ATTRS);
    ((tacho_histogram_point *)batch.metrics[1].points)->count = 5;
    batch_add_histogram(&batch, "good", 3, bounds, counts, 2, 9, TACHO_NO_ATTRS);
    for (int i = 0; i < 2; i++) {
        convert();
        cr_assert(eq(sz, converter.gathering.runs[0].record_count, 2));
        cr_expect(eq(int, (int)record_at(0)->series->shape->kind, TACHOI_ENCODED_HISTOGRAM));
        cr_expect(eq(int, (int)record_at(1)->series->shape->kind, TACHOI_ENCODED_CUSTOM_HISTOGRAM));
        cr_expect(eq(u64, converter.gathering.accepted, 5 + 1));
        cr_expect(eq(u64, converter.gathering.invalid, 0));
        cr_expect(eq(u64, converter.gathering.unsupported, 1));
        enqueue();
    }
}

/* --- relabelling --- */

Test(points, relabelling_drops_series_and_parts_of_histograms) {
    static const double bounds[] = {1, 2};
    static const uint64_t counts[] = {1, 2, 3};
    static const char *const name[] = {"__name__"};
    static const char *const le[] = {"le"};
    const struct tachoi_relabel_rule rules[] = {{.action = TACHOI_RELABEL_DROP,
                                                 .source_labels = name,
                                                 .source_label_count = 1,
                                                 .regex = "noise.*|h_sum"},
                                                {.action = TACHOI_RELABEL_DROP,
                                                 .source_labels = le,
                                                 .source_label_count = 1,
                                                 .regex = "2"}};
    struct tachoi_relabel *relabel = NULL;
    struct tachoi_relabel_problem problem;
    cr_assert(eq(int, tachoi_relabel_compile(rules, 2, false, &relabel, &problem), TACHO_OK));
    converter.options.prometheus.relabel = relabel;
    batch_add_gauge(&batch, "noise", 1, 1, TACHO_NO_ATTRS);
    batch_add_histogram(&batch, "h", 2, bounds, counts, 2, 9, TACHO_ATTRS(TACHO_STR("a", "1")));
    convert();
    cr_expect(eq(u64, converter.filtered, 1));
    cr_expect(eq(u64, converter.gathering.accepted, 3)); /* le 1 and +Inf, _count */
    const struct tachoi_record *record = record_at(0);
    cr_assert(eq(sz, record->series->shape->component_count, 3));
    cr_expect(eq(u32, record->series->shape->components[1].part, 2));
    cr_expect(eq(u32, record->series->shape->components[2].part, 3));
    enqueue();
    convert(); /* once per series, not per export */
    cr_expect(eq(u64, converter.filtered, 0));
    cr_expect(eq(u64, converter.gathering.accepted, 3));
    enqueue();
    converter.options.prometheus.relabel = NULL;
    tachoi_relabel_destroy(relabel);
}

static size_t limits_told;

static void count_limits(const tacho_diagnostic *diagnostic, void *user) {
    (void)user;
    limits_told += strcmp(diagnostic->kind, "relabel_limit") == 0 ? 1 : 0;
}

Test(points, an_expression_that_takes_too_long_is_told) {
    static const char *const sources[] = {"a"};
    const struct tachoi_relabel_rule rule = {.action = TACHOI_RELABEL_DROP,
                                             .source_labels = sources,
                                             .source_label_count = 1,
                                             .regex = "(x|xx)+"};
    struct tachoi_relabel *relabel = NULL;
    struct tachoi_relabel_problem problem;
    cr_assert(eq(int, tachoi_relabel_compile(&rule, 1, false, &relabel, &problem), TACHO_OK));
    converter.options.prometheus.relabel = relabel;
    tacho_diagnostics_set_handler(count_limits, NULL);
    batch_add_gauge(&batch, "slow", 1, 1,
                    TACHO_ATTRS(TACHO_STR("a", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!")));
    convert();
    tacho_diagnostics_set_handler(NULL, NULL);
    cr_expect(eq(sz, limits_told, 1));
    cr_expect(eq(u64, converter.gathering.accepted, 1));
    enqueue();
    converter.options.prometheus.relabel = NULL;
    tachoi_relabel_destroy(relabel);
}

/* What relabelling leaves of two histograms may agree where their buckets do not. */
Test(points, histograms_of_different_buckets_are_not_added_though_their_labels_agree) {
    static const double many[] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const double few[] = {1};
    static const double others[] = {2};
    static const uint64_t counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const char *const name[] = {"__name__"};
    const struct tachoi_relabel_rule rule = {.action = TACHOI_RELABEL_DROP,
                                             .source_labels = name,
                                             .source_label_count = 1,
                                             .regex = ".*_bucket"};
    struct tachoi_relabel *relabel = NULL;
    struct tachoi_relabel_problem problem;
    cr_assert(eq(int, tachoi_relabel_compile(&rule, 1, false, &relabel, &problem), TACHO_OK));
    converter.options.prometheus.relabel = relabel;
    batch_add_histogram(&batch, "a.b", 1, many, counts, 8, 9, TACHO_NO_ATTRS);
    batch_add_histogram(&batch, "a_b", 2, few, counts, 1, 9, TACHO_NO_ATTRS);
    batch_add_histogram(&batch, "c.d", 3, few, counts, 1, 9, TACHO_NO_ATTRS);
    batch_add_histogram(&batch, "c_d", 4, others, counts, 1, 9, TACHO_NO_ATTRS);
    convert();
    cr_expect(eq(u64, converter.gathering.accepted, 8)); /* _count and _sum of each */
    cr_expect(eq(u64, converter.gathering.invalid, 4));
    cr_expect(eq(u64, record_at(0)->words[TACHOI_HISTOGRAM_BUCKETS + 8], 9));
    enqueue();
    converter.options.prometheus.relabel = NULL;
    tachoi_relabel_destroy(relabel);
}

/* A label that is another for each bucket is none that they have in common. */
Test(points, relabelling_may_give_the_parts_of_a_histogram_different_labels) {
    static const double bounds[] = {1};
    static const uint64_t counts[] = {1, 2};
    static const char *const sources[] = {"a", "le"};
    const struct tachoi_relabel_rule rule = {.action = TACHOI_RELABEL_REPLACE,
                                             .source_labels = sources,
                                             .source_label_count = 2,
                                             .separator = "-",
                                             .target_label = "both"};
    struct tachoi_relabel *relabel = NULL;
    struct tachoi_relabel_problem problem;
    cr_assert(eq(int, tachoi_relabel_compile(&rule, 1, false, &relabel, &problem), TACHO_OK));
    converter.options.prometheus.relabel = relabel;
    batch_add_histogram(&batch, "h", 2, bounds, counts, 1, 9, TACHO_ATTRS(TACHO_STR("a", "x")));
    convert();
    static const char *const expected[] = {"both=\"x-1\"", "both=\"x-+Inf\"", "both=\"x-\"",
                                           "both=\"x-\""};
    cr_assert(eq(u64, converter.gathering.accepted, 4));
    for (size_t i = 0; i < 4; i++) {
        char text[200];
        tachoi_encoded_series_describe(record_at(0)->series, i, text, sizeof text);
        cr_expect(ne(ptr, strstr(text, expected[i]), NULL), "%s", text);
    }
    enqueue();
    converter.options.prometheus.relabel = NULL;
    tachoi_relabel_destroy(relabel);
}

/* --- exemplars --- */

static tacho_exemplar exemplar(double value, uint64_t ms, tacho_attributes attributes) {
    return (tacho_exemplar){.number_type = TACHO_NUMBER_F64,
                            .value.f64 = value,
                            .time_unix_nano = BATCH_UNIX_NS + ms * 1000000,
                            .filtered_attributes = attributes};
}

static void give_counter(const tacho_exemplar *items, size_t count) {
    ((tacho_number_point *)batch.metrics[0].points)->exemplars =
        (tacho_exemplars){items, count, sizeof items[0]};
}

/* CONV-22, PROM-39 */
Test(points, exemplars_carry_ids_that_win_and_attributes_while_they_are_short) {
    char long_value[120];
    memset(long_value, 'x', sizeof long_value);
    tacho_exemplar items[] = {
        exemplar(1, 1, TACHO_ATTRS(TACHO_STR("user", "u"), TACHO_STR("trace.id", "mine"))),
        exemplar(2, 2, TACHO_ATTRS(TACHO_STRN("long", long_value, sizeof long_value)))};
    for (size_t i = 0; i < 2; i++) {
        items[i].has_span = true;
        memset(items[i].trace_id, 0xab, 16);
        memset(items[i].span_id, 0x01, 8);
    }
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_NO_ATTRS);
    give_counter(items, 2);
    convert();
    struct tachoi_exemplar_walk walk = tachoi_record_exemplars(record_at(0));
    struct tachoi_record_exemplar found;
    cr_assert(tachoi_exemplar_next(&walk, &found));
    cr_expect(eq(i64, found.time_ms, BATCH_UNIX_MS + 1));
    char text[300] = "";
    const unsigned char *at = found.labels;
    tacho_string name;
    tacho_string value;
    while (tachoi_label_next(&at, found.labels + found.labels_length, &name, &value)) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%.*s=%.*s ", (int)name.length, name.data,
                 (int)value.length, value.data);
    }
    cr_expect(eq(str, text,
                 "span_id=0101010101010101 trace_id=abababababababababababababababab user=u "));
    cr_assert(tachoi_exemplar_next(&walk, &found));
    at = found.labels;
    size_t count = 0;
    while (tachoi_label_next(&at, found.labels + found.labels_length, &name, &value)) {
        count++;
    }
    cr_expect(eq(sz, count, 2)); /* the ids alone */
    cr_expect(not(tachoi_exemplar_next(&walk, &found)));
    cr_expect(eq(u64, converter.gathering.exemplars, 2));
    enqueue();
}

/* CONV-22 */
Test(points, no_exemplar_is_sent_twice_or_out_of_order_or_without_labels) {
    const tacho_attributes user = TACHO_ATTRS(TACHO_STR("user", "u"));
    const tacho_exemplar first[] = {exemplar(1, 5, user), exemplar(2, 3, user)};
    const tacho_exemplar second[] = {exemplar(1, 5, user), exemplar(3, 4, user),
                                     exemplar(4, 9, user), exemplar(5, 7, TACHO_NO_ATTRS)};
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_NO_ATTRS);
    give_counter(first, 2);
    convert();
    cr_expect(eq(sz, tachoi_record_exemplar_count(record_at(0)), 2));
    enqueue();
    give_counter(second, 4);
    convert();
    struct tachoi_exemplar_walk walk = tachoi_record_exemplars(record_at(0));
    struct tachoi_record_exemplar found;
    cr_assert(eq(sz, tachoi_record_exemplar_count(record_at(0)), 1));
    cr_assert(tachoi_exemplar_next(&walk, &found));
    cr_expect(eq(i64, found.time_ms, BATCH_UNIX_MS + 9));
    cr_expect(eq(u64, converter.gathering.unsupported_exemplars, 1));
    enqueue();
}

/* PROM-19, and where they are switched off */
/* Those of the first are the series'. */
Test(points, exemplars_of_a_point_that_is_added_to_another_are_counted) {
    const tacho_exemplar item = exemplar(1, 5, TACHO_ATTRS(TACHO_STR("user", "u")));
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_NO_ATTRS);
    batch_add_counter(&batch, "jobs", 2, 4, TACHO_ATTRS(TACHO_STR("empty", "")));
    for (size_t i = 0; i < 2; i++) {
        ((tacho_number_point *)batch.metrics[i].points)->exemplars =
            (tacho_exemplars){&item, 1, sizeof item};
    }
    convert();
    cr_expect(eq(u64, converter.gathering.accepted, 1));
    cr_expect(eq(u64, converter.gathering.exemplars, 1));
    cr_expect(eq(u64, converter.gathering.unsupported_exemplars, 1));
    enqueue();
}

/* Converts points with an exemplar each, of which none is to have a record. */
static void expect_unsent_exemplars(uint64_t points) {
    static tacho_exemplar item;
    item = exemplar(1, 5, TACHO_ATTRS(TACHO_STR("user", "u")));
    const tacho_exemplars exemplars = {&item, 1, sizeof item};
    for (size_t i = 0; i < batch.scope_metrics.metric_count; i++) {
        if (batch.metrics[i].type == TACHO_METRIC_SUM) {
            ((tacho_number_point *)batch.metrics[i].points)->exemplars = exemplars;
        } else {
            ((tacho_exponential_histogram_point *)batch.metrics[i].points)->exemplars = exemplars;
        }
    }
    convert();
    cr_expect(eq(sz, converter.gathering.runs[0].record_count, 0));
    cr_expect(eq(u64, converter.gathering.exemplars, 0));
    cr_expect(eq(u64, converter.gathering.unsupported_exemplars, points));
}

/* EXP-01 */
Test(points, exemplars_of_points_that_are_not_valid_are_counted) {
    batch_add_counter(&batch, "", 1, 3, TACHO_NO_ATTRS); /* no name */
    batch_add_counter(&batch, "jobs", 2, 3, TACHO_NO_ATTRS);
    convert();
    enqueue();
    renew();
    batch_add_counter(&batch, "", 1, 4, TACHO_NO_ATTRS);
    batch_add_exponential_histogram(&batch, "jobs", 2, TACHO_NO_ATTRS); /* it was a counter */
    expect_unsent_exemplars(2);
    cr_expect(eq(u64, converter.gathering.invalid, 2));
}

/* EXP-01 */
Test(points, exemplars_of_points_that_cannot_be_sent_are_counted) {
    add_delta(3, 0, 10);
    enqueue();
    renew();
    batch_add_counter(&batch, "jobs", 1, 4, TACHO_NO_ATTRS);                   /* out of order */
    batch_add_counter(&batch, "idle", TACHOI_NO_SERIES_ID, 1, TACHO_NO_ATTRS); /* no memory */
    batch_add_exponential_histogram(&batch, "size", 3, TACHO_NO_ATTRS);
    batch.metrics[0].temporality = batch.metrics[1].temporality = TACHO_TEMPORALITY_DELTA;
    ((tacho_number_point *)batch.metrics[0].points)->start_time_unix_nano =
        BATCH_UNIX_NS - 95 * SECOND;
    ((tacho_number_point *)batch.metrics[0].points)->time_unix_nano = BATCH_UNIX_NS - 85 * SECOND;
    ((tacho_exponential_histogram_point *)batch.metrics[2].points)->has_sum = false;
    expect_unsent_exemplars(3);
    cr_expect(eq(u64, converter.gathering.unsupported, 3));
}

Test(points, exemplars_of_gauges_are_not_sent) {
    const tacho_exemplar item = exemplar(1, 5, TACHO_ATTRS(TACHO_STR("user", "u")));
    batch_add_gauge(&batch, "level", 1, 3, TACHO_NO_ATTRS);
    give_counter(&item, 1);
    convert();
    cr_expect(eq(u64, converter.gathering.unsupported_exemplars, 1));
    cr_expect(eq(sz, tachoi_record_exemplar_count(record_at(0)), 0));
    enqueue();
}

/* CONV-22: the newest of each bucket */
Test(points, a_histogram_has_one_exemplar_for_each_bucket) {
    static const double bounds[] = {1, 2};
    static const uint64_t counts[] = {1, 2, 3};
    const tacho_attributes user = TACHO_ATTRS(TACHO_STR("user", "u"));
    const tacho_exemplar items[] = {exemplar(9, 1, user), exemplar(1, 2, user),
                                    exemplar(0.5, 4, user), exemplar(0.7, 3, user)};
    batch_add_histogram(&batch, "h", 1, bounds, counts, 2, 9, TACHO_NO_ATTRS);
    ((tacho_histogram_point *)batch.metrics[0].points)->exemplars =
        (tacho_exemplars){items, 4, sizeof items[0]};
    convert();
    struct tachoi_exemplar_walk walk = tachoi_record_exemplars(record_at(0));
    struct tachoi_record_exemplar found;
    cr_assert(tachoi_exemplar_next(&walk, &found));
    cr_expect(eq(u32, found.component, 0));
    cr_expect(eq(i64, found.time_ms, BATCH_UNIX_MS + 4));
    cr_assert(tachoi_exemplar_next(&walk, &found));
    cr_expect(eq(u32, found.component, 2));
    cr_expect(eq(i64, found.time_ms, BATCH_UNIX_MS + 1));
    cr_expect(not(tachoi_exemplar_next(&walk, &found)));
    enqueue();
}

/* A native histogram cannot say that it has no sum. */
Test(points, a_histogram_without_a_sum_is_a_classic_one_with_any_option) {
    static const double bounds[] = {-1, 1};
    static const uint64_t counts[] = {1, 0, 0};
    converter.options.converts_to_custom = true;
    batch_add_histogram(&batch, "h", 1, bounds, counts, 2, 0, TACHO_NO_ATTRS);
    ((tacho_histogram_point *)batch.metrics[0].points)->has_sum = false;
    convert();
    cr_expect(eq(int, (int)record_at(0)->series->shape->kind, TACHOI_ENCODED_HISTOGRAM));
    cr_expect(eq(u64, converter.gathering.accepted, 4)); /* buckets and _count */
    cr_expect(eq(sz, tachoi_batch_sizes_of(&batch.batch, &converter.options).samples, 4));
    enqueue();
}
