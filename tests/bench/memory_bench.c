/* SPDX-License-Identifier: Apache-2.0 */
/* What does a series weigh? Resident anonymous memory per series, measured in a process of its own
 * for each figure: before and after a collection, and with the exporter's cache of labels; of a
 * series that many threads use; and what 10,000 short-lived threads leave behind. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/observations.h"
#include "bench/series.h"

/** Resident anonymous memory of this process in bytes: heap, stacks, private data that was written.
 * Resident pages of files are left out: those of code that runs for the first time are no memory of
 * a series. */
static double anonymous_bytes(void) {
    unsigned long resident = 0;
    unsigned long of_files = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*u %lu %lu", &resident, &of_files) != 2) {
        bench_die("no /proc/self/statm");
    }
    (void)fclose(file);
    return (double)(resident - of_files) * (double)sysconf(_SC_PAGESIZE);
}

/** The figure that `measure` gives in a new process. */
static double in_child(double (*measure)(void *), void *state) {
    int ends[2];
    double figure = 0;
    if (pipe(ends) != 0) {
        bench_die("no pipe");
    }
    const pid_t child = fork();
    if (child == 0) {
        figure = measure(state);
        _exit(write(ends[1], &figure, sizeof figure) == (ssize_t)sizeof figure ? 0 : 1);
    }
    int status = 0;
    if (child < 0 || read(ends[0], &figure, sizeof figure) != (ssize_t)sizeof figure ||
        waitpid(child, &status, 0) != child || status != 0) {
        bench_die("a process failed");
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
    return figure;
}

/* --- bytes of a series --- */

struct weight {
    enum series_kind kind;
    uint64_t count;
    int collections;
    enum series_way way;
};

static double weigh(void *state) {
    const struct weight *weight = state;
    static struct series series;
    series_init(&series, weight->kind, weight->count, weight->way);
    const double before = anonymous_bytes();
    series_record(&series);
    for (int i = 0; i < weight->collections; i++) {
        series_collect(&series);
        if (weight->way == SERIES_TRANSLATE) {
            series_deliver(&series);
        }
    }
    return (anonymous_bytes() - before) / (double)weight->count;
}

static double bytes_per_series(void *state) {
    return in_child(weigh, state);
}

/* --- threads --- */

enum { CROWD_MAX = 64, CROWD_RECORDS = 20000, CROWD_SERIES = 16 };

struct crowd {
    unsigned threads; /* at once */
    unsigned times;
    struct series series;
    tacho_histogram *recorded;
    pthread_barrier_t all_here;
};

static void *record_a_lot(void *given) {
    struct crowd *crowd = given;
    (void)pthread_barrier_wait(&crowd->all_here);
    for (int i = 0; i < CROWD_RECORDS; i++) {
        tacho_histogram_record(crowd->recorded, 0.001 * i,
                               TACHO_ATTRS(TACHO_I64("shard", i % CROWD_SERIES)));
    }
    return NULL;
}

/** As many threads as the crowd has, all of them there before the first one records: so each crowd
 * has as many stacks as any other, which libc keeps for the next. */
static void gather(struct crowd *crowd) {
    pthread_t threads[CROWD_MAX];
    if (pthread_barrier_init(&crowd->all_here, NULL, crowd->threads) != 0) {
        bench_die("no barrier");
    }
    for (unsigned i = 0; i < crowd->threads; i++) {
        if (pthread_create(&threads[i], NULL, record_a_lot, crowd) != 0) {
            bench_die("no thread");
        }
    }
    for (unsigned i = 0; i < crowd->threads; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_barrier_destroy(&crowd->all_here);
    series_collect(&crowd->series);
}

static void gather_often(struct crowd *crowd, unsigned times) {
    for (unsigned i = 0; i < times; i++) {
        gather(crowd);
    }
}

/** What is there once, whatever is recorded: stacks, pages that a first call touches. Another
 * histogram of the same kind gets it all. */
static void begin_crowds(struct crowd *crowd) {
    static const double bounds[SERIES_BOUNDS] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    series_init(&crowd->series, SERIES_HISTOGRAMS, 0, SERIES_COLLECT);
    tacho_meter *meter = tacho_meter_provider_get_meter(crowd->series.provider, "bench", NULL);
    crowd->recorded = tacho_meter_create_histogram(
        meter, "warm_up",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bounds,
                      .explicit_bucket_boundary_count = SERIES_BOUNDS));
    gather_often(crowd, 8);
    crowd->recorded = crowd->series.histogram;
}

/** What grows from the first crowds to the last. */
static double weigh_crowds(void *state) {
    struct crowd *crowd = state;
    begin_crowds(crowd);
    gather_often(crowd, 8); /* stripes are given */
    const double before = anonymous_bytes();
    gather_often(crowd, crowd->times);
    return anonymous_bytes() - before;
}

static double bytes_left_by_threads(void *state) {
    return in_child(weigh_crowds, state);
}

/** Of a series, from no thread to threads that have used them all at once. */
static double weigh_sharing(void *state) {
    struct crowd *crowd = state;
    begin_crowds(crowd);
    const double before = anonymous_bytes();
    gather_often(crowd, crowd->times);
    return (anonymous_bytes() - before) / CROWD_SERIES;
}

static double bytes_of_sharing(void *state) {
    return in_child(weigh_sharing, state);
}

/** Of a million measurements, how many found all cells held and the ring full. */
static double count_drops(void *state) {
    struct crowd *crowd = state;
    begin_crowds(crowd);
    gather_often(crowd, crowd->times);
    const double recorded = (double)crowd->threads * crowd->times * CROWD_RECORDS;
    const double arrived = (double)bench_observations(crowd->series.reader, SERIES_HISTOGRAM_NAME);
    return (recorded - arrived) / recorded * 1e6;
}

static double drops_of_sharing(void *state) {
    return in_child(count_drops, state);
}

static void set_up(void) {
    static struct weight weights[] = {{SERIES_COUNTERS, 100000, 0, SERIES_COLLECT},
                                      {SERIES_COUNTERS, 100000, 3, SERIES_COLLECT},
                                      {SERIES_COUNTERS, 100000, 3, SERIES_TRANSLATE},
                                      {SERIES_HISTOGRAMS, 10000, 0, SERIES_COLLECT},
                                      {SERIES_HISTOGRAMS, 10000, 3, SERIES_COLLECT},
                                      {SERIES_HISTOGRAMS, 10000, 3, SERIES_TRANSLATE}};
    static const char *const names[] = {"counter.recorded",    "counter.collected",
                                        "counter.exported",    "histogram.recorded",
                                        "histogram.collected", "histogram.exported"};
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        bench_add(&(struct bench_case){.name = names[i],
                                       .unit = "bytes/series",
                                       .figure = bytes_per_series,
                                       .state = &weights[i]});
    }
    static struct crowd crowds[] = {
        {.threads = 1, .times = 8},
        {.threads = 2, .times = 8},
        {.threads = 8, .times = 8},
        {.threads = 64, .times = 8},
    };
    static const char *const crowd_names[][2] = {
        {"histogram.shared.1t", "histogram.shared.1t.dropped"},
        {"histogram.shared.2t", "histogram.shared.2t.dropped"},
        {"histogram.shared.8t", "histogram.shared.8t.dropped"},
        {"histogram.shared.64t", "histogram.shared.64t.dropped"},
    };
    for (size_t i = 0; i < sizeof crowds / sizeof *crowds; i++) {
        bench_add(&(struct bench_case){.name = crowd_names[i][0],
                                       .unit = "bytes/series",
                                       .figure = bytes_of_sharing,
                                       .state = &crowds[i]});
        bench_add(&(struct bench_case){.name = crowd_names[i][1],
                                       .unit = "per million",
                                       .figure = drops_of_sharing,
                                       .state = &crowds[i]});
    }
    static struct crowd many = {.threads = 4, .times = 2500};
    bench_add(&(struct bench_case){.name = "left_by_10000_threads",
                                   .unit = "bytes",
                                   .figure = bytes_left_by_threads,
                                   .state = &many});
    bench_limit("histogram.shared.1t.dropped", 1e-9); /* none */
    bench_limit("counter.recorded", 200);
    bench_limit("counter.collected", 200);
    bench_limit("counter.exported", 400);
    bench_limit("histogram.recorded", 400);
    bench_limit("histogram.collected", 400);
    bench_limit("left_by_10000_threads", 65536); /* nothing, but for pages of the allocator */
}

int main(int argc, char **argv) {
    return bench_main(argc, argv, "memory", set_up);
}
