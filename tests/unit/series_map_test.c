/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the way from attributes to a series, and the cardinality limit. */
#include "storage_fixture.h"

#include "storage/series_map.h"

static struct tachoi_series_family family;
static struct tachoi_series_map map;

static void start(uint32_t limit) {
    family.aggregation = sum_i64;
    family.cell_size = tachoi_cell_size(&sum_i64);
    cr_assert(eq(int, tachoi_series_map_init(&map, &family, limit, &fake_clock, false), TACHO_OK));
}

static void stop(void) {
    tachoi_series_map_fini(&map);
}

/** What a recorder would record into. */
static enum tachoi_series_map_result find_or_create(const struct tachoi_attribute_key *key,
                                                    struct tachoi_series **out) {
    struct tachoi_series_visit visit;
    const enum tachoi_series_map_result result = tachoi_series_map_visit(&map, key, &visit);
    tachoi_series_map_leave(&visit);
    *out = visit.series;
    return result;
}

static struct tachoi_series *series_of(tacho_attributes attributes) {
    struct tachoi_attribute_key key;
    struct tachoi_series *series = NULL;
    tachoi_attribute_key_init(&key, attributes);
    cr_assert(eq(int, find_or_create(&key, &series), TACHOI_SERIES_FOUND));
    return series;
}

/* CARD-04, CARD-05, CARD-06 */
Test(series_map, exactly_limit_sets_have_a_series_of_their_own, .fini = stop) {
    enum { LIMIT = 50 };
    struct tachoi_series *own[LIMIT];
    start(LIMIT);
    for (int64_t i = 0; i < LIMIT; i++) {
        own[i] = series_of(SET(i));
        cr_assert(ne(ptr, own[i], map.overflow));
    }
    for (int64_t i = LIMIT; i < 3 * LIMIT; i++) {
        cr_assert(eq(ptr, series_of(SET(i)), map.overflow));
    }
    for (int64_t i = 0; i < LIMIT; i++) { /* a set that has a series keeps it */
        cr_assert(eq(ptr, series_of(SET(i)), own[i]));
    }
    cr_assert(eq(sz, tachoi_series_map_count(&map), LIMIT + 1));
}

Test(series_map, a_limit_of_none_overflows_at_once, .fini = stop) {
    start(0);
    cr_assert(eq(ptr, series_of(TACHO_NO_ATTRS), map.overflow));
    cr_assert(eq(ptr, series_of(SET(1)), map.overflow));
}

/* CARD-03 */
Test(series_map, the_overflow_set_itself_is_the_overflow_series, .fini = stop) {
    start(10);
    cr_assert(
        eq(ptr, series_of(TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", true))), map.overflow));
    cr_assert(
        ne(ptr, series_of(TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", false))), map.overflow));
    cr_assert(eq(sz, tachoi_series_map_count(&map), 2));
}

/* ATTR-05 */
Test(series_map, order_does_not_matter_but_types_do, .fini = stop) {
    start(10);
    struct tachoi_series *series =
        series_of(TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("b", "2"), TACHO_I64("c", 3)));
    cr_assert(
        eq(ptr, series_of(TACHO_ATTRS(TACHO_I64("c", 3), TACHO_STR("b", "2"), TACHO_STR("a", "1"))),
           series));
    cr_assert(ne(ptr,
                 series_of(TACHO_ATTRS(TACHO_I64("c", 3), TACHO_STR("b", "2"), TACHO_I64("a", 1))),
                 series));
    cr_assert(
        ne(ptr, series_of(TACHO_ATTRS(TACHO_F64("c", 3), TACHO_STR("b", "2"), TACHO_STR("a", "1"))),
           series));
    cr_assert(ne(ptr, series_of(TACHO_NO_ATTRS), series));
}

Test(series_map, equal_hashes_do_not_make_equal_series, .fini = stop) {
    struct tachoi_series *series[20];
    start(100);
    for (int64_t i = 0; i < 20; i++) {
        struct tachoi_attribute_key key;
        tachoi_attribute_key_init(&key, SET(i));
        key.hash = 5; /* as if all collided */
        cr_assert(eq(int, find_or_create(&key, &series[i]), TACHOI_SERIES_FOUND));
    }
    for (int64_t i = 0; i < 20; i++) {
        struct tachoi_attribute_key key;
        tachoi_attribute_key_init(&key, SET(i));
        key.hash = 5;
        cr_assert(eq(ptr, tachoi_series_map_find(&map, &key), series[i]));
        for (int64_t j = 0; j < i; j++) {
            cr_assert(ne(ptr, series[i], series[j]));
        }
    }
}

Test(series_map, growth_keeps_every_series_and_the_order_of_making, .fini = stop) {
    enum { COUNT = 5000 };
    static struct tachoi_series *series[COUNT];
    start(TACHO_NO_LIMIT);
    for (int64_t i = 0; i < COUNT; i++) {
        series[i] = series_of(SET(i));
    }
    const struct tachoi_series *walked = map.overflow;
    for (int64_t i = 0; i < COUNT; i++) {
        cr_assert(eq(ptr, series_of(SET(i)), series[i]));
        walked = tachoi_series_map_next(walked);
        cr_assert(eq(ptr, (void *)(uintptr_t)walked, series[i]));
    }
    cr_assert(eq(sz, tachoi_series_map_count(&map), COUNT + 1));
}

Test(series_map, old_tables_together_are_smaller_than_the_present_one, .fini = stop) {
    start(TACHO_NO_LIMIT);
    for (int64_t i = 0; i < 3000; i++) {
        (void)series_of(SET(i));
    }
    const size_t present = atomic_load(&map.table)->mask + 1;
    size_t old = 0;
    for (const struct tachoi_series_table *table = map.tables; table != NULL; table = table->next) {
        old += table->mask + 1;
    }
    cr_assert(gt(sz, old, 0));
    cr_assert(lt(sz, old, present));
}

/* Who still looks at one finds a series or nothing, and then the map's other table. */
Test(series_map, the_memory_of_large_old_tables_is_given_back, .fini = stop) {
    enum { COUNT = 20000 };
    start(TACHO_NO_LIMIT);
    for (int64_t i = 0; i < COUNT; i++) {
        (void)series_of(SET(i));
    }
    size_t forgotten = 0;
    for (struct tachoi_series_table *old = map.tables; old != NULL; old = old->next) {
        size_t left = 0;
        for (size_t i = 0; i <= old->mask; i++) {
            left += atomic_load(&old->slots[i]) != NULL;
        }
        if (old->has_pages) { /* but for the first page, with the table's head */
            cr_assert(lt(sz, left, (size_t)sysconf(_SC_PAGESIZE) / sizeof(void *)));
            forgotten++;
        }
    }
    cr_assert(gt(sz, forgotten, 0));
    for (int64_t i = 0; i < COUNT; i += 97) {
        (void)series_of(SET(i));
    }
    cr_assert(eq(sz, tachoi_series_map_count(&map), COUNT + 1));
}

Test(series_map, a_set_larger_than_the_keys_scratch_space_is_found_again, .fini = stop) {
    static char text[5000];
    memset(text, 'x', sizeof text);
    start(10);
    struct tachoi_series *series =
        series_of(TACHO_ATTRS(TACHO_STRN("long", text, sizeof text), TACHO_I64("n", 1)));
    cr_assert(eq(ptr,
                 series_of(TACHO_ATTRS(TACHO_I64("n", 1), TACHO_STRN("long", text, sizeof text))),
                 series));
    text[4999] = 'y';
    cr_assert(ne(ptr,
                 series_of(TACHO_ATTRS(TACHO_I64("n", 1), TACHO_STRN("long", text, sizeof text))),
                 series));
}

Test(series_map, ids_are_unique_in_the_process_and_start_times_are_of_the_making, .fini = stop) {
    start(10);
    fake_unix_ns = 5000;
    const struct tachoi_series *a = series_of(SET(1));
    fake_unix_ns = 7000;
    const struct tachoi_series *b = series_of(SET(2));
    (void)series_of(SET(1));
    cr_assert(eq(u64, a->start_time_unix_nano, 5000));
    cr_assert(eq(u64, b->start_time_unix_nano, 7000));
    cr_assert(lt(u64, a->id, b->id));
    const uint64_t last_id = b->id;
    stop();
    start(10);
    cr_assert(gt(u64, map.overflow->id, last_id));
}

Test(series_map, without_memory_an_unknown_set_has_no_series_and_nothing_leaks, .fini = stop) {
    start(100);
    for (int64_t i = 0; i < 40; i++) {
        struct tachoi_attribute_key key;
        struct tachoi_series *series = NULL;
        tachoi_attribute_key_init(&key, SET(i));
        for (uint64_t k = 1;; k++) {
            const size_t before = tachoi_series_map_count(&map);
            tachoi_alloc_fail_at(k);
            const enum tachoi_series_map_result result = find_or_create(&key, &series);
            if (tachoi_alloc_fail_pending()) {
                tachoi_alloc_fail_at(0);
                cr_assert(eq(int, result, TACHOI_SERIES_FOUND));
                break;
            }
            cr_assert(eq(int, result, TACHOI_SERIES_NO_MEMORY));
            cr_assert(eq(ptr, series, NULL));
            cr_assert(eq(sz, tachoi_series_map_count(&map), before));
        }
        cr_assert(eq(ptr, tachoi_series_map_find(&map, &key), series));
    }
}

Test(series_map, init_fails_cleanly_without_memory) {
    family.aggregation = sum_i64;
    family.cell_size = tachoi_cell_size(&sum_i64);
    for (uint64_t k = 1;; k++) {
        tachoi_alloc_fail_at(k);
        const int status = tachoi_series_map_init(&map, &family, 5, &fake_clock, false);
        if (tachoi_alloc_fail_pending()) {
            tachoi_alloc_fail_at(0);
            cr_assert(eq(int, status, TACHO_OK));
            stop();
            break;
        }
        cr_assert(eq(int, status, TACHO_E_NO_MEMORY));
    }
}

static enum tachoi_series_map_result result_of(tacho_attributes attributes) {
    struct tachoi_attribute_key key;
    struct tachoi_series *series = NULL;
    tachoi_attribute_key_init(&key, attributes);
    return find_or_create(&key, &series);
}

static bool leaves_the_lock_alone(void *user) {
    (void)user;
    return result_of(SET(1)) == TACHOI_SERIES_FOUND && result_of(SET(2)) == TACHOI_SERIES_FORKED;
}

Test(series_map, a_forked_child_never_touches_the_lock, .fini = stop) {
    start(10);
    (void)series_of(SET(1));
    (void)pthread_mutex_lock(&map.lock); /* as another thread of the parent would at the fork */
    cr_assert(holds_in_child(leaves_the_lock_alone, NULL));
    (void)pthread_mutex_unlock(&map.lock);
    (void)series_of(SET(2)); /* the parent goes on */
}

/* --- tables --- */

static struct tachoi_series_table *table;

static struct tachoi_series *make_series(int64_t id, uint64_t hash) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, SET(id));
    key.hash = hash;
    return tachoi_series_create(&family, &key, 0);
}

static bool is_in_table(int64_t id, uint64_t hash) {
    struct tachoi_attribute_key key;
    struct tachoi_series *series = NULL;
    tachoi_attribute_key_init(&key, SET(id));
    key.hash = hash;
    cr_assert(tachoi_series_table_find(table, &key, NULL, &series));
    return series != NULL;
}

static void start_table(void) {
    family.aggregation = sum_i64;
    family.cell_size = tachoi_cell_size(&sum_i64);
    table = tachoi_series_table_create(4); /* 8 slots */
    cr_assert(eq(sz, table->mask, 7));
}

static void stop_table(void) {
    tachoi_series_table_destroy(table);
}

Test(series_table, what_is_erased_does_not_hide_what_lies_behind_it, .init = start_table,
     .fini = stop_table) {
    struct tachoi_series *series[5];
    for (int64_t i = 0; i < 5; i++) {
        series[i] = make_series(i, 6); /* slots 6, 7, 0, 1, 2: round the end */
        tachoi_series_table_insert(table, series[i]);
    }
    tachoi_series_table_erase(table, series[1]);
    tachoi_series_table_erase(table, series[3]);
    cr_assert(eq(sz, table->used, 5));
    for (int64_t i = 0; i < 5; i++) {
        cr_assert(eq(int, is_in_table(i, 6), i % 2 == 0));
    }
    tachoi_series_table_insert(table, series[3]); /* uses a tombstone again */
    cr_assert(eq(sz, table->used, 5));
    cr_assert(is_in_table(3, 6));
    tachoi_series_table_erase(table, series[3]);
    tachoi_series_table_erase(table, series[4]); /* the last: the tombstone before it goes too */
    cr_assert(eq(sz, table->used, 3));
    tachoi_series_table_erase(table, series[2]);
    cr_assert(eq(sz, table->used, 1));
    tachoi_series_table_erase(table, series[0]);
    cr_assert(eq(sz, table->used, 0));
    for (int64_t i = 0; i < 5; i++) {
        tachoi_series_destroy(series[i]);
    }
}

Test(series_table, has_room_for_three_quarters, .init = start_table, .fini = stop_table) {
    struct tachoi_series *series[6];
    for (int64_t i = 0; i < 6; i++) {
        cr_assert(tachoi_series_table_has_room(table));
        series[i] = make_series(i, (uint64_t)i);
        tachoi_series_table_insert(table, series[i]);
    }
    cr_assert(not(tachoi_series_table_has_room(table)));
    for (int64_t i = 0; i < 6; i++) {
        tachoi_series_destroy(series[i]);
    }
}

Test(series_table, a_size_beyond_all_memory_is_no_table) {
    cr_assert(eq(ptr, tachoi_series_table_create(SIZE_MAX), NULL));
    cr_assert(eq(ptr, tachoi_series_table_create(SIZE_MAX / 16), NULL));
}
