/* SPDX-License-Identifier: Apache-2.0 */
/* Stresses the remote-write exporter with several shards against a receiver that accepts, refuses,
 * splits and fails by turns, while threads record new and known series, a reader exports every few
 * milliseconds, threads flush and one watches the account. At the end the receiver holds what was
 * acknowledged, no more and no less, and found nothing wrong with any request, the order of each
 * series included; and the hooks were told what is in the account. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "delivery_stress.h"
#include "support/receiver.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

static struct receiver *receiver;
static tacho_meter_provider *provider;
static tacho_counter *counter;
static tacho_histogram *histogram;
static _Atomic(uint64_t) told_acknowledged;
static _Atomic(uint64_t) told_failed;
static _Atomic(uint64_t) told_dropped;

static void keep_request(void *user, const tacho_remote_write_result *result) {
    (void)user;
    atomic_fetch_add_explicit(&told_acknowledged, result->acknowledged, memory_order_relaxed);
    atomic_fetch_add_explicit(&told_failed, result->failed, memory_order_relaxed);
    (void)balanced_stats();
}

static void keep_drop(void *user, uint64_t samples, const char *reason, const char *series) {
    (void)user;
    (void)reason;
    (void)series;
    atomic_fetch_add_explicit(&told_dropped, samples, memory_order_relaxed);
    (void)balanced_stats();
}

static void *record(void *argument) {
    for (int64_t i = 0; goes_on(); i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("set", i % 40)));
        tacho_histogram_record(histogram, (double)(i % 1000), TACHO_NO_ATTRS);
        if (i % 1000 == 0) {
            rest(1);
        }
    }
    return argument;
}

static void *flush(void *argument) {
    while (goes_on()) {
        (void)tacho_meter_provider_force_flush(provider, 5);
    }
    return argument;
}

static void *watch(void *argument) {
    while (goes_on()) {
        (void)balanced_stats();
        rest(1);
    }
    return argument;
}

/* One that fails long enough is taken for an outage, or divided where it is the only one. */
static void *misbehave(void *argument) {
    enum { STEPS = 16, MOODS = 5 };
    static struct receiver_step moods[MOODS][STEPS] = {
        {{.status = 503}, {.status = 503}, {.status = 204}},
        {{.status = 413}, {.status = 204}, {.status = 413}},
        {{.status = 400, .body = "no"}, {.status = 204}, {.status = 429}},
        {{.action = RECEIVER_RESET}, {.status = 204}, {.action = RECEIVER_RESET}},
    };
    for (size_t i = 0; i < STEPS; i++) {
        moods[MOODS - 1][i].status = 500;
    }
    for (size_t i = 0; goes_on(); i++) {
        const size_t mood = i % MOODS;
        receiver_script(receiver, moods[mood], mood == MOODS - 1 ? STEPS : 3);
        rest(20);
    }
    receiver_script(receiver, moods[0], 0);
    return argument;
}

static uint64_t total(_Atomic(uint64_t) *told) {
    return atomic_load_explicit(told, memory_order_relaxed);
}

static void set_up(void) {
    tacho_metric_reader *reader = NULL;
    tacho_diagnostics_set_handler(ignore, NULL);
    receiver = receiver_start();
    must(tacho_remote_write_exporter_create(
             TACHO_OPTIONS(tacho_remote_write_options, .endpoint = receiver_url(receiver),
                           .proxy_url = "", .min_backoff_ms = 1, .max_backoff_ms = 5,
                           .queue_max_bytes = 4 * 262144, .max_samples_per_send = 50,
                           .max_shards = 4, .batch_send_deadline_ms = 3,
                           .protocol = TACHO_REMOTE_WRITE_PROTOCOL_1, .disable_startup_check = true,
                           .on_request = keep_request, .on_drop = keep_drop),
             &exporter) == TACHO_OK,
         "no exporter");
    must(tacho_periodic_reader_create(
             exporter, TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 5), &reader) ==
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
    static void *(*const bodies[])(void *) = {record, record, flush, flush, watch, misbehave};
    enum { THREADS = sizeof bodies / sizeof bodies[0] };
    pthread_t threads[THREADS];
    set_up();
    for (size_t i = 0; i < THREADS; i++) {
        must(pthread_create(&threads[i], NULL, bodies[i], NULL) == 0, "no thread");
    }
    rest(1500);
    atomic_store_explicit(&has_ended, true, memory_order_relaxed);
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)tacho_meter_provider_shutdown(provider, 30000);
    tacho_remote_write_stats stats = balanced_stats();
    (void)printf("accepted %" PRIu64 ", acknowledged %" PRIu64 ", failed %" PRIu64
                 ", requests %" PRIu64 ", retries %" PRIu64 "; the receiver has %zu\n",
                 stats.accepted, stats.acknowledged, stats.failed, stats.requests, stats.retries,
                 receiver_sample_count(receiver));
    must(stats.pending == 0 && stats.dropped_shutdown == 0, "something was left behind");
    must(stats.acknowledged > 0 && stats.failed > 0 && stats.retries > 0, "it was not stressed");
    must(receiver_sample_count(receiver) == stats.acknowledged, "the receiver has other samples");
    must(total(&told_acknowledged) == stats.acknowledged && total(&told_failed) == stats.failed,
         "on_request tells something else");
    must(total(&told_dropped) == stats.accepted - stats.acknowledged - stats.failed,
         "on_drop tells something else");
    must(receiver_problem(receiver)[0] == '\0', receiver_problem(receiver));
    tacho_meter_provider_destroy(provider);
    receiver_stop(receiver);
    return 0;
}
