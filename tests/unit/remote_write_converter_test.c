/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the way from batches to records: caching, equal label sets, what cannot be converted. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "remote_write/batch_sizes.h"
#include "remote_write/converter.h"
#include "remote_write/queue.h"
#include "support/batch.h"
#include "tacho/sdk/diagnostics.h"

static tacho_resource *resource;
static struct tachoi_converter converter;
static struct tachoi_queue queue;
static struct batch batch;

static void begin(void) {
    resource = batch_resource();
    tachoi_converter_init(&converter,
                          &(struct tachoi_converter_options){.disable_target_info = true});
    tachoi_queue_init(&queue, UINT64_MAX);
    batch_init(&batch, resource, 0);
}

static void end(void) {
    batch_fini(&batch);
    (void)tachoi_queue_clear_locked(&queue);
    cr_expect(eq(u64, queue.bytes, 0));
    tachoi_queue_fini(&queue);
    tachoi_converter_fini(&converter);
    tacho_resource_destroy(resource);
}

TestSuite(converter, .init = begin, .fini = end);

static void convert(void) {
    tachoi_converter_convert(&converter, &batch.batch, BATCH_UNIX_MS);
}

/* Record `index` of the run. */
static struct tachoi_record *record_at(size_t index) {
    struct tachoi_run_walk walk = tachoi_run_walk(&converter.gathering.runs[0]);
    struct tachoi_record *record = tachoi_run_next(&walk);
    for (size_t i = 0; i < index && record != NULL; i++) {
        record = tachoi_run_next(&walk);
    }
    return record;
}

static double value_at(size_t index) {
    double value;
    memcpy(&value, &record_at(index)->words[TACHOI_NUMBER_VALUE], sizeof value);
    return value;
}

static void retire(const struct tachoi_cached_series *entry, void *user) {
    tachoi_queue_retire_locked(user, entry->series, entry->records);
}

/* What the worker does with a collection. */
static void enqueue(void) {
    tachoi_queue_append_locked(&queue, &converter.gathering.runs[0]);
    tachoi_series_cache_retire_locked(&converter.cache, retire, &queue);
    tachoi_series_cache_free(&converter.cache, tachoi_queue_take_gone_locked(&queue));
}

/* Begins with other points. */
static void renew(void) {
    batch_fini(&batch);
    batch_init(&batch, resource, 0);
}

Test(converter, series_are_encoded_once_and_forgotten_when_unseen) {
    batch_add_gauges(&batch, "level", 1, 10);
    convert();
    const struct tachoi_encoded_series *first = record_at(0)->series;
    enqueue();
    convert();
    cr_assert(eq(ptr, (void *)record_at(0)->series, (void *)first));
    enqueue();
    cr_assert(eq(sz, converter.cache.count, 10));
    cr_assert(eq(u64, queue.bytes, 20 * 32));
    renew();
    batch_add_gauge(&batch, "level", 5, 1, TACHO_NO_ATTRS);
    convert();
    enqueue();
    cr_assert(eq(sz, converter.cache.count, 1));
    cr_assert(gt(u64, queue.bytes, 30 * 32)); /* nine are the queue's, and their ends */
    cr_assert(eq(sz, tachoi_queue_clear_locked(&queue), 30));
    cr_assert(eq(u64, queue.bytes, 0));
    tachoi_series_cache_free(&converter.cache, tachoi_queue_take_gone_locked(&queue));
    cr_assert(eq(sz, converter.cache.shapes.chains.count, 1));
}

Test(converter, series_are_found_in_any_order) {
    batch_add_gauges(&batch, "level", 1, 100);
    convert();
    enqueue();
    const struct tachoi_encoded_series *first = converter.cache.entries[0].series;
    for (int i = 0; i < 3; i++) { /* 51-100, a new one, 1-50: then that is the order */
        renew();
        batch_add_gauges(&batch, "level", 51, 50);
        batch_add_gauge(&batch, "other", 1000, 1, TACHO_NO_ATTRS);
        for (uint64_t id = 1; id <= 50; id++) {
            batch_add_gauge(&batch, "level", id, 1, TACHO_NO_ATTRS);
        }
        convert();
        cr_assert(eq(ptr, (void *)record_at(51)->series, (void *)first));
        cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 101));
        cr_assert(eq(sz, converter.cache.count, 101));
        enqueue();
    }
    for (uint64_t id = 1; id <= 49; id++) { /* many are not where they were: a new order */
        renew();
        for (uint64_t k = 0; k < 50; k++) {
            batch_add_gauge(&batch, "level", 1 + k * id % 50, 1, TACHO_NO_ATTRS);
        }
        convert();
        enqueue();
    }
    cr_assert(eq(sz, converter.cache.count, 50));
    for (uint64_t k = 0; k < 50; k++) {
        cr_assert(eq(u64, converter.cache.entries[k].id, 1 + k * 49 % 50));
    }
}

Test(converter, a_series_that_comes_twice_is_one) {
    for (int i = 0; i < 3; i++) {
        renew();
        batch_add_gauges(&batch, "level", 1, 10);
        batch_add_gauge(&batch, "level", 3, 33, TACHO_NO_ATTRS);
        convert();
        cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 10));
        cr_assert(eq(dbl, value_at(2), 33.0));
        cr_assert(eq(sz, converter.cache.count, 10));
        enqueue();
    }
}

Test(converter, a_new_generation_gets_new_labels) {
    batch_add_gauge(&batch, "level", 1, 1, TACHO_NO_ATTRS);
    convert();
    ((tacho_number_point *)batch.metrics[0].points)->series.generation = 2;
    convert();
    cr_assert(eq(sz, converter.cache.count, 2));
    cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 1));
}

/* CONV-08 */
Test(converter, an_empty_attribute_and_none_are_one_series) {
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_ATTRS(TACHO_STR("a", "")));
    batch_add_counter(&batch, "jobs", 2, 4, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 1));
    cr_assert(eq(dbl, value_at(0), 7.0));
    cr_assert(eq(u64, converter.gathering.accepted, 1));
    cr_assert(eq(u64, converter.gathering.invalid, 0));
}

/* CONV-09 */
Test(converter, instruments_of_one_kind_and_labels_are_merged) {
    static const double bounds[] = {1};
    static const uint64_t counts[] = {1, 2};
    batch_add_gauge(&batch, "foo.bar", 1, 3, TACHO_NO_ATTRS);
    batch_add_gauge(&batch, "foo_bar", 2, 4, TACHO_NO_ATTRS);
    batch_add_up_down_counter(&batch, "up.down", 3, -3, TACHO_NO_ATTRS);
    batch_add_up_down_counter(&batch, "up_down", 4, 5, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 2));
    cr_assert(eq(dbl, value_at(0), 4.0)); /* the later gauge */
    cr_assert(eq(dbl, value_at(1), 2.0)); /* sums add */
    batch_fini(&batch);
    batch_init(&batch, resource, 1);
    batch_add_histogram(&batch, "h.h", 5, bounds, counts, 1, 2, TACHO_NO_ATTRS);
    batch_add_histogram(&batch, "h_h", 6, bounds, counts, 1, 3, TACHO_NO_ATTRS);
    convert();
    const struct tachoi_record *record = record_at(0);
    double sum;
    memcpy(&sum, &record->words[TACHOI_HISTOGRAM_SUM], sizeof sum);
    cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 4 + 2)); /* two have ended */
    cr_assert(eq(u64, record->words[TACHOI_HISTOGRAM_COUNT], 6));
    cr_assert(eq(u64, record->words[TACHOI_HISTOGRAM_BUCKETS], 2));
    cr_assert(eq(u64, record->words[TACHOI_HISTOGRAM_BUCKETS + 1], 4));
    cr_assert(eq(dbl, sum, 5.0));
}

Test(converter, instruments_that_only_overlap_cost_the_later_one) {
    static const double bounds[] = {1};
    static const double other_bounds[] = {2};
    static const uint64_t counts[] = {1, 2};
    batch_add_gauge(&batch, "size_count", 1, 7, TACHO_NO_ATTRS);
    batch_add_histogram(&batch, "size", 2, bounds, counts, 1, 2, TACHO_NO_ATTRS); /* _count */
    batch_add_up_down_counter(&batch, "size_count", 3, 1, TACHO_NO_ATTRS);        /* kind */
    batch_add_histogram(&batch, "d", 4, bounds, counts, 1, 2, TACHO_NO_ATTRS);
    batch_add_histogram(&batch, "d", 5, other_bounds, counts, 1, 2, TACHO_NO_ATTRS); /* bounds */
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 1 + 4));
    cr_assert(eq(dbl, value_at(0), 7.0));
    cr_assert(eq(u64, converter.gathering.invalid, 4 + 1 + 4));
    cr_assert(eq(u64, converter.gathering.accepted, 5 + 9));
}

Test(converter, a_collision_ends_when_its_cause_does) {
    batch_add_gauge(&batch, "x", 1, 1, TACHO_NO_ATTRS);
    batch_add_up_down_counter(&batch, "x", 2, 2, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(u64, converter.gathering.invalid, 1));
    batch_fini(&batch);
    batch_init(&batch, resource, 1);
    batch_add_up_down_counter(&batch, "x", 2, 2, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(u64, converter.gathering.invalid, 0));
    cr_assert(eq(dbl, value_at(0), 2.0));
}

/* CONV-08, CONV-09: whichever was there first, and however long ago */
Test(converter, equal_labels_are_found_when_a_series_is_added_later) {
    static const double bounds[] = {1};
    static const uint64_t counts[] = {1, 2};
    for (int i = 0; i < 6; i++) {
        renew();
        batch_add_gauge(&batch, "size_sum", 1, 7, TACHO_NO_ATTRS);
        batch_add_gauge(&batch, "size_bucket", 2, 7, TACHO_ATTRS(TACHO_STR("le", "1")));
        batch_add_gauge(&batch, "size_bucket", 3, 7, TACHO_ATTRS(TACHO_STR("le", "3")));
        batch_add_gauge(&batch, "size", 4, 7, TACHO_NO_ATTRS);
        if (i % 3 != 0) {
            batch_add_histogram(&batch, "size", 5, bounds, counts, 1, 2, TACHO_NO_ATTRS);
        }
        if (i >= 2) {
            batch_add_gauge(&batch, "size.sum", 6, 8, TACHO_NO_ATTRS);
        }
        convert();
        cr_assert(eq(u64, converter.gathering.invalid, i % 3 != 0 ? 4 : 0), "%d", i);
        cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 4));
        cr_assert(eq(dbl, value_at(0), i >= 2 ? 8.0 : 7.0));
        enqueue();
    }
}

Test(converter, the_last_of_many_equal_series_is_found_again) {
    char values[20]; /* no UTF-8: all are repaired to one text */
    tacho_attribute items[21];
    for (size_t left = 20; left > 0; left--) {
        renew();
        for (size_t i = 20 - left; i < 20; i++) {
            values[i] = (char)(0x80 + i);
            items[i] = TACHO_STRN("a", &values[i], 1);
            batch_add_counter(&batch, "jobs", i + 1, 1, tacho_attributes_from(&items[i], 1));
        }
        items[20] = TACHO_STR("a", "\uFFFD");
        batch_add_counter(&batch, "jobs", 100 + left, 1, tacho_attributes_from(&items[20], 1));
        convert();
        cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 1));
        cr_assert(eq(dbl, value_at(0), (double)left + 1));
        enqueue();
    }
}

/* A histogram's _count and _sum have the attribute le that its buckets cannot have. */
Test(converter, histograms_with_an_attribute_le_are_compared_too) {
    static const double bounds[] = {1};
    static const uint64_t counts[] = {1, 2};
    batch_add_histogram(&batch, "h", 1, bounds, counts, 1, 2, TACHO_ATTRS(TACHO_STR("le", "x")));
    batch_add_histogram(&batch, "h", 2, bounds, counts, 1, 2, TACHO_NO_ATTRS); /* its buckets */
    batch_add_gauge(&batch, "h_count", 3, 1, TACHO_ATTRS(TACHO_STR("le", "x")));
    batch_add_gauge(&batch, "h_count", 4, 1, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(u64, converter.gathering.invalid, 4 + 1));
    cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 4 + 1));
}

Test(converter, infinite_and_absent_bounds_do_not_make_equal_buckets) {
    static const double bounds[] = {1, INFINITY};
    static const uint64_t counts[] = {1, 2, 0};
    batch_add_histogram(&batch, "h", 1, bounds, counts, 2, 2, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(u64, converter.gathering.invalid, 5));
    cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 0));
}

/* CONV-01, EXP-01 */
Test(converter, what_cannot_be_sent_is_counted_in_points_and_the_rest_is_sent) {
    batch_add_counter(&batch, "delta", 0, 3, TACHO_NO_ATTRS); /* without an id */
    batch.metrics[0].temporality = TACHO_TEMPORALITY_DELTA;
    batch_add_exponential_histogram(&batch, "exponential", 3, TACHO_NO_ATTRS);
    batch_add_counter(&batch, "good", 5, 6, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(u64, converter.gathering.unsupported, 2));
    cr_assert(eq(u64, converter.gathering.accepted, 1));
    cr_assert(eq(u64, converter.gathering.invalid, 0));
    cr_assert(eq(dbl, value_at(0), 6.0));
    cr_assert(eq(sz, tachoi_batch_sizes_of(&batch.batch, &converter.options).samples, 2));
    cr_assert(eq(sz, tachoi_batch_sizes_of(&batch.batch, &converter.options).unsupported, 1));
}

static char told[4096];

static void keep_message(const tacho_diagnostic *diagnostic, void *user) {
    (void)user;
    size_t length = strlen(told);
    (void)snprintf(told + length, sizeof told - length, "%s: %s\n", diagnostic->kind,
                   diagnostic->message);
}

/* EXP-01 */
Test(converter, what_cannot_be_sent_is_told_with_its_name_and_a_cure) {
    tacho_diagnostics_set_handler(keep_message, NULL);
    batch_add_exponential_histogram(&batch, "rtt", 3, TACHO_NO_ATTRS);
    convert();
    tacho_diagnostics_set_handler(NULL, NULL);
    cr_assert(ne(ptr, strstr(told, "native_histograms_off: 1 points of `rtt` are not sent"), NULL),
              "%s", told);
    cr_assert(ne(ptr, strstr(told, "choose explicit buckets"), NULL), "%s", told);
}

Test(converter, a_collection_of_unsupported_points_alone_has_no_target_info) {
    converter.options.disable_target_info = false;
    batch_add_exponential_histogram(&batch, "rtt", 4, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(u64, converter.gathering.accepted, 0));
    cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 0));
}

Test(converter, series_without_an_id_are_encoded_anew) {
    batch_add_gauge(&batch, "a", 0, 1, TACHO_NO_ATTRS);
    batch_add_gauge(&batch, "b", 0, 2, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 2));
    cr_assert(eq(dbl, value_at(1), 2.0));
    char text[200];
    tachoi_run_describe(&converter.gathering.runs[0], 0, text, sizeof text);
    cr_assert(eq(int, strncmp(text, "a{", 2), 0), "%s", text);
    tachoi_run_describe(&converter.gathering.runs[0], 1, text, sizeof text);
    cr_assert(eq(int, strncmp(text, "b{", 2), 0), "%s", text);
    enqueue();
    cr_assert(eq(sz, converter.cache.count, 0));
    cr_assert(gt(u64, queue.bytes, 64)); /* they are the queue's memory */
    convert();
    cr_assert(
        eq(sz, converter.gathering.runs[0].sample_count, 2)); /* and do not contest the next ones */
    cr_assert(eq(sz, converter.gathering.collisions.entry_count, 0));
    enqueue();
}

/* RDR-19, RDR-20 */
Test(converter, batches_of_one_collection_make_one_run) {
    converter.options.disable_target_info = false;
    batch.batch.has_more = true;
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_ATTRS(TACHO_STR("a", "")));
    batch_add_up_down_counter(&batch, "x", 2, 1, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(u64, converter.gathering.accepted, 3)); /* and target_info */
    batch_fini(&batch);
    batch_init(&batch, resource, 0);
    batch_add_counter(&batch, "jobs", 3, 4, TACHO_NO_ATTRS); /* the labels of the first */
    batch_add_gauge(&batch, "x", 4, 9, TACHO_NO_ATTRS);      /* of another kind */
    batch_add_gauges(&batch, "level", 10, 100);              /* more than was room for */
    tachoi_converter_convert(&converter, &batch.batch, 1);   /* the collection's time counts */
    cr_assert(eq(u64, converter.gathering.accepted, 101));
    cr_assert(eq(u64, converter.gathering.invalid, 1));
    cr_assert(eq(sz, converter.gathering.runs[0].sample_count, 103));
    cr_assert(eq(dbl, value_at(0), 7.0));
    cr_assert(eq(i64, record_at(102)->time_ms, BATCH_UNIX_MS));
    convert();
    cr_assert(eq(dbl, value_at(0), 4.0));
}

Test(converter, a_series_that_changes_its_shape_is_not_trusted) {
    static const double bounds[] = {1, 2};
    static const uint64_t counts[] = {1, 2, 3};
    batch_add_histogram(&batch, "h", 1, bounds, counts, 1, 2, TACHO_NO_ATTRS);
    convert();
    ((tacho_histogram_point *)batch.metrics[0].points)->bound_count = 2;
    tacho_diagnostics_set_handler(keep_message, NULL);
    convert();
    tacho_diagnostics_set_handler(NULL, NULL);
    cr_assert(eq(u64, converter.gathering.invalid, 5));
    cr_assert(eq(u64, converter.gathering.accepted, 5));
    cr_assert(ne(ptr, strstr(told, "invalid_series: a series of `h` changed"), NULL), "%s", told);
}

/* A record has room for the buckets that the series began with, and says them with their bounds. */
Test(converter, bounds_may_not_change_from_none_or_to_others) {
    static const double first[] = {1, 2};
    static const double others[] = {1, 3};
    static const uint64_t counts[] = {1, 2, 3};
    static const tacho_quantile quantiles[] = {{.quantile = 0.5, .value = 1}};
    batch_add_histogram(&batch, "none", 1, first, counts, 0, 2, TACHO_NO_ATTRS);
    batch_add_histogram(&batch, "others", 2, first, counts, 2, 2, TACHO_NO_ATTRS);
    batch_add_summary(&batch, "summary", 3, TACHO_NO_ATTRS);
    tacho_summary_point *summary = (tacho_summary_point *)batch.metrics[2].points;
    convert();
    cr_assert(eq(u64, converter.gathering.invalid, 0));
    ((tacho_histogram_point *)batch.metrics[0].points)->bound_count = 2;
    ((tacho_histogram_point *)batch.metrics[1].points)->bounds = others;
    summary->quantiles = quantiles;
    summary->quantile_count = 1;
    convert();
    cr_expect(eq(u64, converter.gathering.accepted, 5 + 5 + 3));
    cr_expect(eq(u64, converter.gathering.invalid, 5 + 5 + 3));
}

/* RW2-08 */
Test(converter, start_times_are_before_their_samples) {
    static const uint64_t starts_ns[] = {BATCH_UNIX_NS - 5999999, BATCH_UNIX_NS - 1,
                                         BATCH_UNIX_NS + 5999999, 0};
    static const int64_t expected_ms[] = {BATCH_UNIX_MS - 6, BATCH_UNIX_MS - 1, BATCH_UNIX_MS - 1,
                                          0};
    static const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < sizeof starts_ns / sizeof starts_ns[0]; i++) {
        batch_add_counter(&batch, names[i], i + 1, 3, TACHO_NO_ATTRS);
        ((tacho_number_point *)batch.metrics[i].points)->start_time_unix_nano = starts_ns[i];
    }
    convert();
    for (size_t i = 0; i < sizeof starts_ns / sizeof starts_ns[0]; i++) {
        cr_assert(eq(i64, tachoi_record_start_ms(record_at(i)), expected_ms[i]), "%zu", i);
    }
}

/* CONV-18 */
Test(converter, an_empty_batch_has_no_target_info) {
    converter.options.disable_target_info = false;
    convert();
    cr_assert(eq(u64, converter.gathering.accepted, 0));
    batch_add_gauge(&batch, "level", 1, 1, TACHO_NO_ATTRS);
    convert();
    cr_assert(eq(u64, converter.gathering.accepted, 2));
    char text[200];
    tachoi_run_describe(&converter.gathering.runs[0], 1, text, sizeof text);
    cr_assert(eq(int, strncmp(text, "target_info{", 12), 0), "%s", text);
}

Test(converter, series_are_described_as_people_write_them) {
    static const double bounds[] = {1};
    static const uint64_t counts[] = {1, 2};
    batch_add_histogram(&batch, "h", 1, bounds, counts, 1, 2,
                        TACHO_ATTRS(TACHO_STR("text", "line\nbreak")));
    convert();
    char text[200];
    tachoi_run_describe(&converter.gathering.runs[0], 1, text, sizeof text);
    cr_assert(eq(str, text,
                 "h_bucket{instance=\"one\",job=\"svc\",le=\"+Inf\",otel_scope_name=\"test\","
                 "text=\"line break\"}"));
    char small[12];
    tachoi_run_describe(&converter.gathering.runs[0], 3, small, sizeof small);
    cr_assert(eq(str, small, "h_sum{"));
    tachoi_run_describe(&converter.gathering.runs[0], 99, text, sizeof text);
    cr_assert(eq(str, text, ""));
}

Test(converter, without_memory_every_sample_is_counted) {
    static const double bounds[] = {1};
    static const uint64_t counts[] = {1, 2};
    batch_add_gauges(&batch, "level", 1, 20);
    batch_add_histogram(&batch, "h", 100, bounds, counts, 1, 2, TACHO_NO_ATTRS);
    batch_add_exponential_histogram(&batch, "unsupported", 101, TACHO_NO_ATTRS);
    bool has_failed = true;
    uint64_t k = 1;
    for (; has_failed; k++) {
        tachoi_converter_fini(&converter);
        tachoi_converter_init(&converter,
                              &(struct tachoi_converter_options){.disable_target_info = true});
        tachoi_alloc_fail_at(k);
        convert();
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(u64, converter.gathering.accepted, 24));
        cr_assert(eq(u64, converter.gathering.unsupported, 1));
        cr_assert(
            eq(u64, converter.gathering.invalid + converter.gathering.runs[0].sample_count, 24));
        cr_assert(eq(int, converter.gathering.invalid > 0, converter.gathering.lacked_memory));
        convert(); /* the next collection has all */
        cr_assert(eq(u64, converter.gathering.invalid, 0));
        cr_assert(lt(u64, k, 1000));
    }
    cr_assert(gt(u64, k, 20));
}
