/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/reader.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fork.h"
#include "pipeline/setup.h"
#include "reader/producer.h"
#include "reader/reader_thread.h"
#include "tacho/sdk/diagnostics.h"

/* What a caller keeps back of its time for the way home from the reader's thread. */
#define RESERVE_NS (50 * TACHOI_NS_PER_MS)

int tachoi_status_join(int a, int b) {
    if (a == TACHO_E_TIMEOUT || b == TACHO_E_TIMEOUT) {
        return TACHO_E_TIMEOUT;
    }
    return a != TACHO_OK ? a : b;
}

/* --- life --- */

static tacho_metric_reader *reader_alloc(void) {
    tacho_metric_reader *reader = tachoi_calloc(1, sizeof *reader);
    if (reader == NULL || !tachoi_fork_watch() || !tachoi_gate_init(&reader->collect_gate)) {
        tachoi_free(reader);
        return NULL;
    }
    reader->fork_generation = tachoi_fork_generation();
    return reader;
}

static int take_exporter(tacho_metric_reader *reader, const struct tachoi_setup *setup,
                         tacho_metric_exporter *exporter) {
    int status = exporter != NULL ? tachoi_exporter_claim(exporter) : TACHO_OK;
    if (status != TACHO_OK) {
        return tachoi_setup_fail_argument(setup, status, "exporter", "%s",
                                          status == TACHO_E_INVALID
                                              ? "it belongs to another reader; make one for each"
                                              : tacho_status_text(status));
    }
    reader->exporter = exporter;
    return TACHO_OK;
}

int tachoi_reader_create(const struct tachoi_setup *setup, tacho_metric_exporter *exporter,
                         const struct tachoi_reader_options *options, tacho_metric_reader **out) {
    tacho_metric_reader *reader = reader_alloc();
    if (reader == NULL) {
        tachoi_reader_dismiss(exporter, options);
        return tachoi_setup_fail_argument(setup, TACHO_E_NO_MEMORY, "", "memory is short");
    }
    int status = take_exporter(reader, setup, exporter);
    if (status == TACHO_OK) {
        status = tachoi_reader_configure(reader, setup, options);
    } else {
        tachoi_reader_dismiss_producers(options);
    }
    if (status != TACHO_OK) {
        tachoi_reader_free(reader);
        return status;
    }
    *out = reader;
    return TACHO_OK;
}

void tachoi_reader_dismiss(tacho_metric_exporter *exporter,
                           const struct tachoi_reader_options *options) {
    if (tachoi_exporter_claim(exporter) == TACHO_OK) {
        tachoi_exporter_destroy(exporter);
    }
    tachoi_reader_dismiss_producers(options);
}

static bool is_foreign(const tacho_metric_reader *reader) {
    return reader->fork_generation != tachoi_fork_generation();
}

int tachoi_reader_claim(tacho_metric_reader *reader) {
    if (is_foreign(reader)) {
        return TACHO_E_FORKED;
    }
    bool was_taken = atomic_exchange_explicit(&reader->is_taken, true, memory_order_relaxed);
    return was_taken ? TACHO_E_BUSY : TACHO_OK;
}

struct tachoi_collector_config tachoi_reader_config_move(tacho_metric_reader *reader) {
    struct tachoi_collector_config config = reader->config;
    memset(reader->config.aggregations, 0, sizeof reader->config.aggregations);
    return config;
}

void tachoi_reader_observe(tacho_metric_reader *reader, tacho_meter_provider *provider) {
    tacho_metric_exporter *exporter = reader->exporter;
    tacho_meter_provider *observer = provider != NULL ? provider : tacho_meter_provider_global();
    tachoi_self_observation_init(&reader->observation, observer,
                                 reader->thread != NULL ? "periodic_metric_reader"
                                                        : "manual_metric_reader",
                                 exporter != NULL ? exporter->ops.name : NULL,
                                 exporter != NULL && exporter->ops.delivery != NULL);
    if (exporter != NULL) {
        tachoi_exporter_observe(exporter, observer);
    }
}

void tachoi_reader_attach(tacho_metric_reader *reader, struct tachoi_pipeline *pipeline,
                          size_t collector) {
    reader->collector = collector;
    /* release: pairs with the acquire in tachoi_reader_collect */
    atomic_store_explicit(&reader->pipeline, pipeline, memory_order_release);
}

int tachoi_reader_start(tacho_metric_reader *reader) {
    reader->is_started = true; /* before its thread looks */
    int status =
        reader->thread != NULL ? tachoi_reader_thread_start(reader->thread, reader) : TACHO_OK;
    reader->is_started = status == TACHO_OK;
    return status;
}

void tachoi_reader_free(tacho_metric_reader *reader) {
    if (reader == NULL) {
        return;
    }
    tachoi_exporter_destroy(reader->exporter);
    for (size_t i = 0; i < reader->producer_count; i++) {
        tachoi_producer_free(reader->producers[i]);
    }
    tachoi_free(reader->producers);
    tachoi_collector_config_fini(&reader->config);
    tachoi_reader_thread_destroy(reader->thread);
    tachoi_gate_fini(&reader->collect_gate);
    tachoi_free(reader);
}

void tacho_metric_reader_destroy(tacho_metric_reader *reader) {
    if (reader == NULL || is_foreign(reader)) {
        return;
    }
    if (tachoi_reader_claim(reader) != TACHO_OK) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "metric_reader", "destroy_refused",
                                 "a reader that belongs to a provider is destroyed with it");
        return;
    }
    tachoi_reader_free(reader);
}

bool tachoi_reader_is_here(tacho_metric_reader *reader) {
    return tachoi_gate_is_mine(&reader->collect_gate) ||
           (reader->exporter != NULL && tachoi_exporter_is_here(reader->exporter)) ||
           (reader->thread != NULL && tachoi_reader_thread_is_here(reader->thread));
}

/* --- flushing --- */

static bool has_thread(const tacho_metric_reader *reader) {
    return reader->thread != NULL && reader->is_started;
}

static int outcome(int status) {
    return status == TACHO_OK || status == TACHO_E_TIMEOUT || status == TACHO_E_SHUTDOWN
               ? status
               : TACHO_E_FAILED;
}

void tachoi_reader_flush_begin(tacho_metric_reader *reader, uint64_t deadline_ns) {
    if (has_thread(reader)) {
        tachoi_reader_thread_flush(reader->thread, deadline_ns);
    }
}

int tachoi_reader_flush_wait(tacho_metric_reader *reader, uint64_t deadline_ns) {
    if (reader->exporter == NULL) {
        return TACHO_OK;
    }
    int status = has_thread(reader) ? tachoi_reader_thread_await_flush(reader->thread, deadline_ns)
                                    : tachoi_reader_collect(reader, deadline_ns, false, NULL, NULL);
    /* also when the deadline has passed (RDR-17): the exporter then hurries */
    int flushed = tachoi_exporter_force_flush(reader->exporter, deadline_ns);
    return tachoi_status_join(outcome(status), flushed);
}

/* --- the end --- */

int tachoi_reader_finish(tacho_metric_reader *reader, uint64_t deadline_ns) {
    if (reader->exporter == NULL) {
        return TACHO_OK;
    }
    int collected = reader->is_started
                        ? tachoi_reader_collect(reader, deadline_ns, true, NULL, NULL)
                        : TACHO_OK;
    int stopped = tachoi_exporter_shutdown(reader->exporter, deadline_ns);
    if (tachoi_gate_enter(&reader->collect_gate, deadline_ns) == TACHO_OK) {
        tachoi_self_observe_account(&reader->observation, reader->exporter);
        tachoi_gate_leave(&reader->collect_gate);
    }
    return tachoi_status_join(outcome(collected), stopped);
}

void tachoi_reader_shutdown_begin(tacho_metric_reader *reader, uint64_t deadline_ns) {
    atomic_store_explicit(&reader->is_shut_down, true, memory_order_relaxed);
    if (has_thread(reader)) {
        uint64_t left_ns = tachoi_deadline_left_ns(deadline_ns, tachoi_monotonic_ns());
        uint64_t reserve_ns = left_ns / 10 < RESERVE_NS ? left_ns / 10 : RESERVE_NS;
        tachoi_reader_thread_stop(reader->thread, left_ns == UINT64_MAX ? TACHO_NO_DEADLINE
                                                                        : deadline_ns - reserve_ns);
    }
}

int tachoi_reader_shutdown_wait(tacho_metric_reader *reader, uint64_t deadline_ns) {
    if (!has_thread(reader)) {
        return tachoi_reader_finish(reader, deadline_ns);
    }
    int status = TACHO_OK;
    bool has_ended = tachoi_reader_thread_await_stop(reader->thread, deadline_ns, &status);
    return has_ended ? status : TACHO_E_TIMEOUT;
}

bool tachoi_reader_quiesce(tacho_metric_reader *reader, uint64_t deadline_ns) {
    int status = TACHO_OK;
    if (has_thread(reader) &&
        !tachoi_reader_thread_await_stop(reader->thread, deadline_ns, &status)) {
        return false;
    }
    if (tachoi_gate_enter(&reader->collect_gate, deadline_ns) != TACHO_OK) {
        return false;
    }
    tachoi_gate_leave(&reader->collect_gate);
    return true;
}
