/* SPDX-License-Identifier: Apache-2.0 */
/* The edges of an interval under fire, which other measurements must not hide:
 *
 *   - As many sets as the limit allows are recorded without pause while intervals end one after the
 *     other: none of them may ever share the overflow series.
 *   - The same where threads meet a storage that knows none of the sets yet.
 *   - A thread records a burst into one series and stops; whatever the last measurement met, the
 *     next collections must show it, though nothing comes after it.
 *
 * A plain program: exit code 0 and one line for each.
 * CARD-05, CARD-07, CARD-08, CARD-09, TIME-02, TIME-03 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "storage/storage.h"
#include "tacho/sdk/metric_data.h"
#include "tacho/status.h"

static void require(bool condition, const char *what) {
    if (!condition) {
        (void)fprintf(stderr, "delta_stress: %s\n", what);
        exit(1);
    }
}

static uint64_t unix_ns(void *user) {
    (void)user;
    return tachoi_unix_ns();
}
static const tacho_clock real_clock = {
    .struct_size = sizeof real_clock, .unix_ns = unix_ns, .monotonic_ns = unix_ns};

static struct tachoi_sync_storage *create(const struct tachoi_aggregation *aggregation,
                                          uint32_t limit) {
    struct tachoi_sync_storage *storage = NULL;
    require(tachoi_sync_storage_create(&(struct tachoi_storage_config){.aggregation = aggregation,
                                                                       .limit = limit,
                                                                       .is_delta = true,
                                                                       .clock = &real_clock},
                                       &storage) == TACHO_OK,
            "no storage");
    return storage;
}

static struct tachoi_points collect(struct tachoi_sync_storage *storage,
                                    struct tachoi_arena *arena) {
    struct tachoi_points points = {0};
    const struct tachoi_moment now = {tachoi_unix_ns(), tachoi_monotonic_ns()};
    tachoi_arena_reset(arena);
    require(tachoi_sync_storage_collect(storage, now, arena, &points), "no memory");
    return points;
}

static const struct tachoi_aggregation integers = {
    .kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_I64, .is_monotonic = true};

/* --- exactly as many sets as places ---------------------------------------------------------- */

enum { RECORDERS = 3, LIMIT = 4, RECORDS = 40000 };

struct limit_stress {
    struct tachoi_sync_storage *storage;
    _Atomic(uint32_t) running;
};

static void *record_all_sets(void *argument) {
    struct limit_stress *stress = argument;
    for (int64_t i = 0; i < RECORDS; i++) {
        tachoi_sync_storage_record_i64(stress->storage, 1,
                                       TACHO_ATTRS(TACHO_I64("set", i % LIMIT)));
    }
    atomic_fetch_sub_explicit(&stress->running, 1, memory_order_release);
    return NULL;
}

static uint64_t total_of(const struct tachoi_points *points) {
    uint64_t total = 0;
    for (size_t i = 0; i < points->count; i++) {
        const tacho_number_point *point = &((const tacho_number_point *)points->items)[i];
        require(point->attributes.items[0].value.type == TACHO_VALUE_I64,
                "a set shares the overflow series though there is a place for it");
        total += (uint64_t)point->value.i64;
    }
    return total;
}

static void stress_limit(void) {
    struct limit_stress stress = {.storage = create(&integers, LIMIT), .running = RECORDERS};
    struct tachoi_arena arena;
    pthread_t recorders[RECORDERS];
    uint64_t exported = 0;
    uint64_t intervals = 0;
    tachoi_arena_init(&arena, 0);
    for (int i = 0; i < RECORDERS; i++) {
        require(pthread_create(&recorders[i], NULL, record_all_sets, &stress) == 0, "no thread");
    }
    /* Two more when all is over: what began behind the last roll-over comes with the second. */
    for (int quiet = 0; quiet < 2; intervals++) {
        quiet += atomic_load_explicit(&stress.running, memory_order_acquire) == 0;
        const struct tachoi_points points = collect(stress.storage, &arena);
        exported += total_of(&points);
    }
    for (int i = 0; i < RECORDERS; i++) {
        (void)pthread_join(recorders[i], NULL);
    }
    (void)printf("delta_stress: limit: recorded %d = exported %" PRIu64 " in %" PRIu64
                 " intervals, none beyond the limit\n",
                 RECORDERS * RECORDS, exported, intervals);
    require(exported == (uint64_t)RECORDERS * RECORDS, "the account does not balance");
    tachoi_arena_fini(&arena);
    tachoi_sync_storage_destroy(stress.storage);
}

/* --- the same, of sets that nobody has recorded before --------------------------------------- */

enum { BIRTHS = 400 };

struct birth_stress {
    _Atomic(struct tachoi_sync_storage *) storage;
    pthread_barrier_t barrier;
};

static void *record_new_sets(void *argument) {
    struct birth_stress *stress = argument;
    for (int i = 0; i < BIRTHS; i++) {
        (void)pthread_barrier_wait(&stress->barrier);
        struct tachoi_sync_storage *storage =
            atomic_load_explicit(&stress->storage, memory_order_relaxed);
        for (int64_t set = 0; set < LIMIT; set++) {
            tachoi_sync_storage_record_i64(storage, 1, TACHO_ATTRS(TACHO_I64("set", set)));
        }
        (void)pthread_barrier_wait(&stress->barrier);
    }
    return NULL;
}

static void stress_births(void) {
    static struct birth_stress stress;
    struct tachoi_arena arena;
    pthread_t recorders[RECORDERS];
    tachoi_arena_init(&arena, 0);
    require(pthread_barrier_init(&stress.barrier, NULL, RECORDERS + 1) == 0, "no barrier");
    for (int i = 0; i < RECORDERS; i++) {
        require(pthread_create(&recorders[i], NULL, record_new_sets, &stress) == 0, "no thread");
    }
    for (int i = 0; i < BIRTHS; i++) {
        struct tachoi_sync_storage *storage = create(&integers, LIMIT);
        atomic_store_explicit(&stress.storage, storage, memory_order_relaxed);
        (void)pthread_barrier_wait(&stress.barrier);
        (void)pthread_barrier_wait(&stress.barrier);
        const struct tachoi_points points = collect(storage, &arena);
        require(total_of(&points) == (uint64_t)RECORDERS * LIMIT, "a first measurement is lost");
        tachoi_sync_storage_destroy(storage);
    }
    for (int i = 0; i < RECORDERS; i++) {
        (void)pthread_join(recorders[i], NULL);
    }
    (void)printf("delta_stress: births: %d storages, none beyond the limit\n", (int)BIRTHS);
    (void)pthread_barrier_destroy(&stress.barrier);
    tachoi_arena_fini(&arena);
}

/* --- the last measurement -------------------------------------------------------------------- */

enum { BURSTS = 400, LONGEST_BURST = 200 };

static const double bounds[] = {10};
static const struct tachoi_aggregation kinds[] = {
    {.kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_I64, .is_monotonic = true},
    {.kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_F64, .is_monotonic = true},
    {.kind = TACHOI_AGGREGATION_LAST_VALUE, .number_type = TACHO_NUMBER_I64},
    {.kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
     .number_type = TACHO_NUMBER_F64,
     .bounds = bounds,
     .bound_count = 1},
    {.kind = TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM,
     .number_type = TACHO_NUMBER_F64,
     .max_size = 20,
     .max_scale = 5}};
static const char *const names[] = {"integers", "doubles", "last values", "explicit",
                                    "exponential"};
enum { KINDS = 5 };

struct burst_stress {
    const struct tachoi_aggregation *aggregation;
    struct tachoi_sync_storage *storage;
    struct tachoi_bound_series *bound; /* NULL: by attributes */
    _Atomic(uint64_t) asked;           /* for this many bursts */
    _Atomic(uint64_t) done;
    uint64_t recorded; /* by all of them; the recorder's, between asked and done */
};

static void record_one(struct burst_stress *stress, uint64_t number) {
    const tacho_attributes attributes = TACHO_ATTRS(TACHO_I64("set", 1));
    const bool is_i64 = stress->aggregation->number_type == TACHO_NUMBER_I64;
    const bool is_last = stress->aggregation->kind == TACHOI_AGGREGATION_LAST_VALUE;
    if (stress->bound != NULL && is_i64) {
        tachoi_bound_series_record_i64(stress->bound, is_last ? (int64_t)number : 1, &attributes);
    } else if (stress->bound != NULL) {
        tachoi_bound_series_record_f64(stress->bound, 1, &attributes);
    } else if (is_i64) {
        tachoi_sync_storage_record_i64(stress->storage, is_last ? (int64_t)number : 1, attributes);
    } else {
        tachoi_sync_storage_record_f64(stress->storage, 1, attributes);
    }
}

static void *record_bursts(void *argument) {
    struct burst_stress *stress = argument;
    for (uint64_t burst = 1; burst <= BURSTS; burst++) {
        while (atomic_load_explicit(&stress->asked, memory_order_acquire) < burst) {
            (void)sched_yield();
        }
        for (uint64_t i = 0; i <= burst % LONGEST_BURST; i++) {
            record_one(stress, ++stress->recorded);
        }
        atomic_store_explicit(&stress->done, burst, memory_order_release);
    }
    return NULL;
}

/** Of last values the value itself, which counts the measurements. */
static void add_points(const struct burst_stress *stress, const struct tachoi_points *points,
                       uint64_t *exported) {
    for (size_t i = 0; i < points->count; i++) {
        const void *item = (const char *)points->items + i * points->size;
        const tacho_number_point *number = item;
        switch (stress->aggregation->kind) {
        case TACHOI_AGGREGATION_SUM:
            *exported += stress->aggregation->number_type == TACHO_NUMBER_I64
                             ? (uint64_t)number->value.i64
                             : (uint64_t)number->value.f64;
            break;
        case TACHOI_AGGREGATION_LAST_VALUE:
            *exported = (uint64_t)number->value.i64;
            break;
        case TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM:
            *exported += ((const tacho_histogram_point *)item)->count;
            break;
        case TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM:
            *exported += ((const tacho_exponential_histogram_point *)item)->count;
            break;
        }
    }
}

static void stress_bursts(size_t kind, bool is_bound) {
    struct burst_stress stress = {.aggregation = &kinds[kind], .storage = create(&kinds[kind], 1)};
    struct tachoi_arena arena;
    pthread_t recorder;
    uint64_t exported = 0;
    tachoi_arena_init(&arena, 0);
    if (is_bound) {
        stress.bound = tachoi_sync_storage_bind(stress.storage, TACHO_ATTRS(TACHO_I64("set", 1)));
        require(stress.bound != NULL, "binding failed");
    }
    require(pthread_create(&recorder, NULL, record_bursts, &stress) == 0, "no thread");
    for (uint64_t burst = 1; burst <= BURSTS; burst++) {
        atomic_store_explicit(&stress.asked, burst, memory_order_release);
        int quiet = 0; /* collections since the burst was over: two show all */
        while (quiet < 2) {
            quiet += atomic_load_explicit(&stress.done, memory_order_acquire) == burst;
            const struct tachoi_points points = collect(stress.storage, &arena);
            add_points(&stress, &points, &exported);
        }
        require(exported == stress.recorded, "what was recorded last is not shown");
    }
    (void)pthread_join(recorder, NULL);
    (void)printf("delta_stress: %s%s: recorded %" PRIu64 " = exported in %d bursts\n", names[kind],
                 is_bound ? ", bound" : "", stress.recorded, (int)BURSTS);
    tachoi_bound_series_release(stress.bound);
    tachoi_arena_fini(&arena);
    tachoi_sync_storage_destroy(stress.storage);
}

int main(void) {
    stress_limit();
    stress_births();
    for (size_t kind = 0; kind < KINDS; kind++) {
        stress_bursts(kind, false);
        stress_bursts(kind, true);
    }
    return 0;
}
