/* SPDX-License-Identifier: Apache-2.0 */
/* Storages under fire: threads record known sets, new sets and sets beyond the limit, bind and
 * release, start and end, while a collector collects. At the end what was recorded must be what was
 * collected plus what was counted as dropped, exactly; on the way no cumulative value may step back
 * and every histogram must be consistent in itself. A plain program: exit code 0 and one line. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "storage/storage.h"
#include "tacho/sdk/metric_data.h"

enum { RECORDERS = 4, LIVES = 15, RECORDS = 1500, KNOWN_SETS = 8, ALL_SETS = 900, LIMIT = 400 };
enum { MAX_IDS = 1 << 16 };

/* One possible value for each bucket, so that a histogram's sum, min and max follow from its
 * buckets. Integers: sums of doubles are exact in any order. */
static const double bounds[] = {1, 10, 100, 1000};
static const double value_of_bucket[] = {1, 7, 50, 300, 4000};
enum { BUCKETS = 5 };

static const struct tachoi_aggregation sum_i64 = {
    .kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_I64, .is_monotonic = true};
static const struct tachoi_aggregation sum_f64 = {
    .kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_F64, .is_monotonic = true};
static const struct tachoi_aggregation last_i64 = {.kind = TACHOI_AGGREGATION_LAST_VALUE,
                                                   .number_type = TACHO_NUMBER_I64};
static const struct tachoi_aggregation histogram = {.kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
                                                    .number_type = TACHO_NUMBER_F64,
                                                    .bounds = bounds,
                                                    .bound_count = BUCKETS - 1};

struct stress {
    struct tachoi_sync_storage *integers, *doubles, *histograms, *gauges;
    _Atomic(bool) is_over;
    _Atomic(uint64_t) recorded; /* the same number of measurements in each storage */
};

static uint64_t unix_ns(void *user) {
    (void)user;
    return tachoi_unix_ns();
}
static const tacho_clock real_clock = {
    .struct_size = sizeof real_clock, .unix_ns = unix_ns, .monotonic_ns = unix_ns};

static void require(bool condition, const char *what) {
    if (!condition) {
        (void)fprintf(stderr, "storage_stress: %s\n", what);
        exit(1);
    }
}

/* --- recording --- */

static void record_everywhere(struct stress *stress, int64_t set, unsigned number) {
    const tacho_attributes attributes = TACHO_ATTRS(TACHO_I64("set", set));
    tachoi_sync_storage_record_i64(stress->integers, 1, attributes);
    tachoi_sync_storage_record_f64(stress->doubles, 1, attributes);
    tachoi_sync_storage_record_f64(stress->histograms, value_of_bucket[number % BUCKETS],
                                   attributes);
    tachoi_sync_storage_record_i64(stress->gauges, (int64_t)number + 1, attributes);
}

static void record_bound(struct stress *stress, int64_t set, unsigned times) {
    const tacho_attributes attributes = TACHO_ATTRS(TACHO_I64("set", set));
    struct tachoi_bound_series *integer = tachoi_sync_storage_bind(stress->integers, attributes);
    struct tachoi_bound_series *number = tachoi_sync_storage_bind(stress->doubles, attributes);
    struct tachoi_bound_series *distribution =
        tachoi_sync_storage_bind(stress->histograms, attributes);
    struct tachoi_bound_series *gauge = tachoi_sync_storage_bind(stress->gauges, attributes);
    require(integer != NULL && number != NULL && distribution != NULL && gauge != NULL,
            "binding failed");
    for (unsigned i = 0; i < times; i++) {
        tachoi_bound_series_record_i64(integer, 1, NULL);
        tachoi_bound_series_record_f64(number, 1, NULL);
        tachoi_bound_series_record_f64(distribution, value_of_bucket[i % BUCKETS], NULL);
        tachoi_bound_series_record_i64(gauge, 1, NULL);
    }
    tachoi_bound_series_release(integer);
    tachoi_bound_series_release(number);
    tachoi_bound_series_release(distribution);
    tachoi_bound_series_release(gauge);
}

/** One thread's life: a third known sets, a third new or overflowing ones, a third bound. */
static void *live(void *argument) {
    enum { BATCH = 20 };
    struct stress *stress = argument;
    static _Atomic(unsigned) births;
    const unsigned self = atomic_fetch_add_explicit(&births, 1, memory_order_relaxed);
    for (unsigned i = 0; i < RECORDS / BATCH; i++) {
        for (unsigned j = 0; j < BATCH; j++) {
            const unsigned number = i * BATCH + j;
            record_everywhere(stress, number % KNOWN_SETS, number);
            record_everywhere(stress, KNOWN_SETS + (self * 131 + number) % ALL_SETS, number);
        }
        record_bound(stress, i % KNOWN_SETS, BATCH);
        atomic_fetch_add_explicit(&stress->recorded, (uint64_t)3 * BATCH, memory_order_relaxed);
    }
    return NULL;
}

static void *be_reborn(void *argument) {
    for (int i = 0; i < LIVES; i++) {
        pthread_t thread;
        require(pthread_create(&thread, NULL, live, argument) == 0, "no thread");
        (void)pthread_join(thread, NULL);
    }
    return NULL;
}

/* --- collecting --- */

/** What one storage showed, added up over its series. */
struct totals {
    uint64_t count;
    double last[MAX_IDS]; /* by series id: cumulative values so far */
};

static void check_forward(struct totals *totals, uint64_t id, double value) {
    require(id < MAX_IDS, "more series than expected");
    require(value >= totals->last[id], "a cumulative value stepped back");
    totals->last[id] = value;
}

static void check_histogram(const tacho_histogram_point *point) {
    uint64_t count = 0;
    double sum = 0;
    double min = 0;
    double max = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        if (point->bucket_counts[i] != 0) {
            min = count == 0 ? value_of_bucket[i] : min;
            max = value_of_bucket[i];
        }
        count += point->bucket_counts[i];
        sum += (double)point->bucket_counts[i] * value_of_bucket[i];
    }
    require(count == point->count && count != 0, "count is not the sum of the buckets");
    require(!(sum < point->sum) && !(sum > point->sum), "sum does not belong to the buckets");
    require(!(min < point->min) && !(min > point->min), "min does not belong to the buckets");
    require(!(max < point->max) && !(max > point->max), "max does not belong to the buckets");
}

enum kind { INTEGERS, DOUBLES, HISTOGRAMS, GAUGES };

static void add_point(struct totals *totals, enum kind kind, const void *item) {
    const tacho_number_point *number = item;
    const tacho_histogram_point *distribution = item;
    switch (kind) {
    case INTEGERS:
        totals->count += (uint64_t)number->value.i64;
        check_forward(totals, number->series.id, (double)number->value.i64);
        break;
    case DOUBLES:
        totals->count += (uint64_t)number->value.f64;
        check_forward(totals, number->series.id, number->value.f64);
        break;
    case HISTOGRAMS:
        check_histogram(distribution);
        totals->count += distribution->count;
        check_forward(totals, distribution->series.id, (double)distribution->count);
        break;
    case GAUGES:
        require(number->value.i64 > 0, "a last value that nobody recorded");
        break;
    }
}

static void collect(struct tachoi_sync_storage *storage, enum kind kind, struct totals *totals,
                    struct tachoi_arena *arena) {
    struct tachoi_points points = {0};
    tachoi_arena_reset(arena);
    require(tachoi_sync_storage_collect(
                storage, (struct tachoi_moment){tachoi_unix_ns(), tachoi_monotonic_ns()}, arena,
                &points),
            "no memory");
    require(points.count <= LIMIT + 1, "more series than the limit allows");
    totals->count = 0;
    for (size_t i = 0; i < points.count; i++) {
        add_point(totals, kind, (const char *)points.items + i * points.size);
    }
}

struct collector {
    struct stress *stress;
    struct tachoi_arena arena;
    uint64_t rounds;
    struct totals totals[4];
};

static void collect_all(struct collector *collector) {
    struct stress *stress = collector->stress;
    collect(stress->integers, INTEGERS, &collector->totals[INTEGERS], &collector->arena);
    collect(stress->doubles, DOUBLES, &collector->totals[DOUBLES], &collector->arena);
    collect(stress->histograms, HISTOGRAMS, &collector->totals[HISTOGRAMS], &collector->arena);
    collect(stress->gauges, GAUGES, &collector->totals[GAUGES], &collector->arena);
    collector->rounds++;
}

static void *collect_until_over(void *argument) {
    struct collector *collector = argument;
    while (!atomic_load_explicit(&collector->stress->is_over, memory_order_acquire)) {
        collect_all(collector);
    }
    return NULL;
}

/* --- the account --- */

static void check_account(struct tachoi_sync_storage *storage, const char *name, uint64_t recorded,
                          uint64_t collected) {
    struct tachoi_storage_drops drops = {0};
    tachoi_sync_storage_take_drops(storage, &drops);
    (void)printf("%s: recorded %" PRIu64 " = collected %" PRIu64 " + contended %" PRIu64 "\n", name,
                 recorded, collected, drops.contended);
    require(drops.no_memory == 0 && drops.forked == 0, "unexpected drops");
    require(recorded == collected + drops.contended, "the account does not balance");
    require(tachoi_sync_storage_series_count(storage) == LIMIT + 1, "the limit was not used up");
}

static struct tachoi_sync_storage *create(const struct tachoi_aggregation *aggregation) {
    struct tachoi_sync_storage *storage = NULL;
    require(tachoi_sync_storage_create(&(struct tachoi_storage_config){.aggregation = aggregation,
                                                                       .limit = LIMIT,
                                                                       .clock = &real_clock},
                                       &storage) == TACHO_OK,
            "no storage");
    return storage;
}

int main(void) {
    static struct stress stress;
    static struct collector collector = {.stress = &stress};
    stress.integers = create(&sum_i64);
    stress.doubles = create(&sum_f64);
    stress.histograms = create(&histogram);
    stress.gauges = create(&last_i64);
    tachoi_arena_init(&collector.arena, 0);

    pthread_t threads[RECORDERS];
    pthread_t collecting;
    require(pthread_create(&collecting, NULL, collect_until_over, &collector) == 0, "no thread");
    for (int i = 0; i < RECORDERS; i++) {
        require(pthread_create(&threads[i], NULL, be_reborn, &stress) == 0, "no thread");
    }
    for (int i = 0; i < RECORDERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    atomic_store_explicit(&stress.is_over, true, memory_order_release);
    (void)pthread_join(collecting, NULL);
    collect_all(&collector);

    const uint64_t recorded = atomic_load_explicit(&stress.recorded, memory_order_relaxed);
    check_account(stress.integers, "integers", recorded, collector.totals[INTEGERS].count);
    check_account(stress.doubles, "doubles", recorded, collector.totals[DOUBLES].count);
    check_account(stress.histograms, "histograms", recorded, collector.totals[HISTOGRAMS].count);
    (void)printf("storage_stress: ok, %" PRIu64 " collections meanwhile\n", collector.rounds);
    tachoi_arena_fini(&collector.arena);
    tachoi_sync_storage_destroy(stress.integers);
    tachoi_sync_storage_destroy(stress.doubles);
    tachoi_sync_storage_destroy(stress.histograms);
    tachoi_sync_storage_destroy(stress.gauges);
    return 0;
}
