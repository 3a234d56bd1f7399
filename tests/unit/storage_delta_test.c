/* SPDX-License-Identifier: Apache-2.0 */
/* Tests synchronous storages of delta temporality: each measurement is in one interval, each
 * interval has its own limit, and memory follows what is in use. */
#include "storage_fixture.h"

#include "base/clock.h"
#include "storage/sync_storage.h"
#include "tacho/status.h"

static struct tachoi_sync_storage *storage;
static struct tachoi_arena arena;

static void start(const struct tachoi_aggregation *aggregation, uint32_t limit) {
    fake_unix_ns = 1000;
    tachoi_arena_init(&arena, 0);
    storage = create_sync_of(&(struct tachoi_storage_config){
        .aggregation = aggregation, .limit = limit, .is_delta = true});
}

static void stop(void) {
    tachoi_sync_storage_destroy(storage);
    tachoi_arena_fini(&arena);
}

static struct tachoi_points collect(void) {
    fake_unix_ns += 1000;
    return collect_sync(storage, &arena);
}

static void record(int64_t id, int64_t value) {
    tachoi_sync_storage_record_i64(storage, value, SET(id));
}

static int64_t value_of(const struct tachoi_points *points, int64_t id) {
    const tacho_number_point *point = find_point(points, id);
    return point != NULL ? point->value.i64 : INT64_MIN;
}

static uint64_t id_of(const struct tachoi_points *points, int64_t id) {
    return ((const tacho_number_point *)find_point(points, id))->series.id;
}

static struct tachoi_series_visit look_up(int64_t id) {
    struct tachoi_series_visit visit;
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, SET(id));
    cr_assert(eq(int, tachoi_series_map_visit(&storage->map, &key, &visit), TACHOI_SERIES_FOUND));
    return visit;
}

/* TIME-02, TIME-04, TIME-05, TIME-06 */
Test(delta, points_tell_of_one_interval_each, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 5);
    record(2, 1);
    struct tachoi_points points = collect();
    const tacho_number_point *point = find_point(&points, 1);
    cr_assert(eq(i64, point->value.i64, 5));
    cr_assert(eq(u64, point->start_time_unix_nano, 1000)); /* of the instrument */
    cr_assert(eq(u64, point->time_unix_nano, 2000));
    record(1, 3);
    points = collect();
    point = find_point(&points, 1);
    cr_assert(eq(sz, points.count, 1)); /* set 2 was not measured */
    cr_assert(eq(i64, point->value.i64, 3));
    cr_assert(eq(u64, point->start_time_unix_nano, 2000));
    cr_assert(eq(u64, point->time_unix_nano, 3000));
    cr_assert(eq(sz, collect().count, 0));
    record(3, 1); /* a series of its own time, but the interval's start */
    record(1, 1);
    points = collect();
    cr_assert(
        eq(u64, ((const tacho_number_point *)find_point(&points, 3))->start_time_unix_nano, 4000));
    cr_assert(
        eq(u64, ((const tacho_number_point *)find_point(&points, 1))->start_time_unix_nano, 4000));
}

/* TIME-03 */
Test(delta, last_values_are_shown_only_if_recorded_since, .fini = stop) {
    start(&last_i64, 10);
    record(1, 5);
    record(2, 6);
    struct tachoi_points points = collect();
    cr_assert(eq(sz, points.count, 2));
    cr_assert(
        eq(u64, ((const tacho_number_point *)find_point(&points, 1))->start_time_unix_nano, 1000));
    record(2, 6); /* the same value is a measurement too */
    points = collect();
    cr_assert(eq(sz, points.count, 1));
    cr_assert(eq(i64, value_of(&points, 2), 6));
    cr_assert(
        eq(u64, ((const tacho_number_point *)find_point(&points, 2))->start_time_unix_nano, 2000));
}

Test(delta, a_zero_is_a_measurement, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 1);
    (void)collect();
    record(1, 0);
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 0));
}

/* AGG-10 */
Test(delta, histograms_begin_anew_with_each_interval, .fini = stop) {
    start(&histogram, 10);
    tachoi_sync_storage_record_f64(storage, 3, SET(1));
    tachoi_sync_storage_record_f64(storage, 3000, SET(1));
    (void)collect();
    tachoi_sync_storage_record_f64(storage, 30, SET(1));
    const struct tachoi_points points = collect();
    const tacho_histogram_point *point = find_point(&points, 1);
    cr_assert(eq(u64, point->count, 1));
    cr_assert(eq(dbl, point->sum, 30));
    cr_assert(eq(dbl, point->min, 30));
    cr_assert(eq(dbl, point->max, 30));
    cr_assert(eq(u64, point->bucket_counts[1], 0));
    cr_assert(eq(u64, point->bucket_counts[4], 1)); /* (25, 50] */
}

/* AGG-10 */
Test(delta, exponential_histograms_begin_anew_with_each_interval, .fini = stop) {
    start(&exponential, 10);
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    tachoi_sync_storage_record_f64(storage, 1e9, SET(1));
    tachoi_sync_storage_record_f64(storage, -4, SET(1));
    tachoi_sync_storage_record_f64(storage, 0, SET(1));
    struct tachoi_points points = collect();
    const tacho_exponential_histogram_point *point = find_point(&points, 1);
    cr_assert(eq(sz, points.size, sizeof *point));
    cr_assert(eq(u64, point->count, 4));
    cr_assert(eq(u64, point->zero_count, 1));
    cr_assert(eq(sz, point->negative.count, 1));
    cr_assert(eq(dbl, point->min, -4));
    cr_assert(lt(int, point->scale, TACHOI_EXPONENTIAL_MAX_SCALE));
    tachoi_sync_storage_record_f64(storage, 2, SET(1));
    points = collect();
    point = find_point(&points, 1);
    cr_assert(eq(u64, point->count, 1));
    cr_assert(eq(dbl, point->sum, 2));
    cr_assert(eq(dbl, point->max, 2));
    cr_assert(eq(u64, point->zero_count, 0));
    cr_assert(eq(int, point->scale, TACHOI_EXPONENTIAL_MAX_SCALE));
    cr_assert(eq(sz, point->positive.count, 1));
    cr_assert(eq(u64, point->positive.counts[0], 1));
    cr_assert(eq(sz, point->negative.count, 0));
}

/* CARD-05, CARD-07, CARD-08 */
Test(delta, each_interval_has_its_full_limit, .fini = stop) {
    start(&sum_i64, 3);
    for (int64_t interval = 0; interval < 5; interval++) {
        for (int64_t i = 0; i < 5; i++) {
            record(interval * 5 + i, 1 << i);
        }
        const struct tachoi_points points = collect();
        cr_assert(eq(sz, points.count, 4));
        for (int64_t i = 0; i < 3; i++) {
            cr_assert(eq(i64, value_of(&points, interval * 5 + i), 1 << i));
        }
        cr_assert(eq(i64, value_of(&points, -1), 8 + 16));
    }
}

/* CARD-05. The places belong to those who come first in the interval, not to those of the last. */
Test(delta, sets_of_the_last_interval_have_no_claim, .fini = stop) {
    start(&sum_i64, 1);
    record(1, 1);
    (void)collect();
    record(2, 2);
    record(1, 4);
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 2), 2));
    cr_assert(eq(i64, value_of(&points, -1), 4));
    cr_assert(eq(i64, value_of(&points, 1), INT64_MIN));
}

Test(delta, a_series_in_use_keeps_memory_and_identity, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 1);
    struct tachoi_points points = collect();
    const uint64_t id = id_of(&points, 1);
    for (int i = 0; i < 10; i++) {
        record(1, 1);
        points = collect();
        cr_assert(eq(u64, id_of(&points, 1), id));
    }
    cr_assert(eq(sz, tachoi_sync_storage_series_count(storage), 2));
    (void)collect();
    cr_assert(eq(sz, tachoi_sync_storage_series_count(storage), 1)); /* not used for an interval */
    record(1, 1);
    points = collect();
    cr_assert(ne(u64, id_of(&points, 1), id));
}

/* INST-19, INST-21, API-46 */
Test(delta, a_bound_series_stays_across_collections, .fini = stop) {
    start(&sum_i64, 2);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    tachoi_bound_series_record_i64(bound, 1, NULL);
    struct tachoi_points points = collect();
    const uint64_t id = id_of(&points, 1);
    for (int i = 0; i < 5; i++) {
        cr_assert(eq(sz, collect().count, 0)); /* without measurements no point */
    }
    tachoi_bound_series_record_i64(bound, 2, NULL);
    record(1, 4); /* by its attributes, the same series */
    points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 6));
    cr_assert(eq(u64, id_of(&points, 1), id));
    tachoi_bound_series_release(bound);
    (void)collect();
    (void)collect();
    cr_assert(eq(sz, tachoi_sync_storage_series_count(storage), 1));
}

/* INST-20, CARD-05 */
Test(delta, a_bound_series_keeps_its_place_in_every_interval, .fini = stop) {
    start(&sum_i64, 2);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    for (int64_t i = 10; i < 15; i++) {
        record(i, 1);
        record(i + 100, 1); /* beyond the limit: the bound one has a place though it is not used */
        const struct tachoi_points points = collect();
        cr_assert(eq(i64, value_of(&points, i), 1));
        cr_assert(eq(i64, value_of(&points, -1), 1));
    }
    record(20, 1);
    tachoi_bound_series_release(bound); /* keeps the place to the interval's end */
    record(21, 1);
    struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, -1), 1));
    record(22, 1);
    record(23, 1);
    points = collect();
    cr_assert(eq(i64, value_of(&points, -1), INT64_MIN));
    cr_assert(eq(sz, points.count, 2));
}

/* INST-20 */
Test(delta, each_bind_is_judged_at_its_moment, .fini = stop) {
    start(&sum_i64, 1);
    record(1, 1);
    struct tachoi_bound_series *beyond = tachoi_sync_storage_bind(storage, SET(2));
    (void)collect();
    struct tachoi_bound_series *own = tachoi_sync_storage_bind(storage, SET(2));
    tachoi_bound_series_record_i64(beyond, 10, NULL);
    tachoi_bound_series_record_i64(own, 1, NULL);
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, -1), 10));
    cr_assert(eq(i64, value_of(&points, 2), 1));
    tachoi_bound_series_release(beyond);
    tachoi_bound_series_release(own);
}

/* CARD-09. What a recorder adds after the collection has read its series is in the next one. */
Test(delta, a_recorder_caught_by_the_collection_is_in_the_next_one, .fini = stop) {
    start(&sum_i64, 10);
    for (int i = 0; i < 3; i++) {
        (void)collect(); /* not the first epochs */
    }
    record(1, 1);
    const struct tachoi_series_visit visit = look_up(1);
    struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 1));
    for (int i = 0; i < 5; i++) {
        cr_assert(eq(sz, collect().count, 0));
        cr_assert(eq(sz, tachoi_sync_storage_series_count(storage), 2)); /* waits for it */
    }
    tachoi_series_record_i64(visit.series, 3);
    tachoi_series_map_leave(&visit);
    points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 3));
    (void)collect();
    cr_assert(eq(sz, tachoi_sync_storage_series_count(storage), 1));
    (void)collect();
    cr_assert(eq(ptr, storage->map.limbo, NULL));
}

/* CARD-01. A set that is recorded for the first time while the collection runs waits. */
Test(delta, what_begins_after_the_roll_over_is_not_in_the_round, .fini = stop) {
    struct tachoi_series_round round;
    start(&sum_i64, 10);
    record(1, 1);
    record(2, 1);
    (void)collect();
    record(1, 1);
    tachoi_series_map_roll_over(&storage->map, &round);
    struct tachoi_series_visit first = look_up(1);  /* in both intervals */
    struct tachoi_series_visit second = look_up(2); /* in the new one alone */
    struct tachoi_series_visit third = look_up(3);  /* new */
    cr_assert(tachoi_series_round_has(&round, first.series));
    cr_assert(not(tachoi_series_round_has(&round, second.series)));
    cr_assert(not(tachoi_series_round_has(&round, third.series)));
    cr_assert(eq(sz, round.count, 3));
    tachoi_series_map_leave(&first);
    tachoi_series_map_leave(&second);
    tachoi_series_map_leave(&third);
}

/* A handle that is released while the collection runs takes nothing out of it. */
Test(delta, a_release_behind_the_roll_over_leaves_the_series_in_the_round, .fini = stop) {
    struct tachoi_series_round round;
    start(&sum_i64, 10);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    (void)collect();
    (void)collect();
    tachoi_bound_series_record_i64(bound, 3, NULL);
    tachoi_series_map_roll_over(&storage->map, &round);
    tachoi_bound_series_release(bound);
    const struct tachoi_series_visit visit = look_up(1);
    cr_assert(tachoi_series_round_has(&round, visit.series));
    tachoi_series_map_leave(&visit);
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 3));
}

/* CARD-05. It had its place as a bound one, in an interval that it was not looked up in. */
Test(delta, a_released_series_keeps_its_place_to_the_end_of_the_interval, .fini = stop) {
    start(&sum_i64, 2);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    for (int i = 0; i < 3; i++) {
        (void)collect();
    }
    tachoi_bound_series_release(bound);
    record(2, 1);
    record(1, 2);
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 2));
    cr_assert(eq(i64, value_of(&points, 2), 1));
    cr_assert(eq(sz, points.count, 2));
}

/* A reservoir through which a test acts in the middle of a collection. */
static int64_t recorded_meanwhile;

static void *make_reservoir(void *user, const tacho_exemplar_reservoir_config *config) {
    (void)config;
    return user;
}
static void ignore_offer(void *self, const tacho_exemplar_measurement *measurement) {
    (void)self;
    (void)measurement;
}
static void record_instead(void *self, tacho_exemplar_sink_fn sink, void *sink_self) {
    (void)self;
    (void)sink;
    (void)sink_self;
    if (recorded_meanwhile != 0) {
        const int64_t set = recorded_meanwhile;
        recorded_meanwhile = 0;
        record(set, 1);
    }
}
static const tacho_exemplar_reservoir_ops acting_ops = {.struct_size = sizeof acting_ops,
                                                        .create = make_reservoir,
                                                        .offer = ignore_offer,
                                                        .collect = record_instead};

/* CARD-01, CARD-07. Else more sets than the limit could be in one collection. */
Test(delta, a_set_that_comes_back_while_the_collection_runs_waits_for_the_next, .fini = stop) {
    static int anything;
    fake_unix_ns = 1000;
    tachoi_arena_init(&arena, 0);
    storage = create_sync_of(&(struct tachoi_storage_config){
        .aggregation = &sum_i64,
        .limit = 10,
        .is_delta = true,
        .exemplars = &(struct tachoi_exemplar_policy){.filter = TACHO_EXEMPLAR_FILTER_ALWAYS_ON,
                                                      .context = tacho_spi_context(),
                                                      .ops = &acting_ops,
                                                      .user = &anything,
                                                      .clock = &fake_clock,
                                                      .temporality = TACHO_TEMPORALITY_DELTA}});
    record(1, 1);
    record(2, 1);
    (void)collect();
    record(1, 1);
    recorded_meanwhile = 2;
    struct tachoi_points points = collect(); /* the point of 1 is made first */
    cr_assert(eq(i64, recorded_meanwhile, 0));
    cr_assert(eq(sz, points.count, 1));
    cr_assert(eq(i64, value_of(&points, 1), 1));
    points = collect();
    cr_assert(eq(sz, points.count, 1));
    cr_assert(eq(i64, value_of(&points, 2), 1));
}

/* TIME-06. Nothing was taken, so the interval goes on. */
Test(delta, a_collection_without_any_point_for_lack_of_memory_begins_no_interval, .fini = stop) {
    struct tachoi_arena none;
    struct tachoi_points points = {0};
    start(&sum_i64, 10);
    record(1, 1);
    tachoi_arena_init(&none, 1);
    cr_assert(not(
        tachoi_sync_storage_collect(storage, (struct tachoi_moment){1500, 1500}, &none, &points)));
    tachoi_arena_fini(&none);
    cr_assert(eq(sz, points.count, 0));
    points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 1));
    cr_assert(
        eq(u64, ((const tacho_number_point *)find_point(&points, 1))->start_time_unix_nano, 1000));
}

Test(delta, an_empty_histogram_is_no_point, .fini = stop) {
    start(&histogram, 10);
    tachoi_sync_storage_record_f64(storage, 3, SET(1));
    (void)collect();
    struct tachoi_series_visit visit = look_up(1);
    /* as a recorder does whose measurement was taken before it set the mark */
    atomic_fetch_or(&visit.series->use, TACHOI_SERIES_TOUCHED);
    tachoi_series_map_leave(&visit);
    cr_assert(eq(sz, collect().count, 0));
}

Test(delta, a_removed_series_is_shown_once_more_and_makes_room, .fini = stop) {
    start(&sum_i64, 1);
    record(1, 5);
    cr_assert(eq(int, tachoi_sync_storage_remove(storage, SET(1)), TACHO_OK));
    record(2, 7);
    struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 5));
    cr_assert(eq(i64, value_of(&points, 2), 7));
    cr_assert(eq(sz, tachoi_sync_storage_series_count(storage), 2));
    record(2, 1);
    cr_assert(eq(int, tachoi_sync_storage_remove(storage, SET(2)), TACHO_OK));
    record(2, 1); /* goes on */
    points = collect();
    cr_assert(eq(i64, value_of(&points, 2), 2));
}

Test(delta, a_start_is_before_its_point_when_the_clock_steps_back, .fini = stop) {
    struct tachoi_points points = {0};
    start(&sum_i64, 10);
    record(1, 1);
    fake_unix_ns = 20 * TACHOI_NS_PER_MS;
    (void)collect_sync(storage, &arena);
    record(1, 1);
    fake_unix_ns = 10 * TACHOI_NS_PER_MS;
    points = collect_sync(storage, &arena);
    const tacho_number_point *point = find_point(&points, 1);
    cr_assert(eq(u64, point->time_unix_nano, 10 * TACHOI_NS_PER_MS));
    cr_assert(eq(u64, point->start_time_unix_nano, 9 * TACHOI_NS_PER_MS));
}

/** The sum of all points, in the unit of the measurements. */
static uint64_t total_of(const struct tachoi_points *points) {
    const enum tachoi_aggregation_kind kind = storage->family.aggregation.kind;
    uint64_t total = 0;
    for (size_t i = 0; i < points->count; i++) {
        const void *item = (const char *)points->items + i * points->size;
        if (kind == TACHOI_AGGREGATION_SUM) {
            total += (uint64_t)((const tacho_number_point *)item)->value.f64;
        } else if (kind == TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM) {
            total += ((const tacho_histogram_point *)item)->count;
        } else {
            total += ((const tacho_exponential_histogram_point *)item)->count;
        }
    }
    return total;
}

/* CARD-09 */
Test(delta, a_collection_without_memory_loses_nothing, .fini = stop) {
    static const struct tachoi_aggregation *const kinds[] = {&sum_f64, &histogram, &exponential};
    for (size_t kind = 0; kind < 3; kind++) {
        start(kinds[kind], 10);
        uint64_t recorded = 0;
        uint64_t collected = 0;
        size_t partial = 0;
        for (size_t max_bytes = 64, complete = 0; complete == 0; max_bytes += 64) {
            for (int64_t i = 0; i < 5; i++) {
                tachoi_sync_storage_record_f64(storage, 1, SET(i));
                recorded++;
            }
            struct tachoi_arena small;
            struct tachoi_points points = {0};
            tachoi_arena_init(&small, max_bytes);
            fake_unix_ns += 1000;
            complete = tachoi_sync_storage_collect(
                storage, (struct tachoi_moment){fake_unix_ns, fake_unix_ns}, &small, &points);
            collected += total_of(&points);
            partial += complete == 0 && points.count != 0;
            tachoi_arena_fini(&small);
        }
        cr_assert(gt(sz, partial, 0));
        const struct tachoi_points points = collect();
        collected += total_of(&points);
        cr_assert(eq(u64, collected, recorded));
        if (kind < 2) {
            stop();
        }
    }
}

/* CARD-09 */
Test(delta, recording_without_memory_is_counted, .fini = stop) {
    start(&sum_i64, 100);
    int64_t recorded = 0;
    int64_t collected = 0;
    for (int64_t i = 0; i < 90; i++) {
        tachoi_alloc_fail_at(1 + (uint64_t)i % 3);
        record(i, 1);
        recorded++;
        tachoi_alloc_fail_at(0);
        if (i % 20 == 19) {
            const struct tachoi_points points = collect();
            collected += (int64_t)points.count;
        }
    }
    const struct tachoi_points points = collect();
    collected += (int64_t)points.count;
    struct tachoi_storage_drops drops = {0};
    tachoi_sync_storage_take_drops(storage, &drops);
    cr_assert(gt(u64, drops.no_memory, 0));
    cr_assert(eq(i64, recorded, collected + (int64_t)drops.no_memory));
}

Test(delta, creating_fails_cleanly_without_memory) {
    for (uint64_t k = 1;; k++) {
        struct tachoi_sync_storage *made = NULL;
        tachoi_alloc_fail_at(k);
        const int status = tachoi_sync_storage_create(
            &(struct tachoi_storage_config){
                .aggregation = &exponential, .limit = 5, .is_delta = true, .clock = &fake_clock},
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
}

/* Address sanitizer tells if anything is freed too early or not at all. */
Test(delta, memory_stays_flat_however_many_sets_come_and_go, .fini = stop) {
    enum { ROUNDS = 1000, SETS = 100 };
    start(&sum_i64, TACHO_NO_LIMIT);
    int64_t collected = 0;
    for (int64_t round = 0; round < ROUNDS; round++) {
        for (int64_t i = 0; i < SETS; i++) {
            record(round * SETS + i, 1);
        }
        const struct tachoi_points points = collect();
        cr_assert(eq(sz, points.count, SETS));
        collected += SETS;
        size_t waiting = 0;
        struct tachoi_series *series = storage->map.limbo;
        for (; series != NULL; series = tachoi_series_map_next(series)) {
            waiting++;
        }
        cr_assert(le(sz, waiting, SETS)); /* those of the interval before */
        cr_assert(le(sz, tachoi_sync_storage_series_count(storage), SETS + 1));
        cr_assert(le(sz, atomic_load(&storage->map.table)->mask, 511));
    }
    cr_assert(eq(i64, collected, ROUNDS * SETS));
    size_t tables = 0;
    for (struct tachoi_series_table *t = storage->map.tables; t != NULL; t = t->next) {
        tables++;
    }
    cr_assert(le(sz, tables, 2));
}

/* TIME-12. A storage belongs to one reader: what one takes the other still has. */
Test(delta, two_readers_do_not_disturb_each_other, .fini = stop) {
    start(&sum_i64, 10);
    struct tachoi_arena other_arena;
    struct tachoi_sync_storage *other = create_sync(&sum_i64, 10);
    tachoi_arena_init(&other_arena, 0);
    for (int64_t i = 1; i <= 3; i++) {
        record(1, 2);
        tachoi_sync_storage_record_i64(other, 2, SET(1));
        const struct tachoi_points delta = collect();
        cr_assert(eq(i64, value_of(&delta, 1), 2));
        const struct tachoi_points cumulative = collect_sync(other, &other_arena);
        cr_assert(eq(i64, value_of(&cumulative, 1), 2 * i));
    }
    tachoi_sync_storage_destroy(other);
    tachoi_arena_fini(&other_arena);
}

static bool child_records_known_sets(void *user) {
    (void)user;
    struct tachoi_storage_drops drops = {0};
    record(1, 1); /* has a place in this interval */
    record(2, 1); /* had one in the last */
    record(3, 1); /* is unknown */
    tachoi_sync_storage_take_drops(storage, &drops);
    const struct tachoi_points points = collect();
    return drops.forked == 2 && value_of(&points, 1) == 2 && points.count == 1;
}

Test(delta, a_forked_child_takes_no_lock, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 1);
    record(2, 1);
    (void)collect();
    record(1, 1);
    (void)pthread_mutex_lock(&storage->map.lock); /* as another thread would at the fork */
    cr_assert(holds_in_child(child_records_known_sets, NULL));
    (void)pthread_mutex_unlock(&storage->map.lock);
}

static bool child_overflows(void *user) {
    (void)user;
    record(2, 5);
    const struct tachoi_points points = collect();
    return value_of(&points, -1) == 5;
}

Test(delta, a_forked_child_uses_the_overflow_series_beyond_a_full_limit, .fini = stop) {
    start(&sum_i64, 1);
    record(1, 1);
    cr_assert(holds_in_child(child_overflows, NULL));
}
