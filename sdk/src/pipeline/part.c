/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the filling of a part: the streams are read one after the other, each as far as the part has
 * room, so that a collection needs memory for the points of a part, not for all. The points of a
 * metric lie behind each other: memory is taken for as many as the rest of the stream, or of the
 * part, can have, and what it leaves goes to the next one. What a filter rejects is forgotten as it
 * is read. A stream that memory is too short for takes nothing from the others. (RDR-19) */
#include <stdint.h>

#include "pipeline/collection.h"
#include "pipeline/drops.h"

/* Points that are read before the filter is asked. */
enum { FILTERED_AT_ONCE = 64 };

/* --- memory --- */

static size_t at_most(size_t number, size_t maximum) {
    return number < maximum ? number : maximum;
}

bool tachoi_part_init(struct tachoi_part *part, const struct tachoi_collection *collection,
                      struct tachoi_arena *arena) {
    struct tachoi_collector *collector = collection->collector;
    const size_t metrics = at_most(collection->stream_count, collection->max_points);
    const size_t scopes = at_most(collection->scope_count, collection->max_points);
    *part = (struct tachoi_part){
        .arena = arena,
        .batch = {.struct_size = sizeof part->batch,
                  .resource = collector->pipeline->resource,
                  .time_unix_nano = collection->now.unix_nano,
                  .time_monotonic_ns = collection->now.monotonic_ns,
                  .scope_size = sizeof part->scopes[0]},
        .scopes = tachoi_arena_alloc(&collector->arena, scopes, sizeof part->scopes[0]),
        .metrics = tachoi_arena_alloc(&collector->arena, metrics, sizeof part->metrics[0])};
    part->batch.scopes = part->scopes;
    return part->scopes != NULL && part->metrics != NULL;
}

void tachoi_part_begin(struct tachoi_part *part) {
    tachoi_arena_reset(part->arena);
    part->batch.scope_count = 0;
    part->batch.point_count = 0;
    part->metric_count = 0;
    part->free_points = NULL;
    part->free_bytes = 0;
    part->last_scope = NULL;
    part->last_stream = NULL;
}

/* Memory for `count` points behind those that the part has. Those of the last metric stay in one
 * piece, as room for the rest of the part, or of the stream, was taken when it began. */
static bool make_room(struct tachoi_part *part, size_t count, size_t point_size) {
    if (part->free_bytes / point_size >= count) {
        return true;
    }
    unsigned char *points = tachoi_arena_alloc(part->arena, count, point_size);
    if (points != NULL) {
        part->free_points = points;
        part->free_bytes = count * point_size;
    }
    return points != NULL;
}

/* --- what has been read --- */

static tacho_metric describe(const struct tachoi_listed_stream *listed) {
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
    };
}

/* The metric that the points of this stream go to, made with the first. */
static tacho_metric *metric_for(struct tachoi_part *part, const struct tachoi_listed_scope *scope,
                                const struct tachoi_listed_stream *listed) {
    if (part->last_stream == listed) {
        return &part->metrics[part->metric_count - 1];
    }
    tacho_metric *metric = &part->metrics[part->metric_count++];
    if (part->last_scope != scope) {
        part->scopes[part->batch.scope_count++] = (tacho_scope_metrics){
            .scope = &scope->scope->identity, .metrics = metric, .metric_size = sizeof *metric};
    }
    part->scopes[part->batch.scope_count - 1].metric_count++;
    part->last_scope = scope;
    part->last_stream = listed;
    *metric = describe(listed);
    return metric;
}

/* Takes the points at the beginning of the free memory into the batch. */
static void keep_points(struct tachoi_part *part, const struct tachoi_listed_scope *scope,
                        const struct tachoi_listed_stream *listed, size_t count, size_t size) {
    tacho_metric *metric = metric_for(part, scope, listed);
    if (metric->point_count == 0) {
        metric->points = part->free_points;
        metric->point_size = size;
    }
    metric->point_count += count;
    part->batch.point_count += count;
    part->free_points += count * size;
    part->free_bytes -= count * size;
}

/* --- reading --- */

static bool is_observed(const struct tachoi_collection *collection,
                        const struct tachoi_stream *stream) {
    return stream->sync == NULL && tachoi_collector_observes(collection->collector, stream);
}

/* How many points the rest of the stream can have. */
static size_t unread(const struct tachoi_collection *collection,
                     const struct tachoi_stream *stream) {
    if (stream->sync != NULL) {
        return tachoi_sync_storage_unread(stream->sync);
    }
    return is_observed(collection, stream) ? tachoi_async_storage_unread(stream->async) : 0;
}

static enum tachoi_read read_points(struct tachoi_part *part, const struct tachoi_stream *stream,
                                    size_t limit, struct tachoi_points *points) {
    return stream->sync != NULL
               ? tachoi_sync_storage_read(stream->sync, part->arena, limit, points)
               : tachoi_async_storage_read(stream->async, part->arena, limit, points);
}

/* Reads at most `limit` points, for which there is room, and keeps those that are wanted. */
static enum tachoi_read read_some(struct tachoi_part *part,
                                  const struct tachoi_collection *collection,
                                  const struct tachoi_listed_scope *scope,
                                  const struct tachoi_listed_stream *listed, size_t limit) {
    struct tachoi_points points = {.items = part->free_points,
                                   .size = tachoi_point_size(&listed->stream->plan.aggregation)};
    const struct tachoi_arena_mark mark = tachoi_arena_mark(part->arena);
    const enum tachoi_read result = read_points(part, listed->stream, limit, &points);
    const size_t kept = tachoi_collection_filter_points(collection, scope, listed, points.items,
                                                        points.count, points.size);
    if (kept > 0) {
        keep_points(part, scope, listed, kept, points.size);
    } else {
        tachoi_arena_rewind(part->arena, mark);
    }
    return result;
}

/* How many points to read at once, of a stream that may have `room` and of which `wanted` are. */
static size_t limit_of(const struct tachoi_listed_stream *listed, size_t room, size_t wanted) {
    switch (listed->verdict) {
    case TACHO_METRIC_DROP:
        return at_most(room, FILTERED_AT_ONCE);
    case TACHO_METRIC_ACCEPT_PARTIAL:
        return at_most(at_most(room, wanted), FILTERED_AT_ONCE);
    case TACHO_METRIC_ACCEPT:
        break;
    }
    return at_most(room, wanted);
}

/* Reads the stream as far as the part wants it. Synchronous streams are read even if the filter
 * drops them: their next interval begins here. */
static enum tachoi_read read_stream(struct tachoi_part *part,
                                    const struct tachoi_collection *collection,
                                    const struct tachoi_listed_scope *scope,
                                    const struct tachoi_listed_stream *listed, size_t wanted) {
    const struct tachoi_stream *stream = listed->stream;
    const size_t size = tachoi_point_size(&stream->plan.aggregation);
    enum tachoi_read result = TACHOI_READ_LIMIT;
    while (result == TACHOI_READ_LIMIT && part->batch.point_count < wanted) {
        const size_t count = part->batch.point_count;
        const size_t room = at_most(unread(collection, stream), collection->max_points - count);
        if (room == 0) {
            return TACHOI_READ_ALL;
        }
        if (!make_room(part, room, size)) {
            return TACHOI_READ_NO_MEMORY;
        }
        result = read_some(part, collection, scope, listed, limit_of(listed, room, wanted - count));
    }
    return result;
}

/* --- the cursor --- */

static void begin_stream(struct tachoi_collection *collection, const struct tachoi_stream *stream) {
    if (stream->sync != NULL) { /* the others have begun before the callbacks */
        tachoi_sync_storage_begin(stream->sync, collection->now);
    }
    collection->is_stream_begun = true;
}

/* What the stream's storage dropped, and how it was observed. */
static void end_stream(struct tachoi_collection *collection, struct tachoi_stream *stream) {
    struct tachoi_storage_drops drops = {0};
    if (stream->sync != NULL) {
        tachoi_sync_storage_take_drops(stream->sync, &drops);
    } else if (is_observed(collection, stream)) {
        tachoi_async_storage_take_drops(stream->async, &drops);
        stream->was_complete = collection->is_in_time;
    }
    tachoi_drops_add_storage(collection->collector->pipeline, &drops);
    collection->is_stream_begun = false;
    collection->stream_index++;
}

static void fill_from_scope(struct tachoi_part *part, struct tachoi_collection *collection,
                            const struct tachoi_listed_scope *scope, size_t wanted) {
    const struct tachoi_listed_stream *listed = &scope->streams[collection->stream_index];
    if (!collection->is_stream_begun) {
        begin_stream(collection, listed->stream);
    }
    const enum tachoi_read result = read_stream(part, collection, scope, listed, wanted);
    if (result != TACHOI_READ_LIMIT) {
        collection->is_read = collection->is_read && result == TACHOI_READ_ALL;
        end_stream(collection, listed->stream);
    }
}

void tachoi_part_fill(struct tachoi_part *part, struct tachoi_collection *collection,
                      size_t wanted) {
    while (collection->scope_index < collection->scope_count && part->batch.point_count < wanted) {
        const struct tachoi_listed_scope *scope = &collection->scopes[collection->scope_index];
        if (collection->stream_index < scope->count) {
            fill_from_scope(part, collection, scope, wanted);
        } else {
            collection->scope_index++;
            collection->stream_index = 0;
        }
    }
}
