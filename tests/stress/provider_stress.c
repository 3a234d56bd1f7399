/* SPDX-License-Identifier: Apache-2.0 */
/* Everything at once, for ThreadSanitizer: recorders (bound and unbound, binding and releasing),
 * two manual readers that collect, a periodic reader at 1 ms, flushes, meters and instruments being
 * made, callbacks coming and going, and a shutdown while others still record. Conservation: what
 * was recorded before shutdown is exported or counted as dropped; of what is recorded while
 * shutdown runs at most one measurement per thread, the one that overlaps the last reading, may be
 * in neither account. Prints what it saw; exits 1 where something does not add up. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/pipeline.h"
#include "provider/provider.h"
#include "tacho/sdk/diagnostics.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

#define RECORDERS 3
#define RUN_MS 2500
#define LATE_MS 300
#define CLEAN_SETS 16

static struct {
    tacho_meter_provider *provider;
    tacho_metric_reader *readers[3]; /* manual, manual with a small limit, periodic */
    tacho_meter *meter;
    tacho_counter *counter;
    tacho_counter *late_counter;
    tacho_up_down_counter_f64 *up_down;
    tacho_histogram *histogram;
    _Atomic(bool) stop;
    _Atomic(bool) stop_late;
    _Atomic(unsigned) failures;
} all;

/* What one collection says. */
struct totals {
    int64_t counter;
    int64_t late_counter;
    double up_down;
    uint64_t histogram_count;
    double histogram_sum;
};

/* The last batch that the periodic reader exported; its thread writes, main reads after shutdown.
 */
static struct totals exported;

static void expect(bool is_right, const char *what) {
    if (!is_right) {
        atomic_fetch_add_explicit(&all.failures, 1, memory_order_relaxed);
        fprintf(stderr, "FAILED: %s\n", what);
    }
}

static bool is_named(const tacho_metric *metric, const char *name) {
    return metric->name.length == strlen(name) &&
           memcmp(metric->name.data, name, metric->name.length) == 0;
}

static void add_metric(struct totals *totals, const tacho_metric *metric) {
    for (size_t i = 0; i < metric->point_count; i++) {
        if (is_named(metric, "counter")) {
            totals->counter += tacho_metric_number_point(metric, i)->value.i64;
        } else if (is_named(metric, "late")) {
            totals->late_counter += tacho_metric_number_point(metric, i)->value.i64;
        } else if (is_named(metric, "up_down")) {
            totals->up_down += tacho_metric_number_point(metric, i)->value.f64;
        } else if (is_named(metric, "histogram")) {
            const tacho_histogram_point *point = tacho_metric_histogram_point(metric, i);
            uint64_t count = 0;
            for (size_t bucket = 0; bucket <= point->bound_count; bucket++) {
                count += point->bucket_counts[bucket];
            }
            expect(count == point->count, "the count of a histogram is the sum of its buckets");
            totals->histogram_count += point->count;
            totals->histogram_sum += point->sum;
        }
    }
}

static int add_up(const tacho_metric_batch *batch, void *user) {
    struct totals *totals = user;
    *totals = (struct totals){0};
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            add_metric(totals, tacho_scope_metrics_metric(scope, j));
        }
    }
    return TACHO_OK;
}

static int export_batch(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    _Atomic(unsigned) *inside = self;
    (void)deadline_ns;
    expect(atomic_fetch_add_explicit(inside, 1, memory_order_relaxed) == 0, "exports overlap");
    add_up(batch, &exported);
    atomic_fetch_sub_explicit(inside, 1, memory_order_relaxed);
    return TACHO_OK;
}

static const tacho_metric_exporter_ops exporter_ops = {
    .struct_size = sizeof exporter_ops, .name = "stress", .export_batch = export_batch};

static bool is_stopped(void) {
    return atomic_load_explicit(&all.stop, memory_order_relaxed);
}

/* --- recording --- */

struct recorder {
    pthread_t thread;
    int64_t number;
    struct totals recorded;
    uint64_t negative;
};

static void record_once(struct recorder *recorder, int64_t i) {
    /* integers, so that sums of doubles are exact in any order */
    double value = (double)(i % 7);
    /* a few sets that everybody uses, and new ones until the small limit overflows */
    int64_t set = i % 5 == 0 ? i % 300 : i % CLEAN_SETS;
    tacho_counter_add(all.counter, 1, TACHO_ATTRS(TACHO_I64("set", set)));
    tacho_up_down_counter_f64_add(all.up_down, i % 2 == 0 ? value : -value,
                                  TACHO_ATTRS(TACHO_STR("a", "b")));
    tacho_histogram_record(all.histogram, value, TACHO_ATTRS(TACHO_I64("set", i % 3)));
    recorder->recorded.counter++;
    recorder->recorded.up_down += i % 2 == 0 ? value : -value;
    recorder->recorded.histogram_count++;
    recorder->recorded.histogram_sum += value;
    if (i % 64 == 0) {
        tacho_counter_add(all.counter, -1, TACHO_NO_ATTRS);
        recorder->negative++;
    }
}

static void record_bound(struct recorder *recorder, int64_t i) {
    tacho_bound_counter *counter =
        tacho_counter_bind(all.counter, TACHO_ATTRS(TACHO_I64("set", i % CLEAN_SETS)));
    tacho_bound_histogram *histogram = tacho_histogram_bind(all.histogram, TACHO_NO_ATTRS);
    for (int64_t j = 0; j < 20; j++) {
        tacho_bound_counter_add(counter, 2);
        tacho_bound_histogram_record(histogram, 1);
    }
    recorder->recorded.counter += 40;
    recorder->recorded.histogram_count += 20;
    recorder->recorded.histogram_sum += 20;
    tacho_bound_counter_release(counter);
    tacho_bound_histogram_release(histogram);
}

static void *recorder_run(void *argument) {
    struct recorder *recorder = argument;
    for (int64_t i = 0; !is_stopped(); i++) {
        record_once(recorder, i);
        if (i % 50 == recorder->number) {
            record_bound(recorder, i);
        }
    }
    return NULL;
}

static void *late_recorder_run(void *argument) {
    struct recorder *recorder = argument;
    while (!atomic_load_explicit(&all.stop_late, memory_order_relaxed)) {
        tacho_counter_add(all.late_counter, 1, TACHO_NO_ATTRS);
        recorder->recorded.late_counter++;
    }
    return NULL;
}

/* --- everybody else --- */

static void *collector_run(void *argument) {
    tacho_metric_reader *reader = argument;
    struct totals last = {0};
    struct totals totals = {0};
    while (!is_stopped()) {
        int status = tacho_metric_reader_collect_with(reader, 0, add_up, &totals);
        expect(status == TACHO_OK, "a collection succeeds");
        expect(totals.counter >= last.counter, "a cumulative sum never steps back");
        expect(totals.histogram_count >= last.histogram_count, "nor does a histogram");
        last = totals;
    }
    return NULL;
}

static void *flusher_run(void *argument) {
    (void)argument;
    while (!is_stopped()) {
        int status = tacho_meter_provider_force_flush(all.provider, 0);
        expect(status == TACHO_OK, "a flush succeeds");
    }
    return NULL;
}

static void *creator_run(void *argument) {
    (void)argument;
    for (int i = 0; !is_stopped(); i++) {
        char meter_name[32];
        char name[32];
        snprintf(meter_name, sizeof meter_name, "meter%d", i % 5);
        snprintf(name, sizeof name, "made%d", i % 40);
        tacho_meter *meter = tacho_meter_provider_get_meter(all.provider, meter_name, NULL);
        tacho_counter *counter = tacho_meter_create_counter(meter, name, NULL);
        tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
        expect(tacho_meter_create_counter(meter, name, NULL) == counter,
               "the same request gives the same instrument");
    }
    return NULL;
}

struct observed {
    tacho_observable *observable;
    int64_t value;
};

static void observe(tacho_observer *observer, void *user) {
    const struct observed *observed = user;
    tacho_observe_i64(observer, observed->observable, observed->value, TACHO_NO_ATTRS);
}

/* `user` is freed right after the registration: a late run would be a use after free. */
static void *registrar_run(void *argument) {
    tacho_observable *observable = argument;
    while (!is_stopped()) {
        tacho_callback *callback = NULL;
        struct observed *observed = malloc(sizeof *observed);
        if (observed == NULL) {
            break;
        }
        *observed = (struct observed){.observable = observable, .value = 1};
        int status =
            tacho_meter_register_callback(all.meter, observe, observed, &observable, 1, &callback);
        expect(status == TACHO_OK, "a callback is registered");
        sched_yield();
        tacho_callback_unregister(callback);
        observed->value = 0;
        free(observed);
    }
    return NULL;
}

/* --- the run --- */

static void ignore_diagnostic(const tacho_diagnostic *diagnostic, void *user) {
    (void)diagnostic;
    (void)user;
}

static void set_up(_Atomic(unsigned) *inside) {
    tacho_metric_exporter *exporter = NULL;
    int status = tacho_metric_exporter_create(&exporter_ops, inside, &exporter);
    status |= tacho_manual_reader_create(NULL, NULL, &all.readers[0]);
    status |= tacho_manual_reader_create(
        NULL, TACHO_OPTIONS(tacho_manual_reader_options, .cardinality_limit = 50), &all.readers[1]);
    status |= tacho_periodic_reader_create(
        exporter, TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 1), &all.readers[2]);
    status |= tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = all.readers, .reader_count = 3),
        &all.provider);
    expect(status == TACHO_OK, "set-up");
    all.meter = tacho_meter_provider_get_meter(all.provider, "stress", NULL);
    all.counter = tacho_meter_create_counter(all.meter, "counter", NULL);
    all.late_counter = tacho_meter_create_counter(all.meter, "late", NULL);
    all.up_down = tacho_meter_create_up_down_counter_f64(all.meter, "up_down", NULL);
    all.histogram = tacho_meter_create_histogram(all.meter, "histogram", NULL);
}

static void pause_ms(long ms) {
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static void start(pthread_t *thread, void *(*run)(void *), void *argument) {
    if (pthread_create(thread, NULL, run, argument) != 0) {
        fprintf(stderr, "no thread\n");
        exit(2);
    }
}

/* All together for a while; adds up what was recorded. */
static void run_together(struct totals *recorded, uint64_t *negative) {
    struct recorder recorders[RECORDERS] = {{0}};
    pthread_t others[6];
    tacho_observable *observable =
        tacho_meter_create_observable_gauge(all.meter, "observable", NULL, NULL, NULL);
    for (int64_t i = 0; i < RECORDERS; i++) {
        recorders[i].number = i;
        start(&recorders[i].thread, recorder_run, &recorders[i]);
    }
    start(&others[0], collector_run, all.readers[0]);
    start(&others[1], collector_run, all.readers[1]);
    start(&others[2], flusher_run, NULL);
    start(&others[3], creator_run, NULL);
    start(&others[4], registrar_run, observable);
    start(&others[5], registrar_run, observable);
    pause_ms(RUN_MS);
    atomic_store_explicit(&all.stop, true, memory_order_relaxed);
    for (int i = 0; i < RECORDERS; i++) {
        pthread_join(recorders[i].thread, NULL);
        recorded->counter += recorders[i].recorded.counter;
        recorded->up_down += recorders[i].recorded.up_down;
        recorded->histogram_count += recorders[i].recorded.histogram_count;
        recorded->histogram_sum += recorders[i].recorded.histogram_sum;
        *negative += recorders[i].negative;
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(others[i], NULL);
    }
}

/* Shuts down while others record; what they recorded. */
static int64_t shut_down_under_load(void) {
    struct recorder recorders[RECORDERS] = {{0}};
    int64_t recorded = 0;
    for (int i = 0; i < RECORDERS; i++) {
        start(&recorders[i].thread, late_recorder_run, &recorders[i]);
    }
    pause_ms(LATE_MS);
    expect(tacho_meter_provider_shutdown(all.provider, 0) == TACHO_OK, "shutdown succeeds");
    pause_ms(LATE_MS / 10);
    atomic_store_explicit(&all.stop_late, true, memory_order_relaxed);
    for (int i = 0; i < RECORDERS; i++) {
        pthread_join(recorders[i].thread, NULL);
        recorded += recorders[i].recorded.late_counter;
    }
    return recorded;
}

static void check(const struct totals *recorded, uint64_t negative, int64_t late_recorded) {
    uint64_t drops[TACHOI_DROP_KINDS];
    tachoi_pipeline_drops(all.provider->pipeline, drops);
    int64_t late_exported = exported.late_counter + (int64_t)drops[TACHOI_DROP_LATE];
    printf("recorded: counter %" PRId64 ", histogram %" PRIu64 ", during shutdown %" PRId64
           "\nexported: counter %" PRId64 ", histogram %" PRIu64 ", during shutdown %" PRId64
           "\ndropped:  contended %" PRIu64 ", late %" PRIu64 ", negative %" PRIu64 "\n",
           recorded->counter, recorded->histogram_count, late_recorded, exported.counter,
           exported.histogram_count, exported.late_counter, drops[TACHOI_DROP_CONTENDED],
           drops[TACHOI_DROP_LATE], drops[TACHOI_DROP_NEGATIVE]);
    expect(exported.counter == recorded->counter, "every increment was exported");
    /* a contended measurement of a histogram or of doubles may be dropped, and is counted in each
     * of the two stream configurations */
    uint64_t missing = recorded->histogram_count - exported.histogram_count;
    expect(missing <= drops[TACHOI_DROP_CONTENDED], "every histogram value is accounted for");
    if (drops[TACHOI_DROP_CONTENDED] == 0) {
        expect(exported.histogram_sum == recorded->histogram_sum, "so are their sums");
        expect(exported.up_down == recorded->up_down, "and the sums of doubles");
    }
    expect(drops[TACHOI_DROP_NEGATIVE] == negative, "every negative value was counted");
    expect(drops[TACHOI_DROP_NO_MEMORY] == 0, "memory was there");
    expect(late_exported <= late_recorded, "nothing is counted twice");
    expect(late_recorded - late_exported <= RECORDERS, "one overlapping measurement per thread");
}

int main(void) {
    _Atomic(unsigned) inside = 0;
    struct totals recorded = {0};
    struct totals limited = {0};
    uint64_t negative = 0;
    tacho_diagnostics_set_handler(ignore_diagnostic, NULL);
    set_up(&inside);
    run_together(&recorded, &negative);
    tacho_metric_reader_collect_with(all.readers[1], 0, add_up, &limited);
    expect(limited.counter == recorded.counter, "the overflow series holds what exceeds the limit");
    int64_t late_recorded = shut_down_under_load();
    check(&recorded, negative, late_recorded);
    tacho_meter_provider_destroy(all.provider);
    unsigned failures = atomic_load_explicit(&all.failures, memory_order_relaxed);
    printf("%u failures\n", failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
