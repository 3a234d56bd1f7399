/* SPDX-License-Identifier: Apache-2.0 */
/* One collection of a reader, from the gate to the exporter: the SDK's metrics, those of producers,
 * and the way out, whole or in parts. One deadline covers it all. */
#include "base/clock.h"
#include "base/fork.h"
#include "reader/batch_split.h"
#include "reader/gather.h"
#include "reader/reader.h"
#include "tacho/sdk/diagnostics.h"

#define COLLECT_TIMEOUT_MS 30000

/* --- exporting --- */

static int export_one(tacho_metric_reader *reader, const tacho_metric_batch *batch,
                      uint64_t deadline_ns) {
    uint64_t begin_ns = tachoi_monotonic_ns();
    tachoi_self_observe_export_begin(&reader->observation, batch->point_count);
    int status = tachoi_exporter_export(reader->exporter, batch, deadline_ns);
    tachoi_self_observe_export_end(&reader->observation, batch->point_count, begin_ns, status);
    if (status != TACHO_OK) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "metric_reader", "export_failed",
                                 "exporter %s did not take a batch of %zu points: %s",
                                 reader->exporter->ops.name, batch->point_count,
                                 tacho_status_text(status));
    }
    return status;
}

/* RDR-19: one part failing is no reason to lose the others. */
static int export_parts(tacho_metric_reader *reader, const tacho_metric_batch *batch,
                        struct tachoi_arena *arena, uint64_t deadline_ns) {
    struct tachoi_batch_split split;
    tacho_metric_batch part;
    int status = TACHO_OK;
    if (!tachoi_batch_split_init(&split, batch, reader->max_export_batch_size, arena)) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "metric_reader", "export_failed",
                                 "memory is short to split a batch of %zu points; it is not "
                                 "exported",
                                 batch->point_count);
        return TACHO_E_NO_MEMORY;
    }
    while (tachoi_batch_split_next(&split, &part)) {
        status = tachoi_status_join(status, export_one(reader, &part, deadline_ns));
    }
    return status;
}

/* --- collecting --- */

/* The batch of this collection; untouched where there is none. */
static int gather(tacho_metric_reader *reader, struct tachoi_pipeline *pipeline,
                  uint64_t deadline_ns, bool is_final, const tacho_metric_batch **out) {
    const struct tachoi_collect_request request = {
        .deadline_ns = deadline_ns, .is_final = is_final, .filter = reader->filter};
    const tacho_metric_batch *own = NULL;
    int status = tachoi_pipeline_collect(pipeline, reader->collector, &request, &own);
    if (own == NULL) {
        return status;
    }
    *out = own;
    if (reader->producer_count == 0) {
        return status;
    }
    const struct tachoi_gather all = {
        .producers = reader->producers,
        .producer_count = reader->producer_count,
        .filter = reader->filter,
        .temporalities = reader->config.temporalities,
        .deadline_ns = deadline_ns,
        .arena = tachoi_pipeline_arena(pipeline, reader->collector),
    };
    return tachoi_status_join(status, tachoi_gather(&all, own, out));
}

/* Inside the gate. */
static int collect_and_consume(tacho_metric_reader *reader, struct tachoi_pipeline *pipeline,
                               uint64_t deadline_ns, bool is_final, tacho_collect_fn consume,
                               void *user) {
    const tacho_metric_batch *batch = NULL;
    uint64_t begin_ns = tachoi_monotonic_ns();
    int collected = gather(reader, pipeline, deadline_ns, is_final, &batch);
    tachoi_self_observe_collection(&reader->observation, begin_ns, collected);
    if (batch == NULL) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "metric_reader", "collect_failed",
                                 "a collection was left out: %s", tacho_status_text(collected));
        return collected;
    }
    int consumed = TACHO_OK;
    if (consume != NULL) {
        consumed = consume(batch, user);
    } else if (reader->max_export_batch_size == 0) {
        consumed = export_one(reader, batch, deadline_ns);
    } else {
        struct tachoi_arena *arena = tachoi_pipeline_arena(pipeline, reader->collector);
        consumed = export_parts(reader, batch, arena, deadline_ns);
    }
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
    if (reader->fork_generation != tachoi_fork_generation()) {
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
