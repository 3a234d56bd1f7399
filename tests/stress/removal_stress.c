/* SPDX-License-Identifier: Apache-2.0 */
/* Series that come and go under fire: threads record sets that churn beyond the limit, bind and
 * release, while one thread removes and one collects. Of delta streams what was recorded must be
 * what was exported plus what was dropped, exactly. Of cumulative ones the same holds for each set
 * by itself, where each series that it had counts with the value that was exported last. A batch
 * never shows a set twice, but for what comes late where counting of visits begins with the first
 * removal. A plain program: exit code 0 and one line for each storage. */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "storage/storage.h"
#include "tacho/sdk/metric_data.h"
#include "tacho/sdk/metric_reader.h"
#include "tacho/status.h"

enum { RECORDERS = 3, RECORDS = 16000, SETS = 300, LIMIT = 120, BURST = 16 };
enum { MAX_IDS = 1 << 20 };

static const double bounds[] = {1, 10};
static const struct tachoi_aggregation aggregations[] = {
    {.kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_I64, .is_monotonic = true},
    {.kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_F64, .is_monotonic = true},
    {.kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
     .number_type = TACHO_NUMBER_F64,
     .bounds = bounds,
     .bound_count = 2},
    {.kind = TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM,
     .number_type = TACHO_NUMBER_F64,
     .max_size = 20,
     .max_scale = 5}};
static const char *const names[] = {"integers", "doubles", "explicit", "exponential"};
enum { KINDS = 4 };

/* One run: all kinds, of one temporality. */
struct stress {
    struct tachoi_sync_storage *storages[KINDS];
    bool is_delta;
    bool counts_late; /* visits are counted from the first removal on */
    /* atomic */
    _Atomic(bool) is_over;
    _Atomic(uint64_t) recorded[SETS]; /* in each storage */
    _Atomic(uint64_t) removed;
    /* collector only */
    uint64_t rounds;
    uint64_t exported[KINDS];
    uint64_t exported_of[KINDS][SETS];
    uint64_t most_points;
};

static uint64_t last_of_id[MAX_IDS]; /* cumulative: what each series has shown */

static uint64_t unix_ns(void *user) {
    (void)user;
    (void)sched_yield(); /* the storage asks inside a visit, before it takes the lock */
    return tachoi_unix_ns();
}
static uint64_t monotonic_ns(void *user) {
    (void)user;
    return tachoi_monotonic_ns();
}
static const tacho_clock real_clock = {
    .struct_size = sizeof real_clock, .unix_ns = unix_ns, .monotonic_ns = monotonic_ns};

static void require(bool condition, const char *what) {
    if (!condition) {
        (void)fprintf(stderr, "removal_stress: %s\n", what);
        exit(1);
    }
}

/* --- recording --- */

static void note(struct stress *stress, uint64_t set, uint64_t times) {
    atomic_fetch_add_explicit(&stress->recorded[set], times, memory_order_relaxed);
}

static void record_everywhere(struct stress *stress, uint64_t set) {
    const tacho_attributes attributes = TACHO_ATTRS(TACHO_I64("set", (int64_t)set));
    tachoi_sync_storage_record_i64(stress->storages[0], 1, attributes);
    for (size_t kind = 1; kind < KINDS; kind++) {
        tachoi_sync_storage_record_f64(stress->storages[kind], 1, attributes);
    }
    note(stress, set, 1);
}

static void record_bound(struct stress *stress, uint64_t set) {
    const tacho_attributes attributes = TACHO_ATTRS(TACHO_I64("set", (int64_t)set));
    struct tachoi_bound_series *bound[KINDS];
    for (size_t kind = 0; kind < KINDS; kind++) {
        bound[kind] = tachoi_sync_storage_bind(stress->storages[kind], attributes);
        require(bound[kind] != NULL, "binding failed");
    }
    for (int i = 0; i < BURST; i++) {
        tachoi_bound_series_record_i64(bound[0], 1, &attributes);
        for (size_t kind = 1; kind < KINDS; kind++) {
            tachoi_bound_series_record_f64(bound[kind], 1, &attributes);
        }
    }
    for (size_t kind = 0; kind < KINDS; kind++) {
        tachoi_bound_series_release(bound[kind]);
    }
    note(stress, set, BURST);
}

/** Some sets are hot, and the others come in waves, so that they end between two of them. */
static void *record_all(void *argument) {
    struct stress *stress = argument;
    static _Atomic(uint64_t) births;
    const uint64_t self = atomic_fetch_add_explicit(&births, 1, memory_order_relaxed);
    for (uint64_t i = 0; i < RECORDS; i++) {
        record_everywhere(stress, i % 5);
        record_everywhere(stress, 5 + (i / 40 + i % 7 * 31 + self * 13) % (SETS - 5));
        if (i % 256 == self) {
            record_bound(stress, i / 256 % SETS);
        }
    }
    return NULL;
}

static void *remove_until_over(void *argument) {
    struct stress *stress = argument;
    for (uint64_t set = 0; !atomic_load_explicit(&stress->is_over, memory_order_acquire); set++) {
        const tacho_attributes attributes = TACHO_ATTRS(TACHO_I64("set", (int64_t)(set % SETS)));
        for (size_t kind = 0; kind < KINDS; kind++) {
            const int status = tachoi_sync_storage_remove(stress->storages[kind], attributes);
            require(status == TACHO_OK || status == TACHO_E_BUSY || status == TACHO_E_NOT_FOUND,
                    "an unexpected status of remove");
            if (status == TACHO_OK) {
                atomic_fetch_add_explicit(&stress->removed, 1, memory_order_relaxed);
            }
        }
        (void)sched_yield();
    }
    return NULL;
}

/* --- collecting --- */

static uint64_t value_of(size_t kind, const void *item) {
    const tacho_number_point *number = item;
    const tacho_histogram_point *distribution = item;
    const tacho_exponential_histogram_point *exponential = item;
    switch (kind) {
    case 0:
        return (uint64_t)number->value.i64;
    case 1:
        return (uint64_t)number->value.f64;
    case 2:
        require(distribution->count == (uint64_t)distribution->sum, "sum and count disagree");
        return distribution->count;
    default:
        require(exponential->count == (uint64_t)exponential->sum, "sum and count disagree");
        return exponential->count;
    }
}

/** What the point adds to what its set has exported so far. */
static uint64_t growth_of(const struct stress *stress, size_t kind, const void *item) {
    const uint64_t value = value_of(kind, item);
    const uint64_t id = ((const tacho_number_point *)item)->series.id;
    if (stress->is_delta) {
        return value;
    }
    require(id < MAX_IDS, "more series than expected");
    require(value >= last_of_id[id], "a cumulative value stepped back");
    const uint64_t growth = value - last_of_id[id];
    last_of_id[id] = value;
    return growth;
}

static void add_points(struct stress *stress, size_t kind, const struct tachoi_points *points) {
    bool is_seen[SETS + 1] = {false};
    for (size_t i = 0; i < points->count; i++) {
        const void *item = (const char *)points->items + i * points->size;
        const tacho_attributes attributes = ((const tacho_number_point *)item)->attributes;
        require(attributes.count == 1, "a point of an unknown set");
        const tacho_value *value = &attributes.items[0].value;
        const size_t set = value->type == TACHO_VALUE_I64 ? (size_t)value->as.i64 : SETS;
        /* What a visit that was not counted leaves behind may meet the set's next series. */
        require(!is_seen[set] || stress->counts_late, "a set twice in a batch");
        is_seen[set] = true;
        const uint64_t growth = growth_of(stress, kind, item);
        stress->exported[kind] += growth;
        if (set < SETS) {
            stress->exported_of[kind][set] += growth;
        }
    }
    if (points->count > stress->most_points) {
        stress->most_points = points->count;
    }
}

static void collect_all(struct stress *stress, struct tachoi_arena *arena) {
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct tachoi_points points = {0};
        const struct tachoi_moment now = {tachoi_unix_ns(), tachoi_monotonic_ns()};
        tachoi_arena_reset(arena);
        /* Now and then without enough memory: what is missing comes later. */
        arena->max_bytes = stress->rounds % 8 == 3 ? (size_t)8 * 1024 : 0;
        const bool is_complete =
            tachoi_sync_storage_collect(stress->storages[kind], now, arena, &points);
        require(is_complete || arena->max_bytes != 0, "no memory");
        add_points(stress, kind, &points);
    }
    stress->rounds++;
}

static void *collect_until_over(void *argument) {
    struct stress *stress = argument;
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    while (!atomic_load_explicit(&stress->is_over, memory_order_acquire)) {
        collect_all(stress, &arena);
    }
    stress->rounds = 0; /* with memory */
    collect_all(stress, &arena);
    collect_all(stress, &arena);
    collect_all(stress, &arena);
    tachoi_arena_fini(&arena);
    return NULL;
}

/* --- the account --- */

static void check_account(struct stress *stress, size_t kind, uint64_t recorded) {
    struct tachoi_storage_drops drops = {0};
    tachoi_sync_storage_take_drops(stress->storages[kind], &drops);
    (void)printf("%s %s: recorded %" PRIu64 " = exported %" PRIu64 " + contended %" PRIu64
                 "; %zu series left\n",
                 stress->is_delta ? "delta" : "cumulative", names[kind], recorded,
                 stress->exported[kind], drops.contended,
                 tachoi_sync_storage_series_count(stress->storages[kind]));
    require(drops.no_memory == 0 && drops.forked == 0, "unexpected drops");
    require(recorded == stress->exported[kind] + drops.contended, "the account does not balance");
    if (stress->is_delta) {
        require(tachoi_sync_storage_series_count(stress->storages[kind]) == 1,
                "series are left that nobody uses");
        return;
    }
    for (size_t set = 0; set < SETS && drops.contended == 0; set++) {
        require(stress->exported_of[kind][set] ==
                    atomic_load_explicit(&stress->recorded[set], memory_order_relaxed),
                "the account of a set does not balance");
    }
}

static void create_storages(struct stress *stress, uint32_t limit, uint64_t idle_ns) {
    for (size_t kind = 0; kind < KINDS; kind++) {
        const struct tachoi_storage_config config = {.aggregation = &aggregations[kind],
                                                     .limit = limit,
                                                     .is_delta = stress->is_delta,
                                                     .idle_ns = idle_ns,
                                                     .clock = &real_clock,
                                                     .creation_unix_nano = 1};
        require(tachoi_sync_storage_create(&config, &stress->storages[kind]) == TACHO_OK,
                "no storage");
    }
}

static void run(bool is_delta, uint32_t limit, uint64_t idle_ns) {
    struct stress *stress = tachoi_calloc(1, sizeof *stress);
    pthread_t recorders[RECORDERS];
    pthread_t collecting;
    pthread_t removing;
    require(stress != NULL, "no memory");
    stress->is_delta = is_delta;
    stress->counts_late = !is_delta && idle_ns == 0;
    create_storages(stress, limit, idle_ns);
    for (int i = 0; i < RECORDERS; i++) {
        require(pthread_create(&recorders[i], NULL, record_all, stress) == 0, "no thread");
    }
    require(pthread_create(&collecting, NULL, collect_until_over, stress) == 0, "no thread");
    require(pthread_create(&removing, NULL, remove_until_over, stress) == 0, "no thread");
    for (int i = 0; i < RECORDERS; i++) {
        (void)pthread_join(recorders[i], NULL);
    }
    atomic_store_explicit(&stress->is_over, true, memory_order_release);
    (void)pthread_join(removing, NULL);
    (void)pthread_join(collecting, NULL);

    uint64_t recorded = 0;
    for (size_t set = 0; set < SETS; set++) {
        recorded += atomic_load_explicit(&stress->recorded[set], memory_order_relaxed);
    }
    for (size_t kind = 0; kind < KINDS; kind++) {
        check_account(stress, kind, recorded);
        tachoi_sync_storage_destroy(stress->storages[kind]);
    }
    require(atomic_load_explicit(&stress->removed, memory_order_relaxed) > 0, "none was removed");
    (void)printf("removal_stress: ok, %" PRIu64 " removals, at most %" PRIu64
                 " points of a storage\n",
                 atomic_load_explicit(&stress->removed, memory_order_relaxed), stress->most_points);
    tachoi_free(stress);
}

int main(void) {
    run(true, LIMIT, 0);           /* every interval beyond the limit */
    run(false, TACHO_NO_LIMIT, 0); /* visits are counted from the first removal on */
    run(false, TACHO_NO_LIMIT, TACHOI_NS_PER_MS / 2); /* idle series end as well */
    return 0;
}
