/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the layout of a pipeline, for this folder alone. */
#ifndef TACHOI_PIPELINE_STATE_H
#define TACHOI_PIPELINE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "pipeline/meter_config.h"
#include "pipeline/pipeline.h"
#include "pipeline/view.h"

struct tachoi_callback;
struct tachoi_collection;
struct tachoi_instrument;
struct tachoi_scope;

/** One reader's side of the pipeline; it has streams of its own in each scope. */
struct tachoi_collector {
    /* immutable after create */
    struct tachoi_pipeline *pipeline;
    size_t index;
    struct tachoi_collector_config config;
    tacho_spi_observer observer;

    /* collecting thread only */
    struct tachoi_arena arena;          /* of the collection, which lies in it itself */
    struct tachoi_arena part_arenas[2]; /* of its batches in turn: collection.h */
    struct tachoi_collection *collection;
    uint64_t round; /* number of the collection that runs or ran last; from 1 on */

    /* atomic; written under the pipeline's lock by the collecting thread. An observer that escaped
     * its run reads them from anywhere, relaxed, to find out that it is worthless. */
    _Atomic(struct tachoi_callback *) running;
    _Atomic(pthread_t) thread;

    /* guarded by the pipeline's lock */
    struct tachoi_callback *waits_for; /* unregistered by the callback that runs here */
};

struct tachoi_pipeline {
    /* immutable after create */
    tacho_clock clock;
    const tacho_resource *resource;
    const tacho_spi_meter_ops *meter_ops;
    uint32_t fork_generation;
    struct tachoi_view_set views;
    tacho_exemplar_filter exemplar_filter;
    struct tachoi_collector *collectors;
    size_t collector_count;

    /* atomic */
    _Atomic(bool) is_stopped; /* written under lock; relaxed readers look again under it */
    _Atomic(uint64_t) dropped[TACHOI_DROP_KINDS]; /* since creation */
    _Atomic(uint64_t) told[TACHOI_DROP_KINDS];    /* of these, told to the diagnostics */

    /* guarded by lock */
    pthread_mutex_t lock;
    struct tachoi_arena arena; /* texts, bounds and scopes; they live as long as the pipeline */
    struct tachoi_meter_rule meter_rule;
    struct tachoi_scope *first_scope;
    struct tachoi_scope *last_scope;
    size_t scope_count;
    pthread_cond_t callback_done;
    struct tachoi_callback *first_callback;
    struct tachoi_callback *last_callback;
    uint64_t next_callback_id;
};

/** Whether its streams may have exemplars at all. */
static inline bool tachoi_pipeline_has_exemplars(const struct tachoi_pipeline *pipeline) {
    return pipeline->exemplar_filter == TACHO_EXEMPLAR_FILTER_ALWAYS_ON ||
           pipeline->exemplar_filter == TACHO_EXEMPLAR_FILTER_TRACE_BASED;
}

#endif
