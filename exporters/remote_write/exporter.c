/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the exporter to one endpoint as the SDK sees it: options in, batches to the worker. What
 * crosses threads is in worker.h; public accounts are in exporter_stats.c.
 *
 * In a forked child nothing of an exporter is touched: its lock may be held for ever by a thread
 * that is not there, and its connections are the parent's. It is abandoned as it is, but for its
 * sockets, which http/sockets.c closes at fork. */
#include "remote_write/exporter.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fork.h"
#include "base/options.h"
#include "prometheus/timestamps.h"
#include "remote_write/converter_options.h"
#include "remote_write/exit_handler.h"
#include "remote_write/export_gate.h"
#include "remote_write/metadata_bodies.h"
#include "remote_write/self_metrics.h"
#include "remote_write/stats.h"
#include "tacho/sdk/diagnostics.h"

struct tachoi_remote_write_exporter {
    /* immutable after create */
    struct tachoi_remote_write_config config;
    uint32_t fork_generation;

    struct tachoi_export_gate gate;

    /* who is inside the gate only */
    struct tachoi_timestamps timestamps;
    uint64_t collected_unix_ns; /* the last collection's times, by which its batches are known */
    uint64_t collected_monotonic_ns;
    struct tachoi_converter converter;
    struct tachoi_metadata_maker metadata;

    struct tachoi_worker worker;
    struct tachoi_self_metrics self_metrics;
    struct tachoi_exit_entry exit_entry; /* guarded by the exit handler */
};

static bool is_forked(const struct tachoi_remote_write_exporter *exporter) {
    return exporter->fork_generation != tachoi_fork_generation();
}

/* Frees everything but the thread, which has ended. */
static void release(void *owner) {
    struct tachoi_remote_write_exporter *exporter = owner;
    tachoi_worker_fini(&exporter->worker);
    tachoi_metadata_maker_fini(&exporter->metadata);
    tachoi_converter_fini(&exporter->converter);
    tachoi_remote_write_config_fini(&exporter->config);
    tachoi_export_gate_fini(&exporter->gate);
    tachoi_free(exporter);
}

/* --- the table --- */

/* Whether the batch has a usable time; if not, it is dropped and counted. */
static bool time_batch(struct tachoi_remote_write_exporter *exporter,
                       const tacho_metric_batch *batch, int64_t *time_ms) {
    enum tachoi_timestamp_result result = tachoi_timestamps_next(
        &exporter->timestamps, batch->time_unix_nano, batch->time_monotonic_ns, time_ms);
    if (result == TACHOI_TIMESTAMP_OK) {
        return true;
    }
    const struct tachoi_batch_sizes sizes =
        tachoi_batch_sizes_of(batch, &exporter->converter.options);
    tachoi_worker_drop_for_clock(&exporter->worker, &sizes);
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "clock",
                             result == TACHOI_TIMESTAMP_TOO_EARLY
                                 ? "the wall clock is not set; samples are dropped until it is"
                                 : "the wall clock went back by more than ten minutes; samples are "
                                   "dropped until it has caught up");
    return false;
}

/* For 1.0, unless it is never spoken or the collection is not whole yet. */
static struct tachoi_metadata_bodies *new_metadata(struct tachoi_remote_write_exporter *exporter) {
    const tacho_remote_write_options *values = &exporter->config.values;
    return exporter->converter.is_open || values->disable_metadata ||
                   values->protocol == TACHO_REMOTE_WRITE_PROTOCOL_2
               ? NULL
               : tachoi_metadata_maker_make(&exporter->metadata,
                                            &exporter->converter.cache.shapes.families);
}

/* Accepts what the converter holds; queues the collection if that is complete. */
static int hand_over(struct tachoi_remote_write_exporter *exporter) {
    struct tachoi_converter *converter = &exporter->converter;
    return tachoi_worker_accept(
        &exporter->worker,
        &(struct tachoi_worker_batch){.runs = converter->is_open ? NULL : converter->gathering.runs,
                                      .run_count = converter->gathering.shard_count,
                                      .accepted = converter->gathering.accepted,
                                      .invalid = converter->gathering.invalid,
                                      .stale_markers = converter->gathering.stale_markers,
                                      .filtered = converter->filtered,
                                      .unsupported = converter->gathering.unsupported,
                                      .exemplars = converter->gathering.unsupported_exemplars,
                                      .exemplars_accepted = converter->gathering.exemplars,
                                      .collisions_merged = converter->gathering.collisions_merged,
                                      .collisions_dropped = converter->gathering.collisions_dropped,
                                      .time_ms = converter->time_ms,
                                      .metadata = new_metadata(exporter),
                                      .cache = &converter->cache});
}

/* Room for the next collection. */
static void lend(struct tachoi_remote_write_exporter *exporter) {
    struct tachoi_gathering *gathering = &exporter->converter.gathering;
    tachoi_worker_lend(&exporter->worker, gathering->runs, gathering->shard_count);
}

static bool goes_on(const struct tachoi_remote_write_exporter *exporter,
                    const tacho_metric_batch *batch) {
    return exporter->converter.is_open && exporter->collected_unix_ns == batch->time_unix_nano &&
           exporter->collected_monotonic_ns == batch->time_monotonic_ns;
}

/* Begins a collection; one that the reader gave up in the middle is queued as far as it came: what
 * becomes of it is in the account. False if the new one has no usable time. */
static bool begin_collection(struct tachoi_remote_write_exporter *exporter,
                             const tacho_metric_batch *batch, int64_t *time_ms) {
    if (exporter->converter.is_open) {
        tachoi_converter_give_up(&exporter->converter);
        (void)hand_over(exporter);
    }
    exporter->collected_unix_ns = batch->time_unix_nano;
    exporter->collected_monotonic_ns = batch->time_monotonic_ns;
    lend(exporter);
    return time_batch(exporter, batch, time_ms);
}

static int export_inside(struct tachoi_remote_write_exporter *exporter,
                         const tacho_metric_batch *batch) {
    int64_t time_ms = 0; /* where it goes on, the collection's counts */
    if (!tachoi_worker_is_open(&exporter->worker)) {
        return TACHO_E_SHUTDOWN;
    }
    if (!goes_on(exporter, batch) && !begin_collection(exporter, batch, &time_ms)) {
        return TACHO_E_FAILED;
    }
    tachoi_converter_convert(&exporter->converter, batch, time_ms);
    int status = hand_over(exporter);
    return status == TACHO_OK && exporter->converter.gathering.lacked_memory ? TACHO_E_NO_MEMORY
                                                                             : status;
}

static int export_batch(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct tachoi_remote_write_exporter *exporter = self;
    if (is_forked(exporter)) {
        return TACHO_E_FORKED;
    }
    if (!tachoi_export_gate_enter(&exporter->gate, deadline_ns)) {
        return TACHO_E_SHUTDOWN; /* nothing else stays inside */
    }
    const int status = export_inside(exporter, batch);
    tachoi_export_gate_leave(&exporter->gate);
    return status;
}

/* Queues what is left of a collection, and the ends of series (CONV-33). */
static void say_last_words(struct tachoi_remote_write_exporter *exporter) {
    struct tachoi_converter *converter = &exporter->converter;
    if (converter->is_open) {
        tachoi_converter_give_up(converter);
        (void)hand_over(exporter);
    }
    lend(exporter);
    tachoi_converter_end_series(converter, exporter->config.values.stale_on_shutdown,
                                exporter->timestamps.last_ms + 1);
    (void)hand_over(exporter);
}

static bool has_last_words(const struct tachoi_remote_write_exporter *exporter,
                           uint64_t deadline_ns) {
    return exporter->config.values.stale_on_shutdown != TACHO_REMOTE_WRITE_NEVER &&
           deadline_ns > tachoi_monotonic_ns();
}

/* --- flush and shutdown --- */

void tachoi_remote_write_exporter_flush_begin(struct tachoi_remote_write_exporter *exporter,
                                              struct tachoi_worker_wait *wait) {
    if (!is_forked(exporter)) {
        tachoi_worker_flush_begin(&exporter->worker, wait);
    }
}

int tachoi_remote_write_exporter_flush_end(struct tachoi_remote_write_exporter *exporter,
                                           struct tachoi_worker_wait *wait, uint64_t deadline_ns) {
    return is_forked(exporter) ? TACHO_E_FORKED
                               : tachoi_worker_flush_end(&exporter->worker, wait, deadline_ns);
}

static int force_flush(void *self, uint64_t deadline_ns) {
    struct tachoi_worker_wait wait = {0};
    tachoi_remote_write_exporter_flush_begin(self, &wait);
    return tachoi_remote_write_exporter_flush_end(self, &wait, deadline_ns);
}

void tachoi_remote_write_exporter_close_begin(struct tachoi_remote_write_exporter *exporter,
                                              struct tachoi_worker_wait *wait,
                                              uint64_t deadline_ns) {
    if (is_forked(exporter)) {
        return;
    }
    if (has_last_words(exporter, deadline_ns) &&
        tachoi_export_gate_enter(&exporter->gate, deadline_ns)) {
        if (tachoi_worker_is_open(&exporter->worker) && exporter->timestamps.last_ms > 0) {
            say_last_words(exporter);
        }
        tachoi_export_gate_leave(&exporter->gate);
    }
    tachoi_worker_close_begin(&exporter->worker, wait);
}

void tachoi_remote_write_exporter_close_settle(struct tachoi_remote_write_exporter *exporter,
                                               struct tachoi_worker_wait *wait,
                                               uint64_t deadline_ns) {
    if (!is_forked(exporter)) {
        tachoi_worker_close_settle(&exporter->worker, wait, deadline_ns);
    }
}

void tachoi_remote_write_exporter_close_stop(struct tachoi_remote_write_exporter *exporter,
                                             const struct tachoi_worker_wait *wait) {
    if (!is_forked(exporter)) {
        tachoi_worker_close_stop(&exporter->worker, wait);
    }
}

int tachoi_remote_write_exporter_close_end(struct tachoi_remote_write_exporter *exporter,
                                           struct tachoi_worker_wait *wait, uint64_t deadline_ns,
                                           uint64_t grace_ns) {
    return is_forked(exporter)
               ? TACHO_E_FORKED
               : tachoi_worker_close_end(&exporter->worker, wait, deadline_ns, grace_ns);
}

static int shut_down(void *self, uint64_t deadline_ns) {
    struct tachoi_worker_wait wait = {0};
    tachoi_remote_write_exporter_close_begin(self, &wait, deadline_ns);
    tachoi_remote_write_exporter_close_settle(self, &wait, deadline_ns);
    tachoi_remote_write_exporter_close_stop(self, &wait);
    return tachoi_remote_write_exporter_close_end(
        self, &wait, deadline_ns, tachoi_worker_grace_after(deadline_ns, TACHOI_STOP_GRACE_MS));
}

/* --- the rest of the table --- */

void tachoi_remote_write_exporter_retire(struct tachoi_remote_write_exporter *exporter) {
    tachoi_self_metrics_stop(&exporter->self_metrics);
    tachoi_exit_handler_remove(&exporter->exit_entry);
}

void tachoi_remote_write_exporter_free(struct tachoi_remote_write_exporter *exporter,
                                       uint64_t until_ns) {
    if (tachoi_worker_end(&exporter->worker, until_ns)) {
        release(exporter);
    }
}

static void destroy(void *self) {
    struct tachoi_remote_write_exporter *exporter = self;
    if (exporter == NULL || is_forked(exporter)) {
        return;
    }
    tachoi_remote_write_exporter_retire(exporter);
    (void)shut_down(exporter, 0);
    tachoi_remote_write_exporter_free(exporter,
                                      tachoi_worker_grace_after(0, TACHOI_END_PATIENCE_MS));
}

void tachoi_remote_write_exporter_tell(struct tachoi_remote_write_exporter *exporter,
                                       tacho_remote_write_stats *out) {
    memset(out, 0, sizeof *out);
    if (!is_forked(exporter)) { /* else all of it happened in the parent */
        tachoi_worker_tell(&exporter->worker, out);
    }
}

static void delivery(void *self, tacho_delivery *out) {
    tacho_remote_write_stats stats;
    tachoi_remote_write_exporter_tell(self, &stats);
    tachoi_remote_write_stats_delivery(&stats, out);
}

static void observe(void *self, tacho_meter_provider *provider) {
    struct tachoi_remote_write_exporter *exporter = self;
    if (!is_forked(exporter)) {
        tachoi_self_metrics_start(&exporter->self_metrics, provider, &exporter->worker);
    }
}

/* Prometheus knows no other; deltas that come all the same are added up (accumulate.c). */
static tacho_temporality temporality(void *self, tacho_instrument_kind kind) {
    (void)self;
    (void)kind;
    return TACHO_TEMPORALITY_CUMULATIVE;
}

const tacho_metric_exporter_ops tachoi_remote_write_ops = {
    .struct_size = sizeof(tacho_metric_exporter_ops),
    .name = TACHOI_REMOTE_WRITE,
    .export_batch = export_batch,
    .force_flush = force_flush,
    .shutdown = shut_down,
    .destroy = destroy,
    .delivery = delivery,
    .temporality = temporality,
    .batch_points = TACHOI_REMOTE_WRITE_BATCH_POINTS,
    .spreads_collections = true,
    .observe = observe,
};

/* --- public functions --- */

static void refuse_start(tacho_error *error, int status, int reason) {
    if (status == TACHO_E_INVALID) {
        (void)tachoi_remote_write_refuse(error, status, "basic_auth_password_file",
                                         "cannot be read: %s", strerror(reason));
    } else if (status == TACHO_E_UNSUPPORTED) {
        (void)tachoi_remote_write_refuse(error, status, "endpoint",
                                         "this libcurl cannot do what the options ask for; it must "
                                         "be 7.87 or later, with TLS for https");
    }
}

/* Fills a zeroed exporter and starts its worker; on failure nothing is left but its memory. */
static int start(struct tachoi_remote_write_exporter *exporter,
                 const tacho_remote_write_options *options, size_t index, tacho_error *error) {
    int status = tachoi_remote_write_config_init_nth(&exporter->config, options, index, error);
    if (status != TACHO_OK) {
        return status; /* it has told why */
    }
    const tacho_remote_write_options *values = &exporter->config.values;
    exporter->fork_generation = tachoi_fork_generation();
    struct tachoi_converter_options converter_options;
    tachoi_remote_write_converter_options(&exporter->config, &converter_options);
    tachoi_converter_init(&exporter->converter, &converter_options);
    exporter->metadata.max_count = values->metadata_max_samples_per_send;
    status = tachoi_export_gate_init(&exporter->gate);
    if (status != TACHO_OK) {
        tachoi_remote_write_config_fini(&exporter->config);
        return status;
    }
    status = tachoi_worker_start(&exporter->worker, &exporter->config, release, exporter);
    if (status != TACHO_OK) {
        refuse_start(error, status, errno);
        tachoi_export_gate_fini(&exporter->gate);
        tachoi_remote_write_config_fini(&exporter->config);
    }
    return status;
}

static int create(const tacho_remote_write_options *options, size_t index, tacho_error *error,
                  struct tachoi_remote_write_exporter **out) {
    struct tachoi_remote_write_exporter *exporter = tachoi_calloc(1, sizeof *exporter);
    if (exporter == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    int status = start(exporter, options, index, error);
    if (status != TACHO_OK) {
        tachoi_free(exporter);
        return status;
    }
    status = tachoi_exit_handler_add(&exporter->exit_entry, &exporter->worker,
                                     exporter->config.values.flush_at_exit);
    if (status != TACHO_OK) {
        destroy(exporter);
        return status;
    }
    *out = exporter;
    return TACHO_OK;
}

int tachoi_remote_write_exporter_create(const tacho_remote_write_options *options, size_t index,
                                        tacho_error *error,
                                        struct tachoi_remote_write_exporter **out) {
    const int status = tachoi_fork_watch() ? create(options, index, error, out) : TACHO_E_SYSTEM;
    if (status == TACHO_E_NO_MEMORY || status == TACHO_E_SYSTEM) {
        (void)tachoi_error_set(error, status, "", "%s", tacho_status_text(status));
    }
    return status;
}

const struct tachoi_remote_write_config *
tachoi_remote_write_exporter_config(const struct tachoi_remote_write_exporter *exporter) {
    return &exporter->config;
}

int tacho_remote_write_exporter_create(const tacho_remote_write_options *options,
                                       tacho_metric_exporter **out) {
    tacho_error *error = tachoi_remote_write_error_of(options);
    struct tachoi_remote_write_exporter *exporter = NULL;
    if (out == NULL) {
        return tachoi_remote_write_refuse(error, TACHO_E_INVALID, "out",
                                          "is NULL; say where the exporter goes");
    }
    const int status = tachoi_remote_write_exporter_create(options, 0, error, &exporter);
    return status != TACHO_OK
               ? status
               : tacho_metric_exporter_create(&tachoi_remote_write_ops, exporter, out);
}
