/* SPDX-License-Identifier: Apache-2.0 */
/* A reader with all that it can have, for ThreadSanitizer: deltas in parts of limited size, a
 * metric producer, a filter, self-observation by another provider and by the very one, flushes from
 * several threads, and a second reader beside it. Conservation: the deltas that were exported add
 * up to what was recorded; parts are full and do not mix collections; what the SDK says it exported
 * is what the exporter was given (RDR-13, RDR-16, RDR-19, RDR-20, OBS-03, OBS-04, CONC-01). Prints
 * what it saw; exits 1 where something does not add up. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tacho/sdk/diagnostics.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

#define RECORDERS 3
#define FLUSHERS 2
#define RUN_MS 2000
#define SETS 40
#define MAX_POINTS 7

static struct {
    tacho_meter_provider *provider;
    tacho_meter_provider *observer;
    tacho_metric_reader *observer_reader;
    tacho_metric_reader *readers[2]; /* periodic in parts, manual */
    tacho_counter *counter;
    _Atomic(bool) stop;
    _Atomic(unsigned) failures;
} all;

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

/* The sum of all points of the metrics of this name. */
static int64_t sum_of(const tacho_metric_batch *batch, const char *name) {
    int64_t sum = 0;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, j);
            for (size_t k = 0; is_named(metric, name) && k < metric->point_count; k++) {
                sum += tacho_metric_number_point(metric, k)->value.i64;
            }
        }
    }
    return sum;
}

/* --- the exporter --- */

/* By export_batch alone, which never overlaps itself; main reads after shutdown. */
static struct {
    _Atomic(unsigned) inside;
    unsigned parts;
    int64_t points;
    int64_t deltas;
    int64_t produced;
    uint64_t time_unix_nano;
    bool has_more;
} taken;

static int take_part(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    (void)self;
    (void)deadline_ns;
    expect(atomic_fetch_add_explicit(&taken.inside, 1, memory_order_relaxed) == 0,
           "exports do not overlap");
    expect(batch->point_count <= MAX_POINTS, "a part is not too large");
    expect(!batch->has_more || batch->point_count == MAX_POINTS, "parts but the last are full");
    expect(!taken.has_more || taken.time_unix_nano == batch->time_unix_nano,
           "a collection comes whole before the next");
    taken.parts++;
    taken.points += (int64_t)batch->point_count;
    taken.deltas += sum_of(batch, "counter");
    taken.produced += sum_of(batch, "produced");
    taken.time_unix_nano = batch->time_unix_nano;
    taken.has_more = batch->has_more;
    atomic_fetch_sub_explicit(&taken.inside, 1, memory_order_relaxed);
    return taken.parts % 10 == 0 ? TACHO_E_FAILED : TACHO_OK;
}

static const tacho_metric_exporter_ops exporter_ops = {
    .struct_size = sizeof exporter_ops, .name = "parts", .export_batch = take_part};

/* --- the producer and the filter --- */

static unsigned produces; /* collections of the periodic reader only */

static int produce(void *self, const tacho_produce_request *request, tacho_produced *out) {
    static const tacho_scope scope = {.name = {.data = "stress", .length = 6}};
    static tacho_number_point points[4];
    static tacho_metric metric = {.name = {.data = "produced", .length = 8},
                                  .type = TACHO_METRIC_SUM,
                                  .temporality = TACHO_TEMPORALITY_DELTA,
                                  .number_type = TACHO_NUMBER_I64,
                                  .points = points,
                                  .point_count = 4,
                                  .point_size = sizeof points[0]};
    static const tacho_scope_metrics scopes = {
        .scope = &scope, .metrics = &metric, .metric_count = 1, .metric_size = sizeof metric};
    (void)self;
    for (size_t i = 0; i < 4; i++) {
        points[i].time_unix_nano = request->time_unix_nano;
        points[i].value.i64 = 1;
    }
    produces++;
    out->scopes = &scopes;
    out->scope_count = 1;
    out->scope_size = sizeof scopes;
    return TACHO_OK;
}

static const tacho_metric_producer_ops producer_ops = {
    .struct_size = sizeof producer_ops, .name = "stress", .produce = produce};

static tacho_metric_filter_result choose(void *user, const tacho_metric_identity *metric) {
    (void)user;
    return metric->name.length == 4 ? TACHO_METRIC_DROP : TACHO_METRIC_ACCEPT; /* "drop" */
}

/* --- threads --- */

static bool is_stopped(void) {
    return atomic_load_explicit(&all.stop, memory_order_relaxed);
}

static void *recorder_run(void *argument) {
    int64_t *recorded = argument;
    tacho_counter *dropped = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(all.provider, "stress", NULL), "drop", NULL);
    for (int64_t i = 0; !is_stopped(); i++) {
        tacho_counter_add(all.counter, 1, TACHO_ATTRS(TACHO_I64("i", i % SETS)));
        tacho_counter_add(dropped, 1, TACHO_NO_ATTRS);
        ++*recorded;
    }
    return NULL;
}

static void *flusher_run(void *argument) {
    (void)argument;
    while (!is_stopped()) {
        int status = tacho_meter_provider_force_flush(all.provider, 0);
        expect(status == TACHO_OK || status == TACHO_E_FAILED, "a flush ends");
    }
    return NULL;
}

static int add_up(const tacho_metric_batch *batch, void *user) {
    int64_t *sum = user;
    *sum = sum_of(batch, "counter");
    return TACHO_OK;
}

static void *collector_run(void *argument) {
    (void)argument;
    int64_t last = 0;
    while (!is_stopped()) {
        int64_t sum = 0;
        expect(tacho_metric_reader_collect_with(all.readers[1], 0, add_up, &sum) == TACHO_OK,
               "a collection succeeds");
        expect(sum >= last, "a cumulative sum never steps back");
        last = sum;
    }
    return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *argument) {
    if (pthread_create(thread, NULL, run, argument) != 0) {
        fprintf(stderr, "no thread\n");
        exit(2);
    }
}

/* --- the run --- */

static void ignore_diagnostic(const tacho_diagnostic *diagnostic, void *user) {
    (void)diagnostic;
    (void)user;
}

static int make_readers(void) {
    static const tacho_metric_filter filter = {.struct_size = sizeof filter, .test_metric = choose};
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_producer *producer = NULL;
    int status = tacho_metric_exporter_create(&exporter_ops, NULL, &exporter);
    status |= tacho_metric_producer_create(&producer_ops, NULL, &producer);
    status |= tacho_periodic_reader_create(
        exporter,
        TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 1, .producers = &producer,
                      .producer_count = 1, .metric_filter = &filter,
                      .max_export_batch_size = MAX_POINTS,
                      .temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA),
        &all.readers[0]);
    return status | tacho_manual_reader_create(NULL, NULL, &all.readers[1]);
}

/* `observer` NULL: the global provider, which is this one. */
static void set_up(tacho_meter_provider *observer) {
    memset(&taken, 0, sizeof taken);
    produces = 0;
    atomic_store_explicit(&all.stop, false, memory_order_relaxed);
    int status = make_readers();
    status |= tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = all.readers, .reader_count = 2,
                      .enable_self_observation = true, .self_observation_provider = observer),
        &all.provider);
    expect(status == TACHO_OK, "set-up");
    if (observer == NULL) {
        expect(tacho_meter_provider_set_global(all.provider) == TACHO_OK, "installation");
    }
    all.counter = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(all.provider, "stress", NULL), "counter", NULL);
}

static void run_together(void) {
    int64_t recorded[RECORDERS] = {0};
    int64_t sum = 0;
    pthread_t recorders[RECORDERS];
    pthread_t flushers[FLUSHERS];
    pthread_t collector;
    for (size_t i = 0; i < RECORDERS; i++) {
        start(&recorders[i], recorder_run, &recorded[i]);
    }
    for (size_t i = 0; i < FLUSHERS; i++) {
        start(&flushers[i], flusher_run, NULL);
    }
    start(&collector, collector_run, NULL);
    const struct timespec pause = {.tv_sec = RUN_MS / 1000, .tv_nsec = RUN_MS % 1000 * 1000000};
    nanosleep(&pause, NULL);
    atomic_store_explicit(&all.stop, true, memory_order_relaxed);
    for (size_t i = 0; i < RECORDERS; i++) {
        pthread_join(recorders[i], NULL);
        sum += recorded[i];
    }
    for (size_t i = 0; i < FLUSHERS; i++) {
        pthread_join(flushers[i], NULL);
    }
    pthread_join(collector, NULL);
    int status = tacho_meter_provider_shutdown(all.provider, 0);
    expect(status == TACHO_OK || status == TACHO_E_FAILED, "shutdown ends");
    printf("recorded %" PRId64 ", exported %" PRId64 " in %u parts of %" PRId64 " points\n", sum,
           taken.deltas, taken.parts, taken.points);
    expect(taken.deltas == sum, "deltas add up to what was recorded");
    expect(taken.produced == 4 * (int64_t)produces, "each collection has what was produced");
    expect(!taken.has_more, "the last collection came whole");
}

static int read_account(const tacho_metric_batch *batch, void *user) {
    int64_t *account = user;
    account[0] = sum_of(batch, "otel.sdk.exporter.metric_data_point.exported");
    account[1] = sum_of(batch, "otel.sdk.exporter.metric_data_point.inflight");
    return TACHO_OK;
}

int main(void) {
    tacho_diagnostics_set_handler(ignore_diagnostic, NULL);
    int status = tacho_manual_reader_create(NULL, NULL, &all.observer_reader);
    status |= tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                        .readers = &all.observer_reader,
                                                        .reader_count = 1),
                                          &all.observer);
    expect(status == TACHO_OK, "set-up of the observer");
    set_up(all.observer);
    run_together();
    int64_t account[2] = {0, 0};
    status = tacho_metric_reader_collect_with(all.observer_reader, 0, read_account, account);
    expect(status == TACHO_OK, "the observer is read");
    printf("by its own account it exported %" PRId64 ", in flight %" PRId64 "\n", account[0],
           account[1]);
    expect(account[0] == taken.points, "the account is what the exporter was given");
    expect(account[1] == 0, "nothing is in flight any more");
    tacho_meter_provider_destroy(all.provider);
    set_up(NULL);
    run_together();
    tacho_meter_provider_destroy(all.provider);
    tacho_meter_provider_destroy(all.observer);
    return atomic_load_explicit(&all.failures, memory_order_relaxed) == 0 ? 0 : 1;
}
