/* SPDX-License-Identifier: Apache-2.0 */
/* One collection: a list of what exists now, callbacks, then every stream is read into points. All
 * memory comes from the collector's arena. Instruments and scopes made meanwhile wait for the next
 * collection. (TIME-05, ASYNC-01..05, RDR-04) */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "pipeline/callback.h"
#include "pipeline/drops.h"
#include "pipeline/scope.h"
#include "pipeline/state.h"

#define GRACE_NS TACHOI_NS_PER_MS

/* A scope and its instruments when the collection began. */
struct scope_view {
    const struct tachoi_scope *scope;
    struct tachoi_instrument **instruments;
    size_t count;
};

struct collection {
    struct tachoi_collector *collector;
    uint64_t time_unix_nano;
    uint64_t time_monotonic_ns;
    struct scope_view *views;
    size_t view_count;
    uint64_t end_callback_id;
    tacho_metric_batch *batch;
};

static void list_instruments_locked(struct tachoi_scope *scope,
                                    struct tachoi_instrument **instruments,
                                    struct scope_view *view) {
    *view = (struct scope_view){.scope = scope, .instruments = instruments};
    struct tachoi_instrument *instrument = scope->first_instrument;
    for (; instrument != NULL; instrument = instrument->next) {
        instruments[view->count++] = instrument;
    }
}

static bool list_everything(struct collection *collection) {
    struct tachoi_pipeline *pipeline = collection->collector->pipeline;
    struct tachoi_arena *arena = &collection->collector->arena;
    pthread_mutex_lock(&pipeline->lock);
    collection->end_callback_id = pipeline->next_callback_id;
    collection->views =
        tachoi_arena_alloc(arena, pipeline->scope_count + 1, sizeof collection->views[0]);
    struct tachoi_instrument **instruments = tachoi_arena_alloc(
        arena, pipeline->instrument_count + 1, sizeof(struct tachoi_instrument *));
    bool is_listed = collection->views != NULL && instruments != NULL;
    struct tachoi_scope *scope = is_listed ? pipeline->first_scope : NULL;
    for (; scope != NULL; scope = scope->next) {
        struct scope_view *view = &collection->views[collection->view_count++];
        list_instruments_locked(scope, instruments, view);
        instruments += view->count;
    }
    pthread_mutex_unlock(&pipeline->lock);
    return is_listed;
}

static void begin_observing(const struct collection *collection) {
    const struct tachoi_collector *collector = collection->collector;
    for (size_t i = 0; i < collection->view_count; i++) {
        const struct scope_view *view = &collection->views[i];
        for (size_t j = 0; j < view->count; j++) {
            struct tachoi_instrument *instrument = view->instruments[j];
            if (tachoi_kind_is_observable(instrument->about.kind)) {
                tachoi_async_storage_begin(
                    instrument->streams[collector->index].async,
                    (struct tachoi_moment){collection->time_unix_nano,
                                           collection->time_monotonic_ns},
                    !collector->has_skipped_callbacks);
            }
        }
    }
}

/* The points of the instrument's stream for this collector, and what the storage dropped. */
static bool read_points(struct collection *collection, struct tachoi_instrument *instrument,
                        struct tachoi_points *points) {
    struct tachoi_collector *collector = collection->collector;
    struct tachoi_storage_drops drops = {0};
    bool is_read;
    if (tachoi_kind_is_observable(instrument->about.kind)) {
        struct tachoi_async_storage *storage = instrument->streams[collector->index].async;
        is_read = tachoi_async_storage_collect(storage, &collector->arena, points);
        tachoi_async_storage_take_drops(storage, &drops);
    } else {
        struct tachoi_sync_storage *storage = instrument->streams[collector->config].sync;
        pthread_mutex_t *lock = &collector->pipeline->configs[collector->config].collect_lock;
        pthread_mutex_lock(lock);
        is_read = tachoi_sync_storage_collect(
            storage,
            (struct tachoi_moment){collection->time_unix_nano, collection->time_monotonic_ns},
            &collector->arena, points);
        tachoi_sync_storage_take_drops(storage, &drops);
        pthread_mutex_unlock(lock);
    }
    tachoi_drops_add_storage(collector->pipeline, &drops);
    return is_read;
}

static void describe(const struct tachoi_instrument *instrument, const struct tachoi_points *points,
                     tacho_metric *out) {
    const struct tachoi_aggregation *aggregation = &instrument->aggregation;
    *out = (tacho_metric){
        .name = instrument->about.name,
        .description = instrument->about.description,
        .unit = instrument->about.unit,
        .temporality = TACHO_TEMPORALITY_CUMULATIVE,
        .is_monotonic = aggregation->is_monotonic,
        .number_type = aggregation->number_type,
        .points = points->items,
        .point_count = points->count,
        .point_size = points->size,
    };
    switch (aggregation->kind) {
    case TACHOI_AGGREGATION_SUM:
        out->type = TACHO_METRIC_SUM;
        break;
    case TACHOI_AGGREGATION_LAST_VALUE:
        out->type = TACHO_METRIC_GAUGE;
        out->temporality = TACHO_TEMPORALITY_UNSPECIFIED;
        break;
    case TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM:
        out->type = TACHO_METRIC_HISTOGRAM;
        break;
    case TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        out->type = TACHO_METRIC_EXPONENTIAL_HISTOGRAM;
        break;
    }
}

static bool read_scope(struct collection *collection, const struct scope_view *view,
                       tacho_scope_metrics *out) {
    tacho_metric *metrics =
        tachoi_arena_alloc(&collection->collector->arena, view->count + 1, sizeof metrics[0]);
    if (metrics == NULL) {
        return false;
    }
    *out = (tacho_scope_metrics){
        .scope = &view->scope->identity, .metrics = metrics, .metric_size = sizeof metrics[0]};
    for (size_t i = 0; i < view->count; i++) {
        struct tachoi_points points = {0};
        if (!read_points(collection, view->instruments[i], &points)) {
            return false;
        }
        if (points.count > 0) {
            describe(view->instruments[i], &points, &metrics[out->metric_count++]);
            collection->batch->point_count += points.count;
        }
    }
    return true;
}

static bool read_everything(struct collection *collection) {
    struct tachoi_arena *arena = &collection->collector->arena;
    tacho_metric_batch *batch = tachoi_arena_alloc(arena, 1, sizeof *batch);
    tacho_scope_metrics *scopes =
        tachoi_arena_alloc(arena, collection->view_count + 1, sizeof scopes[0]);
    if (batch == NULL || scopes == NULL) {
        return false;
    }
    *batch = (tacho_metric_batch){
        .struct_size = sizeof *batch,
        .resource = collection->collector->pipeline->resource,
        .time_unix_nano = collection->time_unix_nano,
        .time_monotonic_ns = collection->time_monotonic_ns,
        .scopes = scopes,
        .scope_size = sizeof scopes[0],
    };
    collection->batch = batch;
    for (size_t i = 0; i < collection->view_count; i++) {
        tacho_scope_metrics *scope = &scopes[batch->scope_count];
        if (!read_scope(collection, &collection->views[i], scope)) {
            return false;
        }
        if (scope->metric_count > 0) {
            batch->scope_count++;
        }
    }
    return true;
}

/* A record call that began before recording was switched off takes nanoseconds, unless its thread
 * is preempted: a moment's patience brings it into the last reading. */
static void let_recorders_finish(uint64_t deadline_ns) {
    if (tachoi_deadline_left_ns(deadline_ns, tachoi_monotonic_ns()) > 10 * GRACE_NS) {
        const struct timespec grace = tachoi_timespec_from_ns(GRACE_NS);
        (void)nanosleep(&grace, NULL);
    }
}

int tachoi_pipeline_collect(struct tachoi_pipeline *pipeline, size_t index,
                            const struct tachoi_collect_request *request,
                            const tacho_metric_batch **out) {
    struct tachoi_collector *collector = &pipeline->collectors[index];
    struct collection collection = {
        .collector = collector,
        .time_unix_nano = pipeline->clock.unix_ns(pipeline->clock.user),
        .time_monotonic_ns = pipeline->clock.monotonic_ns(pipeline->clock.user),
    };
    tachoi_arena_reset(&collector->arena);
    bool is_listed = list_everything(&collection);
    bool is_in_time = true;
    if (is_listed) {
        begin_observing(&collection);
        is_in_time = tachoi_callbacks_run(collector, collection.end_callback_id,
                                          request->deadline_ns);
    }
    if (request->is_final) {
        tachoi_pipeline_stop_recording(pipeline);
        let_recorders_finish(request->deadline_ns);
    }
    bool is_read = is_listed && read_everything(&collection);
    collector->previous_unix_nano = collection.time_unix_nano;
    collector->has_skipped_callbacks = !is_in_time;
    tachoi_drops_report(pipeline);
    if (!is_read) {
        return TACHO_E_NO_MEMORY;
    }
    *out = collection.batch;
    return is_in_time ? TACHO_OK : TACHO_E_TIMEOUT;
}
