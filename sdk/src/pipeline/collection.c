/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/collection.h"

#include <string.h>

/* --- listing --- */

static void list_streams_locked(struct tachoi_collection *collection,
                                const struct tachoi_scope *scope,
                                struct tachoi_listed_stream *streams) {
    struct tachoi_listed_scope *listed = &collection->scopes[collection->scope_count++];
    *listed = (struct tachoi_listed_scope){.scope = scope, .streams = streams};
    struct tachoi_stream *stream = scope->collected[collection->collector->index].first;
    for (; stream != NULL; stream = stream->next) {
        streams[listed->count++] = (struct tachoi_listed_stream){
            .stream = stream, .description = stream->description, .verdict = TACHO_METRIC_ACCEPT};
    }
    collection->stream_count += listed->count;
}

static size_t count_streams_locked(const struct tachoi_collector *collector) {
    size_t count = 0;
    const struct tachoi_scope *scope = collector->pipeline->first_scope;
    for (; scope != NULL; scope = scope->next) {
        count += scope->collected[collector->index].count;
    }
    return count;
}

static bool list_locked(struct tachoi_collection *collection) {
    const struct tachoi_pipeline *pipeline = collection->collector->pipeline;
    struct tachoi_arena *arena = &collection->collector->arena;
    collection->end_callback_id = pipeline->next_callback_id;
    collection->scopes =
        tachoi_arena_alloc(arena, pipeline->scope_count + 1, sizeof collection->scopes[0]);
    struct tachoi_listed_stream *streams = tachoi_arena_alloc(
        arena, count_streams_locked(collection->collector) + 1, sizeof streams[0]);
    if (collection->scopes == NULL || streams == NULL) {
        return false;
    }
    const struct tachoi_scope *scope = pipeline->first_scope;
    for (; scope != NULL; scope = scope->next) {
        if (!scope->is_disabled) {
            list_streams_locked(collection, scope, streams + collection->stream_count);
        }
    }
    return true;
}

bool tachoi_collection_list(struct tachoi_collection *collection) {
    struct tachoi_pipeline *pipeline = collection->collector->pipeline;
    pthread_mutex_lock(&pipeline->lock);
    bool is_listed = list_locked(collection);
    pthread_mutex_unlock(&pipeline->lock);
    return is_listed;
}

/* --- the filter --- */

tacho_metric_type tachoi_metric_type_of(const struct tachoi_aggregation *aggregation) {
    switch (aggregation->kind) {
    case TACHOI_AGGREGATION_SUM:
        return TACHO_METRIC_SUM;
    case TACHOI_AGGREGATION_LAST_VALUE:
        return TACHO_METRIC_GAUGE;
    case TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM:
        return TACHO_METRIC_HISTOGRAM;
    case TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        break;
    }
    return TACHO_METRIC_EXPONENTIAL_HISTOGRAM;
}

static tacho_metric_identity identity_of(const struct tachoi_listed_scope *scope,
                                         const struct tachoi_stream *stream) {
    return (tacho_metric_identity){
        .struct_size = sizeof(tacho_metric_identity),
        .scope = &scope->scope->identity,
        .name = stream->plan.name,
        .unit = stream->about->unit,
        .type = tachoi_metric_type_of(&stream->plan.aggregation),
        .kind = stream->about->kind,
    };
}

void tachoi_collection_ask_filter(struct tachoi_collection *collection) {
    const tacho_metric_filter *filter = collection->filter;
    for (size_t i = 0; filter != NULL && i < collection->scope_count; i++) {
        const struct tachoi_listed_scope *scope = &collection->scopes[i];
        for (size_t j = 0; j < scope->count; j++) {
            tacho_metric_identity identity = identity_of(scope, scope->streams[j].stream);
            scope->streams[j].verdict = filter->test_metric(filter->user, &identity);
        }
    }
}

/* The attributes stand at the same place in all kinds of points. */
_Static_assert(offsetof(tacho_number_point, attributes) ==
                       offsetof(tacho_histogram_point, attributes) &&
                   offsetof(tacho_number_point, attributes) ==
                       offsetof(tacho_exponential_histogram_point, attributes),
               "points of all kinds begin alike");

static tacho_attributes attributes_of(const unsigned char *point) {
    tacho_attributes attributes;
    memcpy(&attributes, point + offsetof(tacho_number_point, attributes), sizeof attributes);
    return attributes;
}

size_t tachoi_collection_filter_points(const struct tachoi_collection *collection,
                                       const struct tachoi_listed_scope *scope,
                                       const struct tachoi_listed_stream *listed,
                                       unsigned char *points, size_t count, size_t point_size) {
    const tacho_metric_filter *filter = collection->filter;
    if (listed->verdict == TACHO_METRIC_DROP) {
        return 0;
    }
    if (listed->verdict != TACHO_METRIC_ACCEPT_PARTIAL || filter->test_attributes == NULL) {
        return count;
    }
    const tacho_metric_identity identity = identity_of(scope, listed->stream);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned char *point = points + i * point_size;
        if (filter->test_attributes(filter->user, &identity, attributes_of(point))) {
            memmove(points + kept++ * point_size, point, point_size);
        }
    }
    return kept;
}
