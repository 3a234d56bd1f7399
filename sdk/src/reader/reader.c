/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/reader.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fork.h"
#include "reader/reader_thread.h"
#include "reader/setup.h"
#include "tacho/sdk/diagnostics.h"

#define COLLECT_TIMEOUT_MS 30000
#define CARDINALITY_LIMIT 2000

/* What a caller keeps back of its time for the way home from the reader's thread. */
#define RESERVE_NS (50 * TACHOI_NS_PER_MS)

int tachoi_status_join(int a, int b) {
    if (a == TACHO_E_TIMEOUT || b == TACHO_E_TIMEOUT) {
        return TACHO_E_TIMEOUT;
    }
    return a != TACHO_OK ? a : b;
}

/* --- life --- */

int tachoi_reader_create(const struct tachoi_setup *setup, tacho_metric_exporter *exporter,
                         tacho_metric_reader **out) {
    int status = exporter != NULL ? tachoi_exporter_claim(exporter) : TACHO_OK;
    if (status != TACHO_OK) {
        return tachoi_setup_fail_argument(setup, status, "exporter", "%s",
                                          status == TACHO_E_INVALID
                                              ? "it belongs to another reader; make one for each"
                                              : tacho_status_text(status));
    }
    tacho_metric_reader *reader = tachoi_calloc(1, sizeof *reader);
    if (reader == NULL || !tachoi_fork_watch() || !tachoi_gate_init(&reader->collect_gate)) {
        tachoi_free(reader);
        tachoi_exporter_destroy(exporter);
        return tachoi_setup_fail_argument(setup, TACHO_E_NO_MEMORY, "", "memory is short");
    }
    reader->exporter = exporter;
    reader->cardinality_limit = CARDINALITY_LIMIT;
    reader->fork_generation = tachoi_fork_generation();
    *out = reader;
    return TACHO_OK;
}

void tachoi_reader_dismiss(tacho_metric_exporter *exporter) {
    if (tachoi_exporter_claim(exporter) == TACHO_OK) {
        tachoi_exporter_destroy(exporter);
    }
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
           (reader->thread != NULL && tachoi_reader_thread_is_here(reader->thread));
}

/* --- collecting --- */

static int export_batch(tacho_metric_reader *reader, const tacho_metric_batch *batch,
                        uint64_t deadline_ns) {
    int status = tachoi_exporter_export(reader->exporter, batch, deadline_ns);
    if (status != TACHO_OK) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "metric_reader", "export_failed",
                                 "exporter %s did not take a batch of %zu points: %s",
                                 reader->exporter->ops.name, batch->point_count,
                                 tacho_status_text(status));
    }
    return status;
}

/* Inside the gate. */
static int collect_and_consume(tacho_metric_reader *reader, struct tachoi_pipeline *pipeline,
                               uint64_t deadline_ns, bool is_final, tacho_collect_fn consume,
                               void *user) {
    const tacho_metric_batch *batch = NULL;
    const struct tachoi_collect_request request = {.deadline_ns = deadline_ns,
                                                   .is_final = is_final};
    int collected = tachoi_pipeline_collect(pipeline, reader->collector, &request, &batch);
    if (batch == NULL) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "metric_reader", "collect_failed",
                                 "a collection was left out: %s", tacho_status_text(collected));
        return collected;
    }
    int consumed =
        consume != NULL ? consume(batch, user) : export_batch(reader, batch, deadline_ns);
    return consumed != TACHO_OK ? consumed : collected;
}

int tachoi_reader_collect(tacho_metric_reader *reader, uint64_t deadline_ns, bool is_final,
                          tacho_collect_fn consume, void *user) {
    /* acquire: pairs with the release in tachoi_reader_attach */
    struct tachoi_pipeline *pipeline =
        atomic_load_explicit(&reader->pipeline, memory_order_acquire);
    if (pipeline == NULL) {
        return TACHO_E_INVALID;
    }
    int status = tachoi_gate_enter(&reader->collect_gate, deadline_ns);
    if (status != TACHO_OK) {
        return status;
    }
    if (!is_final && atomic_load_explicit(&reader->is_shut_down, memory_order_relaxed)) {
        status = TACHO_E_SHUTDOWN;
    } else {
        status = collect_and_consume(reader, pipeline, deadline_ns, is_final, consume, user);
    }
    tachoi_gate_leave(&reader->collect_gate);
    return status;
}

static int collect_checked(tacho_metric_reader *reader, uint32_t timeout_ms,
                           tacho_collect_fn consume, void *user) {
    if (is_foreign(reader)) {
        return TACHO_E_FORKED;
    }
    uint64_t deadline_ns =
        tacho_deadline_from_timeout(timeout_ms != 0 ? timeout_ms : COLLECT_TIMEOUT_MS);
    return tachoi_reader_collect(reader, deadline_ns, false, consume, user);
}

int tacho_metric_reader_collect(tacho_metric_reader *reader, uint32_t timeout_ms) {
    if (reader == NULL || reader->exporter == NULL) {
        return TACHO_E_INVALID;
    }
    return collect_checked(reader, timeout_ms, NULL, NULL);
}

int tacho_metric_reader_collect_with(tacho_metric_reader *reader, uint32_t timeout_ms,
                                     tacho_collect_fn consume, void *user) {
    if (reader == NULL || consume == NULL) {
        return TACHO_E_INVALID;
    }
    return collect_checked(reader, timeout_ms, consume, user);
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
