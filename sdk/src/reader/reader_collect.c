/* SPDX-License-Identifier: Apache-2.0 */
/* One collection of a reader, from the gate to the exporter: the SDK's metrics, whole or part by
 * part, each exported before the next is read; with the last those of producers. One deadline
 * covers it all. */
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

/* Points that one export gets at most; 0 = no limit. */
static size_t max_points(const tacho_metric_reader *reader) {
    const size_t wanted = reader->exporter->ops.batch_points;
    const size_t limit = reader->max_export_batch_size;
    return wanted != 0 && (limit == 0 || wanted < limit) ? wanted : limit;
}

/* RDR-19: one part failing is no reason to lose the others. Where memory is short to split them,
 * `own`, which fits, goes alone. */
static int export_parts(tacho_metric_reader *reader, const tacho_metric_batch *batch,
                        const tacho_metric_batch *own, struct tachoi_arena *arena,
                        uint64_t deadline_ns) {
    struct tachoi_batch_split split;
    tacho_metric_batch part;
    int status = TACHO_OK;
    if (!tachoi_batch_split_init(&split, batch, max_points(reader), arena)) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "metric_reader", "export_failed",
                                 "memory is short to split a batch of %zu points; those of "
                                 "producers are not exported",
                                 batch->point_count);
        (void)export_one(reader, own, deadline_ns);
        return TACHO_E_NO_MEMORY;
    }
    while (tachoi_batch_split_next(&split, &part)) {
        status = tachoi_status_join(status, export_one(reader, &part, deadline_ns));
    }
    return status;
}

/* --- collecting --- */

/* One collection on its way out. */
struct collecting {
    tacho_metric_reader *reader;
    struct tachoi_pipeline *pipeline;
    uint64_t deadline_ns;
    bool is_final;
    tacho_collect_fn consume; /* NULL = the exporter */
    void *user;

    /* what became of it so far */
    const tacho_metric_batch *own; /* the last part of the SDK's metrics; NULL = none */
    uint64_t collecting_ns;        /* time spent, without exports */
    int collected;                 /* status */
    int produced;                  /* status */
    int consumed;                  /* status */
};

/* The next part of the SDK's metrics, the first one first. */
static void collect_own(struct collecting *collecting) {
    tacho_metric_reader *reader = collecting->reader;
    const uint64_t begin_ns = tachoi_monotonic_ns();
    if (collecting->own != NULL) {
        collecting->collected =
            tachoi_pipeline_collect_more(collecting->pipeline, reader->collector, &collecting->own);
    } else {
        const struct tachoi_collect_request request = {
            .deadline_ns = collecting->deadline_ns,
            .is_final = collecting->is_final,
            .filter = reader->filter,
            .max_points = collecting->consume != NULL ? 0 : max_points(reader)};
        collecting->collected = tachoi_pipeline_collect(collecting->pipeline, reader->collector,
                                                        &request, &collecting->own);
    }
    collecting->collecting_ns += tachoi_monotonic_ns() - begin_ns;
}

/* The last part, with what producers give behind it. */
static const tacho_metric_batch *gather(struct collecting *collecting) {
    tacho_metric_reader *reader = collecting->reader;
    const tacho_metric_batch *batch = collecting->own;
    if (reader->producer_count == 0) {
        return batch;
    }
    const struct tachoi_gather all = {
        .producers = reader->producers,
        .producer_count = reader->producer_count,
        .filter = reader->filter,
        .temporalities = reader->config.temporalities,
        .deadline_ns = collecting->deadline_ns,
        .arena = tachoi_pipeline_arena(collecting->pipeline, reader->collector),
    };
    const uint64_t begin_ns = tachoi_monotonic_ns();
    collecting->produced = tachoi_gather(&all, collecting->own, &batch);
    collecting->collecting_ns += tachoi_monotonic_ns() - begin_ns;
    return batch;
}

static void observe_collection(const struct collecting *collecting) {
    tachoi_self_observe_collection(&collecting->reader->observation, collecting->collecting_ns,
                                   tachoi_status_join(collecting->collected, collecting->produced));
}

static int consume_last(const struct collecting *collecting, const tacho_metric_batch *batch) {
    tacho_metric_reader *reader = collecting->reader;
    if (collecting->consume != NULL) {
        return collecting->consume(batch, collecting->user);
    }
    if (batch == collecting->own || max_points(reader) == 0) {
        return export_one(reader, batch, collecting->deadline_ns);
    }
    struct tachoi_arena *arena = tachoi_pipeline_arena(collecting->pipeline, reader->collector);
    return export_parts(reader, batch, collecting->own, arena, collecting->deadline_ns);
}

/* Inside the gate. */
static int collect_and_consume(struct collecting *collecting) {
    tachoi_self_observe_account(&collecting->reader->observation, collecting->reader->exporter);
    collect_own(collecting);
    if (collecting->own == NULL) {
        observe_collection(collecting);
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "metric_reader", "collect_failed",
                                 "a collection was left out: %s",
                                 tacho_status_text(collecting->collected));
        return collecting->collected;
    }
    while (collecting->own->has_more) {
        const int status = export_one(collecting->reader, collecting->own, collecting->deadline_ns);
        collecting->consumed = tachoi_status_join(collecting->consumed, status);
        collect_own(collecting);
    }
    const tacho_metric_batch *last = gather(collecting);
    observe_collection(collecting);
    collecting->consumed = tachoi_status_join(collecting->consumed, consume_last(collecting, last));
    return collecting->consumed != TACHO_OK
               ? collecting->consumed
               : tachoi_status_join(collecting->collected, collecting->produced);
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
        status = collect_and_consume(&(struct collecting){.reader = reader,
                                                          .pipeline = pipeline,
                                                          .deadline_ns = deadline_ns,
                                                          .is_final = is_final,
                                                          .consume = consume,
                                                          .user = user});
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
