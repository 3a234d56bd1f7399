/* SPDX-License-Identifier: Apache-2.0 */
/* Stresses the remote-write exporter against a receiver that is not there: recorders, a reader that
 * exports every millisecond, flushes, accounts and two shutdowns at once. Nothing arrives, so every
 * sample must be found in the account, at each moment and at the end. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "delivery_stress.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

static tacho_meter_provider *provider;
static tacho_counter *counter;
static tacho_histogram *histogram;

static void *record(void *argument) {
    int64_t value = 0;
    while (goes_on()) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("set", value % 50)));
        tacho_histogram_record(histogram, (double)(value++ % 1000), TACHO_NO_ATTRS);
    }
    return argument;
}

static void *flush(void *argument) {
    while (goes_on()) {
        (void)tacho_meter_provider_force_flush(provider, 2);
    }
    return argument;
}

static void *account(void *argument) {
    while (goes_on()) {
        (void)balanced_stats();
    }
    return argument;
}

static void *shut_down(void *argument) {
    must(tacho_meter_provider_shutdown(provider, 100) != TACHO_OK, "nothing can have arrived");
    return argument;
}

static void set_up(void) {
    tacho_metric_reader *reader = NULL;
    tacho_diagnostics_set_handler(ignore, NULL);
    must(
        tacho_remote_write_exporter_create(
            TACHO_OPTIONS(tacho_remote_write_options, .endpoint = "http://127.0.0.1:1/api/v1/write",
                          .min_backoff_ms = 1, .max_backoff_ms = 5, .queue_max_bytes = 262144,
                          .max_shards = 3, .sample_age_limit_ms = 500),
            &exporter) == TACHO_OK,
        "no exporter");
    must(tacho_periodic_reader_create(
             exporter, TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 1), &reader) ==
             TACHO_OK,
         "no reader");
    must(tacho_meter_provider_create(
             TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader, .reader_count = 1),
             &provider) == TACHO_OK,
         "no provider");
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "stress", NULL);
    counter = tacho_meter_create_counter(meter, "operations", NULL);
    histogram = tacho_meter_create_histogram(meter, "duration", NULL);
}

int main(void) {
    static void *(*const bodies[])(void *) = {record, record, flush, flush, account};
    enum { THREADS = sizeof bodies / sizeof bodies[0] };
    pthread_t threads[THREADS];
    pthread_t closers[2];
    set_up();
    for (size_t i = 0; i < THREADS; i++) {
        must(pthread_create(&threads[i], NULL, bodies[i], NULL) == 0, "no thread");
    }
    rest(1500);
    for (size_t i = 0; i < 2; i++) {
        must(pthread_create(&closers[i], NULL, shut_down, NULL) == 0, "no thread");
    }
    for (size_t i = 0; i < 2; i++) {
        (void)pthread_join(closers[i], NULL);
    }
    atomic_store_explicit(&has_ended, true, memory_order_relaxed);
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    tacho_remote_write_stats stats = balanced_stats();
    for (size_t i = 0; stats.pending > 0 && i < 5000; i++) { /* a starved thread leaves later */
        rest(1);
        stats = balanced_stats();
    }
    must(stats.accepted > 0 && stats.pending == 0 && stats.acknowledged == 0, "odd account");
    must(stats.dropped_queue_full > 0 && stats.dropped_shutdown > 0, "nothing was dropped");
    (void)printf("accepted %" PRIu64 ", requests %" PRIu64 ", queue full %" PRIu64
                 ", too old %" PRIu64 ", shutdown %" PRIu64 "\n",
                 stats.accepted, stats.requests, stats.dropped_queue_full, stats.dropped_too_old,
                 stats.dropped_shutdown);
    tacho_meter_provider_destroy(provider);
    return 0;
}
