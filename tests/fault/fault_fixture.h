/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the fault tests share: an exporter with short delays, exporting without an SDK, the
 * account and its conservation, and a log of diagnostics. */
#ifndef TESTS_FAULT_FAULT_FIXTURE_H
#define TESTS_FAULT_FAULT_FIXTURE_H

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "remote_write/exporter.h"
#include "support/batch.h"
#include "support/receiver.h"
#include "tacho/sdk/diagnostics.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

#define UNUSED __attribute__((unused))

/** Longer than anything takes that works. */
#define PATIENCE_MS 20000

/** The counter that most tests send, as the receiver shows it. */
#define COUNTER "jobs_total{instance=\"one\",job=\"svc\",otel_scope_name=\"test\"}"

struct fault_log {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char text[16384];
};

static struct fault_log fault_log = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                     .changed = PTHREAD_COND_INITIALIZER};

UNUSED static void keep_diagnostic(const tacho_diagnostic *diagnostic, void *user) {
    (void)user;
    pthread_mutex_lock(&fault_log.lock);
    size_t length = strlen(fault_log.text);
    snprintf(fault_log.text + length, sizeof fault_log.text - length, "%s: %s\n", diagnostic->kind,
             diagnostic->message);
    pthread_cond_broadcast(&fault_log.changed);
    pthread_mutex_unlock(&fault_log.lock);
}

/** Whether a diagnostic with this text has come. */
UNUSED static bool was_told(const char *text) {
    pthread_mutex_lock(&fault_log.lock);
    bool found = strstr(fault_log.text, text) != NULL;
    pthread_mutex_unlock(&fault_log.lock);
    return found;
}

/** The same, waiting for it. */
UNUSED static bool will_be_told(const char *text) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_MS / 1000;
    int error = 0;
    pthread_mutex_lock(&fault_log.lock);
    while (strstr(fault_log.text, text) == NULL && error == 0) {
        error = pthread_cond_timedwait(&fault_log.changed, &fault_log.lock, &deadline);
    }
    pthread_mutex_unlock(&fault_log.lock);
    return error == 0;
}

UNUSED static tacho_remote_write_options fast_options(const char *endpoint) {
    return (tacho_remote_write_options){.struct_size = sizeof(tacho_remote_write_options),
                                        .endpoint = endpoint,
                                        .min_backoff_ms = 1,
                                        .max_backoff_ms = 20,
                                        .disable_target_info = true,
                                        .stale_on_shutdown = TACHO_REMOTE_WRITE_NEVER,
                                        .disable_startup_check = true,
                                        .disable_metadata = true,
                                        .protocol = TACHO_REMOTE_WRITE_PROTOCOL_1,
                                        .proxy_url = ""};
}

UNUSED static tacho_metric_exporter *create(const tacho_remote_write_options *options) {
    tacho_metric_exporter *exporter = NULL;
    tacho_error error = {0};
    tacho_remote_write_options with_error = *options;
    with_error.error = &error;
    tacho_diagnostics_set_handler(keep_diagnostic, NULL);
    int status = tacho_remote_write_exporter_create(&with_error, &exporter);
    cr_assert(eq(int, status, TACHO_OK), "%s: %s", error.field, error.message);
    return exporter;
}

UNUSED static void *self_of(tacho_metric_exporter *exporter) {
    return tacho_metric_exporter_self(exporter, &tachoi_remote_write_ops);
}

UNUSED static int export_one(tacho_metric_exporter *exporter, const struct batch *batch) {
    return tachoi_remote_write_ops.export_batch(self_of(exporter), &batch->batch,
                                                TACHO_NO_DEADLINE);
}

/** Exports the counter with this value, `value` seconds after the beginning. */
UNUSED static int export_counter(tacho_metric_exporter *exporter, const tacho_resource *resource,
                                 int64_t value) {
    struct batch batch;
    batch_init(&batch, resource, (uint64_t)value * 1000);
    batch_add_counter(&batch, "jobs", 1, value, TACHO_NO_ATTRS);
    int status = export_one(exporter, &batch);
    batch_fini(&batch);
    return status;
}

/** Exports gauges {index="0"} and on; ids and names differ by `first_id`. */
UNUSED static int export_gauges(tacho_metric_exporter *exporter, const tacho_resource *resource,
                                uint64_t first_id, size_t count, uint64_t offset_ms) {
    struct batch batch;
    batch_init(&batch, resource, offset_ms);
    batch_add_gauges(&batch, "level", first_id, count);
    int status = export_one(exporter, &batch);
    batch_fini(&batch);
    return status;
}

UNUSED static int flush(tacho_metric_exporter *exporter, uint32_t timeout_ms) {
    return tachoi_remote_write_ops.force_flush(self_of(exporter),
                                               tacho_deadline_from_timeout(timeout_ms));
}

UNUSED static int shut_down(tacho_metric_exporter *exporter, uint32_t timeout_ms) {
    return tachoi_remote_write_ops.shutdown(self_of(exporter),
                                            tacho_deadline_from_timeout(timeout_ms));
}

/** The account; fails the test if samples have vanished or multiplied. */
UNUSED static tacho_remote_write_stats stats_of(const tacho_metric_exporter *exporter) {
    tacho_remote_write_stats stats = {.struct_size = sizeof stats};
    cr_assert(eq(int, tacho_remote_write_exporter_stats(exporter, &stats), TACHO_OK));
    cr_assert(eq(u64, stats.accepted,
                 stats.acknowledged + stats.failed + stats.dropped_queue_full +
                     stats.dropped_too_old + stats.dropped_shutdown + stats.dropped_clock +
                     stats.dropped_invalid + stats.dropped_unsupported + stats.pending));
    return stats;
}

/** Values of a series as text, "1 2 3". */
UNUSED static const char *values_of(struct receiver *receiver, const char *series) {
    static char text[1024];
    struct receiver_sample samples[64];
    size_t count = receiver_samples(receiver, series, samples, 64);
    text[0] = '\0';
    for (size_t i = 0; i < count && i < 64; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%g", i > 0 ? " " : "", samples[i].value);
    }
    return text;
}

UNUSED static uint32_t passed_ms(uint64_t since_ns) {
    return (uint32_t)((tachoi_monotonic_ns() - since_ns) / TACHOI_NS_PER_MS);
}

#endif
