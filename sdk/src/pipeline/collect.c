/* SPDX-License-Identifier: Apache-2.0 */
/* One collection: a list of what exists now, what the filter says of it, callbacks, then every
 * stream is read into points. All memory comes from the collector's arena, the skeleton of the
 * batch first: a stream that memory is too short for takes nothing from the others. Instruments and
 * scopes made meanwhile wait for the next collection. (TIME-05, ASYNC-01..05, RDR-04) */
#include <time.h>

#include "base/clock.h"
#include "pipeline/callback.h"
#include "pipeline/collection.h"
#include "pipeline/drops.h"

#define GRACE_NS TACHOI_NS_PER_MS

/* Room for all metrics and scopes there can be; NULL when memory is short. */
struct skeleton {
    tacho_metric_batch *batch;
    tacho_scope_metrics *scopes;
    tacho_metric *metrics;
};

static bool make_skeleton(const struct tachoi_collection *collection, struct skeleton *out) {
    struct tachoi_arena *arena = &collection->collector->arena;
    out->batch = tachoi_arena_alloc(arena, 1, sizeof *out->batch);
    out->scopes = tachoi_arena_alloc(arena, collection->scope_count + 1, sizeof out->scopes[0]);
    out->metrics = tachoi_arena_alloc(arena, collection->stream_count + 1, sizeof out->metrics[0]);
    if (out->batch == NULL || out->scopes == NULL || out->metrics == NULL) {
        return false;
    }
    *out->batch = (tacho_metric_batch){
        .struct_size = sizeof *out->batch,
        .resource = collection->collector->pipeline->resource,
        .time_unix_nano = collection->now.unix_nano,
        .time_monotonic_ns = collection->now.monotonic_ns,
        .scopes = out->scopes,
        .scope_size = sizeof out->scopes[0],
    };
    return true;
}

/* --- callbacks --- */

/* A stream that the filter drops sits this collection out: its sets stay as they were. */
static void begin_observing(const struct tachoi_collection *collection,
                            const struct tachoi_listed_stream *listed) {
    struct tachoi_stream *stream = listed->stream;
    if (stream->async != NULL && listed->verdict != TACHO_METRIC_DROP) {
        tachoi_async_storage_begin(stream->async, collection->now, stream->was_complete);
        stream->observed_round = collection->collector->round;
    }
}

static bool observe(const struct tachoi_collection *collection, uint64_t deadline_ns) {
    for (size_t i = 0; i < collection->scope_count; i++) {
        for (size_t j = 0; j < collection->scopes[i].count; j++) {
            begin_observing(collection, &collection->scopes[i].streams[j]);
        }
    }
    return tachoi_callbacks_run(collection->collector, collection->end_callback_id, deadline_ns);
}

/* --- reading --- */

/* The points of a stream, and what its storage dropped. Synchronous streams are read even if the
 * filter drops them: their next interval begins here. */
static bool read_points(const struct tachoi_collection *collection, struct tachoi_stream *stream,
                        bool is_complete, struct tachoi_points *points) {
    struct tachoi_collector *collector = collection->collector;
    struct tachoi_storage_drops drops = {0};
    bool is_read = true;
    if (stream->sync != NULL) {
        is_read =
            tachoi_sync_storage_collect(stream->sync, collection->now, &collector->arena, points);
        tachoi_sync_storage_take_drops(stream->sync, &drops);
    } else if (tachoi_collector_observes(collector, stream)) {
        is_read = tachoi_async_storage_collect(stream->async, &collector->arena, points);
        tachoi_async_storage_take_drops(stream->async, &drops);
        stream->was_complete = is_complete;
    }
    tachoi_drops_add_storage(collector->pipeline, &drops);
    return is_read;
}

static tacho_metric describe(const struct tachoi_listed_stream *listed,
                             const struct tachoi_points *points) {
    const struct tachoi_stream_plan *plan = &listed->stream->plan;
    const struct tachoi_aggregation *aggregation = &plan->aggregation;
    tacho_temporality temporality = plan->temporality;
    if (aggregation->kind == TACHOI_AGGREGATION_LAST_VALUE) {
        temporality = TACHO_TEMPORALITY_UNSPECIFIED;
    }
    return (tacho_metric){
        .name = plan->name,
        .description = listed->description,
        .unit = listed->stream->about->unit,
        .type = tachoi_metric_type_of(aggregation),
        .temporality = temporality,
        .is_monotonic = aggregation->is_monotonic,
        .number_type = aggregation->number_type,
        .points = points->items,
        .point_count = points->count,
        .point_size = points->size,
    };
}

/* False if memory was short for some series. */
static bool read_scope(const struct tachoi_collection *collection,
                       const struct tachoi_listed_scope *listed, bool is_complete,
                       tacho_scope_metrics *out, size_t *point_count) {
    tacho_metric *metrics = (tacho_metric *)out->metrics;
    bool is_read = true;
    for (size_t i = 0; i < listed->count; i++) {
        struct tachoi_points points = {0};
        is_read =
            read_points(collection, listed->streams[i].stream, is_complete, &points) && is_read;
        tachoi_collection_filter_points(collection, listed, &listed->streams[i], &points);
        if (points.count > 0) {
            metrics[out->metric_count++] = describe(&listed->streams[i], &points);
            *point_count += points.count;
        }
    }
    return is_read;
}

static bool read_everything(const struct tachoi_collection *collection, bool is_complete,
                            const struct skeleton *skeleton) {
    tacho_metric_batch *batch = skeleton->batch;
    tacho_metric *metrics = skeleton->metrics;
    bool is_read = true;
    for (size_t i = 0; i < collection->scope_count; i++) {
        const struct tachoi_listed_scope *listed = &collection->scopes[i];
        tacho_scope_metrics *scope = &skeleton->scopes[batch->scope_count];
        *scope = (tacho_scope_metrics){.scope = &listed->scope->identity,
                                       .metrics = metrics,
                                       .metric_size = sizeof metrics[0]};
        is_read =
            read_scope(collection, listed, is_complete, scope, &batch->point_count) && is_read;
        metrics += scope->metric_count;
        batch->scope_count += scope->metric_count > 0 ? 1 : 0;
    }
    return is_read;
}

/* --- all of it --- */

/* A record call that began before recording was switched off takes nanoseconds, unless its thread
 * is preempted: a moment's patience brings it into the last reading. */
static void let_recorders_finish(uint64_t deadline_ns) {
    if (tachoi_deadline_left_ns(deadline_ns, tachoi_monotonic_ns()) > 10 * GRACE_NS) {
        const struct timespec grace = tachoi_timespec_from_ns(GRACE_NS);
        (void)nanosleep(&grace, NULL);
    }
}

static int collect(struct tachoi_collection *collection,
                   const struct tachoi_collect_request *request, const tacho_metric_batch **out) {
    struct skeleton skeleton;
    bool has_room = tachoi_collection_list(collection) && make_skeleton(collection, &skeleton);
    bool is_in_time = true;
    if (has_room) {
        tachoi_collection_ask_filter(collection);
        is_in_time = observe(collection, request->deadline_ns);
    }
    if (request->is_final) {
        tachoi_pipeline_stop_recording(collection->collector->pipeline);
        let_recorders_finish(request->deadline_ns);
    }
    if (!has_room) {
        return TACHO_E_NO_MEMORY;
    }
    bool is_read = read_everything(collection, is_in_time, &skeleton);
    *out = skeleton.batch;
    if (!is_read) {
        return TACHO_E_NO_MEMORY;
    }
    return is_in_time ? TACHO_OK : TACHO_E_TIMEOUT;
}

int tachoi_pipeline_collect(struct tachoi_pipeline *pipeline, size_t index,
                            const struct tachoi_collect_request *request,
                            const tacho_metric_batch **out) {
    struct tachoi_collector *collector = &pipeline->collectors[index];
    struct tachoi_collection collection = {
        .collector = collector,
        .filter = request->filter,
        .now = {.unix_nano = pipeline->clock.unix_ns(pipeline->clock.user),
                .monotonic_ns = pipeline->clock.monotonic_ns(pipeline->clock.user)},
    };
    tachoi_arena_reset(&collector->arena);
    collector->round++;
    int status = collect(&collection, request, out);
    tachoi_drops_report(pipeline);
    return status;
}
