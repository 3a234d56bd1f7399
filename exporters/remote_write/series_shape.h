/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what many series have in common on the wire: their kind, their bounds, and the labels that
 * are not from attributes of points, packed: name, job, instance, scope, le. A label block is put
 * together of these pieces and of the series' own texts, one after the other:
 *
 *   piece 0, own 0, piece 1, own 1, ... piece own_count
 *
 * Labels are sorted, so own ones may stand anywhere between the others; series of one metric and of
 * the same attribute keys have one shape. A piece may be empty. The components of a histogram, its
 * time series, have pieces of their own and the same own texts.
 *
 * Shapes are made, found and freed on the exporting side; a shape does not change, and the sending
 * side reads it. */
#ifndef TACHOI_REMOTE_WRITE_SERIES_SHAPE_H
#define TACHOI_REMOTE_WRITE_SERIES_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remote_write/hash_chains.h"
#include "remote_write/metric_family.h"

enum tachoi_encoded_series_kind {
    TACHOI_ENCODED_COUNTER,
    TACHOI_ENCODED_UP_DOWN_COUNTER,
    TACHOI_ENCODED_GAUGE,
    TACHOI_ENCODED_HISTOGRAM,        /* explicit buckets: a time series each, +Inf, _count, _sum */
    TACHOI_ENCODED_CUSTOM_HISTOGRAM, /* the same as one native histogram; with 1.0 as above */
    TACHOI_ENCODED_EXPONENTIAL,      /* one native histogram */
    TACHOI_ENCODED_SUMMARY           /* a time series per quantile, _count, _sum */
};

/** What a piece is copied in steps of: so many bytes behind a shape's last one may be read. */
#define TACHOI_PIECE_STEP ((size_t)32)

struct tachoi_shape_component {
    const unsigned char *bytes; /* its pieces, one behind the other */
    const uint32_t *lengths;    /* of each */
    uint32_t length;            /* of all */
    uint32_t part;              /* which part of a point it is: its place, had none been dropped */
};

struct tachoi_series_shape {
    struct tachoi_chained link; /* exporting side only */

    /* immutable after create */
    enum tachoi_encoded_series_kind kind;
    uint32_t bound_count; /* of a histogram; quantiles of a summary */
    /** Time series: 1, or of a histogram one per bucket, _count, _sum, and of a summary one per
     * quantile, _count, _sum. Of a custom histogram first the one without suffix, then those. */
    uint32_t component_count;
    bool ends_with_sum;    /* the last component is the _sum of a histogram */
    uint32_t record_words; /* of a record without its extra words */
    uint32_t own_count;
    bool is_private; /* of one series alone: no other may have it */
    bool is_utf8;    /* a name is none that 1.0 can carry: it is escaped there */
    const double *bounds;
    struct tachoi_metric_family *family; /* NULL: it has no metadata */
    size_t size_bytes;

    /* exporting side only */
    size_t users;

    /* sending thread only: what 2.0 has made of the pieces for the request of this number */
    uint64_t refs_request;
    const struct tachoi_shape_refs *refs;

    /* immutable after create */
    struct tachoi_shape_component components[];
};

/** What a shape is made of. `lengths` are those of all pieces, component by component, and `bytes`
 * are the pieces. */
struct tachoi_series_shape_source {
    enum tachoi_encoded_series_kind kind;
    const double *bounds;
    size_t bound_count;
    size_t component_count;
    size_t own_count;
    const uint32_t *lengths;
    const uint32_t *parts; /* component_count */
    const unsigned char *bytes;
    bool is_private;
    bool is_utf8;
    struct tachoi_metric_family *family; /* the shape adds a user */
};

/** The shapes that series have; zero-initialised before use. */
struct tachoi_series_shapes {
    struct tachoi_hash_chains chains;
    struct tachoi_metric_families families;
};

/** Frees all shapes, used or not. */
void tachoi_series_shapes_fini(struct tachoi_series_shapes *shapes);

/** A shape that agrees with the source, of whose components it may have more: where name, bounds
 * and labels make the others, the first is enough. NULL if there is none. */
struct tachoi_series_shape *
tachoi_series_shapes_find(const struct tachoi_series_shapes *shapes,
                          const struct tachoi_series_shape_source *source);

/** Makes one, without users. NULL when memory is short. */
struct tachoi_series_shape *
tachoi_series_shapes_add(struct tachoi_series_shapes *shapes,
                         const struct tachoi_series_shape_source *source);

/** Frees the shape if it has no users. */
void tachoi_series_shapes_tidy(struct tachoi_series_shapes *shapes,
                               struct tachoi_series_shape *shape);

/** Whether components `i` and `j` have equal pieces. */
bool tachoi_series_shape_is_equal(const struct tachoi_series_shape *shape, size_t i, size_t j);

/** Whether these are its bounds. */
bool tachoi_series_shape_has_bounds(const struct tachoi_series_shape *shape, const double *bounds,
                                    size_t count);

/** Time series of a classic histogram. */
static inline uint32_t tachoi_histogram_components(size_t bound_count, bool has_sum) {
    return (uint32_t)bound_count + 2 + (has_sum ? 1 : 0);
}

#endif
