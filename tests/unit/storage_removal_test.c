/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the end of series: removal, idle expiry, and that no measurement and no memory is lost with
 * them. White-box where a recorder must be caught between looking a series up and recording. */
#include "storage_fixture.h"

#include "storage/sync_storage.h"
#include "tacho/status.h"

static struct tachoi_sync_storage *storage;
static struct tachoi_arena arena;

static void start_of(const struct tachoi_storage_config *config) {
    fake_unix_ns = 1000;
    tachoi_arena_init(&arena, 0);
    storage = create_sync_of(config);
}

static void start(const struct tachoi_aggregation *aggregation, uint32_t limit) {
    start_of(&(struct tachoi_storage_config){.aggregation = aggregation, .limit = limit});
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

static int remove_set(int64_t id) {
    return tachoi_sync_storage_remove(storage, SET(id));
}

/** INT64_MIN where there is no point. */
static int64_t value_of(const struct tachoi_points *points, int64_t id) {
    const tacho_number_point *point = find_point(points, id);
    return point != NULL ? point->value.i64 : INT64_MIN;
}

static bool has(const struct tachoi_points *points, int64_t id) {
    return find_point(points, id) != NULL;
}

static size_t series_count(void) {
    return tachoi_sync_storage_series_count(storage);
}

static struct tachoi_series *series_of(int64_t id) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, SET(id));
    return tachoi_series_map_find(&storage->map, &key);
}

/** A recorder between looking up and recording. */
static struct tachoi_series_visit look_up(int64_t id) {
    struct tachoi_series_visit visit;
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, SET(id));
    cr_assert(eq(int, tachoi_series_map_visit(&storage->map, &key, &visit), TACHOI_SERIES_FOUND));
    return visit;
}

static void end_visit(const struct tachoi_series_visit *visit, int64_t value) {
    tachoi_series_record_i64(visit->series, value);
    tachoi_series_map_leave(visit);
}

Test(removal, a_removed_series_is_shown_once_more_and_then_gone, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 5);
    record(2, 7);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    cr_assert(eq(sz, series_count(), 3)); /* until the collection */
    struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 5));
    cr_assert(eq(i64, value_of(&points, 2), 7));
    cr_assert(eq(sz, series_count(), 2));
    points = collect();
    cr_assert(not(has(&points, 1)));
    cr_assert(eq(i64, value_of(&points, 2), 7));
}

Test(removal, what_was_shown_already_is_not_shown_again, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 1);
    record(2, 1);
    cr_assert(eq(int, remove_set(1), TACHO_OK)); /* from now on touches are taken */
    (void)collect();
    cr_assert(eq(int, remove_set(2), TACHO_OK));
    const struct tachoi_points points = collect();
    cr_assert(eq(sz, points.count, 0));
    cr_assert(eq(sz, series_count(), 1));
}

Test(removal, a_series_without_a_measurement_goes_without_a_point, .fini = stop) {
    start(&sum_i64, 10);
    tachoi_bound_series_release(tachoi_sync_storage_bind(storage, SET(1)));
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    cr_assert(eq(sz, collect().count, 0));
    cr_assert(eq(sz, series_count(), 1));
}

Test(removal, unknown_sets_are_not_found, .fini = stop) {
    start(&sum_i64, 1);
    record(1, 1);
    record(2, 1); /* in the overflow series */
    cr_assert(eq(int, remove_set(2), TACHO_E_NOT_FOUND));
    cr_assert(eq(int, remove_set(3), TACHO_E_NOT_FOUND));
    cr_assert(eq(
        int,
        tachoi_sync_storage_remove(storage, TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", true))),
        TACHO_E_NOT_FOUND));
    cr_assert(not(tachoi_visits_are_counted(&storage->map.visits))); /* costs nothing */
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    cr_assert(eq(int, remove_set(1), TACHO_E_NOT_FOUND));
    (void)collect();
    cr_assert(eq(int, remove_set(1), TACHO_E_NOT_FOUND));
}

Test(removal, a_set_that_the_filter_cuts_down_is_not_found, .fini = stop) {
    const tacho_string kept = {"id", 2};
    struct tachoi_attribute_filter *filter = NULL;
    cr_assert(eq(int,
                 tachoi_attribute_filter_create((struct tachoi_key_list){&kept, 1},
                                                (struct tachoi_key_list){0}, &filter),
                 TACHO_OK));
    start_of(
        &(struct tachoi_storage_config){.aggregation = &sum_i64, .limit = 10, .filter = filter});
    const tacho_attributes wide = TACHO_ATTRS(TACHO_I64("id", 1), TACHO_I64("user", 7));
    tachoi_sync_storage_record_i64(storage, 5, wide);
    cr_assert(eq(int, tachoi_sync_storage_remove(storage, wide), TACHO_E_NOT_FOUND));
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    (void)collect();
    cr_assert(eq(sz, series_count(), 1));
    stop();
    storage = NULL;
    tachoi_attribute_filter_destroy(filter);
    tachoi_arena_init(&arena, 0);
}

/* INST-21, API-45 */
Test(removal, a_bound_series_is_busy, .fini = stop) {
    start(&sum_i64, 10);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    struct tachoi_bound_series *again = tachoi_sync_storage_bind(storage, SET(1));
    cr_assert(tachoi_sync_storage_is_bound(storage, SET(1)));
    cr_assert(not(tachoi_sync_storage_is_bound(storage, SET(2))));
    cr_assert(eq(int, remove_set(1), TACHO_E_BUSY));
    tachoi_bound_series_release(bound);
    cr_assert(eq(int, remove_set(1), TACHO_E_BUSY));
    tachoi_bound_series_record_i64(again, 3, NULL);
    tachoi_bound_series_release(again);
    cr_assert(not(tachoi_sync_storage_is_bound(storage, SET(1))));
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 3));
    cr_assert(eq(sz, series_count(), 1));
}

/* TIME-07 */
Test(removal, recording_before_the_collection_makes_the_series_go_on, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 5);
    struct tachoi_points points = collect();
    const tacho_number_point before = *(const tacho_number_point *)find_point(&points, 1);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    record(1, 2);
    points = collect();
    const tacho_number_point *after = find_point(&points, 1);
    cr_assert(eq(i64, after->value.i64, 7));
    cr_assert(eq(u64, after->series.id, before.series.id));
    cr_assert(eq(u64, after->start_time_unix_nano, before.start_time_unix_nano));
    points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 7));
}

Test(removal, binding_before_the_collection_makes_the_series_go_on, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 5);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    (void)collect();
    tachoi_bound_series_record_i64(bound, 1, NULL);
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 6));
    tachoi_bound_series_release(bound);
}

/* TIME-08, CARD-08 */
Test(removal, a_set_that_comes_back_is_a_new_series, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 5);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    struct tachoi_points points = collect();
    const uint64_t id = ((const tacho_number_point *)find_point(&points, 1))->series.id;
    fake_unix_ns = 9000;
    record(1, 2);
    points = collect();
    const tacho_number_point *point = find_point(&points, 1);
    cr_assert(eq(i64, point->value.i64, 2));
    cr_assert(ne(u64, point->series.id, id));
    cr_assert(eq(u64, point->start_time_unix_nano, 9000));
}

/* CARD-05, CARD-06 */
Test(removal, a_removed_series_makes_room_for_another_at_once, .fini = stop) {
    start(&sum_i64, 2);
    record(1, 1);
    record(2, 1);
    record(3, 10);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    record(4, 100);
    record(3, 10); /* no place was left */
    struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 4), 100));
    cr_assert(eq(i64, value_of(&points, -1), 20));
    cr_assert(eq(i64, value_of(&points, 1), 1)); /* for the last time */
    record(1, 1000);                             /* its place is taken by now */
    points = collect();
    cr_assert(not(has(&points, 1)));
    cr_assert(eq(i64, value_of(&points, -1), 1020));
}

Test(removal, without_a_place_a_removed_series_does_not_go_on, .fini = stop) {
    start(&sum_i64, 1);
    record(1, 5);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    record(2, 7);
    record(1, 11);
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 5));
    cr_assert(eq(i64, value_of(&points, 2), 7));
    cr_assert(eq(i64, value_of(&points, -1), 11));
}

/* CARD-09. The recorder is counted: the series waits for it, in the table and in the points. */
Test(removal, a_recorder_that_found_the_series_before_its_removal_is_waited_for, .fini = stop) {
    start(&sum_i64, 10);
    record(9, 1);
    cr_assert(eq(int, remove_set(9), TACHO_OK)); /* visits are counted from here on */
    (void)collect();
    record(1, 5);
    const struct tachoi_series_visit visit = look_up(1);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 5));
    cr_assert(eq(sz, series_count(), 2)); /* still there */
    points = collect();
    cr_assert(not(has(&points, 1)));
    end_visit(&visit, 3);
    points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 8));
    cr_assert(eq(sz, series_count(), 1));
    (void)collect();
    cr_assert(eq(ptr, storage->map.limbo, NULL)); /* freed */
}

/* CARD-09. Nobody knows when it ends, so the series is watched to the end. */
Test(removal, a_recorder_of_before_the_counting_is_seen_whenever_it_records, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 5);
    const struct tachoi_series_visit visit = look_up(1);
    cr_assert(eq(ptr, (void *)visit.running, NULL));
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    struct tachoi_points points = collect();
    const tacho_number_point last = *(const tacho_number_point *)find_point(&points, 1);
    for (int i = 0; i < 5; i++) {
        points = collect();
        cr_assert(eq(sz, points.count, 0));
    }
    end_visit(&visit, 3);
    points = collect();
    const tacho_number_point *point = find_point(&points, 1);
    cr_assert(eq(i64, point->value.i64, 8));
    cr_assert(eq(u64, point->series.id, last.series.id));
    cr_assert(eq(u64, point->start_time_unix_nano, last.start_time_unix_nano));
    points = collect();
    cr_assert(eq(sz, points.count, 0));
    cr_assert(eq(sz, series_count(), 1));
}

Test(removal, a_visit_that_began_uncounted_begins_anew, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 1);
    struct tachoi_series *series = NULL;
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, SET(1));
    struct tachoi_series_table *table = atomic_load(&storage->map.table);
    cr_assert(tachoi_series_table_find(table, &key, &storage->map.visits, &series));
    cr_assert(ne(ptr, series, NULL));
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    cr_assert(not(tachoi_series_table_find(table, &key, &storage->map.visits, &series)));
    const struct tachoi_series_visit visit = look_up(1);
    cr_assert(ne(ptr, (void *)visit.running, NULL));
    end_visit(&visit, 1);
}

/* The ring holds a measurement of the series: it is in a point before the series goes. */
Test(removal, what_waits_in_the_ring_is_not_lost, .fini = stop) {
    start(&histogram, 10);
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    struct tachoi_series *series = series_of(1);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    cr_assert(tachoi_overflow_ring_put(storage->family.ring, series, 2));
    struct tachoi_points points = collect();
    cr_assert(eq(u64, ((const tacho_histogram_point *)find_point(&points, 1))->count, 2));
    cr_assert(tachoi_overflow_ring_put(storage->family.ring, series, 3)); /* an uncounted visit */
    points = collect();
    cr_assert(eq(u64, ((const tacho_histogram_point *)find_point(&points, 1))->count, 3));
}

Test(removal, the_points_of_a_batch_stay_valid_until_the_next_one, .fini = stop) {
    start_of(&(struct tachoi_storage_config){
        .aggregation = &sum_i64, .limit = 10, .idle_ns = UINT64_MAX});
    tachoi_sync_storage_record_i64(storage, 1, TACHO_ATTRS(TACHO_STR("name", "a long name")));
    cr_assert(eq(int,
                 tachoi_sync_storage_remove(storage, TACHO_ATTRS(TACHO_STR("name", "a long name"))),
                 TACHO_OK));
    const struct tachoi_points points = collect();
    cr_assert(eq(sz, series_count(), 1));
    const tacho_number_point *point = points.items;
    const tacho_string name = point->attributes.items[0].value.as.string;
    cr_assert(eq(int, memcmp(name.data, "a long name", name.length), 0));
}

/* Address sanitizer tells if anything is freed too early or not at all. */
Test(removal, memory_stays_flat_however_many_series_come_and_go, .fini = stop) {
    enum { ROUNDS = 1000, SETS = 100 };
    start(&sum_i64, 2 * SETS);
    int64_t recorded = 0;
    int64_t collected = 0;
    for (int64_t round = 0; round < ROUNDS; round++) {
        for (int64_t i = 0; i < SETS; i++) {
            record(round * SETS + i, 1);
            recorded++;
            cr_assert(eq(int, remove_set(round * SETS + i), TACHO_OK));
        }
        const struct tachoi_points points = collect();
        for (size_t i = 0; i < points.count; i++) {
            collected += ((const tacho_number_point *)points.items)[i].value.i64;
        }
        cr_assert(eq(sz, series_count(), 1));
        cr_assert(le(sz, atomic_load(&storage->map.table)->mask, 511));
        size_t waiting = 0;
        struct tachoi_series *series = storage->map.limbo;
        for (; series != NULL; series = tachoi_series_map_next(series)) {
            waiting++;
        }
        cr_assert(le(sz, waiting, SETS));              /* those of this round */
        cr_assert(le(sz, storage->map.kept_count, 1)); /* the one that began the counting */
    }
    cr_assert(eq(i64, collected, recorded));
}

Test(removal, removing_needs_no_memory, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 1);
    tachoi_alloc_fail_at(1);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    cr_assert(tachoi_alloc_fail_pending());
    tachoi_alloc_fail_at(0);
}

Test(removal, the_last_point_survives_a_collection_without_memory, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 5);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    for (size_t max_bytes = 16;; max_bytes += 16) {
        struct tachoi_arena small;
        struct tachoi_points points = {0};
        tachoi_arena_init(&small, max_bytes);
        const bool is_complete = tachoi_sync_storage_collect(
            storage, (struct tachoi_moment){5000, 5000}, &small, &points);
        cr_assert(eq(sz, points.count, is_complete ? 1 : 0));
        tachoi_arena_fini(&small);
        if (is_complete) {
            break;
        }
    }
    cr_assert(eq(sz, series_count(), 1));
}

static bool child_removes_nothing(void *user) {
    (void)user;
    record(1, 1);
    const struct tachoi_points points = collect();
    return remove_set(1) == TACHO_E_FORKED && value_of(&points, 1) == 2 &&
           value_of(&points, 2) == 1 && series_count() == 3;
}

Test(removal, a_forked_child_ends_nothing_and_takes_no_lock, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 1);
    record(2, 1);
    cr_assert(eq(int, remove_set(2), TACHO_OK));
    (void)pthread_mutex_lock(&storage->map.lock); /* as another thread would at the fork */
    cr_assert(holds_in_child(child_removes_nothing, NULL));
    (void)pthread_mutex_unlock(&storage->map.lock);
    (void)collect();
    cr_assert(eq(sz, series_count(), 2));
}

static bool child_drops_a_removed_set(void *user) {
    (void)user;
    struct tachoi_storage_drops drops = {0};
    record(1, 1);
    tachoi_sync_storage_take_drops(storage, &drops);
    return drops.forked == 1;
}

Test(removal, a_forked_child_does_not_revive, .fini = stop) {
    start(&sum_i64, 10);
    record(1, 1);
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    cr_assert(holds_in_child(child_drops_a_removed_set, NULL));
}

/* --- memory --- */

/** Counts visits from the beginning, so that all that ends can be freed. */
static void start_counted(uint32_t limit) {
    start_of(&(struct tachoi_storage_config){
        .aggregation = &sum_i64, .limit = limit, .idle_ns = UINT64_MAX});
}

/* A visit that found the series after it had ended holds its memory; Address sanitizer watches. */
Test(removal, an_unlinked_series_waits_for_the_visits_that_found_it, .fini = stop) {
    struct tachoi_series_map *map = NULL;
    struct tachoi_series_round round;
    start_counted(10);
    map = &storage->map;
    record(1, 5);
    (void)collect();
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    tachoi_series_map_reclaim(map);
    tachoi_series_map_roll_over(map, &round);
    _Atomic(uint32_t) *visit = tachoi_visit_enter(&map->visits);
    struct tachoi_series *found = series_of(1);
    const uint64_t id = found->id;
    cr_assert(tachoi_series_map_unlink(map, &round, map->overflow, found));
    for (int i = 0; i < 5; i++) {
        tachoi_series_map_reclaim(map);
        cr_assert(eq(ptr, map->limbo, found));
        cr_assert(eq(u64, found->id, id));
    }
    tachoi_visit_leave(visit);
    tachoi_series_map_reclaim(map);
    cr_assert(eq(ptr, map->limbo, NULL));
}

static size_t retired_count(void) {
    size_t count = 0;
    for (const struct tachoi_series_table *table = storage->map.tables; table != NULL;
         table = table->next) {
        count++;
    }
    return count;
}

Test(removal, a_retired_table_waits_for_the_visits_that_probe_it, .fini = stop) {
    start_counted(TACHO_NO_LIMIT);
    (void)collect();
    (void)collect(); /* not the first epoch */
    _Atomic(uint32_t) *visit = tachoi_visit_enter(&storage->map.visits);
    struct tachoi_series_table *table = atomic_load(&storage->map.table);
    const size_t mask = table->mask;
    for (int64_t i = 0; i < 20; i++) {
        record(i, 1);
    }
    const size_t retired = retired_count();
    cr_assert(gt(sz, retired, 0));
    for (int i = 0; i < 5; i++) {
        (void)collect();
        cr_assert(eq(sz, retired_count(), retired));
        cr_assert(eq(sz, table->mask, mask));
    }
    tachoi_visit_leave(visit);
    (void)collect();
    cr_assert(eq(sz, retired_count(), 0));
}

/* Visits that were not counted may still probe it. */
Test(removal, a_table_of_before_the_counting_is_kept, .fini = stop) {
    start(&sum_i64, TACHO_NO_LIMIT);
    for (int64_t i = 0; i < 20; i++) {
        record(i, 1);
    }
    const size_t retired = retired_count();
    cr_assert(gt(sz, retired, 0));
    cr_assert(eq(int, remove_set(1), TACHO_OK));
    for (int i = 0; i < 5; i++) {
        (void)collect();
        cr_assert(eq(sz, retired_count(), retired));
    }
    for (int64_t i = 20; i < 200; i++) { /* the present one was made before it too */
        record(i, 1);
    }
    (void)collect();
    cr_assert(eq(sz, retired_count(), retired + 1));
}

/* --- idle expiry --- */

enum { IDLE_NS = 5000 };

static void start_expiring(const struct tachoi_aggregation *aggregation) {
    start_of(&(struct tachoi_storage_config){
        .aggregation = aggregation, .limit = 10, .idle_ns = IDLE_NS});
}

/* TIME-13 */
Test(expiry, an_idle_series_ends, .fini = stop) {
    start_expiring(&sum_i64);
    record(1, 1);
    record(2, 1);
    struct tachoi_points points = collect(); /* at 2000 */
    cr_assert(eq(sz, points.count, 2));
    fake_unix_ns = 5999;
    record(2, 1);
    points = collect(); /* 6999: 4999 after the last look that found a touch */
    cr_assert(eq(i64, value_of(&points, 1), 1));
    fake_unix_ns = 6000;
    points = collect(); /* 7000 */
    cr_assert(not(has(&points, 1)));
    cr_assert(eq(i64, value_of(&points, 2), 2));
    points = collect();
    cr_assert(eq(sz, points.count, 1));
    cr_assert(eq(sz, series_count(), 2));
    record(1, 7);
    points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 7)); /* begins from zero */
}

Test(expiry, a_bound_series_is_in_use_and_so_is_the_overflow_series, .fini = stop) {
    start_expiring(&sum_i64);
    tachoi_sync_storage_record_i64(storage, 1,
                                   TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", true)));
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    tachoi_bound_series_record_i64(bound, 1, NULL);
    for (int i = 0; i < 20; i++) {
        cr_assert(eq(sz, collect().count, 2));
    }
    tachoi_bound_series_release(bound);
    for (int i = 0; i < 20; i++) {
        (void)collect();
    }
    const struct tachoi_points points = collect();
    cr_assert(eq(sz, points.count, 1));
    cr_assert(eq(i64, value_of(&points, -1), 1));
}

/* CARD-05 */
Test(expiry, an_expired_series_makes_room, .fini = stop) {
    start_of(
        &(struct tachoi_storage_config){.aggregation = &sum_i64, .limit = 1, .idle_ns = IDLE_NS});
    record(1, 1);
    for (int i = 0; i < 7; i++) {
        (void)collect();
    }
    record(2, 4);
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 2), 4));
    cr_assert(not(has(&points, -1)));
}

/* CARD-09 */
Test(expiry, a_recorder_caught_by_expiry_is_shown, .fini = stop) {
    start_expiring(&sum_i64);
    record(1, 1);
    (void)collect();
    const struct tachoi_series_visit visit = look_up(1);
    for (int i = 0; i < 10; i++) {
        (void)collect();
    }
    cr_assert(eq(sz, collect().count, 0));
    cr_assert(eq(sz, series_count(), 2));
    end_visit(&visit, 2);
    const struct tachoi_points points = collect();
    cr_assert(eq(i64, value_of(&points, 1), 3));
    cr_assert(eq(sz, series_count(), 1));
}

/* Looked at again under the lock: the recorder may have come between. */
Test(expiry, a_series_that_is_recorded_meanwhile_does_not_end, .fini = stop) {
    start_expiring(&sum_i64);
    record(1, 1);
    cr_assert(not(tachoi_series_map_expire(&storage->map, series_of(1))));
    (void)collect();
    cr_assert(not(tachoi_series_map_expire(&storage->map, storage->map.overflow)));
    cr_assert(tachoi_series_map_expire(&storage->map, series_of(1)));
    cr_assert(tachoi_series_map_has_ended(&storage->map, series_of(1)));
}

Test(expiry, every_kind_expires, .fini = stop) {
    static const struct tachoi_aggregation *const kinds[] = {&sum_f64, &last_f64, &histogram,
                                                             &exponential};
    for (size_t i = 0; i < 4; i++) {
        start_expiring(kinds[i]);
        tachoi_sync_storage_record_f64(storage, 1, SET(1));
        cr_assert(eq(sz, collect().count, 1));
        tachoi_sync_storage_record_f64(storage, 1, SET(1)); /* seen by the next one */
        for (int j = 0; j < 5; j++) {
            cr_assert(eq(sz, collect().count, 1));
        }
        (void)collect();
        cr_assert(eq(sz, collect().count, 0));
        cr_assert(eq(sz, series_count(), 1));
        if (i < 3) {
            stop();
        }
    }
}
