/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a reader as its provider sees it: taking it, collecting one at a time, flushing, the orderly
 * end. Flush and shutdown come in two halves, so that the threads of several readers work at once
 * under the one deadline: `begin` sets a thread going, `wait` waits for it; a reader without a
 * thread does its work in `wait`, on the caller's thread.
 *
 * All functions may be called from any thread, but shutdown_begin, shutdown_wait, quiesce and
 * free once each and in this order; the provider sees to that. */
#ifndef TACHOI_READER_READER_H
#define TACHOI_READER_READER_H

#include <stdatomic.h>

#include "pipeline/pipeline.h"
#include "reader/exporter.h"
#include "reader/gate.h"
#include "reader/reader_options.h"
#include "reader/self_observation.h"
#include "tacho/sdk/metric_reader.h"

struct tachoi_reader_thread;

struct tacho_metric_reader {
    /* immutable after create */
    tacho_metric_exporter *exporter;     /* NULL for a manual reader that only hands out */
    struct tachoi_reader_thread *thread; /* NULL for a manual reader */
    tacho_metric_producer **producers;
    size_t producer_count;
    const tacho_metric_filter *filter; /* NULL = all */
    tacho_metric_filter filter_memory;
    size_t max_export_batch_size; /* points; 0 = no limit */
    uint32_t fork_generation;

    /* until the provider takes it */
    struct tachoi_collector_config config; /* owns its aggregations, until they are handed on */

    /* atomic */
    _Atomic(bool) is_taken;     /* by a provider */
    _Atomic(bool) is_shut_down; /* relaxed; read while the gate is held, set before the final
                                   collection enters it */
    _Atomic(struct tachoi_pipeline *) pipeline; /* release in attach, acquire in collect */

    /* written while the provider is set up */
    size_t collector;
    struct tachoi_self_observation observation;
    bool is_started;

    struct tachoi_gate collect_gate; /* held over collection and export */
};

struct tachoi_setup;

/** Shared by the two create functions: makes a reader of the exporter (NULL allowed) and the
 * options. On failure, which is told, exporter and producers are destroyed, unless another reader
 * has them. Returns as tachoi_reader_configure. */
int tachoi_reader_create(const struct tachoi_setup *setup, tacho_metric_exporter *exporter,
                         const struct tachoi_reader_options *options, tacho_metric_reader **out);

/** Destroys the exporter (NULL allowed) and the producers of a reader that is not made, unless
 * another reader has them. */
void tachoi_reader_dismiss(tacho_metric_exporter *exporter,
                           const struct tachoi_reader_options *options);

/** Makes the caller the owner. TACHO_OK, TACHO_E_BUSY (it has one), TACHO_E_FORKED. */
int tachoi_reader_claim(tacho_metric_reader *reader);

/** Hands over what the reader wants of its streams, aggregations included; to be freed with the
 * other function. For the owner, once, before attach. */
struct tachoi_collector_config tachoi_reader_config_move(tacho_metric_reader *reader);
void tachoi_collector_config_fini(struct tachoi_collector_config *config);

/** Has the reader and its exporter measured, by `provider`, NULL = the global one. Before start. */
void tachoi_reader_observe(tacho_metric_reader *reader, tacho_meter_provider *provider);

/** Joins the reader to its collector; from now on it collects. */
void tachoi_reader_attach(tacho_metric_reader *reader, struct tachoi_pipeline *pipeline,
                          size_t collector);
/** Lets it work: starts its thread if it has one. A reader that was not started has no last
 * collection. TACHO_OK or TACHO_E_SYSTEM. */
int tachoi_reader_start(tacho_metric_reader *reader);

/** Whether the calling thread is in a callback, an export or a flush of this reader, so that
 * waiting for the reader would never end. */
bool tachoi_reader_is_here(tacho_metric_reader *reader);

/** Collects and exports, then flushes the exporter. TACHO_OK, TACHO_E_TIMEOUT, TACHO_E_FAILED,
 * TACHO_E_SHUTDOWN. */
void tachoi_reader_flush_begin(tacho_metric_reader *reader, uint64_t deadline_ns);
int tachoi_reader_flush_wait(tacho_metric_reader *reader, uint64_t deadline_ns);

/** A last collection and export, shutdown of the exporter, the end of the thread. TACHO_OK,
 * TACHO_E_TIMEOUT (it goes on without us), TACHO_E_FAILED. */
void tachoi_reader_shutdown_begin(tacho_metric_reader *reader, uint64_t deadline_ns);
int tachoi_reader_shutdown_wait(tacho_metric_reader *reader, uint64_t deadline_ns);

/** Waits until no thread is inside the reader any more; false at the deadline. After shutdown. */
bool tachoi_reader_quiesce(tacho_metric_reader *reader, uint64_t deadline_ns);

/** Frees a reader that is quiet or was never started, and its exporter. NULL is allowed. */
void tachoi_reader_free(tacho_metric_reader *reader);

/** Collects under the gate and hands the batch to `consume`; NULL: to the exporter. A final
 * collection works although the reader is shut down. */
int tachoi_reader_collect(tacho_metric_reader *reader, uint64_t deadline_ns, bool is_final,
                          tacho_collect_fn consume, void *user);

/** The last collection and export, then shutdown of the exporter. */
int tachoi_reader_finish(tacho_metric_reader *reader, uint64_t deadline_ns);

/** The first failure counts, but a passed deadline beats all: the account is not final then. */
int tachoi_status_join(int a, int b);

#endif
