/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way from a measurement to a batch: scopes, their instruments, the streams behind them,
 * callbacks, and collecting. Sees its readers only as numbered collectors; knows nothing of
 * threads, schedules, exporters or the environment.
 *
 * Which calls may run together on one pipeline:
 *
 *                        record   create, bind, register   collect(i)   collect(j)   destroy
 *   record                 yes             yes                yes          yes         no
 *   create, bind, ...      yes             yes                yes          yes         no
 *   collect(i)             yes             yes                no*          yes         no
 *   stop_recording         yes             yes                yes          yes         no
 *   configure_meters       yes             yes                yes          yes         no
 *   retire                 yes             yes                no           no          no
 *
 * (*) the reader serialises its collections. Each collector has streams of its own, so collections
 * of two have nothing in common. Recording takes no lock of the pipeline. The one lock guards the
 * lists and is held for short, bounded work; no user code runs under it: views, the filter and the
 * meter configurator are asked without it. In a forked child nothing but recording reaches a
 * pipeline of the parent. */
#ifndef TACHOI_PIPELINE_PIPELINE_H
#define TACHOI_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tacho/sdk/meter_provider.h"
#include "tacho/spi.h"

struct tachoi_pipeline;

/** What a reader wants of its streams. */
struct tachoi_collector_config {
    uint32_t cardinality_limits[TACHO_INSTRUMENT_KINDS];           /* TACHO_NO_LIMIT; never 0 */
    tacho_temporality temporalities[TACHO_INSTRUMENT_KINDS];       /* delta or cumulative */
    const tacho_aggregation *aggregations[TACHO_INSTRUMENT_KINDS]; /* checked; NULL = default */
};

struct tachoi_pipeline_config {
    const tacho_clock *clock;                         /* copied */
    const tacho_resource *resource;                   /* borrowed; may be NULL */
    const tacho_spi_meter_ops *meter_ops;             /* what the handles of the scopes carry */
    const struct tachoi_collector_config *collectors; /* one for each reader; copied, but for the
                                                         aggregations, which must outlive the
                                                         pipeline or its retirement */
    size_t collector_count;
    tacho_view *const *views; /* borrowed, as the aggregations; in order of registration */
    size_t view_count;
    bool views_are_composable;                      /* TACHO_VIEW_MATCHING_COMPOSABLE */
    tacho_exemplar_filter exemplar_filter;          /* not DEFAULT */
    tacho_meter_configurator_fn meter_configurator; /* NULL = all meters by default */
    void *meter_configurator_user;
};

/** TACHO_OK, TACHO_E_NO_MEMORY, TACHO_E_SYSTEM. */
int tachoi_pipeline_create(const struct tachoi_pipeline_config *config,
                           struct tachoi_pipeline **out);
/** Frees everything, bound handles and callbacks that nobody gave back included. */
void tachoi_pipeline_destroy(struct tachoi_pipeline *pipeline);
/** Instead of destroy where other threads may be inside recording, or come: frees what only
 * collections touch. What stays answers every call but a collection: measurements are late. */
void tachoi_pipeline_retire(struct tachoi_pipeline *pipeline);

struct tachoi_collect_request {
    uint64_t deadline_ns;
    bool is_final;
    const tacho_metric_filter *filter; /* NULL = all */
    size_t max_points;                 /* of a batch; 0 = the collection is one batch */
};

/**
 * Begins a collection for collector `index`: runs the callbacks, then reads its streams as far as
 * the first batch goes. If that has_more, the caller gets the next ones, until one has no more,
 * with tachoi_pipeline_collect_more; all but the last have max_points points, and none but an only
 * one is empty. All carry the time of the beginning, but cells are read when their batch is made. A
 * batch is the collector's, valid until the next one is asked for. Between two batches no lock is
 * held, and recording, set-up and removal go on. A collection that is not finished leaves what was
 * not read to the next one.
 *
 * A final collection switches recording off between the callbacks and the reading, so that what
 * comes later is counted instead of lost.
 *
 * Both return what can be said of the collection so far: TACHO_OK; TACHO_E_TIMEOUT if callbacks
 * were skipped because the deadline had passed (the batches hold the rest); TACHO_E_NO_MEMORY:
 * where memory was short for all, `*out` is untouched, else the batches hold the series that could
 * be read, and a later collection those that could not. Nothing is lost.
 */
int tachoi_pipeline_collect(struct tachoi_pipeline *pipeline, size_t index,
                            const struct tachoi_collect_request *request,
                            const tacho_metric_batch **out);
int tachoi_pipeline_collect_more(struct tachoi_pipeline *pipeline, size_t index,
                                 const tacho_metric_batch **out);

/** The collector's arena, for what is to live as long as its collection. Its collecting thread. */
struct tachoi_arena;
struct tachoi_arena *tachoi_pipeline_arena(struct tachoi_pipeline *pipeline, size_t index);

/** Replaces the meter configurator and asks it about the scopes there are. No lock is held while it
 * runs; so the former one may still be running in a thread that makes a meter, but its answer does
 * not count. TACHO_OK or TACHO_E_NO_MEMORY. Any thread. */
int tachoi_pipeline_configure_meters(struct tachoi_pipeline *pipeline,
                                     tacho_meter_configurator_fn configurator, void *user);

/** From now on measurements are counted as late, and no scopes or instruments are made. */
void tachoi_pipeline_stop_recording(struct tachoi_pipeline *pipeline);

/** Whether new scopes and instruments may be made: not stopped, and not in a forked child. */
bool tachoi_pipeline_is_open(const struct tachoi_pipeline *pipeline);

/** Why measurements were not kept. */
enum tachoi_drop {
    TACHOI_DROP_NEGATIVE,   /* on a counter, or in a monotonic sum that a view makes */
    TACHOI_DROP_NOT_FINITE, /* on anything but a gauge of doubles */
    TACHOI_DROP_LATE,       /* after shutdown */
    TACHOI_DROP_CONTENDED,  /* no cell and no ring slot was free */
    TACHOI_DROP_NO_MEMORY,  /* a new series could not be made */
    TACHOI_DROP_FORKED,     /* a new series in a forked child */
    TACHOI_DROP_KINDS
};

/** How many measurements were dropped since creation, by reason. Any thread. */
void tachoi_pipeline_drops(struct tachoi_pipeline *pipeline, uint64_t out[TACHOI_DROP_KINDS]);

#endif
