/* SPDX-License-Identifier: Apache-2.0 */
/* Tests how the ends of series are told: by absence, by a point without a value, at shutdown. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "unit/converter_fixture.h"

static void begin(void) {
    converter_begin(&(struct tachoi_converter_options){.disable_target_info = true});
}

TestSuite(ends, .init = begin, .fini = converter_end);

static void expect_marker(const struct tachoi_record *record, const char *name, int64_t time_ms) {
    char text[200];
    cr_assert(ne(ptr, (void *)record, NULL));
    tachoi_encoded_series_describe(record->series, 0, text, sizeof text);
    cr_expect(eq(int, strncmp(text, name, strlen(name)), 0), "%s", text);
    cr_expect(tachoi_record_has(record, TACHOI_RECORD_STALE));
    cr_expect(eq(i64, record->time_ms, time_ms));
}

static void no_value(size_t metric) {
    ((tacho_number_point *)batch.metrics[metric].points)->flags = TACHO_POINT_NO_RECORDED_VALUE;
}

/* CONV-30 */
Test(ends, a_series_that_is_absent_gets_one_marker_and_is_forgotten) {
    batch_add_gauge(&batch, "stays", 1, 1, TACHO_NO_ATTRS);
    batch_add_gauge(&batch, "goes", 2, 2, TACHO_NO_ATTRS);
    convert();
    enqueue();
    renew();
    batch_add_gauge(&batch, "stays", 1, 1, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].record_count, 2));
    cr_expect(not(tachoi_record_has(record_at(0), TACHOI_RECORD_STALE)));
    expect_marker(record_at(1), "goes{", now_ms);
    cr_expect(eq(u64, record_at(1)->words[TACHOI_NUMBER_VALUE], TACHOI_STALE_MARKER));
    cr_expect(eq(u64, converter.gathering.stale_markers, 1));
    cr_expect(eq(u64, converter.gathering.accepted, 2));
    enqueue();
    convert();
    cr_expect(eq(sz, converter.gathering.runs[0].record_count, 1));
    cr_expect(eq(sz, converter.cache.count, 1));
    enqueue();
}

/* CONV-31 */
Test(ends, a_histogram_ends_with_all_its_time_series) {
    static const double bounds[] = {1, 2};
    static const uint64_t counts[] = {1, 2, 3};
    for (int i = 0; i < 2; i++) { /* with a sum, and without */
        renew();
        batch_add_histogram(&batch, "h", 1 + (uint64_t)i, bounds, counts, 2, 9, TACHO_NO_ATTRS);
        ((tacho_histogram_point *)batch.metrics[0].points)->has_sum = i == 0;
        convert();
        enqueue();
        renew();
        convert();
        expect_marker(record_at(0), "h_bucket{", now_ms);
        cr_expect(eq(sz, tachoi_record_samples(record_at(0)), i == 0 ? 5 : 4));
        cr_expect(eq(u64, converter.gathering.stale_markers, i == 0 ? 5 : 4));
        enqueue();
    }
}

/* A sum that was sent once ends, even if it was gone before. */
Test(ends, a_sum_ends_though_the_last_histogram_had_none) {
    static const double bounds[] = {1, 2};
    static const uint64_t counts[] = {1, 2, 3};
    batch_add_histogram(&batch, "h", 1, bounds, counts, 2, 9, TACHO_NO_ATTRS);
    convert();
    enqueue();
    ((tacho_histogram_point *)batch.metrics[0].points)->has_sum = false;
    convert();
    enqueue();
    renew();
    convert();
    expect_marker(record_at(0), "h_bucket{", now_ms);
    cr_expect(eq(u64, converter.gathering.stale_markers, 5));
    enqueue();
}

/* CONV-32, PROM-29 */
Test(ends, a_point_without_a_value_is_a_marker_once) {
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_NO_ATTRS);
    batch_add_counter(&batch, "never", 2, 3, TACHO_NO_ATTRS);
    no_value(1);
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].record_count, 1)); /* nothing of it was sent */
    enqueue();
    no_value(0);
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].record_count, 1));
    expect_marker(record_at(0), "jobs_total{", now_ms);
    enqueue();
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].record_count, 0));
    enqueue();
    ((tacho_number_point *)batch.metrics[0].points)->flags = 0;
    convert();
    cr_expect(not(tachoi_record_has(record_at(0), TACHOI_RECORD_STALE)));
    enqueue();
    no_value(0);
    convert();
    expect_marker(record_at(0), "jobs_total{", now_ms);
    enqueue();
}

/* CONV-08: what another series still is has not ended */
Test(ends, labels_that_another_series_has_do_not_end) {
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_ATTRS(TACHO_STR("a", "")));
    batch_add_counter(&batch, "jobs", 2, 4, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].record_count, 1));
    enqueue();
    renew();
    batch_add_counter(&batch, "jobs", 2, 4, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].record_count, 1));
    cr_expect(not(tachoi_record_has(record_at(0), TACHOI_RECORD_STALE)));
    enqueue();
    renew();
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].record_count, 1));
    expect_marker(record_at(0), "jobs_total{", now_ms);
    enqueue();
}

Test(ends, two_of_equal_labels_that_go_together_end_once) {
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_ATTRS(TACHO_STR("a", "")));
    batch_add_counter(&batch, "jobs", 2, 4, TACHO_NO_ATTRS);
    convert();
    enqueue();
    convert(); /* both are known now */
    enqueue();
    renew();
    convert();
    cr_expect(eq(sz, converter.gathering.runs[0].record_count, 1));
    enqueue();
}

/* What a collection that broke off did not bring may be there all the same. */
Test(ends, a_collection_that_breaks_off_ends_nothing) {
    batch_add_gauges(&batch, "level", 1, 10);
    convert();
    enqueue();
    renew();
    batch.batch.has_more = true;
    batch_add_gauges(&batch, "level", 1, 3);
    convert();
    tachoi_converter_give_up(&converter);
    cr_expect(eq(sz, converter.gathering.runs[0].record_count, 3));
    cr_expect(eq(sz, converter.cache.count, 10));
    enqueue();
    cr_expect(eq(sz, converter.cache.count, 10));
}

/* CONV-33 */
Test(ends, at_the_end_auto_marks_what_two_collections_brought) {
    batch_add_gauge(&batch, "old", 1, 1, TACHO_NO_ATTRS);
    convert();
    enqueue();
    batch_add_gauge(&batch, "new", 2, 1, TACHO_NO_ATTRS);
    convert();
    enqueue();
    tachoi_converter_end_series(&converter, TACHO_REMOTE_WRITE_AUTO, now_ms + 1);
    cr_assert(eq(sz, converter.gathering.runs[0].record_count, 1));
    expect_marker(record_at(0), "old{", now_ms + 1);
    enqueue();
    tachoi_converter_end_series(&converter, TACHO_REMOTE_WRITE_ALWAYS, now_ms + 2);
    cr_assert(eq(sz, converter.gathering.runs[0].record_count, 1)); /* the other has ended */
    expect_marker(record_at(0), "new{", now_ms + 2);
    enqueue();
}

/* QUEUE-01: a series and its end are in one shard */
Test(ends, each_shard_has_the_ends_of_its_series) {
    converter_end();
    converter_begin(
        &(struct tachoi_converter_options){.disable_target_info = true, .shard_count = 4});
    batch_add_gauges(&batch, "level", 1, 200);
    convert();
    size_t counts[4];
    for (size_t i = 0; i < 4; i++) {
        counts[i] = converter.gathering.runs[i].record_count;
        cr_expect(gt(sz, counts[i], 20)); /* all have a share */
    }
    enqueue();
    renew();
    convert();
    for (size_t i = 0; i < 4; i++) {
        cr_expect(eq(sz, converter.gathering.runs[i].record_count, counts[i]));
    }
    enqueue();
}
