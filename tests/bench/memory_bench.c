/* SPDX-License-Identifier: Apache-2.0 */
/* What does a series weigh? Resident memory per series, measured in a process of its own for each
 * figure: before and after a collection, and with the exporter's cache of labels; of a series that
 * many threads use; and what 10,000 short-lived threads leave behind. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/series.h"

/** Private memory of this process that is in use, in bytes. */
static double resident(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1) {
        bench_die("no /proc/self/statm");
    }
    (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
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
    const double before = resident();
    series_record(&series);
    for (int i = 0; i < weight->collections; i++) {
        series_collect(&series);
        if (weight->way == SERIES_TRANSLATE) {
            series_deliver(&series);
        }
    }
    return (resident() - before) / (double)weight->count;
}

static double bytes_per_series(void *state) {
    return in_child(weigh, state);
}

/* --- threads --- */

struct crowd {
    unsigned threads; /* at once */
    unsigned times;
    struct series series;
};

static void *record_a_lot(void *given) {
    struct crowd *crowd = given;
    for (int i = 0; i < 20000; i++) {
        tacho_histogram_record(crowd->series.histogram, 0.001 * i,
                               TACHO_ATTRS(TACHO_I64("shard", i % 4)));
    }
    return NULL;
}

static void gather(struct crowd *crowd) {
    pthread_t threads[64];
    for (unsigned i = 0; i < crowd->threads; i++) {
        if (pthread_create(&threads[i], NULL, record_a_lot, crowd) != 0) {
            bench_die("no thread");
        }
    }
    for (unsigned i = 0; i < crowd->threads; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/** What grows from the second crowd to the last. */
static double weigh_crowds(void *state) {
    struct crowd *crowd = state;
    series_init(&crowd->series, SERIES_HISTOGRAMS, 0, SERIES_COLLECT);
    for (unsigned i = 0; i < 8; i++) { /* stripes are given, stacks are cached */
        gather(crowd);
        series_collect(&crowd->series);
    }
    const double before = resident();
    for (unsigned i = 0; i < crowd->times; i++) {
        gather(crowd);
        if (i % 16 == 0) {
            series_collect(&crowd->series);
        }
    }
    return resident() - before;
}

static double bytes_left_by_threads(void *state) {
    return in_child(weigh_crowds, state);
}

/** Of 4 series, from no thread to threads that have used them all at once. */
static double weigh_sharing(void *state) {
    struct crowd *crowd = state;
    series_init(&crowd->series, SERIES_HISTOGRAMS, 0, SERIES_COLLECT);
    (void)record_a_lot(crowd);
    series_collect(&crowd->series);
    const double before = resident();
    for (unsigned i = 0; i < crowd->times; i++) {
        gather(crowd);
        series_collect(&crowd->series);
    }
    return (resident() - before) / 4;
}

static double bytes_of_sharing(void *state) {
    return in_child(weigh_sharing, state);
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
    static struct crowd crowds[] = {{2, 8, {0}}, {8, 8, {0}}, {64, 8, {0}}, {4, 2500, {0}}};
    static const char *const crowd_names[] = {"histogram.shared.2t", "histogram.shared.8t",
                                              "histogram.shared.64t", "left_by_10000_threads"};
    for (size_t i = 0; i < sizeof crowds / sizeof *crowds; i++) {
        const bool is_left = i + 1 == sizeof crowds / sizeof *crowds;
        bench_add(&(struct bench_case){.name = crowd_names[i],
                                       .unit = is_left ? "bytes" : "bytes/series",
                                       .figure = is_left ? bytes_left_by_threads : bytes_of_sharing,
                                       .state = &crowds[i]});
    }
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
