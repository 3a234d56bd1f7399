/* SPDX-License-Identifier: Apache-2.0 */
/* Views, temporalities, exemplars and removal at once, for ThreadSanitizer: threads record known
 * and ever new sets, bound and unbound, beyond the limits of views, while others remove series,
 * register and unregister callbacks and collect two delta readers and a cumulative one, of both
 * kinds one in parts of few points; a hook gives each measurement a span. Conservation, over all
 * streams together: what was recorded is what was exported plus what was counted as dropped; for
 * the cumulative reader the last values of all series that ever were. Every exemplar is a
 * measurement that was made. CARD-08, CARD-09, TIME-12, RDR-03, RDR-04, RDR-13, RDR-19, EXM-24,
 * CONC-01, ASYNC-01 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
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

enum { RECORDERS = 3, RUN_MS = 2500, SETS = 24, IDS = 1 << 22 };
enum { DELTA, DELTA_LIMITED, CUMULATIVE, READERS };

static struct {
    tacho_meter_provider *provider;
    tacho_metric_reader *readers[READERS];
    tacho_meter *meter;
    tacho_counter *counter;     /* one stream: only the key "a", 4 series */
    tacho_histogram *histogram; /* two streams: explicit, exponential */
    tacho_gauge *gauge;
    tacho_observable *observable;
    _Atomic(bool) stop;
    _Atomic(unsigned) failures;
    _Atomic(uint64_t) counted; /* added to the counter */
    _Atomic(uint64_t) histogram_count;
} all;

/* What one reader has exported; its collecting thread only. */
struct account {
    uint64_t counter;
    uint64_t explicit_count;
    uint64_t exponential_count;
    uint64_t exemplars;
    uint64_t *last; /* cumulative: by series id, the value that came last */
    uint64_t parts;
    uint64_t part_of; /* the time of the collection whose parts are coming; 0 = it is complete */
};
static struct account accounts[READERS];

static void expect(bool is_right, const char *what) {
    if (!is_right) {
        atomic_fetch_add_explicit(&all.failures, 1, memory_order_relaxed);
        (void)fprintf(stderr, "FAILED: %s\n", what);
    }
}

/* --- reading --- */

static void add(struct account *account, uint64_t *total, tacho_series_ref series, uint64_t value) {
    if (account->last == NULL) {
        *total += value;
        return;
    }
    expect(series.id < IDS, "there are fewer series than the test has room for");
    uint64_t *last = &account->last[series.id % IDS];
    expect(value >= *last, "a cumulative value never steps back");
    *total += value - *last;
    *last = value;
}

/* The hook writes the measuring thread's number into the ids: never zero, the same in both. */
static void check_exemplars(struct account *account, const tacho_exemplars *exemplars) {
    for (size_t i = 0; i < exemplars->count; i++) {
        const tacho_exemplar *exemplar = tacho_exemplars_at(exemplars, i);
        expect(exemplar->has_span && exemplar->trace_id[0] != 0 &&
                   exemplar->trace_id[0] == exemplar->span_id[7],
               "an exemplar's ids belong to each other");
        account->exemplars++;
    }
}

static void read_explicit(struct account *account, const tacho_histogram_point *point) {
    uint64_t count = 0;
    for (size_t i = 0; i <= point->bound_count; i++) {
        count += point->bucket_counts[i];
    }
    expect(count == point->count, "the count of a histogram is the sum of its buckets");
    add(account, &account->explicit_count, point->series, point->count);
    check_exemplars(account, &point->exemplars);
}

static void read_exponential(struct account *account,
                             const tacho_exponential_histogram_point *point) {
    uint64_t count = point->zero_count;
    for (size_t i = 0; i < point->positive.count; i++) {
        count += point->positive.counts[i];
    }
    expect(count == point->count, "the count of an exponential histogram is all its buckets");
    add(account, &account->exponential_count, point->series, point->count);
}

static bool is_named(const tacho_metric *metric, const char *name) {
    return metric->name.length == strlen(name) &&
           memcmp(metric->name.data, name, metric->name.length) == 0;
}

static int read_batch(const tacho_metric_batch *batch, void *user) {
    struct account *account = user;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, j);
            expect(!is_named(metric, "counter") || metric->point_count <= 5 + SETS,
                   "a view's limit holds");
            for (size_t k = 0; k < metric->point_count; k++) {
                if (is_named(metric, "counter")) {
                    const tacho_number_point *point = tacho_metric_number_point(metric, k);
                    add(account, &account->counter, point->series, (uint64_t)point->value.i64);
                } else if (is_named(metric, "latency")) {
                    read_explicit(account, tacho_metric_histogram_point(metric, k));
                } else if (is_named(metric, "latency.exponential")) {
                    read_exponential(account, tacho_metric_exponential_histogram_point(metric, k));
                }
            }
        }
    }
    return TACHO_OK;
}

/* Points of a part; 0 = the reader has no exporter, and is read whole. */
static const size_t part_points[READERS] = {[DELTA] = 3, [CUMULATIVE] = 7};

static int read_part(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct account *account = self;
    const size_t most = part_points[account - accounts];
    (void)deadline_ns;
    expect(batch->point_count <= most, "a part is not too large");
    expect(!batch->has_more || batch->point_count == most, "parts but the last are full");
    expect(account->part_of == 0 || batch->point_count > 0, "no part follows that is empty");
    expect(account->part_of == 0 || account->part_of == batch->time_unix_nano,
           "a collection comes whole before the next");
    account->parts++;
    account->part_of = batch->has_more ? batch->time_unix_nano : 0;
    return read_batch(batch, account);
}

static int collect(size_t index) {
    return part_points[index] != 0
               ? tacho_metric_reader_collect(all.readers[index], TACHO_NO_TIMEOUT)
               : tacho_metric_reader_collect_with(all.readers[index], TACHO_NO_TIMEOUT, read_batch,
                                                  &accounts[index]);
}

static void *collector_run(void *argument) {
    const size_t index = (size_t)(uintptr_t)argument;
    while (!atomic_load_explicit(&all.stop, memory_order_relaxed)) {
        expect(collect(index) == TACHO_OK, "a collection succeeds");
    }
    return NULL;
}

/* --- recording --- */

static bool hook(tacho_context *out, void *user) {
    (void)user;
    const unsigned char number = (unsigned char)((uintptr_t)pthread_self() >> 12) | 1U;
    memset(out->trace_id, number, sizeof out->trace_id);
    memset(out->span_id, number, sizeof out->span_id);
    out->trace_flags = TACHO_TRACE_SAMPLED;
    return true;
}

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static void *recorder_run(void *argument) {
    uint64_t state = (uint64_t)(uintptr_t)argument;
    uint64_t counted = 0;
    uint64_t histogram_count = 0;
    while (!atomic_load_explicit(&all.stop, memory_order_relaxed)) {
        const int64_t set = (int64_t)(next_random(&state) % SETS);
        tacho_counter_add(all.counter, 1,
                          TACHO_ATTRS(TACHO_I64("a", set), TACHO_I64("b", (int64_t)state)));
        counted++;
        tacho_histogram_record(all.histogram, (double)(state % 3000),
                               TACHO_ATTRS(TACHO_I64("a", set)));
        histogram_count++;
        tacho_gauge_record(all.gauge, set, TACHO_ATTRS(TACHO_I64("a", set)));
        if (state % 64 == 0) {
            tacho_bound_counter *bound =
                tacho_counter_bind(all.counter, TACHO_ATTRS(TACHO_I64("a", set)));
            tacho_bound_histogram *bound_histogram =
                tacho_histogram_bind(all.histogram, TACHO_ATTRS(TACHO_I64("a", set)));
            for (int i = 0; i < 20; i++) {
                tacho_bound_counter_add(bound, 1);
                tacho_bound_histogram_record(bound_histogram, 5);
            }
            counted += 20;
            histogram_count += 20;
            (void)tacho_bound_counter_release(bound);
            (void)tacho_bound_histogram_release(bound_histogram);
        }
    }
    atomic_fetch_add_explicit(&all.counted, counted, memory_order_relaxed);
    atomic_fetch_add_explicit(&all.histogram_count, histogram_count, memory_order_relaxed);
    return NULL;
}

static void *remover_run(void *argument) {
    uint64_t state = (uint64_t)(uintptr_t)argument;
    while (!atomic_load_explicit(&all.stop, memory_order_relaxed)) {
        const int64_t set = (int64_t)(next_random(&state) % SETS);
        (void)tacho_counter_remove(all.counter, TACHO_ATTRS(TACHO_I64("a", set)));
        (void)tacho_histogram_remove(all.histogram, TACHO_ATTRS(TACHO_I64("a", set)));
        (void)tacho_gauge_remove(all.gauge, TACHO_ATTRS(TACHO_I64("a", set)));
        (void)tacho_counter_series_count(all.counter);
    }
    return NULL;
}

static void observe(tacho_observer *observer, void *user) {
    _Atomic(bool) *is_alive = user;
    expect(atomic_load_explicit(is_alive, memory_order_relaxed),
           "no callback runs after it was unregistered");
    tacho_observe_i64(observer, all.observable, 1, TACHO_ATTRS(TACHO_I64("a", 1)));
}

static void *registrar_run(void *argument) {
    (void)argument;
    while (!atomic_load_explicit(&all.stop, memory_order_relaxed)) {
        _Atomic(bool) is_alive = true;
        tacho_callback *callback = NULL;
        expect(tacho_meter_register_callback(all.meter, observe, &is_alive, &all.observable, 1,
                                             &callback) == TACHO_OK,
               "a callback is registered");
        sched_yield();
        (void)tacho_callback_unregister(callback);
        atomic_store_explicit(&is_alive, false, memory_order_relaxed);
    }
    return NULL;
}

/* --- set-up and end --- */

static tacho_metric_exporter *make_exporter(size_t index) {
    static tacho_metric_exporter_ops ops[READERS];
    tacho_metric_exporter *exporter = NULL;
    if (part_points[index] == 0) {
        return NULL;
    }
    ops[index] = (tacho_metric_exporter_ops){.struct_size = sizeof ops[index],
                                             .name = "parts",
                                             .export_batch = read_part,
                                             .batch_points = part_points[index]};
    if (tacho_metric_exporter_create(&ops[index], &accounts[index], &exporter) != TACHO_OK) {
        exit(1);
    }
    return exporter;
}

static void make_readers(void) {
    static const uint32_t limits[READERS] = {TACHO_NO_LIMIT, 6, 10};
    for (size_t i = 0; i < READERS; i++) {
        const tacho_temporality_preference preference =
            i == CUMULATIVE ? TACHO_TEMPORALITY_PREFER_CUMULATIVE : TACHO_TEMPORALITY_PREFER_DELTA;
        if (tacho_manual_reader_create(make_exporter(i),
                                       TACHO_OPTIONS(tacho_manual_reader_options,
                                                     .cardinality_limit = limits[i],
                                                     .temporality_preference = preference),
                                       &all.readers[i]) != TACHO_OK) {
            exit(1);
        }
    }
    accounts[CUMULATIVE].last = calloc(IDS, sizeof(uint64_t));
}

static void make_provider(void) {
    const tacho_aggregation exponential = {.struct_size = sizeof exponential,
                                           .type =
                                               TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM,
                                           .max_size = 40};
    const char *const keys[] = {"a"};
    tacho_view *views[3] = {0};
    (void)tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = "counter",
                                          .included_keys = keys, .included_key_count = 1,
                                          .cardinality_limit = 4),
                            &views[0]);
    (void)tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = "latency"),
                            &views[1]);
    (void)tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = "latency",
                                          .name = "latency.exponential",
                                          .aggregation = &exponential, .idle_timeout_ms = 5),
                            &views[2]);
    make_readers();
    if (tacho_meter_provider_create(
            TACHO_OPTIONS(tacho_meter_provider_options, .readers = all.readers,
                          .reader_count = READERS, .views = views, .view_count = 3,
                          .exemplar_filter = TACHO_EXEMPLAR_FILTER_ALWAYS_ON),
            &all.provider) != TACHO_OK) {
        exit(1);
    }
    all.meter = tacho_meter_provider_get_meter(all.provider, "stress", NULL);
    all.counter = tacho_meter_create_counter(all.meter, "counter", NULL);
    all.histogram = tacho_meter_create_histogram(all.meter, "latency", NULL);
    all.gauge = tacho_meter_create_gauge(all.meter, "gauge", NULL);
    all.observable = tacho_meter_create_observable_gauge(all.meter, "observable", NULL, NULL, NULL);
}

static void run_threads(void) {
    pthread_t threads[RECORDERS + READERS + 2];
    size_t count = 0;
    for (size_t i = 0; i < RECORDERS; i++) {
        (void)pthread_create(&threads[count++], NULL, recorder_run, (void *)(uintptr_t)(7919 + i));
    }
    for (size_t i = 0; i < READERS; i++) {
        (void)pthread_create(&threads[count++], NULL, collector_run, (void *)(uintptr_t)i);
    }
    (void)pthread_create(&threads[count++], NULL, remover_run, (void *)(uintptr_t)104729);
    (void)pthread_create(&threads[count++], NULL, registrar_run, NULL);
    const uint64_t end_ns = tachoi_monotonic_ns() + RUN_MS * TACHOI_NS_PER_MS;
    while (tachoi_monotonic_ns() < end_ns) {
        sched_yield();
    }
    atomic_store_explicit(&all.stop, true, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

static void check_conservation(void) {
    uint64_t dropped[TACHOI_DROP_KINDS] = {0};
    uint64_t exported = 0;
    for (size_t i = 0; i < READERS; i++) {
        expect(collect(i) == TACHO_OK, "the last collection succeeds");
        expect(accounts[i].part_of == 0, "it came to its end");
        exported +=
            accounts[i].counter + accounts[i].explicit_count + accounts[i].exponential_count;
        expect(accounts[i].counter == all.counted, "the counter's measurements arrived");
        expect(accounts[i].exemplars > 0, "there were exemplars");
        (void)printf("reader %zu: %" PRIu64 " parts, counter %" PRIu64 ", explicit %" PRIu64
                     ", exponential %" PRIu64 ", exemplars %" PRIu64 "\n",
                     i, accounts[i].parts, accounts[i].counter, accounts[i].explicit_count,
                     accounts[i].exponential_count, accounts[i].exemplars);
    }
    tachoi_pipeline_drops(all.provider->pipeline, dropped);
    const uint64_t recorded = READERS * (all.counted + 2 * all.histogram_count);
    (void)printf("recorded %" PRIu64 ", exported %" PRIu64 ", contended %" PRIu64 "\n", recorded,
                 exported, dropped[TACHOI_DROP_CONTENDED]);
    expect(recorded == exported + dropped[TACHOI_DROP_CONTENDED] + dropped[TACHOI_DROP_NO_MEMORY],
           "recorded = exported + dropped");
}

int main(void) {
    make_provider();
    if (tacho_context_set_hook(hook, NULL) != TACHO_OK || accounts[CUMULATIVE].last == NULL) {
        return 1;
    }
    run_threads();
    check_conservation();
    tacho_meter_provider_destroy(all.provider);
    free(accounts[CUMULATIVE].last);
    return atomic_load_explicit(&all.failures, memory_order_relaxed) == 0 ? 0 : 1;
}
