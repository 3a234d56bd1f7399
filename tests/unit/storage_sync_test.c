/* SPDX-License-Identifier: Apache-2.0 */
/* Tests synchronous storages through storage.h: what goes in comes out as points. */
#include "storage_fixture.h"

#include "base/clock.h"
#include "storage/sync_storage.h"

#include <math.h>

static struct tachoi_sync_storage *storage;
static struct tachoi_arena arena;

static void start(const struct tachoi_aggregation *aggregation, uint32_t limit) {
    fake_unix_ns = 1000;
    tachoi_arena_init(&arena, 0);
    storage = create_sync(aggregation, limit);
}

static void stop(void) {
    tachoi_sync_storage_destroy(storage);
    tachoi_arena_fini(&arena);
}

static struct tachoi_points collect(void) {
    return collect_sync(storage, &arena);
}

static const tacho_number_point *number_of(int64_t id) {
    const struct tachoi_points points = collect();
    return find_point(&points, id);
}

static const tacho_histogram_point *histogram_of(int64_t id) {
    const struct tachoi_points points = collect();
    return find_point(&points, id);
}

Test(sync_storage, sums_integers_per_set, .fini = stop) {
    start(&sum_i64, 10);
    tachoi_sync_storage_record_i64(storage, 5, SET(1));
    tachoi_sync_storage_record_i64(storage, 2, SET(2));
    tachoi_sync_storage_record_i64(storage, -3, SET(1));
    cr_assert(eq(i64, number_of(1)->value.i64, 2));
    cr_assert(eq(i64, number_of(2)->value.i64, 2));
    cr_assert(eq(sz, collect().count, 2)); /* the overflow series has nothing to show */
    cr_assert(eq(sz, collect().size, sizeof(tacho_number_point)));
}

/* SDK-19 */
Test(sync_storage, integer_sums_wrap_at_the_limits, .fini = stop) {
    start(&sum_i64, 10);
    tachoi_sync_storage_record_i64(storage, INT64_MAX, SET(1));
    tachoi_sync_storage_record_i64(storage, 1, SET(1));
    cr_assert(eq(i64, number_of(1)->value.i64, INT64_MIN));
}

/* SDK-19 */
Test(sync_storage, double_sums_take_every_value, .fini = stop) {
    start(&sum_f64, 10);
    tachoi_sync_storage_record_f64(storage, 0.5, SET(1));
    tachoi_sync_storage_record_f64(storage, 0.25, SET(1));
    tachoi_sync_storage_record_f64(storage, (double)INFINITY, SET(2));
    tachoi_sync_storage_record_f64(storage, (double)NAN, SET(3));
    cr_assert(eq(dbl, number_of(1)->value.f64, 0.75));
    cr_assert(eq(dbl, number_of(2)->value.f64, (double)INFINITY));
    cr_assert(isnan(number_of(3)->value.f64));
}

/* AGG-05, SDK-19, TIME-04, TIME-08 */
Test(sync_storage, last_values_overwrite_and_start_with_their_series, .fini = stop) {
    start(&last_f64, 10);
    tachoi_sync_storage_record_f64(storage, 4, SET(1));
    tachoi_sync_storage_record_f64(storage, -0.0, SET(1));
    tachoi_sync_storage_record_f64(storage, (double)NAN, SET(2));
    cr_assert(signbit(number_of(1)->value.f64) != 0);
    cr_assert(isnan(number_of(2)->value.f64));
    fake_unix_ns = 2000;
    cr_assert(eq(u64, number_of(1)->start_time_unix_nano, 1000));
    fake_unix_ns = 3000;
    cr_assert(eq(u64, number_of(1)->start_time_unix_nano, 1000));
}

Test(sync_storage, integer_last_values_keep_their_limits, .fini = stop) {
    start(&last_i64, 10);
    tachoi_sync_storage_record_i64(storage, INT64_MAX, SET(1));
    tachoi_sync_storage_record_i64(storage, INT64_MIN, SET(1));
    cr_assert(eq(i64, number_of(1)->value.i64, INT64_MIN));
}

/* AGG-06, AGG-09, DM-07 */
Test(sync_storage, histograms_tell_count_sum_extremes_and_buckets, .fini = stop) {
    start(&histogram, 10);
    const double values[] = {5, 0, 7.5, 20000};
    for (size_t i = 0; i < 4; i++) {
        tachoi_sync_storage_record_f64(storage, values[i], SET(1));
    }
    const tacho_histogram_point *point = histogram_of(1);
    cr_assert(eq(u64, point->count, 4));
    cr_assert(point->has_sum);
    cr_assert(eq(dbl, point->sum, 20012.5));
    cr_assert(point->has_min_max);
    cr_assert(eq(dbl, point->min, 0));
    cr_assert(eq(dbl, point->max, 20000));
    cr_assert(eq(sz, point->bound_count, TACHOI_DEFAULT_BOUND_COUNT));
    cr_assert(eq(dbl, point->bounds[14], 10000));
    cr_assert(eq(u64, point->bucket_counts[0], 1));
    cr_assert(eq(u64, point->bucket_counts[1], 1));
    cr_assert(eq(u64, point->bucket_counts[2], 1));
    cr_assert(eq(u64, point->bucket_counts[15], 1));
}

/* AGG-09, DM-07 */
Test(sync_storage, a_histogram_without_bounds_has_one_bucket, .fini = stop) {
    const struct tachoi_aggregation no_bounds = {.kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
                                                 .number_type = TACHO_NUMBER_F64};
    start(&no_bounds, 10);
    tachoi_sync_storage_record_f64(storage, 3, SET(1));
    cr_assert(eq(u64, histogram_of(1)->count, 1));
    cr_assert(eq(sz, histogram_of(1)->bound_count, 0));
    cr_assert(eq(u64, histogram_of(1)->bucket_counts[0], 1));
}

/* TIME-02, TIME-05, TIME-07, TIME-08 */
Test(sync_storage, points_repeat_with_the_same_start_and_identity, .fini = stop) {
    start(&sum_i64, 10);
    fake_unix_ns = 2000;
    tachoi_sync_storage_record_i64(storage, 1, SET(1));
    fake_unix_ns = 3000;
    const tacho_number_point first = *number_of(1);
    fake_unix_ns = 4000;
    const tacho_number_point second = *number_of(1);
    cr_assert(eq(u64, first.start_time_unix_nano, 2000));
    cr_assert(eq(u64, first.time_unix_nano, 3000));
    cr_assert(eq(u64, second.start_time_unix_nano, 2000));
    cr_assert(eq(u64, second.time_unix_nano, 4000));
    cr_assert(eq(u64, second.series.id, first.series.id));
    cr_assert(eq(u32, second.series.generation, first.series.generation));
    cr_assert(eq(i64, second.value.i64, 1));
}

/* CARD-03, CARD-05, CARD-08, CARD-09 */
Test(sync_storage, every_measurement_lands_in_its_own_series_or_in_overflow, .fini = stop) {
    start(&sum_i64, 3);
    for (int64_t i = 0; i < 10; i++) {
        tachoi_sync_storage_record_i64(storage, 1 << i, SET(i));
    }
    const struct tachoi_points points = collect();
    cr_assert(eq(sz, points.count, 4));
    cr_assert(eq(i64, ((const tacho_number_point *)find_point(&points, 2))->value.i64, 4));
    const tacho_number_point *overflow = find_point(&points, -1);
    cr_assert(eq(i64, overflow->value.i64, 1023 - 7));
    const tacho_attribute *attr = overflow->attributes.items;
    cr_assert(eq(sz, attr->key.length, strlen("otel.metric.overflow")));
    cr_assert(eq(int, memcmp(attr->key.data, "otel.metric.overflow", attr->key.length), 0));
    cr_assert(eq(int, attr->value.type, TACHO_VALUE_BOOL));
    cr_assert(attr->value.as.boolean);
    cr_assert(eq(sz, tachoi_sync_storage_series_count(storage), 4));
}

/* INST-19, API-45, API-46 */
Test(sync_storage, bound_recording_equals_unbound_recording, .fini = stop) {
    start(&sum_i64, 10);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    cr_assert(ne(ptr, bound, NULL));
    tachoi_bound_series_record_i64(bound, 3, NULL);
    tachoi_sync_storage_record_i64(storage, 4, SET(1));
    tachoi_bound_series_release(bound);
    tachoi_sync_storage_record_i64(storage, 5, SET(1)); /* what was recorded stays */
    cr_assert(eq(i64, number_of(1)->value.i64, 12));
    cr_assert(eq(sz, collect().count, 1));
}

Test(sync_storage, bound_recording_equals_unbound_recording_of_doubles, .fini = stop) {
    start(&sum_f64, 10);
    tachoi_sync_storage_record_f64(storage, 0.5, SET(1));
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    tachoi_bound_series_record_f64(bound, 0.25, NULL);
    tachoi_sync_storage_record_f64(storage, 0.125, SET(1));
    cr_assert(eq(dbl, number_of(1)->value.f64, 0.875));
    tachoi_bound_series_release(bound);
}

Test(sync_storage, bound_recording_equals_unbound_recording_of_histograms, .fini = stop) {
    start(&histogram, 10);
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    tachoi_bound_series_record_f64(bound, 30, NULL);
    tachoi_sync_storage_record_f64(storage, 300, SET(1));
    const tacho_histogram_point *point = histogram_of(1);
    cr_assert(eq(u64, point->count, 3));
    cr_assert(eq(dbl, point->sum, 331));
    cr_assert(eq(dbl, point->min, 1));
    cr_assert(eq(dbl, point->max, 300));
    tachoi_bound_series_release(bound);
}

Test(sync_storage, a_bound_last_value_is_the_unbound_one, .fini = stop) {
    start(&last_i64, 10);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    tachoi_bound_series_record_i64(bound, 3, NULL);
    tachoi_sync_storage_record_i64(storage, 4, SET(1));
    cr_assert(eq(i64, number_of(1)->value.i64, 4));
    tachoi_bound_series_record_i64(bound, 5, NULL);
    cr_assert(eq(i64, number_of(1)->value.i64, 5));
    tachoi_bound_series_release(bound);
}

/* INST-20 */
Test(sync_storage, binding_beyond_the_limit_binds_the_overflow_series, .fini = stop) {
    start(&sum_i64, 1);
    struct tachoi_bound_series *own = tachoi_sync_storage_bind(storage, SET(1));
    struct tachoi_bound_series *beyond = tachoi_sync_storage_bind(storage, SET(2));
    tachoi_bound_series_record_i64(own, 1, NULL);
    tachoi_bound_series_record_i64(beyond, 10, NULL);
    cr_assert(eq(i64, number_of(1)->value.i64, 1));
    cr_assert(eq(i64, number_of(-1)->value.i64, 10));
    tachoi_bound_series_release(own);
    tachoi_bound_series_release(beyond);
    tachoi_bound_series_release(NULL);
}

Test(sync_storage, a_bound_series_without_a_measurement_yields_no_point, .fini = stop) {
    static const struct tachoi_aggregation *const kinds[] = {&sum_i64, &last_f64, &histogram};
    for (size_t i = 0; i < 3; i++) {
        start(kinds[i], 10);
        tachoi_bound_series_release(tachoi_sync_storage_bind(storage, SET(1)));
        cr_assert(eq(sz, collect().count, 0));
        cr_assert(eq(sz, tachoi_sync_storage_series_count(storage), 2));
        if (i < 2) {
            stop();
        }
    }
}

Test(sync_storage, a_zero_is_a_measurement, .fini = stop) {
    start(&sum_i64, 10);
    tachoi_sync_storage_record_i64(storage, 0, SET(1));
    cr_assert(eq(i64, number_of(1)->value.i64, 0));
}

Test(sync_storage, a_collection_without_memory_loses_nothing, .fini = stop) {
    start(&histogram, 10);
    for (int64_t i = 0; i < 5; i++) {
        tachoi_sync_storage_record_f64(storage, 1, SET(i));
    }
    size_t failures = 0;
    for (size_t max_bytes = 64;; max_bytes += 64) {
        struct tachoi_arena small;
        struct tachoi_points points = {0};
        tachoi_arena_init(&small, max_bytes);
        const bool is_complete = tachoi_sync_storage_collect(
            storage, (struct tachoi_moment){fake_unix_ns, fake_unix_ns}, &small, &points);
        cr_assert(is_complete ? points.count == 5 : points.count < 5);
        tachoi_arena_fini(&small);
        if (is_complete) {
            break;
        }
        failures++;
    }
    cr_assert(gt(sz, failures, 2)); /* at the array, at buckets, at attributes */
    cr_assert(eq(u64, histogram_of(4)->count, 1));
}

Test(sync_storage, creating_fails_cleanly_without_memory) {
    for (uint64_t k = 1;; k++) {
        struct tachoi_sync_storage *made = NULL;
        tachoi_alloc_fail_at(k);
        const int status = tachoi_sync_storage_create(
            &(struct tachoi_storage_config){
                .aggregation = &histogram, .limit = 5, .clock = &fake_clock},
            &made);
        if (tachoi_alloc_fail_pending()) {
            tachoi_alloc_fail_at(0);
            cr_assert(eq(int, status, TACHO_OK));
            tachoi_sync_storage_destroy(made);
            break;
        }
        cr_assert(eq(int, status, TACHO_E_NO_MEMORY));
        cr_assert(eq(ptr, made, NULL));
    }
    tachoi_sync_storage_destroy(NULL);
}

Test(sync_storage, what_finds_no_memory_is_counted_once, .fini = stop) {
    start(&sum_i64, 100);
    int64_t recorded = 0;
    uint64_t dropped = 0;
    for (int64_t i = 0; i < 60; i++) {
        tachoi_alloc_fail_at(1 + (uint64_t)i % 3); /* series, sometimes a larger table */
        tachoi_sync_storage_record_i64(storage, 1, SET(i));
        recorded++;
        tachoi_alloc_fail_at(0);
    }
    struct tachoi_storage_drops drops = {0};
    tachoi_sync_storage_take_drops(storage, &drops);
    dropped = drops.no_memory;
    cr_assert(gt(u64, dropped, 0));
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, (int64_t)points.count, recorded - (int64_t)dropped));
    tachoi_sync_storage_take_drops(storage, &drops);
    cr_assert(eq(u64, drops.no_memory, dropped)); /* told once */
}

Test(sync_storage, binding_without_memory_gives_null_and_harms_nothing, .fini = stop) {
    start(&histogram, 10);
    struct tachoi_bound_series *bound = NULL;
    for (uint64_t k = 1; bound == NULL; k++) {
        cr_assert(lt(u64, k, 20));
        tachoi_alloc_fail_at(k);
        bound = tachoi_sync_storage_bind(storage, SET(1));
        cr_assert(eq(int, bound != NULL, tachoi_alloc_fail_pending()));
    }
    tachoi_alloc_fail_at(0);
    tachoi_bound_series_record_f64(bound, 1, NULL);
    cr_assert(eq(u64, histogram_of(1)->count, 1));
    tachoi_bound_series_release(bound);
}

/* TIME-07. A series that is made after the collection took its time, and read by it all the same.
 */
Test(sync_storage, a_start_is_before_its_point_and_stays, .fini = stop) {
    start(&sum_i64, 10);
    fake_unix_ns = 10 * TACHOI_NS_PER_MS;
    tachoi_sync_storage_record_i64(storage, 1, SET(1));
    struct tachoi_points points;
    cr_assert(tachoi_sync_storage_collect(storage, (struct tachoi_moment){9 * TACHOI_NS_PER_MS, 0},
                                          &arena, &points));
    const tacho_number_point *point = find_point(&points, 1);
    cr_assert(eq(u64, point->start_time_unix_nano, 8 * TACHOI_NS_PER_MS));
    cr_assert(tachoi_sync_storage_collect(storage, (struct tachoi_moment){12 * TACHOI_NS_PER_MS, 0},
                                          &arena, &points));
    point = find_point(&points, 1);
    cr_assert(eq(u64, point->start_time_unix_nano, 8 * TACHOI_NS_PER_MS));
}

Test(sync_storage, integers_go_into_histograms_as_doubles, .fini = stop) {
    start(&histogram, 10);
    tachoi_sync_storage_record_i64(storage, 7, SET(1));
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    tachoi_bound_series_record_i64(bound, 8, NULL);
    const tacho_histogram_point *point = histogram_of(1);
    cr_assert(eq(u64, point->count, 2));
    cr_assert(eq(dbl, point->sum, 15));
    cr_assert(eq(dbl, point->max, 8));
    tachoi_bound_series_release(bound);
}

/* AGG-07 */
Test(sync_storage, what_an_aggregation_omits_is_not_told, .fini = stop) {
    struct tachoi_aggregation kinds[] = {histogram, exponential};
    for (size_t i = 0; i < 4; i++) {
        struct tachoi_aggregation *kind = &kinds[i / 2];
        kind->omits_sum = i % 2 == 0;
        kind->omits_min_max = i % 2 == 1;
        start(kind, 10);
        tachoi_sync_storage_record_f64(storage, 3, SET(1));
        const struct tachoi_points points = collect();
        const tacho_histogram_point *a = points.items;
        const tacho_exponential_histogram_point *b = points.items;
        cr_assert(eq(int, i < 2 ? a->has_sum : b->has_sum, i % 2 == 1));
        cr_assert(eq(int, i < 2 ? a->has_min_max : b->has_min_max, i % 2 == 0));
        cr_assert(eq(u64, i < 2 ? a->count : b->count, 1));
        if (i < 3) {
            stop();
        }
    }
}

/* EXPH-02, EXPH-03 */
Test(sync_storage, exponential_histograms_tell_of_all_their_buckets, .fini = stop) {
    enum { SERIES = 20 };
    start(&exponential, 100);
    for (int64_t i = 0; i < SERIES; i++) {
        for (int value = -3; value <= 5; value++) {
            tachoi_sync_storage_record_f64(storage, value * (double)(i + 1), SET(i));
        }
    }
    const struct tachoi_points points = collect();
    cr_assert(eq(sz, points.count, SERIES));
    for (int64_t i = 0; i < SERIES; i++) {
        const tacho_exponential_histogram_point *point = find_point(&points, i);
        uint64_t in_buckets = 0;
        for (size_t j = 0; j < point->positive.count; j++) {
            in_buckets += point->positive.counts[j];
        }
        cr_assert(eq(u64, in_buckets, 5));
        for (size_t j = 0; j < point->negative.count; j++) {
            in_buckets += point->negative.counts[j];
        }
        cr_assert(eq(u64, in_buckets, 8));
        cr_assert(eq(u64, point->zero_count, 1));
        cr_assert(eq(u64, point->count, 9));
        cr_assert(eq(dbl, point->sum, 9 * (double)(i + 1)));
        cr_assert(eq(dbl, point->min, -3 * (double)(i + 1)));
        cr_assert(eq(dbl, point->max, 5 * (double)(i + 1)));
        cr_assert(eq(dbl, point->zero_threshold, 0));
    }
}

/* AGG-10 */
Test(sync_storage, cumulative_extremes_settle_over_the_life_of_the_series, .fini = stop) {
    start(&histogram, 10);
    tachoi_sync_storage_record_f64(storage, 3, SET(1));
    (void)collect();
    tachoi_sync_storage_record_f64(storage, 30, SET(1));
    (void)collect();
    const tacho_histogram_point *point = histogram_of(1);
    cr_assert(eq(dbl, point->min, 3));
    cr_assert(eq(dbl, point->max, 30));
    cr_assert(eq(u64, point->count, 2));
}

/* TIME-08 */
Test(sync_storage, a_series_that_was_bound_long_before_begins_when_it_is_measured, .fini = stop) {
    start(&sum_i64, 10);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    fake_unix_ns = 7000;
    (void)collect();
    tachoi_bound_series_record_i64(bound, 1, NULL);
    fake_unix_ns = 8000;
    cr_assert(eq(u64, number_of(1)->start_time_unix_nano, 7000));
    fake_unix_ns = 9000;
    cr_assert(eq(u64, number_of(1)->start_time_unix_nano, 7000));
    tachoi_bound_series_release(bound);
}

/* INST-23, API-46. Without a table every look-up would crash, and without attributes too. */
Test(sync_storage, bound_recording_looks_nothing_up, .fini = stop) {
    start(&sum_i64, 10);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, TACHO_NO_ATTRS);
    struct tachoi_series_table *table = atomic_exchange(&storage->map.table, NULL);
    (void)pthread_mutex_lock(&storage->map.lock);
    tachoi_bound_series_record_i64(bound, 3, NULL);
    (void)pthread_mutex_unlock(&storage->map.lock);
    atomic_store(&storage->map.table, table);
    const struct tachoi_points points = collect();
    cr_assert(eq(sz, points.count, 1));
    cr_assert(eq(i64, ((const tacho_number_point *)points.items)->value.i64, 3));
    tachoi_bound_series_release(bound);
}

/* CARD-01. The limit is of the sets that the filter leaves. */
Test(sync_storage, the_limit_counts_filtered_sets, .fini = stop) {
    const tacho_string kept = {"id", 2};
    struct tachoi_attribute_filter *filter = NULL;
    cr_assert(eq(int,
                 tachoi_attribute_filter_create((struct tachoi_key_list){&kept, 1},
                                                (struct tachoi_key_list){0}, &filter),
                 TACHO_OK));
    start(&sum_i64, 10);
    struct tachoi_sync_storage *filtered = create_sync_of(
        &(struct tachoi_storage_config){.aggregation = &sum_i64, .limit = 1, .filter = filter});
    for (int64_t user = 0; user < 20; user++) {
        tachoi_sync_storage_record_i64(filtered, 1,
                                       TACHO_ATTRS(TACHO_I64("id", 1), TACHO_I64("user", user)));
    }
    struct tachoi_bound_series *bound =
        tachoi_sync_storage_bind(filtered, TACHO_ATTRS(TACHO_I64("id", 1), TACHO_I64("user", 99)));
    tachoi_bound_series_record_i64(bound, 1, NULL);
    const struct tachoi_points points = collect_sync(filtered, &arena);
    cr_assert(eq(sz, points.count, 1));
    cr_assert(eq(i64, ((const tacho_number_point *)find_point(&points, 1))->value.i64, 21));
    tachoi_bound_series_release(bound);
    tachoi_sync_storage_destroy(filtered);
    tachoi_attribute_filter_destroy(filter);
}

/* --- exemplars: which measurements the reservoir of a series is offered, and in which type --- */

struct last_offer {
    tacho_exemplar exemplar;
    bool has_one;
    size_t attribute_count;
};
static size_t reservoirs;

static void *create_reservoir(void *user, const tacho_exemplar_reservoir_config *config) {
    (void)user;
    (void)config;
    reservoirs++;
    return tachoi_calloc(1, sizeof(struct last_offer));
}

static void take_offer(void *self, const tacho_exemplar_measurement *measurement) {
    struct last_offer *last = self;
    last->has_one = true;
    last->attribute_count = measurement->attributes.count;
    last->exemplar.number_type = measurement->number_type;
    last->exemplar.value.i64 = measurement->value.i64;
    if (measurement->number_type == TACHO_NUMBER_F64) {
        last->exemplar.value.f64 = measurement->value.f64;
    }
}

static void hand_out(void *self, tacho_exemplar_sink_fn sink, void *sink_self) {
    struct last_offer *last = self;
    if (last->has_one) {
        sink(sink_self, &last->exemplar);
    }
    last->has_one = false;
}

static void destroy_reservoir(void *self) {
    reservoirs--;
    tachoi_free(self);
}

static const tacho_exemplar_reservoir_ops reservoir_ops = {.struct_size = sizeof reservoir_ops,
                                                           .create = create_reservoir,
                                                           .offer = take_offer,
                                                           .collect = hand_out,
                                                           .destroy = destroy_reservoir};

static const tacho_exemplars *exemplars_of(const struct tachoi_points *points, int64_t id) {
    const tacho_number_point *number = find_point(points, id);
    const tacho_histogram_point *distribution = find_point(points, id);
    return points->size == sizeof *number ? &number->exemplars : &distribution->exemplars;
}

/* INST-22, EXM-01 */
Test(sync_storage, measurements_are_offered_to_the_exemplars_of_their_series, .fini = stop) {
    static const struct tachoi_aggregation *const kinds[] = {&sum_i64, &histogram};
    for (size_t i = 0; i < 2; i++) {
        static tacho_spi_context_slot no_context;
        const struct tachoi_exemplar_policy policy = {.filter = TACHO_EXEMPLAR_FILTER_ALWAYS_ON,
                                                      .context = &no_context,
                                                      .ops = &reservoir_ops,
                                                      .clock = &fake_clock,
                                                      .kind = TACHO_INSTRUMENT_COUNTER,
                                                      .number_type = TACHO_NUMBER_I64,
                                                      .temporality = TACHO_TEMPORALITY_DELTA};
        tachoi_arena_init(&arena, 0);
        storage = create_sync_of(&(struct tachoi_storage_config){
            .aggregation = kinds[i], .limit = 10, .is_delta = true, .exemplars = &policy});
        tachoi_sync_storage_record_i64(storage, 5, SET(1));
        const tacho_attributes two = TACHO_ATTRS(TACHO_I64("id", 2));
        struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, two);
        tachoi_bound_series_record_i64(bound, 6, &two);
        const struct tachoi_points points = collect();
        const tacho_exemplars *exemplars = exemplars_of(&points, 1);
        cr_assert(eq(sz, exemplars->count, 1));
        cr_assert(eq(int, tacho_exemplars_at(exemplars, 0)->number_type, TACHO_NUMBER_I64));
        cr_assert(eq(i64, tacho_exemplars_at(exemplars, 0)->value.i64, 5));
        cr_assert(eq(i64, tacho_exemplars_at(exemplars_of(&points, 2), 0)->value.i64, 6));
        tachoi_bound_series_release(bound);
        for (int j = 0; j < 4; j++) {
            (void)collect();
        }
        cr_assert(eq(sz, reservoirs, 0)); /* gone with their series */
        if (i == 0) {
            stop();
        }
    }
}
