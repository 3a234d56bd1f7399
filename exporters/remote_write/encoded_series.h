/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a series of the SDK becomes on the wire: the labels of its time series, encoded once. A
 * number has one time series; a histogram one per bucket, +Inf included, then _count, then _sum.
 *
 * A label block is the repeated field `labels` of a 1.0 TimeSeries as protobuf-c packs it. 2.0 can
 * read names and values back from it (tachoi_label_next).
 *
 * A series is made and freed by the cache, on the exporting side. Queued records point to it; they
 * are counted as pins, and a pinned series is not freed. */
#ifndef TACHOI_REMOTE_WRITE_ENCODED_SERIES_H
#define TACHOI_REMOTE_WRITE_ENCODED_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prometheus/labels.h"

enum tachoi_encoded_series_kind {
    TACHOI_ENCODED_COUNTER,
    TACHOI_ENCODED_UP_DOWN_COUNTER,
    TACHOI_ENCODED_GAUGE,
    TACHOI_ENCODED_HISTOGRAM
};

struct tachoi_label_block {
    uint64_t hash; /* of the bytes */
    uint32_t offset;
    uint32_t length;
};

struct tachoi_encoded_series {
    /* immutable after create */
    tacho_series_ref ref;
    enum tachoi_encoded_series_kind kind;
    bool is_invalid;          /* has no valid name or labels: no blocks, its samples are dropped */
    bool has_overridden;      /* an attribute lost against a generated label (CONV-07) */
    uint32_t bound_count;     /* of a histogram */
    uint32_t component_count; /* time series; also when it is invalid */
    size_t size_bytes;        /* memory of this struct with its blocks */

    /* exporting side only */
    struct tachoi_encoded_series *next; /* in the cache */
    uint64_t seen;                      /* number of the last collection that had it */

    /* guarded by the account's lock */
    uint32_t pins;
    bool is_charged; /* counted as the queue's memory: pinned, but no longer measured */

    /* immutable after create */
    struct tachoi_label_block blocks[];
};

/** Samples of a number or of a histogram point. */
static inline uint32_t tachoi_histogram_components(size_t bound_count, bool has_sum) {
    return (uint32_t)bound_count + 2 + (has_sum ? 1 : 0);
}

static inline const unsigned char *
tachoi_label_block_bytes(const struct tachoi_encoded_series *series,
                         const struct tachoi_label_block *block) {
    return (const unsigned char *)series + block->offset;
}

/** What a series is made of. */
struct tachoi_encoded_series_source {
    const struct tachoi_prometheus_conversion *conversion;
    const tacho_scope *scope;
    const tacho_metric *metric;
    tacho_attributes attributes;
    tacho_series_ref ref;
    const double *bounds; /* of a histogram */
    size_t bound_count;
};

enum tachoi_encoded_series_kind tachoi_encoded_series_kind_of(const tacho_metric *metric);

/** Makes a series, an invalid one where labels cannot be had. NULL when memory is short. `arena` is
 * scratch memory, used and reset. */
struct tachoi_encoded_series *
tachoi_encoded_series_create(const struct tachoi_encoded_series_source *source,
                             struct tachoi_arena *arena);

/** The series target_info; an invalid one of no component if there is nothing to tell. */
struct tachoi_encoded_series *tachoi_target_info_create(const tacho_resource *resource,
                                                        tacho_series_ref ref,
                                                        struct tachoi_arena *arena);

void tachoi_encoded_series_destroy(struct tachoi_encoded_series *series);

/** Whether component `i` of `a` and `j` of `b` have equal labels. */
bool tachoi_encoded_series_is_equal_block(const struct tachoi_encoded_series *a, size_t i,
                                          const struct tachoi_encoded_series *b, size_t j);

/** Whether all label blocks of two series are equal. */
bool tachoi_encoded_series_has_equal_labels(const struct tachoi_encoded_series *a,
                                            const struct tachoi_encoded_series *b);

/** The next label of a block at *at; false at the end. The texts point into the block. */
bool tachoi_label_next(const unsigned char **at, const unsigned char *end, tacho_string *name,
                       tacho_string *value);

/** Writes a time series as people write it, name{a="b"}, cut to fit. */
void tachoi_encoded_series_describe(const struct tachoi_encoded_series *series, size_t component,
                                    char *out, size_t out_size);

#endif
