/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the list of what one collection reads, in the collector's arena, and what the reader's
 * metric filter says of it. Private to this folder. (FLT-01..03) */
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

struct tachoi_collection {
    struct tachoi_collector *collector;
    const tacho_metric_filter *filter; /* NULL = all */
    struct tachoi_moment now;
    struct tachoi_listed_scope *scopes;
    size_t scope_count;
    size_t stream_count; /* of all scopes */
    uint64_t end_callback_id;
};

/** Lists the streams of all meters that are not disabled, and which callbacks there are. False when
 * memory is short. */
bool tachoi_collection_list(struct tachoi_collection *collection);

/** Asks the filter about each stream, once. Runs user code: no lock held. */
void tachoi_collection_ask_filter(struct tachoi_collection *collection);

/** Leaves out the points that the filter does not want. */
void tachoi_collection_filter_points(const struct tachoi_collection *collection,
                                     const struct tachoi_listed_scope *scope,
                                     const struct tachoi_listed_stream *listed,
                                     struct tachoi_points *points);

/** What the points of an aggregation are called. */
tacho_metric_type tachoi_metric_type_of(const struct tachoi_aggregation *aggregation);

#endif
