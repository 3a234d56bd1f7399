/* SPDX-License-Identifier: Apache-2.0 */
/* What does recording one measurement cost? One shared instrument of each kind; bound, and with 0,
 * 3 and 8 attributes over 64 sets; 1, 2 and 8 threads; with exemplars off and on; with a collection
 * now and then, between the cases. Linked to the shared libraries, and again statically. */
#include <stdio.h>
#include <string.h>

#include "bench/floors.h"
#include "bench/observations.h"
#include "tacho/exporters/memory.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

/* Reached through the threads' state, so that the compiler does not see what handles are. */
struct instruments {
    tacho_counter *counter;
    tacho_counter_f64 *counter_f64;
    tacho_up_down_counter *up_down_counter;
    tacho_gauge *gauge;
    tacho_histogram *histogram;
    tacho_histogram *exponential;
    tacho_bound_counter *bound_counter;
    tacho_bound_counter_f64 *bound_counter_f64;
    tacho_bound_up_down_counter *bound_up_down_counter;
    tacho_bound_gauge *bound_gauge;
    tacho_bound_histogram *bound_histogram;
    tacho_bound_histogram *bound_exponential;
    struct bench_sets sets3;
    struct bench_sets sets8;
    tacho_metric_reader *reader;
};

/* A counter without a provider. */
static tacho_counter *no_op;

#define BOUND_RUN(what, noun, call, value)                                                         \
    static void run_bound_##what(void *state, unsigned thread, uint64_t iterations) {              \
        tacho_bound_##noun *bound = ((struct instruments *)state)->bound_##what;                   \
        (void)thread;                                                                              \
        for (uint64_t i = 0; i < iterations; i++) {                                                \
            tacho_bound_##noun##_##call(bound, value);                                             \
        }                                                                                          \
    }

/* threads begin at different sets and values */
#define UNBOUND_RUN(what, noun, call, value, suffix, attributes)                                   \
    static void run_##what##_##suffix(void *state, unsigned thread, uint64_t iterations) {         \
        const struct instruments *all = state;                                                     \
        const uint64_t begin = (uint64_t)thread * 37;                                              \
        for (uint64_t i = begin; i < begin + iterations; i++) {                                    \
            tacho_##noun##_##call(all->what, value, attributes);                                   \
        }                                                                                          \
    }

#define RUNS(what, noun, call, value)                                                              \
    BOUND_RUN(what, noun, call, value)                                                             \
    UNBOUND_RUN(what, noun, call, value, 0, TACHO_NO_ATTRS)                                        \
    UNBOUND_RUN(what, noun, call, value, 3, bench_set(&all->sets3, i))                             \
    UNBOUND_RUN(what, noun, call, value, 8, bench_set(&all->sets8, i))

RUNS(counter, counter, add, 1)
RUNS(counter_f64, counter_f64, add, 0.5)
RUNS(up_down_counter, up_down_counter, add, 1)
RUNS(gauge, gauge, record, (int64_t)i)
RUNS(histogram, histogram, record, bench_values[i % VALUES])
RUNS(exponential, histogram, record, bench_values[i % VALUES])

/* The list built in the call, as most callers do. */
static void run_counter_built(void *state, unsigned thread, uint64_t iterations) {
    const struct instruments *all = state;
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        const tacho_attribute *given = all->sets3.items[i % SETS];
        tacho_counter_add(all->counter, 1,
                          TACHO_ATTRS(TACHO_STR("method", given[0].value.as.string.data),
                                      TACHO_STR("status_code", given[1].value.as.string.data),
                                      TACHO_STR("route", given[2].value.as.string.data)));
    }
}

static void run_no_op(void *state, unsigned thread, uint64_t iterations) {
    const struct instruments *all = state;
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        tacho_counter_add(no_op, 1, bench_set(&all->sets3, i));
    }
}

/* --- set-up --- */

static tacho_metric_reader *readers[2];
static size_t reader_count;

static void collect(void) {
    for (size_t i = 0; i < reader_count; i++) {
        if (tacho_metric_reader_collect(readers[i], TACHO_NO_TIMEOUT) != TACHO_OK) {
            bench_die("a collection failed");
        }
    }
}

static uint64_t histogram_arrived(void *state) {
    return bench_observations(((struct instruments *)state)->reader, "histogram");
}

static uint64_t exponential_arrived(void *state) {
    return bench_observations(((struct instruments *)state)->reader, "exponential");
}

static tacho_meter *create_meter(tacho_exemplar_filter filter) {
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *reader = NULL;
    tacho_meter_provider *provider = NULL;
    const tacho_aggregation exponential = {
        .struct_size = sizeof exponential,
        .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM};
    tacho_view *view = NULL;
    if (tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = "exponential",
                                        .aggregation = &exponential),
                          &view) != TACHO_OK ||
        tacho_memory_exporter_create(NULL, &exporter) != TACHO_OK ||
        tacho_manual_reader_create(exporter, NULL, &reader) != TACHO_OK ||
        tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader,
                                                  .reader_count = 1, .views = &view,
                                                  .view_count = 1, .exemplar_filter = filter),
                                    &provider) != TACHO_OK) {
        bench_die("no provider");
    }
    readers[reader_count++] = reader;
    return tacho_meter_provider_get_meter(provider, "bench", NULL);
}

static void instruments_init(struct instruments *all, tacho_exemplar_filter filter) {
    tacho_meter *meter = create_meter(filter);
    all->reader = readers[reader_count - 1];
    const tacho_instrument_options *bounds =
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bench_bounds,
                      .explicit_bucket_boundary_count = BOUNDS);
    bench_sets_init(&all->sets3, 3);
    bench_sets_init(&all->sets8, 8);
    all->counter = tacho_meter_create_counter(meter, "counter", NULL);
    all->counter_f64 = tacho_meter_create_counter_f64(meter, "counter_f64", NULL);
    all->up_down_counter = tacho_meter_create_up_down_counter(meter, "up_down_counter", NULL);
    all->gauge = tacho_meter_create_gauge(meter, "gauge", NULL);
    all->histogram = tacho_meter_create_histogram(meter, "histogram", bounds);
    all->exponential = tacho_meter_create_histogram(meter, "exponential", NULL);
    const tacho_attributes bound = TACHO_ATTRS(TACHO_STR("shard", "bound"));
    all->bound_counter = tacho_counter_bind(all->counter, bound);
    all->bound_counter_f64 = tacho_counter_f64_bind(all->counter_f64, bound);
    all->bound_up_down_counter = tacho_up_down_counter_bind(all->up_down_counter, bound);
    all->bound_gauge = tacho_gauge_bind(all->gauge, bound);
    all->bound_histogram = tacho_histogram_bind(all->histogram, bound);
    all->bound_exponential = tacho_histogram_bind(all->exponential, bound);
}

/** The name of the case with an ending; kept to the end. */
static const char *named(const char *name, const char *ending) {
    static char texts[128][48];
    static size_t count;
    if (count == sizeof texts / sizeof *texts) {
        bench_die("too many names");
    }
    (void)snprintf(texts[count], sizeof *texts, "%s%s", name, ending);
    return texts[count++];
}

/** What can be dropped is a value of a histogram, whose cells can all be held. */
static bench_arrived_fn arrived_of(const char *name) {
    return strstr(name, "histogram") != NULL     ? histogram_arrived
           : strstr(name, "exponential") != NULL ? exponential_arrived
                                                 : NULL;
}

/** Adds it for 1, 2 and 8 threads; `target` of 1 thread against the floor, and of 2 against 1. */
static void add(const char *name, bench_run_fn run, void *state, const char *floor, double target,
                double target_2t) {
    struct bench_case added = {
        .name = name, .run = run, .state = state, .arrived = arrived_of(name)};
    bench_add(&added);
    const char *two = added.name = named(name, ".2t");
    added.threads = 2;
    bench_add(&added);
    added.name = named(name, ".8t");
    added.threads = 8;
    bench_add(&added);
    bench_compare(name, floor, target);
    bench_compare(two, name, target_2t);
}

/* What linking the libraries statically, optimised as one, is for; see CMakeLists.txt. */
#ifdef BENCH_STATIC
#define PROGRAM "record_static"
#define BOUND_COUNTER_FLOOR "floor.xadd"
#define BOUND_COUNTER_TARGET 1.3
#else
#define PROGRAM "record"
#define BOUND_COUNTER_FLOOR "floor.xadd_call"
#define BOUND_COUNTER_TARGET 1.5
#endif

static void add_bound(struct instruments *all) {
    add("bound.counter", run_bound_counter, all, BOUND_COUNTER_FLOOR, BOUND_COUNTER_TARGET, 1.3);
#ifndef BENCH_STATIC /* where it is the row above */
    bench_compare("bound.counter", "floor.xadd", 0);
#endif
    bench_compare("bound.counter", "floor.tls", 0);
    add("bound.counter_f64", run_bound_counter_f64, all, BOUND_COUNTER_FLOOR, 0, 0);
    add("bound.up_down_counter", run_bound_up_down_counter, all, BOUND_COUNTER_FLOOR, 0, 0);
    add("bound.gauge", run_bound_gauge, all, BOUND_COUNTER_FLOOR, 0, 0);
    add("bound.histogram", run_bound_histogram, all, "floor.observe", 1.5, 0);
    bench_compare("bound.histogram.2t", "floor.observe", 1.5);
    bench_compare("bound.histogram", "floor.observe_locked", 0);
    bench_compare("bound.histogram", "floor.observe_call", 0);
    bench_compare("bound.histogram", "floor.observe_marked_call", 0);
    bench_compare("bound.histogram", "floor.observe_locked_call", 0);
    bench_compare("floor.observe_locked_call", "floor.observe", 0);
    add("bound.exponential", run_bound_exponential, all, "bound.histogram", 2, 0);
}

#define ADD_UNBOUND(what, floor0, floors, target3) ADD_UNBOUND_TO(what, floor0, floors, target3)
#define ADD_UNBOUND_TO(what, floor0, floor3, floor8, target3)                                      \
    add(#what ".0", run_##what##_0, all, floor0, 0, 0);                                            \
    add(#what ".3", run_##what##_3, all, floor3, target3, target3);                                \
    add(#what ".8", run_##what##_8, all, floor8, 0, 0)

/* What others may add to at the same time is added to by an atomic addition, so the floor of a
 * counter has one; the other stands beside it. */
#define XADD_FLOORS "floor.lookup3_xadd", "floor.lookup8_xadd"
#define PLAIN_FLOORS "floor.lookup3", "floor.lookup8"

static void add_unbound(struct instruments *all) {
    ADD_UNBOUND(counter, "floor.xadd_call", XADD_FLOORS, 1.3);
    bench_compare("counter.3", "floor.lookup3", 0);
    bench_compare("counter.8", "floor.lookup8", 0);
    bench_compare("floor.lookup3_xadd", "floor.lookup3", 0);
    add("counter.3.built", run_counter_built, all, "floor.lookup3_xadd", 0, 0);
    ADD_UNBOUND(counter_f64, "floor.xadd_call", XADD_FLOORS, 0);
    ADD_UNBOUND(up_down_counter, "floor.xadd_call", XADD_FLOORS, 0);
    ADD_UNBOUND(gauge, "floor.xadd_call", PLAIN_FLOORS, 0);
    ADD_UNBOUND(histogram, "floor.observe", XADD_FLOORS, 0);
    ADD_UNBOUND(exponential, "floor.observe", XADD_FLOORS, 0);
}

/* Every measurement is offered to a reservoir; above there is no hook that tells of a span. */
static void add_with_exemplars(struct instruments *all) {
    add("exemplars.bound.counter", run_bound_counter, all, "bound.counter", 0, 0);
    add("exemplars.bound.histogram", run_bound_histogram, all, "bound.histogram", 0, 0);
    add("exemplars.counter.3", run_counter_3, all, "counter.3", 0, 0);
    add("exemplars.histogram.3", run_histogram_3, all, "histogram.3", 0, 0);
}

static void set_up(void) {
    static struct instruments plain;
    static struct instruments with_exemplars;
    bench_values_init();
    no_op = tacho_meter_create_counter(tacho_meter_provider_get_meter(NULL, "none", NULL), "none",
                                       NULL);
    instruments_init(&plain, TACHO_EXEMPLAR_FILTER_TRACE_BASED); /* the default */
    instruments_init(&with_exemplars, TACHO_EXEMPLAR_FILTER_ALWAYS_ON);
    bench_after_round(collect);
    bench_add_floors();
    bench_add(&(struct bench_case){.name = "no_op.counter", .run = run_no_op, .state = &plain});
    bench_compare("no_op.counter", "floor.empty_call", 1.2);
    add_bound(&plain);
    add_unbound(&plain);
    add_with_exemplars(&with_exemplars);
}

int main(int argc, char **argv) {
    return bench_main(argc, argv, PROGRAM, set_up);
}
