/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what happens when a cell is not free: a holder that does not run, a signal handler on top
 * of a recorder, a fork, threads that share a series. White-box: holders are made by taking the
 * cells' locks by hand. */
#include "storage_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "base/clock.h"
#include "storage/sync_storage.h"

static struct tachoi_sync_storage *storage;
static struct tachoi_arena arena;

static void start(const struct tachoi_aggregation *aggregation) {
    tachoi_arena_init(&arena, 0);
    storage = create_sync(aggregation, 100);
}

static void stop(void) {
    tachoi_sync_storage_destroy(storage);
    tachoi_arena_fini(&arena);
}

static struct tachoi_series *series_of(int64_t id) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, SET(id));
    return tachoi_series_map_find(&storage->map, &key);
}

/** Writes the lock word of every cell that recorders of the series may use. */
static void set_locks(struct tachoi_series *series, uint32_t word) {
    struct tachoi_stripes *stripes = tachoi_series_stripes(series);
    atomic_store(&tachoi_histogram_cell_of(tachoi_series_cell(series))->lock, word);
    for (size_t i = 0; stripes != NULL && i < tachoi_stripes_size(stripes); i++) {
        atomic_store(&tachoi_histogram_cell_of(tachoi_stripes_cell(stripes, i))->lock, word);
    }
}

static uint32_t held_by(enum tachoi_lock_holder holder) {
    return tachoi_lock_word_of(tachoi_fork_generation(), holder);
}

static uint64_t count_of(int64_t id) {
    const struct tachoi_points points = collect_sync(storage, &arena);
    const tacho_histogram_point *point = find_point(&points, id);
    return point != NULL ? point->count : 0;
}

static struct tachoi_storage_drops take_drops(void) {
    struct tachoi_storage_drops drops = {0};
    tachoi_sync_storage_take_drops(storage, &drops);
    return drops;
}

/** Takes the stripes that were made in advance, so that recorders find none. */
static void spend_reserve(void) {
    _Atomic(struct tachoi_stripes *) nowhere = NULL;
    while (tachoi_reserve_attach(&storage->family.reserve, &nowhere)) {
        tachoi_free(atomic_exchange(&nowhere, NULL));
    }
}

Test(contention, when_every_cell_is_held_measurements_wait_for_the_collection, .fini = stop) {
    start(&histogram);
    spend_reserve();
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    set_locks(series_of(1), held_by(TACHOI_HOLDER_RECORDER));
    for (int i = 0; i < 100; i++) {
        tachoi_sync_storage_record_f64(storage, 1, SET(1));
    }
    set_locks(series_of(1), 0);
    cr_assert(eq(u64, take_drops().contended, 0));
    cr_assert(eq(u64, count_of(1), 101));
}

Test(contention, only_a_full_ring_drops_and_counts, .fini = stop) {
    enum { BEYOND = 7 };
    start(&histogram);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    set_locks(series_of(1), held_by(TACHOI_HOLDER_RECORDER));
    for (size_t i = 0; i < TACHOI_OVERFLOW_RING_SLOTS + BEYOND; i++) {
        tachoi_bound_series_record_f64(bound, 1, NULL);
    }
    set_locks(series_of(1), 0);
    cr_assert(eq(u64, take_drops().contended, BEYOND));
    cr_assert(eq(u64, take_drops().contended, 0)); /* told once */
    cr_assert(eq(u64, count_of(1), TACHOI_OVERFLOW_RING_SLOTS));
    tachoi_bound_series_record_f64(bound, 1, NULL); /* there is room again */
    cr_assert(eq(u64, count_of(1), TACHOI_OVERFLOW_RING_SLOTS + 1));
    tachoi_bound_series_release(bound);
}

Test(contention, a_busy_stripe_sends_the_recorder_to_the_next, .fini = stop) {
    start(&histogram);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    struct tachoi_stripes *stripes = tachoi_series_stripes(series_of(1));
    set_locks(series_of(1), held_by(TACHOI_HOLDER_RECORDER));
    atomic_store(&tachoi_histogram_cell_of(tachoi_stripes_cell(stripes, 1))->lock, 0);
    tachoi_bound_series_record_f64(bound, 8, NULL);
    struct tachoi_histogram_cell *cell = tachoi_histogram_cell_of(tachoi_stripes_cell(stripes, 1));
    cr_assert(eq(dbl, tachoi_explicit_of(cell)->totals.sum, 8));
    set_locks(series_of(1), 0);
    cr_assert(eq(u64, count_of(1), 1));
    tachoi_bound_series_release(bound);
}

/* --- detection and promotion --- */

Test(contention, a_series_whose_cell_stays_held_gets_stripes_at_once, .fini = stop) {
    start(&histogram);
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    set_locks(series_of(1), held_by(TACHOI_HOLDER_RECORDER));
    for (size_t i = 0; i < 2 * TACHOI_OVERFLOW_RING_SLOTS; i++) {
        tachoi_sync_storage_record_f64(storage, 1, SET(1));
    }
    cr_assert(ne(ptr, tachoi_series_stripes(series_of(1)), NULL));
    set_locks(series_of(1), 0);
    cr_assert(eq(u64, take_drops().contended, 0));
    cr_assert(eq(u64, count_of(1), 2 * TACHOI_OVERFLOW_RING_SLOTS + 1));
}

Test(contention, the_reserve_helps_few_series_until_the_collection_refills_it, .fini = stop) {
    start(&histogram);
    for (int64_t round = 0; round < 2; round++) {
        int64_t helped = 0;
        for (int64_t i = 0; i < 4; i++) {
            const int64_t id = round * 4 + i;
            tachoi_sync_storage_record_f64(storage, 1, SET(id));
            set_locks(series_of(id), held_by(TACHOI_HOLDER_RECORDER));
            tachoi_sync_storage_record_f64(storage, 1, SET(id));
            helped += tachoi_series_stripes(series_of(id)) != NULL;
            set_locks(series_of(id), 0);
        }
        cr_assert(eq(i64, helped, TACHOI_RESERVE_SLOTS));
        cr_assert(eq(u64, count_of(round * 4), 2));
    }
}

Test(contention, unused_stripes_go_back_to_the_reserve, .fini = stop) {
    start(&histogram);
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(1));
    struct tachoi_series *series = series_of(1);
    struct tachoi_stripes *before = tachoi_series_stripes(series);
    for (int i = 0; i < 10; i++) { /* has stripes already: nothing is used up */
        cr_assert(tachoi_reserve_attach(&storage->family.reserve, &series->stripes));
    }
    cr_assert(eq(ptr, tachoi_series_stripes(series), before));
    tachoi_bound_series_release(bound);
}

Test(contention, without_reserve_a_contended_series_is_promoted_at_the_collection, .fini = stop) {
    start(&histogram);
    spend_reserve();
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    tachoi_sync_storage_record_f64(storage, 1, SET(2));
    set_locks(series_of(1), held_by(TACHOI_HOLDER_RECORDER));
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    set_locks(series_of(1), 0);
    cr_assert(eq(ptr, tachoi_series_stripes(series_of(1)), NULL));
    cr_assert(eq(u64, count_of(1), 2));
    cr_assert(ne(ptr, tachoi_series_stripes(series_of(1)), NULL));
    cr_assert(eq(ptr, tachoi_series_stripes(series_of(2)), NULL));
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    cr_assert(eq(u64, count_of(1), 3)); /* inline cell and stripes together */
}

Test(contention, a_collector_at_work_is_no_contention, .fini = stop) {
    start(&histogram);
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    set_locks(series_of(1), held_by(TACHOI_HOLDER_COLLECTOR));
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    set_locks(series_of(1), 0);
    cr_assert(eq(u64, count_of(1), 2));
    cr_assert(eq(ptr, tachoi_series_stripes(series_of(1)), NULL));
}

Test(contention, without_memory_a_contended_series_works_on, .fini = stop) {
    start(&histogram);
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    (void)count_of(1); /* the arena has its memory */
    tachoi_cell_note_contention(tachoi_series_cell(series_of(1)), 1000);
    tachoi_alloc_fail_at(1);
    cr_assert(eq(u64, count_of(1), 1));
    cr_assert(not(tachoi_alloc_fail_pending()));
    cr_assert(eq(ptr, tachoi_series_stripes(series_of(1)), NULL));
}

Test(contention, few_signs_in_a_long_time_are_not_worth_stripes, .fini = stop) {
    start(&sum_i64);
    tachoi_sync_storage_record_i64(storage, 1, SET(1));
    tachoi_cell_note_contention(tachoi_series_cell(series_of(1)), 59000);
    fake_unix_ns += 60 * TACHOI_NS_PER_S;
    (void)collect_sync(storage, &arena);
    cr_assert(eq(ptr, tachoi_series_stripes(series_of(1)), NULL));
    tachoi_cell_note_contention(tachoi_series_cell(series_of(1)), 61000);
    fake_unix_ns += 60 * TACHOI_NS_PER_S;
    (void)collect_sync(storage, &arena);
    cr_assert(ne(ptr, tachoi_series_stripes(series_of(1)), NULL));
}

static void *record_many(void *argument) {
    for (int i = 0; i < 1000; i++) {
        tachoi_sync_storage_record_i64(argument, 1, SET(1));
    }
    return NULL;
}

Test(contention, one_thread_alone_never_promotes, .fini = stop) {
    start(&sum_i64);
    (void)record_many(storage);
    (void)collect_sync(storage, &arena);
    cr_assert(eq(ptr, tachoi_series_stripes(series_of(1)), NULL));
}

/* Memory per series is bounded by the processors, not by the threads. */
Test(contention, many_short_lived_threads_leave_nothing_behind, .fini = stop) {
    start(&sum_i64);
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        cr_assert(eq(int, pthread_create(&thread, NULL, record_many, storage), 0));
        (void)pthread_join(thread, NULL);
    }
    const struct tachoi_points points = collect_sync(storage, &arena);
    cr_assert(eq(i64, ((const tacho_number_point *)find_point(&points, 1))->value.i64, 100000));
    struct tachoi_stripes *stripes = tachoi_series_stripes(series_of(1));
    cr_assert(stripes == NULL || tachoi_stripes_size(stripes) == tachoi_stripe_count());
}

/* A cumulative sum of non-negative values never steps back, also when stripes come in between. */
Test(contention, double_sums_never_step_back, .fini = stop) {
    start(&sum_f64);
    double last = 0;
    for (int i = 0; i < 2000; i++) {
        tachoi_sync_storage_record_f64(storage, 0.1 / (i + 1), SET(1));
        if (i == 700) {
            cr_assert(tachoi_series_promote(series_of(1)));
        }
        const struct tachoi_points points = collect_sync(storage, &arena);
        const double sum = ((const tacho_number_point *)find_point(&points, 1))->value.f64;
        cr_assert(ge(dbl, sum, last));
        last = sum;
    }
}

/* --- fork --- */

static bool child_goes_on(void *user) {
    struct tachoi_bound_series *bound = user;
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    tachoi_bound_series_record_f64(bound, 1, NULL);
    tachoi_sync_storage_record_f64(storage, 1, SET(3));
    const struct tachoi_storage_drops drops = take_drops();
    return count_of(1) == 2 && count_of(2) == 1 && count_of(3) == 0 && drops.forked == 1 &&
           drops.contended == 0;
}

/* Cells were held and the map was locked by threads of the parent, which the child has not. */
Test(fork, a_child_records_known_series_and_drops_unknown_ones, .fini = stop) {
    start(&histogram);
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    struct tachoi_bound_series *bound = tachoi_sync_storage_bind(storage, SET(2));
    set_locks(series_of(1), held_by(TACHOI_HOLDER_RECORDER));
    set_locks(series_of(2), held_by(TACHOI_HOLDER_COLLECTOR));
    (void)pthread_mutex_lock(&storage->map.lock);
    cr_assert(holds_in_child(child_goes_on, bound));
    (void)pthread_mutex_unlock(&storage->map.lock);
    set_locks(series_of(1), 0);
    set_locks(series_of(2), 0);
    cr_assert(eq(u64, count_of(1), 1));
    tachoi_bound_series_release(bound);
}

static bool child_binds_known_sets_only(void *user) {
    (void)user;
    return tachoi_sync_storage_bind(storage, SET(1)) != NULL &&
           tachoi_sync_storage_bind(storage, SET(2)) == NULL;
}

Test(fork, a_child_binds_known_sets_only, .fini = stop) {
    start(&histogram);
    tachoi_sync_storage_record_f64(storage, 1, SET(1));
    (void)pthread_mutex_lock(&storage->map.lock);
    cr_assert(holds_in_child(child_binds_known_sets_only, NULL));
    (void)pthread_mutex_unlock(&storage->map.lock);
}

/* --- signals --- */

static struct tachoi_bound_series *handlers_series;
static volatile sig_atomic_t handled;

static void record_in_handler(int signal_number) {
    (void)signal_number;
    tachoi_bound_series_record_f64(handlers_series, 30, NULL);
    handled = handled + 1;
}

/* A timer interrupts this thread anywhere in the recording path, and in the collector. */
Test(signals, a_handler_may_record_on_top_of_a_recorder_and_a_collector, .fini = stop) {
    enum { WANTED = 300 };
    start(&histogram);
    handlers_series = tachoi_sync_storage_bind(storage, SET(1));
    const struct sigaction action = {.sa_handler = record_in_handler, .sa_flags = SA_RESTART};
    const struct itimerval often = {{0, 200}, {0, 200}};
    const struct itimerval never = {{0, 0}, {0, 0}};
    cr_assert(eq(int, sigaction(SIGALRM, &action, NULL), 0));
    cr_assert(eq(int, setitimer(ITIMER_REAL, &often, NULL), 0));
    const uint64_t deadline = tachoi_deadline_after_ms(tachoi_monotonic_ns(), 20000);
    uint64_t recorded = 0;
    while (handled < WANTED && tachoi_monotonic_ns() < deadline) {
        for (int i = 0; i < 1000; i++) {
            tachoi_bound_series_record_f64(handlers_series, 3, NULL);
            recorded++;
        }
        (void)count_of(1);
    }
    cr_assert(eq(int, setitimer(ITIMER_REAL, &never, NULL), 0));
    (void)signal(SIGALRM, SIG_IGN);
    cr_assert(ge(int, handled, WANTED));
    cr_assert(eq(u64, take_drops().contended, 0));
    const uint64_t in_handler = (uint64_t)handled;
    const struct tachoi_points points = collect_sync(storage, &arena);
    const tacho_histogram_point *point = find_point(&points, 1);
    cr_assert(eq(u64, point->count, recorded + in_handler));
    cr_assert(eq(dbl, point->sum, (double)(recorded * 3 + in_handler * 30)));
    tachoi_bound_series_release(handlers_series);
}

/* Signs do not wrap around: four proofs are no less than one. */
Test(contention, signs_of_contention_saturate, .fini = stop) {
    start(&sum_i64);
    tachoi_sync_storage_record_i64(storage, 1, SET(1));
    for (int i = 0; i < 4; i++) {
        tachoi_cell_note_contention(tachoi_series_cell(series_of(1)), UINT32_C(1) << 30);
    }
    tachoi_cell_note_contention(tachoi_series_cell(series_of(1)), TACHOI_CONTENTION_PROVEN);
    (void)collect_sync(storage, &arena);
    cr_assert(ne(ptr, tachoi_series_stripes(series_of(1)), NULL));
}
