/* SPDX-License-Identifier: Apache-2.0 */
/* One collection: a list of what exists now, what the filter says of it, callbacks, then the
 * streams are read into points, part by part (part.c). Whether a part is the last one is known only
 * when the first point of the next one has been made, as a series may turn out to be empty or
 * unwanted; so two parts are in the making, in memory of their own. The list and the skeletons of
 * the parts come first: where memory is short for them, no measurement is taken. Instruments and
 * scopes made meanwhile wait for the next collection. (TIME-05, ASYNC-01..05, RDR-04) */
#include <time.h>

#include "base/clock.h"
#include "pipeline/callback.h"
#include "pipeline/collection.h"
#include "pipeline/drops.h"

#define GRACE_NS TACHOI_NS_PER_MS

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

/* --- the beginning --- */

/* A record call that began before recording was switched off takes nanoseconds, unless its thread
 * is preempted: a moment's patience brings it into the last reading. */
static void let_recorders_finish(uint64_t deadline_ns) {
    if (tachoi_deadline_left_ns(deadline_ns, tachoi_monotonic_ns()) > 10 * GRACE_NS) {
        const struct timespec grace = tachoi_timespec_from_ns(GRACE_NS);
        (void)nanosleep(&grace, NULL);
    }
}

/* NULL when memory is short. */
static struct tachoi_collection *begin(struct tachoi_collector *collector,
                                       const struct tachoi_collect_request *request,
                                       struct tachoi_moment now) {
    struct tachoi_collection *collection =
        tachoi_arena_alloc(&collector->arena, 1, sizeof *collection);
    if (collection == NULL) {
        return NULL;
    }
    *collection = (struct tachoi_collection){
        .collector = collector,
        .filter = request->filter,
        .now = now,
        .max_points = request->max_points != 0 ? request->max_points : SIZE_MAX,
        .is_read = true,
    };
    bool has_room = tachoi_collection_list(collection);
    for (size_t i = 0; has_room && i < 2; i++) {
        has_room = tachoi_part_init(&collection->parts[i], collection, &collector->part_arenas[i]);
        tachoi_part_begin(&collection->parts[i]);
    }
    return has_room ? collection : NULL;
}

int tachoi_pipeline_collect(struct tachoi_pipeline *pipeline, size_t index,
                            const struct tachoi_collect_request *request,
                            const tacho_metric_batch **out) {
    struct tachoi_collector *collector = &pipeline->collectors[index];
    const struct tachoi_moment now = {.unix_nano = pipeline->clock.unix_ns(pipeline->clock.user),
                                      .monotonic_ns =
                                          pipeline->clock.monotonic_ns(pipeline->clock.user)};
    tachoi_arena_reset(&collector->arena);
    collector->round++;
    struct tachoi_collection *collection = begin(collector, request, now);
    collector->collection = collection;
    if (collection != NULL) {
        tachoi_collection_ask_filter(collection);
        collection->is_in_time = observe(collection, request->deadline_ns);
    }
    if (request->is_final) {
        tachoi_pipeline_stop_recording(pipeline);
        let_recorders_finish(request->deadline_ns);
    }
    if (collection == NULL) {
        tachoi_drops_report(pipeline);
        return TACHO_E_NO_MEMORY;
    }
    return tachoi_pipeline_collect_more(pipeline, index, out);
}

/* --- parts --- */

static int status_of(const struct tachoi_collection *collection) {
    if (!collection->is_read) {
        return TACHO_E_NO_MEMORY;
    }
    return collection->is_in_time ? TACHO_OK : TACHO_E_TIMEOUT;
}

int tachoi_pipeline_collect_more(struct tachoi_pipeline *pipeline, size_t index,
                                 const tacho_metric_batch **out) {
    struct tachoi_collection *collection = pipeline->collectors[index].collection;
    struct tachoi_part *part = &collection->parts[collection->next_part];
    collection->next_part = 1 - collection->next_part;
    struct tachoi_part *next = &collection->parts[collection->next_part];
    tachoi_part_fill(part, collection, collection->max_points);
    tachoi_part_begin(next);
    tachoi_part_fill(next, collection, 1);
    part->batch.has_more = next->batch.point_count > 0;
    if (!part->batch.has_more) {
        tachoi_drops_report(pipeline);
    }
    *out = &part->batch;
    return status_of(collection);
}
