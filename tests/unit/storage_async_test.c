/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the storages of observable instruments. */
#include "storage_fixture.h"

#include <math.h>
#include <pthread.h>

#include "base/clock.h"

enum { CREATED = 100 };

static struct tachoi_async_storage *storage;
static struct tachoi_arena arena;
static uint64_t previous_ns;

static void start_with(struct tachoi_storage_config config) {
    tachoi_arena_init(&arena, 0);
    previous_ns = 0;
    config.clock = &fake_clock;
    config.creation_unix_nano = CREATED;
    cr_assert(eq(int, tachoi_async_storage_create(&config, &storage), TACHO_OK));
}

static void start(const struct tachoi_aggregation *aggregation, uint32_t limit) {
    start_with((struct tachoi_storage_config){.aggregation = aggregation, .limit = limit});
}

static void start_delta(const struct tachoi_aggregation *aggregation, uint32_t limit) {
    start_with((struct tachoi_storage_config){
        .aggregation = aggregation, .limit = limit, .is_delta = true});
}

static void stop(void) {
    tachoi_async_storage_destroy(storage);
    tachoi_arena_fini(&arena);
}

static bool was_complete = true;

static void begin(uint64_t time_ns) {
    tachoi_async_storage_begin(storage, (struct tachoi_moment){time_ns, time_ns}, was_complete);
    previous_ns = time_ns;
}

static struct tachoi_points collect(void) {
    struct tachoi_points points = {0};
    tachoi_arena_reset(&arena);
    cr_assert(tachoi_async_storage_collect(storage, &arena, &points));
    return points;
}

static const tacho_number_point *point_of(int64_t id) {
    const struct tachoi_points points = collect();
    return find_point(&points, id);
}

/* API-35, TIME-01, TIME-05 */
Test(async_storage, keeps_the_last_value_of_each_set, .fini = stop) {
    start(&sum_i64, 10);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 5, SET(1));
    tachoi_async_storage_observe_i64(storage, 9, SET(2));
    tachoi_async_storage_observe_i64(storage, 6, SET(1));
    cr_assert(eq(sz, collect().count, 2));
    cr_assert(eq(i64, point_of(1)->value.i64, 6));
    cr_assert(eq(u64, point_of(1)->time_unix_nano, 1000));
}

/* SDK-19, TIME-04 */
Test(async_storage, doubles_keep_every_value, .fini = stop) {
    start(&last_f64, 10);
    begin(1000);
    tachoi_async_storage_observe_f64(storage, (double)NAN, SET(1));
    tachoi_async_storage_observe_f64(storage, -(double)INFINITY, SET(2));
    cr_assert(isnan(point_of(1)->value.f64));
    cr_assert(eq(dbl, point_of(2)->value.f64, -(double)INFINITY));
    cr_assert(eq(u64, point_of(2)->start_time_unix_nano, CREATED));
}

/* ASYNC-05, TIME-02, TIME-03 */
Test(async_storage, a_set_that_is_not_observed_yields_no_point, .fini = stop) {
    start(&sum_i64, 10);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 1, SET(1));
    tachoi_async_storage_observe_i64(storage, 2, SET(2));
    const uint64_t stays = point_of(2)->series.id;
    begin(2000);
    tachoi_async_storage_observe_i64(storage, 3, SET(2));
    cr_assert(eq(sz, collect().count, 1));
    cr_assert(eq(u64, point_of(2)->series.id, stays));
    begin(3000);
    cr_assert(eq(sz, collect().count, 0));
}

/* TIME-04, TIME-07, TIME-09 */
Test(async_storage, start_times_follow_the_first_appearance, .fini = stop) {
    start(&sum_i64, 10);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 1, SET(1));
    cr_assert(eq(u64, point_of(1)->start_time_unix_nano, CREATED));
    begin(2000);
    tachoi_async_storage_observe_i64(storage, 1, SET(1));
    tachoi_async_storage_observe_i64(storage, 1, SET(2));
    cr_assert(eq(u64, point_of(1)->start_time_unix_nano, CREATED));
    cr_assert(eq(u64, point_of(2)->start_time_unix_nano, 1000));
    begin(3000);
    tachoi_async_storage_observe_i64(storage, 1, SET(2));
    begin(4000); /* 1 was absent for a whole collection: it is a new series */
    tachoi_async_storage_observe_i64(storage, 1, SET(1));
    tachoi_async_storage_observe_i64(storage, 1, SET(2));
    cr_assert(eq(u64, point_of(1)->start_time_unix_nano, 3000));
    cr_assert(eq(u64, point_of(2)->start_time_unix_nano, 1000));
}

/* TIME-04, TIME-07 */
Test(async_storage, a_start_is_before_its_point_when_the_clock_steps_back) {
    for (int is_delta = 0; is_delta < 2; is_delta++) {
        start_with((struct tachoi_storage_config){
            .aggregation = &sum_i64, .limit = 10, .is_delta = is_delta != 0});
        begin(20 * TACHOI_NS_PER_MS);
        begin(20 * TACHOI_NS_PER_MS + 1);
        tachoi_async_storage_observe_i64(storage, 1, SET(1));
        cr_assert(eq(u64, point_of(1)->start_time_unix_nano, 20 * TACHOI_NS_PER_MS));
        begin(10 * TACHOI_NS_PER_MS);
        tachoi_async_storage_observe_i64(storage, 2, SET(1));
        cr_assert(eq(u64, point_of(1)->time_unix_nano, 10 * TACHOI_NS_PER_MS));
        cr_assert(eq(u64, point_of(1)->start_time_unix_nano, 9 * TACHOI_NS_PER_MS));
        begin(11 * TACHOI_NS_PER_MS);
        tachoi_async_storage_observe_i64(storage, 3, SET(1));
        cr_assert(eq(u64, point_of(1)->start_time_unix_nano,
                     (is_delta != 0 ? 10 : 9) * TACHOI_NS_PER_MS));
        stop();
    }
}

Test(async_storage, a_series_that_comes_back_has_a_new_identity, .fini = stop) {
    start(&sum_i64, 10);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 1, SET(1));
    const uint64_t first = point_of(1)->series.id;
    begin(2000);
    begin(3000);
    tachoi_async_storage_observe_i64(storage, 1, SET(1));
    cr_assert(gt(u64, point_of(1)->series.id, first));
}

/* CARD-01, CARD-03, CARD-04, CARD-05, CARD-08, ASYNC-07 */
Test(async_storage, the_first_observed_sets_have_their_own_series, .fini = stop) {
    start(&sum_i64, 2);
    begin(1000);
    for (int64_t i = 1; i <= 4; i++) {
        tachoi_async_storage_observe_i64(storage, i * 10, SET(i));
    }
    tachoi_async_storage_observe_i64(storage, 11, SET(1));
    cr_assert(eq(sz, collect().count, 3));
    cr_assert(eq(i64, point_of(1)->value.i64, 11));
    cr_assert(eq(i64, point_of(2)->value.i64, 20));
    cr_assert(eq(i64, point_of(-1)->value.i64, 70));
    begin(2000); /* now the others are first */
    for (int64_t i = 4; i >= 1; i--) {
        tachoi_async_storage_observe_i64(storage, i * 10, SET(i));
    }
    cr_assert(eq(sz, collect().count, 3));
    cr_assert(eq(i64, point_of(4)->value.i64, 40));
    cr_assert(eq(i64, point_of(3)->value.i64, 30));
    cr_assert(eq(i64, point_of(-1)->value.i64, 30));
}

Test(async_storage, overflowing_last_values_overwrite_each_other, .fini = stop) {
    start(&last_i64, 0);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 5, SET(1));
    tachoi_async_storage_observe_i64(storage, 6, SET(2));
    cr_assert(eq(sz, collect().count, 1));
    cr_assert(eq(i64, point_of(-1)->value.i64, 6));
}

Test(async_storage, the_overflow_series_is_absent_like_others_and_starts_anew, .fini = stop) {
    start(&sum_f64, 0);
    begin(1000);
    tachoi_async_storage_observe_f64(storage, 1, SET(1));
    tachoi_async_storage_observe_f64(storage, 2,
                                     TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", 1)));
    cr_assert(eq(dbl, point_of(-1)->value.f64, 3));
    cr_assert(eq(u64, point_of(-1)->start_time_unix_nano, CREATED));
    begin(2000);
    cr_assert(eq(sz, collect().count, 0));
    begin(3000);
    tachoi_async_storage_observe_f64(storage, 7, SET(1));
    cr_assert(eq(dbl, point_of(-1)->value.f64, 7));
    cr_assert(eq(u64, point_of(-1)->start_time_unix_nano, 2000));
}

Test(async_storage, many_sets_come_and_go, .fini = stop) {
    enum { COUNT = 1000, STEP = 300 };
    start(&sum_i64, TACHO_NO_LIMIT);
    for (int64_t round = 0; round < 10; round++) {
        begin(1000 + (uint64_t)round);
        for (int64_t i = round * STEP; i < round * STEP + COUNT; i++) {
            tachoi_async_storage_observe_i64(storage, i, SET(i));
        }
        const struct tachoi_points points = collect();
        cr_assert(eq(sz, points.count, COUNT));
        for (int64_t i = round * STEP; i < round * STEP + COUNT; i += 97) {
            const tacho_number_point *point = find_point(&points, i);
            cr_assert(ne(ptr, (void *)(uintptr_t)point, NULL));
            cr_assert(eq(i64, point->value.i64, i));
        }
    }
}

Test(async_storage, without_memory_observations_are_counted, .fini = stop) {
    start(&sum_i64, 100);
    begin(1000);
    for (int64_t i = 0; i < 30; i++) {
        tachoi_alloc_fail_at(1 + (uint64_t)i % 2);
        tachoi_async_storage_observe_i64(storage, 1, SET(i));
        tachoi_alloc_fail_at(0);
    }
    struct tachoi_storage_drops drops = {0};
    tachoi_async_storage_take_drops(storage, &drops);
    cr_assert(gt(u64, drops.no_memory, 0));
    cr_assert(eq(u64, collect().count + drops.no_memory, 30));
    const uint64_t told = drops.no_memory;
    tachoi_async_storage_take_drops(storage, &drops);
    cr_assert(eq(u64, drops.no_memory, told));
}

Test(async_storage, creating_and_collecting_fail_cleanly_without_memory) {
    for (uint64_t k = 1;; k++) {
        struct tachoi_async_storage *made = NULL;
        tachoi_alloc_fail_at(k);
        const struct tachoi_storage_config config = {.aggregation = &sum_i64, .limit = 5};
        const int status = tachoi_async_storage_create(&config, &made);
        if (tachoi_alloc_fail_pending()) {
            tachoi_alloc_fail_at(0);
            cr_assert(eq(int, status, TACHO_OK));
            tachoi_async_storage_destroy(made);
            break;
        }
        cr_assert(eq(int, status, TACHO_E_NO_MEMORY));
    }
    start(&sum_i64, 5);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 1, SET(1));
    struct tachoi_points points = {0};
    tachoi_alloc_fail_at(1);
    cr_assert(not(tachoi_async_storage_collect(storage, &arena, &points)));
    tachoi_alloc_fail_at(0);
    cr_assert(eq(i64, point_of(1)->value.i64, 1));
    stop();
}

/* Callbacks were skipped for lack of time: that a set was not observed then says nothing. */
Test(async_storage, a_set_outlives_an_incomplete_collection, .fini = stop) {
    start(&sum_i64, 10);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 7, SET(1));
    const tacho_number_point first = *point_of(1);
    begin(2000);
    cr_assert(eq(sz, collect().count, 0));
    was_complete = false;
    begin(3000);
    tachoi_async_storage_observe_i64(storage, 8, SET(1));
    const tacho_number_point again = *point_of(1);
    cr_assert(eq(u64, again.series.id, first.series.id));
    cr_assert(eq(u64, again.start_time_unix_nano, first.start_time_unix_nano));
    was_complete = true;
    begin(4000); /* what it did not observe either is gone when it was complete */
    begin(5000);
    tachoi_async_storage_observe_i64(storage, 9, SET(1));
    cr_assert(ne(u64, point_of(1)->series.id, first.series.id));
}

/* A callback that never comes to its end does not make the storage grow beyond its limit twice. */
Test(async_storage, incomplete_collections_leave_a_bounded_number_behind, .fini = stop) {
    enum { LIMIT = 10 };
    start(&sum_i64, LIMIT);
    was_complete = false;
    for (int64_t round = 0; round < 20; round++) {
        begin(1000 + (uint64_t)round);
        for (int64_t i = 0; i < LIMIT; i++) {
            tachoi_async_storage_observe_i64(storage, 1, SET(round * LIMIT + i));
        }
        cr_assert(eq(sz, collect().count, LIMIT));
        cr_assert(le(sz, tachoi_async_storage_series_count(storage), 2 * LIMIT + 1));
    }
}

/* --- deltas --- */

static int64_t total_i64(const struct tachoi_points *points) {
    uint64_t total = 0;
    for (size_t i = 0; i < points->count; i++) {
        total += (uint64_t)((const tacho_number_point *)points->items)[i].value.i64;
    }
    return (int64_t)total;
}

/* ASYNC-06, TIME-01, TIME-04, TIME-06 */
Test(async_storage, delta_points_tell_the_growth_and_share_a_start, .fini = stop) {
    start_delta(&sum_i64, 10);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 5, SET(1));
    const tacho_number_point first = *point_of(1);
    cr_assert(eq(i64, first.value.i64, 5));
    cr_assert(eq(u64, first.start_time_unix_nano, CREATED));
    cr_assert(eq(u64, first.time_unix_nano, 1000));
    begin(2000);
    tachoi_async_storage_observe_i64(storage, 100, SET(1)); /* the last one counts */
    tachoi_async_storage_observe_i64(storage, 12, SET(1));
    tachoi_async_storage_observe_i64(storage, 3, SET(2));
    const struct tachoi_points points = collect();
    cr_assert(eq(sz, points.count, 2));
    const tacho_number_point *known = find_point(&points, 1);
    const tacho_number_point *new = find_point(&points, 2);
    cr_assert(eq(i64, known->value.i64, 7));
    cr_assert(eq(u64, known->series.id, first.series.id));
    cr_assert(eq(i64, new->value.i64, 3));
    cr_assert(eq(u64, known->start_time_unix_nano, 1000));
    cr_assert(eq(u64, new->start_time_unix_nano, 1000));
    begin(3000);
    tachoi_async_storage_observe_i64(storage, 2, SET(1));
    cr_assert(eq(i64, point_of(1)->value.i64, -10), "an up-down counter may fall");
}

/* ASYNC-06 */
Test(async_storage, delta_doubles_subtract, .fini = stop) {
    start_delta(&sum_f64, 10);
    begin(1000);
    tachoi_async_storage_observe_f64(storage, 0.5, SET(1));
    cr_assert(eq(dbl, point_of(1)->value.f64, 0.5));
    begin(2000);
    tachoi_async_storage_observe_f64(storage, 2.25, SET(1));
    cr_assert(eq(dbl, point_of(1)->value.f64, 1.75));
}

/* SDK-19: whole numbers wrap */
Test(async_storage, delta_integers_wrap, .fini = stop) {
    start_delta(&sum_i64, 10);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, INT64_MAX, SET(1));
    cr_assert(eq(i64, point_of(1)->value.i64, INT64_MAX));
    begin(2000);
    tachoi_async_storage_observe_i64(storage, INT64_MIN, SET(1));
    cr_assert(eq(i64, point_of(1)->value.i64, 1));
    begin(3000);
    tachoi_async_storage_observe_i64(storage, INT64_MAX, SET(1));
    cr_assert(eq(i64, point_of(1)->value.i64, -1));
}

/* ASYNC-05, ASYNC-06, TIME-02 */
Test(async_storage, a_set_that_was_gone_counts_from_zero, .fini = stop) {
    start_delta(&sum_i64, 10);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 5, SET(1));
    const uint64_t id = point_of(1)->series.id;
    begin(2000);
    cr_assert(eq(sz, collect().count, 0));
    begin(3000);
    tachoi_async_storage_observe_i64(storage, 8, SET(1));
    const tacho_number_point again = *point_of(1);
    cr_assert(eq(i64, again.value.i64, 8));
    cr_assert(ne(u64, again.series.id, id));
    cr_assert(eq(u64, again.start_time_unix_nano, 2000));
}

/* ASYNC-06 */
Test(async_storage, an_incomplete_collection_keeps_what_was_reported, .fini = stop) {
    start_delta(&sum_i64, 10);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 5, SET(1));
    cr_assert(eq(i64, point_of(1)->value.i64, 5));
    begin(2000);
    cr_assert(eq(sz, collect().count, 0));
    was_complete = false;
    begin(3000);
    tachoi_async_storage_observe_i64(storage, 8, SET(1));
    cr_assert(eq(i64, point_of(1)->value.i64, 3));
    was_complete = true;
}

/* TIME-03, TIME-04, TIME-06: gauges have no differences, but intervals */
Test(async_storage, delta_gauges_tell_the_value, .fini = stop) {
    start_delta(&last_f64, 10);
    begin(1000);
    tachoi_async_storage_observe_f64(storage, 5, SET(1));
    cr_assert(eq(dbl, point_of(1)->value.f64, 5));
    cr_assert(eq(u64, point_of(1)->start_time_unix_nano, CREATED));
    begin(2000);
    tachoi_async_storage_observe_f64(storage, 4, SET(1));
    cr_assert(eq(dbl, point_of(1)->value.f64, 4));
    cr_assert(eq(u64, point_of(1)->start_time_unix_nano, 1000));
    begin(3000);
    cr_assert(eq(sz, collect().count, 0));
}

/* CARD-04, CARD-08, ASYNC-06 */
Test(async_storage, the_overflow_series_of_deltas_tells_its_growth, .fini = stop) {
    start_delta(&sum_i64, 1);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 1, SET(1));
    tachoi_async_storage_observe_i64(storage, 10, SET(2));
    tachoi_async_storage_observe_i64(storage, 20, SET(3));
    cr_assert(eq(i64, point_of(-1)->value.i64, 30));
    begin(2000);
    tachoi_async_storage_observe_i64(storage, 2, SET(1));
    tachoi_async_storage_observe_i64(storage, 11, SET(2));
    tachoi_async_storage_observe_i64(storage, 22, SET(3));
    cr_assert(eq(i64, point_of(-1)->value.i64, 3));
    begin(3000);
    tachoi_async_storage_observe_i64(storage, 2, SET(1));
    cr_assert(eq(sz, collect().count, 1), "not observed: no point");
    begin(4000);
    tachoi_async_storage_observe_i64(storage, 2, SET(1));
    tachoi_async_storage_observe_i64(storage, 12, SET(2));
    cr_assert(eq(i64, point_of(-1)->value.i64, 12), "from zero, as it was gone");
    cr_assert(eq(u64, point_of(-1)->start_time_unix_nano, 3000));
}

/* CARD-08, CARD-09, ASYNC-07: whichever sets come first, all points together tell the growth */
Test(async_storage, sets_that_change_places_with_the_overflow_are_counted_once, .fini = stop) {
    enum { SETS = 12, LIMIT = 5, ROUNDS = 200 };
    start_delta(&sum_i64, LIMIT);
    uint64_t random = 7;
    int64_t values[SETS] = {0};
    int64_t expected = 0;
    int64_t reported = 0;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        begin(round * 1000);
        expected = 0;
        random = random * 6364136223846793005U + 1442695040888963407U;
        const int64_t first = (int64_t)((random >> 33) % SETS);
        const int64_t step = (random >> 60) % 2 != 0 ? 5 : 7; /* both prime to SETS */
        for (int64_t i = 0; i < SETS; i++) {
            const int64_t set = (first + i * step) % SETS;
            values[set] += (int64_t)((random >> (i * 2)) % 10);
            expected += values[set];
            tachoi_async_storage_observe_i64(storage, values[set], SET(set));
        }
        const struct tachoi_points points = collect();
        cr_assert(eq(sz, points.count, LIMIT + 1));
        reported += total_i64(&points);
        cr_assert(eq(i64, reported, expected), "round %d", (int)round);
    }
}

/* CARD-09 */
Test(async_storage, what_a_set_had_reported_goes_into_the_overflow_once, .fini = stop) {
    start_delta(&sum_i64, 1);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 10, SET(1));
    cr_assert(eq(i64, point_of(1)->value.i64, 10));
    begin(2000);
    tachoi_async_storage_observe_i64(storage, 1, SET(2));
    tachoi_async_storage_observe_i64(storage, 12, SET(1));
    tachoi_async_storage_observe_i64(storage, 12, SET(1)); /* beyond the limit it adds up */
    cr_assert(eq(i64, point_of(-1)->value.i64, 14));
}

/* A collection that memory was too short for reports nothing, so the next one has it all. */
Test(async_storage, what_could_not_be_read_comes_with_the_next_collection) {
    bool has_failed = true;
    for (uint64_t k = 1; has_failed; k++) {
        start_delta(&sum_i64, 100);
        int64_t reported = 0;
        begin(1000);
        for (int64_t i = 0; i < 100; i++) {
            tachoi_async_storage_observe_i64(storage, 10, SET(i));
        }
        struct tachoi_points points = {0};
        tachoi_alloc_fail_at(k);
        const bool is_read = tachoi_async_storage_collect(storage, &arena, &points);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, is_read, !has_failed));
        reported += total_i64(&points);
        begin(2000);
        for (int64_t i = 0; i < 100; i++) {
            tachoi_async_storage_observe_i64(storage, 11, SET(i));
        }
        points = collect();
        cr_assert(eq(sz, points.count, 100));
        reported += total_i64(&points);
        cr_assert(eq(i64, reported, 1100), "allocation %d", (int)k);
        stop();
    }
}

/* --- sets that a filter makes one --- */

#define PAIR(id, left_out) TACHO_ATTRS(TACHO_I64("id", (id)), TACHO_I64("left.out", (left_out)))

static struct tachoi_attribute_filter *keep_id(void) {
    const tacho_string kept = tacho_string_from("id");
    struct tachoi_attribute_filter *filter = NULL;
    cr_assert(eq(int,
                 tachoi_attribute_filter_create((struct tachoi_key_list){&kept, 1},
                                                (struct tachoi_key_list){NULL, 0}, &filter),
                 TACHO_OK));
    return filter;
}

static void start_filtered(const struct tachoi_aggregation *aggregation, uint32_t limit,
                           bool is_delta, const struct tachoi_attribute_filter *filter) {
    start_with((struct tachoi_storage_config){
        .aggregation = aggregation, .limit = limit, .is_delta = is_delta, .filter = filter});
}

/* AGG-11, CARD-01: the limit counts what the filter leaves */
Test(async_storage, sums_that_a_filter_makes_one_add_up) {
    struct tachoi_attribute_filter *filter = keep_id();
    start_filtered(&sum_i64, 2, false, filter);
    begin(1000);
    for (int64_t i = 0; i < 10; i++) {
        tachoi_async_storage_observe_i64(storage, i, PAIR(i % 2, i));
    }
    const struct tachoi_points points = collect();
    cr_assert(eq(sz, points.count, 2));
    cr_assert(eq(i64, ((const tacho_number_point *)find_point(&points, 0))->value.i64, 20));
    cr_assert(eq(i64, ((const tacho_number_point *)find_point(&points, 1))->value.i64, 25));
    begin(2000); /* each collection adds up anew */
    tachoi_async_storage_observe_i64(storage, 7, PAIR(1, 1));
    tachoi_async_storage_observe_i64(storage, 7, PAIR(1, 1)); /* each observation counts */
    tachoi_async_storage_observe_i64(storage, 7, PAIR(1, 2));
    cr_assert(eq(i64, point_of(1)->value.i64, 21));
    begin(3000);
    tachoi_async_storage_observe_i64(storage, INT64_MAX, PAIR(1, 1));
    tachoi_async_storage_observe_i64(storage, 1, PAIR(1, 2));
    cr_assert(eq(i64, point_of(1)->value.i64, INT64_MIN), "they wrap as other sums do");
    stop();
    tachoi_attribute_filter_destroy(filter);
}

/* AGG-11, ASYNC-06 */
Test(async_storage, filtered_deltas_are_differences_of_the_added_up) {
    struct tachoi_attribute_filter *filter = keep_id();
    start_filtered(&sum_f64, 10, true, filter);
    begin(1000);
    tachoi_async_storage_observe_f64(storage, 1, PAIR(1, 1));
    tachoi_async_storage_observe_f64(storage, 2, PAIR(1, 2));
    cr_assert(eq(dbl, point_of(1)->value.f64, 3));
    begin(2000);
    tachoi_async_storage_observe_f64(storage, 1.5, PAIR(1, 1));
    tachoi_async_storage_observe_f64(storage, 4, PAIR(1, 2));
    cr_assert(eq(dbl, point_of(1)->value.f64, 2.5));
    stop();
    tachoi_attribute_filter_destroy(filter);
}

Test(async_storage, filtered_last_values_overwrite_each_other) {
    struct tachoi_attribute_filter *filter = keep_id();
    start_filtered(&last_i64, 10, false, filter);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 5, PAIR(1, 1));
    tachoi_async_storage_observe_i64(storage, 6, PAIR(1, 2));
    cr_assert(eq(sz, collect().count, 1));
    cr_assert(eq(i64, point_of(1)->value.i64, 6));
    stop();
    tachoi_attribute_filter_destroy(filter);
}

/* --- exemplars --- */

static bool never_asked(tacho_context *out, void *user) {
    (void)out;
    (void)user;
    cr_assert(false, "observations have no context");
    return true;
}

static void start_with_exemplars(tacho_exemplar_filter which, bool is_delta, uint32_t limit,
                                 const struct tachoi_attribute_filter *filter) {
    fake_unix_ns = 500;
    start_with((struct tachoi_storage_config){
        .aggregation = &sum_i64,
        .limit = limit,
        .is_delta = is_delta,
        .filter = filter,
        .exemplars = &(struct tachoi_exemplar_policy){
            .filter = which,
            .context = tacho_spi_context(),
            .clock = &fake_clock,
            .kind = TACHO_INSTRUMENT_OBSERVABLE_COUNTER,
            .number_type = TACHO_NUMBER_I64,
            .temporality = is_delta ? TACHO_TEMPORALITY_DELTA : TACHO_TEMPORALITY_CUMULATIVE,
            .attribute_filter = filter,
        }});
}

/* EXM-13: what the filter left out is with the exemplar */
Test(async_storage, exemplars_carry_what_the_point_does_not) {
    struct tachoi_attribute_filter *filter = keep_id();
    tacho_context_set_hook(never_asked, NULL);
    start_with_exemplars(TACHO_EXEMPLAR_FILTER_ALWAYS_ON, true, 10, filter);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 5, PAIR(1, 77));
    const tacho_number_point *point = point_of(1);
    cr_assert(eq(sz, point->exemplars.count, 1));
    const tacho_exemplar *exemplar = tacho_exemplars_at(&point->exemplars, 0);
    cr_assert(eq(i64, exemplar->value.i64, 5));
    cr_assert(eq(u64, exemplar->time_unix_nano, 500));
    cr_assert(eq(sz, exemplar->filtered_attributes.count, 1));
    cr_assert(eq(i64, exemplar->filtered_attributes.items[0].value.as.i64, 77));
    begin(2000);
    tachoi_async_storage_observe_i64(storage, 6, SET(1));
    exemplar = tacho_exemplars_at(&point_of(1)->exemplars, 0);
    cr_assert(eq(i64, exemplar->value.i64, 6), "the value observed, not the difference");
    cr_assert(eq(sz, exemplar->filtered_attributes.count, 0));
    stop();
    tachoi_attribute_filter_destroy(filter);
}

/* EXM-13: points of the overflow series carry nothing of what was observed */
Test(async_storage, exemplars_of_the_overflow_series_carry_everything, .fini = stop) {
    start_with_exemplars(TACHO_EXEMPLAR_FILTER_ALWAYS_ON, false, 0, NULL);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 5, PAIR(1, 77));
    const tacho_number_point *point = point_of(-1);
    cr_assert(eq(sz, point->exemplars.count, 1));
    cr_assert(eq(sz, tacho_exemplars_at(&point->exemplars, 0)->filtered_attributes.count, 2));
}

Test(async_storage, without_a_sampled_span_there_are_no_trace_based_exemplars, .fini = stop) {
    start_with_exemplars(TACHO_EXEMPLAR_FILTER_TRACE_BASED, false, 10, NULL);
    tacho_context_set_hook(never_asked, NULL);
    begin(1000);
    tachoi_async_storage_observe_i64(storage, 5, SET(1));
    cr_assert(eq(sz, point_of(1)->exemplars.count, 0));
}

/* Reservoirs end with the sets that are forgotten; AddressSanitizer watches. */
Test(async_storage, exemplars_end_with_their_series, .fini = stop) {
    start_with_exemplars(TACHO_EXEMPLAR_FILTER_ALWAYS_ON, true, 10, NULL);
    for (int64_t round = 0; round < 5; round++) {
        begin(1000 + (uint64_t)round);
        tachoi_async_storage_observe_i64(storage, 5, SET(round));
        cr_assert(eq(sz, collect().count, 1));
        cr_assert(le(sz, tachoi_async_storage_series_count(storage), 3));
    }
}

/* --- the number of series --- */

struct counting {
    _Atomic(bool) ends;
    size_t largest;
};

static void *count_series(void *user) {
    struct counting *counting = user;
    while (!atomic_load_explicit(&counting->ends, memory_order_relaxed)) {
        const size_t count = tachoi_async_storage_series_count(storage);
        counting->largest = count > counting->largest ? count : counting->largest;
    }
    return NULL;
}

Test(async_storage, series_are_counted_from_any_thread, .fini = stop) {
    start(&sum_i64, 5);
    cr_assert(eq(sz, tachoi_async_storage_series_count(storage), 1), "the overflow series");
    struct counting counting = {.ends = false};
    pthread_t counter;
    cr_assert(eq(int, pthread_create(&counter, NULL, count_series, &counting), 0));
    for (int64_t round = 0; round < 500; round++) {
        begin(1000 + (uint64_t)round);
        for (int64_t i = 0; i < round % 8; i++) {
            tachoi_async_storage_observe_i64(storage, 1, SET(i));
        }
    }
    atomic_store_explicit(&counting.ends, true, memory_order_relaxed);
    pthread_join(counter, NULL);
    cr_assert(le(sz, counting.largest, 6));
    begin(5000);
    begin(6000);
    cr_assert(eq(sz, tachoi_async_storage_series_count(storage), 1));
}
