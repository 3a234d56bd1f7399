/* SPDX-License-Identifier: Apache-2.0 */
/* Libraries know the global provider only and cannot be stopped: they record, bind, observe and
 * flush through it while the program installs providers behind it, shuts them down and destroys
 * them. Nothing may be touched after it was freed, every provider must see measurements, and none
 * may export more than was recorded. Exits 1 where that is not so. */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tacho/sdk/diagnostics.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

#define ROUNDS 50
#define PATIENCE_NS (20 * TACHOI_NS_PER_S)

static struct {
    tacho_meter *meter;
    tacho_counter *counter;
    tacho_histogram *histogram;
    tacho_observable *observable;
    tacho_bound_counter *bound_counter;
    tacho_bound_histogram *bound_histogram;
    _Atomic(bool) stop;
    _Atomic(int64_t) recorded; /* on the counter, counted before it is recorded */
    _Atomic(unsigned) failures;
} all;

static void expect(bool is_right, const char *what) {
    if (!is_right) {
        atomic_fetch_add_explicit(&all.failures, 1, memory_order_relaxed);
        fprintf(stderr, "FAILED: %s\n", what);
    }
}

static bool is_stopped(void) {
    return atomic_load_explicit(&all.stop, memory_order_relaxed);
}

/* --- libraries --- */

static void count(int64_t number) {
    atomic_fetch_add_explicit(&all.recorded, number, memory_order_relaxed);
}

static void *recorder_run(void *argument) {
    (void)argument;
    for (int64_t i = 0; !is_stopped(); i++) {
        count(1);
        tacho_counter_add(all.counter, 1, TACHO_ATTRS(TACHO_I64("set", i % 16)));
        tacho_histogram_record(all.histogram, (double)(i % 100), TACHO_NO_ATTRS);
    }
    return NULL;
}

/* New sets all the time: the series map of a provider grows while it is destroyed. */
static void *grower_run(void *argument) {
    (void)argument;
    for (int64_t i = 0; !is_stopped(); i++) {
        count(1);
        tacho_counter_add(all.counter, 1, TACHO_ATTRS(TACHO_I64("new", i)));
        tacho_histogram_record(all.histogram, 1, TACHO_ATTRS(TACHO_I64("new", i)));
    }
    return NULL;
}

static void *bound_recorder_run(void *argument) {
    (void)argument;
    while (!is_stopped()) {
        count(1);
        tacho_bound_counter_add(all.bound_counter, 1);
        tacho_bound_histogram_record(all.bound_histogram, 2);
    }
    return NULL;
}

static void *binder_run(void *argument) {
    (void)argument;
    for (int64_t i = 0; !is_stopped(); i++) {
        tacho_bound_counter *counter =
            tacho_counter_bind(all.counter, TACHO_ATTRS(TACHO_I64("set", i % 8)));
        tacho_bound_histogram *histogram =
            tacho_histogram_bind(all.histogram, TACHO_ATTRS(TACHO_I64("set", i % 8)));
        count(2);
        tacho_bound_counter_add(counter, 2);
        tacho_bound_histogram_record(histogram, 3);
        tacho_bound_counter_release(counter);
        tacho_bound_histogram_release(histogram);
    }
    return NULL;
}

static void observe(tacho_observer *observer, void *user) {
    const int64_t *value = user;
    tacho_observe_i64(observer, all.observable, *value, TACHO_NO_ATTRS);
}

/* `value` is freed right after: a late run would be a use after free. */
static void *registrar_run(void *argument) {
    (void)argument;
    while (!is_stopped()) {
        tacho_callback *callback = NULL;
        int64_t *value = malloc(sizeof *value);
        if (value == NULL) {
            break;
        }
        *value = 1;
        int status =
            tacho_meter_register_callback(all.meter, observe, value, &all.observable, 1, &callback);
        expect(status == TACHO_OK, "a callback is registered");
        sched_yield();
        tacho_callback_unregister(callback);
        free(value);
    }
    return NULL;
}

static void *creator_run(void *argument) {
    (void)argument;
    for (unsigned i = 0; !is_stopped(); i++) {
        char name[16];
        snprintf(name, sizeof name, "made%u", i % 50);
        tacho_counter_add(tacho_meter_create_counter(all.meter, name, NULL), 1, TACHO_NO_ATTRS);
    }
    return NULL;
}

static void *flusher_run(void *argument) {
    (void)argument;
    while (!is_stopped()) {
        tacho_delivery account;
        int status = tacho_meter_provider_force_flush(tacho_meter_provider_global(), 0);
        expect(status == TACHO_OK || status == TACHO_E_INVALID || status == TACHO_E_SHUTDOWN,
               "a flush succeeds, or finds no provider, or one that ends");
        tacho_meter_provider_delivery(tacho_meter_provider_global(), &account);
        sched_yield();
    }
    return NULL;
}

/* --- the program --- */

struct sink {
    _Atomic(int64_t) counted; /* the counter's sum in the last batch */
    _Atomic(bool) is_gone;
};

static int64_t counter_sum(const tacho_metric_batch *batch) {
    int64_t sum = 0;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, j);
            bool is_counter =
                metric->name.length == 7 && memcmp(metric->name.data, "counter", 7) == 0;
            for (size_t k = 0; is_counter && k < metric->point_count; k++) {
                sum += tacho_metric_number_point(metric, k)->value.i64;
            }
        }
    }
    return sum;
}

static int export_batch(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct sink *sink = self;
    (void)deadline_ns;
    expect(!atomic_load_explicit(&sink->is_gone, memory_order_relaxed),
           "nothing is exported after destroy");
    atomic_store_explicit(&sink->counted, counter_sum(batch), memory_order_relaxed);
    return TACHO_OK;
}

static void destroy_sink(void *self) {
    struct sink *sink = self;
    atomic_store_explicit(&sink->is_gone, true, memory_order_relaxed);
}

static const tacho_metric_exporter_ops sink_ops = {.struct_size = sizeof sink_ops,
                                                   .name = "sink",
                                                   .export_batch = export_batch,
                                                   .destroy = destroy_sink};

static tacho_meter_provider *make_provider(struct sink *sink) {
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *readers[2] = {NULL, NULL};
    tacho_meter_provider *provider = NULL;
    int status = tacho_metric_exporter_create(&sink_ops, sink, &exporter);
    status |= tacho_periodic_reader_create(
        exporter, TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 2), &readers[0]);
    status |= tacho_manual_reader_create(
        NULL, TACHO_OPTIONS(tacho_manual_reader_options, .cardinality_limit = 50), &readers[1]);
    status |= tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = readers, .reader_count = 2),
        &provider);
    expect(status == TACHO_OK, "set-up");
    return provider;
}

static void await_export(const struct sink *sink) {
    uint64_t deadline_ns = tachoi_monotonic_ns() + PATIENCE_NS;
    const struct timespec pause = {.tv_nsec = 500 * 1000};
    while (atomic_load_explicit(&sink->counted, memory_order_relaxed) == 0 &&
           tachoi_monotonic_ns() < deadline_ns) {
        nanosleep(&pause, NULL);
    }
    expect(atomic_load_explicit(&sink->counted, memory_order_relaxed) > 0,
           "an installed provider sees measurements");
}

/* In turn: destroyed while installed; after a shutdown; taken away before; replaced before. */
static void end(tacho_meter_provider *provider, int round, tacho_meter_provider *next) {
    switch (round % 4) {
    case 0:
        break;
    case 1:
        expect(tacho_meter_provider_shutdown(provider, 0) == TACHO_OK, "shutdown");
        break;
    case 2:
        expect(tacho_meter_provider_set_global(NULL) == TACHO_OK, "taken away");
        break;
    default:
        expect(tacho_meter_provider_set_global(next) == TACHO_OK, "replaced");
        break;
    }
    tacho_meter_provider_destroy(provider);
}

static int64_t install_and_destroy(void) {
    static struct sink sinks[ROUNDS + 1];
    int64_t exported = 0;
    tacho_meter_provider *provider = make_provider(&sinks[0]);
    for (int round = 0; round < ROUNDS; round++) {
        expect(tacho_meter_provider_set_global(provider) == TACHO_OK, "installed");
        await_export(&sinks[round]);
        tacho_meter_provider *next = make_provider(&sinks[round + 1]);
        end(provider, round, next);
        expect(atomic_load_explicit(&sinks[round].is_gone, memory_order_relaxed),
               "the exporter is destroyed with its provider");
        exported += atomic_load_explicit(&sinks[round].counted, memory_order_relaxed);
        provider = next;
    }
    tacho_meter_provider_destroy(provider);
    return exported + atomic_load_explicit(&sinks[ROUNDS].counted, memory_order_relaxed);
}

static void ignore_diagnostic(const tacho_diagnostic *diagnostic, void *user) {
    (void)diagnostic;
    (void)user;
}

int main(void) {
    void *(*const libraries[])(void *) = {recorder_run, grower_run,    bound_recorder_run,
                                          binder_run,   registrar_run, creator_run,
                                          flusher_run};
    enum { THREADS = sizeof libraries / sizeof libraries[0] };
    pthread_t threads[THREADS];
    tacho_diagnostics_set_handler(ignore_diagnostic, NULL);
    all.meter = tacho_meter_provider_get_meter(tacho_meter_provider_global(), "library", NULL);
    all.counter = tacho_meter_create_counter(all.meter, "counter", NULL);
    all.histogram = tacho_meter_create_histogram(all.meter, "histogram", NULL);
    all.observable = tacho_meter_create_observable_gauge(all.meter, "observable", NULL, NULL, NULL);
    all.bound_counter = tacho_counter_bind(all.counter, TACHO_ATTRS(TACHO_STR("is", "bound")));
    all.bound_histogram = tacho_histogram_bind(all.histogram, TACHO_NO_ATTRS);
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, libraries[i], NULL) != 0) {
            fprintf(stderr, "no thread\n");
            return 2;
        }
    }
    int64_t exported = install_and_destroy();
    atomic_store_explicit(&all.stop, true, memory_order_relaxed);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    tacho_bound_counter_release(all.bound_counter);
    tacho_bound_histogram_release(all.bound_histogram);
    int64_t recorded = atomic_load_explicit(&all.recorded, memory_order_relaxed);
    expect(exported <= recorded, "nothing is counted twice");
    unsigned failures = atomic_load_explicit(&all.failures, memory_order_relaxed);
    printf("recorded %" PRId64 ", exported %" PRId64 " through %d providers\n%u failures\n",
           recorded, exported, ROUNDS, failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
