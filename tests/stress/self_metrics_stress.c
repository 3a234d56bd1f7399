/* SPDX-License-Identifier: Apache-2.0 */
/* Stresses what the exporter measures of itself: two readers of another provider collect all the
 * time, each running the callbacks, while exporters to two endpoints are made, send_requests, are
 * shut down and destroyed. In every collection the numbers of an endpoint are of one moment: what
 * was accepted is what became of it. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "delivery_stress.h"
#include "remote_write/endpoint_name.h"
#include "remote_write/request_metrics.h"
#include "support/receiver.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

#define PREFIX "tacho.remote_storage."
#define ROUNDS 10

static struct receiver *receiver;
static tacho_metric_reader *readers[2];
static tacho_meter_provider *observer;
static tacho_counter *counter; /* of the round's provider, behind the global one */
static _Atomic(uint64_t) balanced;

/* --- what is observed --- */

static bool is_text(tacho_string string, const char *text) {
    return string.length == strlen(text) && memcmp(string.data, text, string.length) == 0;
}

static int64_t sum_of(const tacho_metric *metric, const char *name) {
    int64_t sum = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        const tacho_number_point *point = tacho_metric_number_point(metric, i);
        for (size_t j = 0; j < point->attributes.count; j++) {
            const tacho_attribute *attribute = &point->attributes.items[j];
            if (is_text(attribute->key, "remote_name") &&
                is_text(attribute->value.as.string, name)) {
                sum += point->value.i64;
            }
        }
    }
    return sum;
}

/* Of an endpoint: what was accepted, and what became of it. */
static void check_endpoint(const tacho_scope_metrics *scope, const char *name) {
    static const char *const fates[] = {PREFIX "samples", PREFIX "histograms",
                                        PREFIX "samples_failed", PREFIX "samples_pending",
                                        PREFIX "samples_dropped"};
    int64_t accepted = 0;
    int64_t settled = 0;
    for (size_t i = 0; i < scope->metric_count; i++) {
        const tacho_metric *metric = tacho_scope_metrics_metric(scope, i);
        if (is_text(metric->name, PREFIX "samples_in")) {
            accepted += sum_of(metric, name);
        }
        for (size_t j = 0; j < sizeof fates / sizeof fates[0]; j++) {
            settled += is_text(metric->name, fates[j]) ? sum_of(metric, name) : 0;
        }
    }
    if (accepted != settled) {
        (void)fprintf(stderr, "%s: %" PRId64 " accepted, %" PRId64 " settled or pending\n", name,
                      accepted, settled);
    }
    must(accepted == settled, "what is observed does not balance");
    if (accepted > 0) {
        atomic_fetch_add_explicit(&balanced, 1, memory_order_relaxed);
    }
}

static int check(const tacho_metric_batch *batch, void *user) {
    (void)user;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        check_endpoint(scope, "good");
        check_endpoint(scope, "bad");
    }
    return TACHO_OK;
}

static void *collect(void *argument) {
    tacho_metric_reader *reader = argument;
    while (goes_on()) {
        (void)tacho_metric_reader_collect_with(reader, 0, check, NULL);
    }
    return NULL;
}

static void *record(void *argument) {
    for (int64_t i = 0; goes_on(); i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("set", i % 20)));
        if (i % 100 == 0) {
            rest(1);
        }
    }
    return argument;
}

/* --- requests, and names --- */

/* Another thread takes and gives back the same; what one has at a time differs. */
static void take_name(void) {
    struct tachoi_endpoint_name names[2] = {{.url = NULL}, {.url = NULL}};
    (void)tachoi_endpoint_name_take(&names[0], "tenant", "http://receiver");
    (void)tachoi_endpoint_name_take(&names[1], "tenant", "http://receiver");
    must(strcmp(names[0].text, names[1].text) != 0, "two have one name");
    tachoi_endpoint_name_give_back(&names[0]);
    tachoi_endpoint_name_give_back(&names[1]);
}

static struct tachoi_request_metrics requests;

static void *send_requests(void *argument) {
    const struct tachoi_request_sizes sizes = {.duration_ns = 1000, .body_bytes = 10};
    while (goes_on()) {
        tachoi_request_metrics_record(&requests, &sizes);
        take_name();
    }
    return argument;
}

static void *come_and_go(void *argument) {
    tacho_meter *meter = tacho_meter_provider_get_meter(observer, "requests", NULL);
    while (goes_on()) {
        tachoi_request_metrics_start(&requests, meter, TACHO_NO_ATTRS);
        tachoi_request_metrics_stop(&requests);
        take_name();
    }
    return argument;
}

/* --- rounds --- */

static tacho_meter_provider *make_provider(void) {
    const tacho_remote_write_options good = {.struct_size = sizeof good,
                                             .endpoint = receiver_url(receiver),
                                             .name = "good",
                                             .proxy_url = "",
                                             .min_backoff_ms = 1,
                                             .max_backoff_ms = 3,
                                             .max_shards = 2,
                                             .stale_on_shutdown = TACHO_REMOTE_WRITE_NEVER};
    tacho_remote_write_options bad = good;
    const tacho_remote_write_options *const list[] = {&good, &bad};
    tacho_metric_reader *reader = NULL;
    tacho_meter_provider *provider = NULL;
    bad.name = "bad";
    bad.endpoint = "http://127.0.0.1:9/api/v1/write"; /* nobody is there */
    must(tacho_remote_write_exporter_create_many(list, 2, &exporter) == TACHO_OK, "no exporter");
    must(tacho_periodic_reader_create(
             exporter, TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 3), &reader) ==
             TACHO_OK,
         "no reader");
    must(tacho_meter_provider_create(
             TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader, .reader_count = 1,
                           .enable_self_observation = true, .self_observation_provider = observer),
             &provider) == TACHO_OK,
         "no provider");
    return provider;
}

static void set_up(void) {
    tacho_diagnostics_set_handler(ignore, NULL);
    receiver = receiver_start();
    for (size_t i = 0; i < 2; i++) {
        must(tacho_manual_reader_create(NULL, NULL, &readers[i]) == TACHO_OK, "no reader");
    }
    must(tacho_meter_provider_create(
             TACHO_OPTIONS(tacho_meter_provider_options, .readers = readers, .reader_count = 2),
             &observer) == TACHO_OK,
         "no provider");
    counter = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(tacho_meter_provider_global(), "stress", NULL), "operations",
        NULL);
}

static void run_round(void) {
    tacho_meter_provider *provider = make_provider();
    must(tacho_meter_provider_set_global(provider) == TACHO_OK, "not installed");
    rest(60);
    (void)tacho_meter_provider_shutdown(provider, 20); /* some of it is given up */
    (void)balanced_stats();
    tacho_meter_provider_destroy(provider);
}

int main(void) {
    static void *(*const bodies[])(void *) = {collect, collect,       record,
                                              record,  send_requests, come_and_go};
    enum { THREADS = sizeof bodies / sizeof bodies[0] };
    pthread_t threads[THREADS];
    set_up();
    tachoi_request_metrics_init(&requests);
    for (size_t i = 0; i < THREADS; i++) {
        must(pthread_create(&threads[i], NULL, bodies[i], i < 2 ? readers[i] : NULL) == 0,
             "no thread");
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        run_round();
    }
    atomic_store_explicit(&has_ended, true, memory_order_relaxed);
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    const uint64_t checked = atomic_load_explicit(&balanced, memory_order_relaxed);
    (void)printf("%" PRIu64 " balances checked; the receiver has %zu samples\n", checked,
                 receiver_sample_count(receiver));
    must(checked > ROUNDS, "nothing was observed");
    must(receiver_problem(receiver)[0] == '\0', receiver_problem(receiver));
    tachoi_request_metrics_fini(&requests);
    tacho_meter_provider_destroy(observer);
    receiver_stop(receiver);
    return 0;
}
