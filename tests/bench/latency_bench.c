/* SPDX-License-Identifier: Apache-2.0 */
/* How long can one measurement take while 100 k series are collected? Each addition is timed by
 * itself, with and without a thread that collects all the time. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/series.h"

#if defined(__x86_64__)
#include <x86intrin.h>
/** A clock that costs some nanoseconds; its unit cancels out. */
static uint64_t ticks(void) {
    unsigned processor = 0;
    return __rdtscp(&processor);
}
#else
static uint64_t ticks(void) {
    return bench_wall_ns();
}
#endif

enum { COLLECTED = 100000, SAMPLES = 400000, KINDS = 4 };

static const double quantiles[KINDS] = {0.5, 0.99, 0.999, 1};

struct recording {
    struct series series;
    tacho_bound_counter *bound;
    _Atomic(bool) is_over;
    uint64_t took[SAMPLES];
    double figures[2][KINDS]; /* of the last round, without and with the collector */
    double ns_per_tick;
};

static struct recording recording;

static void *collect_all_the_time(void *unused) {
    (void)unused;
    while (!atomic_load(&recording.is_over)) {
        series_collect(&recording.series);
    }
    return NULL;
}

static int compare(const void *left, const void *right) {
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void sample(double *figures) {
    for (size_t i = 0; i < SAMPLES; i++) {
        const uint64_t begin = ticks();
        tacho_bound_counter_add(recording.bound, 1);
        recording.took[i] = ticks() - begin;
        for (unsigned pause = 0; pause < 50;
             pause++) { /* as a program that also does other things */
            BENCH_TOUCH(&pause);
        }
    }
    qsort(recording.took, SAMPLES, sizeof recording.took[0], compare);
    for (size_t i = 0; i < KINDS; i++) {
        const size_t at = (size_t)(quantiles[i] * (SAMPLES - 1));
        figures[i] = (double)recording.took[at] * recording.ns_per_tick;
    }
}

static void sample_beside_collector(double *figures) {
    pthread_t collector;
    atomic_store(&recording.is_over, false);
    if (pthread_create(&collector, NULL, collect_all_the_time, NULL) != 0) {
        bench_die("no thread");
    }
    sample(figures);
    atomic_store(&recording.is_over, true);
    (void)pthread_join(collector, NULL);
}

static void calibrate_ticks(void) {
    const uint64_t begin_ns = bench_wall_ns();
    const uint64_t begin = ticks();
    while (bench_wall_ns() - begin_ns < 20000000) {
    }
    recording.ns_per_tick = (double)(bench_wall_ns() - begin_ns) / (double)(ticks() - begin);
}

/* Case 0 of each half makes the samples of the round, the others show them. */
struct shown {
    unsigned half;
    unsigned quantile;
};

static double show(void *state) {
    const struct shown *shown = state;
    if (shown->quantile == 0) {
        if (shown->half == 0) {
            sample(recording.figures[0]);
        } else {
            sample_beside_collector(recording.figures[1]);
        }
    }
    return recording.figures[shown->half][shown->quantile];
}

static void set_up(void) {
    static const char *const names[2][KINDS] = {
        {"alone.p50", "alone.p99", "alone.p999", "alone.max"},
        {"beside_collection.p50", "beside_collection.p99", "beside_collection.p999",
         "beside_collection.max"}};
    static struct shown shown[2][KINDS];
    calibrate_ticks();
    series_init(&recording.series, SERIES_COUNTERS, COLLECTED, SERIES_COLLECT);
    series_record(&recording.series);
    recording.bound =
        tacho_counter_bind(recording.series.counter, TACHO_ATTRS(TACHO_STR("shard", "bound")));
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned i = 0; i < KINDS; i++) {
            shown[half][i] = (struct shown){half, i};
            bench_add(&(struct bench_case){
                .name = names[half][i], .unit = "ns", .figure = show, .state = &shown[half][i]});
        }
    }
    for (unsigned i = 0; i < KINDS; i++) {
        bench_compare(names[1][i], names[0][i], i == 2 ? 3 : 0);
    }
}

int main(int argc, char **argv) {
    return bench_main(argc, argv, "latency", set_up);
}
