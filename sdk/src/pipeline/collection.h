/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the state of one collection, in the collector's arena: the list of what it reads, what the
 * reader's metric filter says of it (collection.c), and the parts that it comes in (part.c).
 * Private to this folder. (FLT-01..03) */
#ifndef TACHOI_PIPELINE_COLLECTION_H
#define TACHOI_PIPELINE_COLLECTION_H

#include "pipeline/scope.h"
#include "pipeline/state.h"

/** A stream when the collection began. */
struct tachoi_listed_stream {
    struct tachoi_stream *stream;
    tacho_string description;
    tacho_metric_filter_result verdict;
};

struct tachoi_listed_scope {
    const struct tachoi_scope *scope;
    struct tachoi_listed_stream *streams;
    size_t count;
};

/** A batch in the making. */
struct tachoi_part {
    struct tachoi_arena *arena; /* for what points point to */
    tacho_metric_batch batch;
    tacho_scope_metrics *scopes; /* room for as many as a batch can have */
    tacho_metric *metrics;       /* the same; the scopes' arrays lie in it one behind the other */
    size_t metric_count;
    unsigned char *free_points; /* memory for the points of the next metrics, or more of the last */
    size_t free_bytes;
    /* the listed scope and stream that the last scope and metric are of; NULL = none yet */
    const struct tachoi_listed_scope *last_scope;
    const struct tachoi_listed_stream *last_stream;
};

/** Where a collection has come to. */
struct tachoi_collection {
    struct tachoi_collector *collector;
    const tacho_metric_filter *filter; /* NULL = all; the reader's */
    struct tachoi_moment now;
    struct tachoi_listed_scope *scopes;
    size_t scope_count;
    size_t stream_count; /* of all scopes */
    uint64_t end_callback_id;
    size_t max_points; /* of a part */
    bool is_in_time;   /* all callbacks ran */
    bool is_read;      /* memory was not short for any series */

    /* what is read next */
    size_t scope_index;
    size_t stream_index;
    bool is_stream_begun;
    struct tachoi_part parts[2]; /* one is with the reader, the other has the first point of what
                                    comes next, if anything does */
    size_t next_part;
};

/** Lists the streams of all meters that are not disabled, and which callbacks there are. False when
 * memory is short. */
bool tachoi_collection_list(struct tachoi_collection *collection);

/** Asks the filter about each stream, once. Runs user code: no lock held. */
void tachoi_collection_ask_filter(struct tachoi_collection *collection);

/** Leaves out those of `count` points that the filter does not want; how many are left. */
size_t tachoi_collection_filter_points(const struct tachoi_collection *collection,
                                       const struct tachoi_listed_scope *scope,
                                       const struct tachoi_listed_stream *listed,
                                       unsigned char *points, size_t count, size_t point_size);
/** Room for the part's scopes and metrics, in the collector's arena. Once per collection; false
 * when memory is short. */
bool tachoi_part_init(struct tachoi_part *part, const struct tachoi_collection *collection,
                      struct tachoi_arena *arena);

/** Makes it empty; its former points are gone. */
void tachoi_part_begin(struct tachoi_part *part);

/** Reads the collection's streams on, until the part has `wanted` points or nothing is left. */
void tachoi_part_fill(struct tachoi_part *part, struct tachoi_collection *collection,
                      size_t wanted);

/** What the points of an aggregation are called. */
tacho_metric_type tachoi_metric_type_of(const struct tachoi_aggregation *aggregation);

#endif
