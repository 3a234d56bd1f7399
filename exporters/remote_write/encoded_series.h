/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a series of the SDK becomes on the wire: the labels of its time series, encoded once. A
 * number has one time series, and so has an exponential histogram; a classic histogram one per
 * bucket, +Inf included, then _count, then _sum; a summary one per quantile, then _count, then
 * _sum; a custom histogram the one that it is as a native histogram, then those of a classic one.
 * Where relabelling has dropped some of them, the others are left.
 *
 * A label block is the repeated field `labels` of a 1.0 TimeSeries as protobuf-c packs it. It is
 * not kept whole: what the series shares with others is its shape's (series_shape.h), and only the
 * labels that come from attributes are its own. Both consist of whole labels, so that 2.0 can read
 * names and values back from them (tachoi_label_next).
 *
 * A series is made and freed on the exporting side. Records point to it; when it is no longer
 * measured, the queue has it until the last of its records is gone. */
#ifndef TACHOI_REMOTE_WRITE_ENCODED_SERIES_H
#define TACHOI_REMOTE_WRITE_ENCODED_SERIES_H

#include "prometheus/labels.h"
#include "remote_write/series_shape.h"

struct tachoi_encoded_series {
    /* immutable after create */
    struct tachoi_series_shape *shape;

    /* guarded by the account's lock; records as numbers that may wrap around */
    union {
        struct {
            uint32_t gone;  /* records settled or dropped */
            uint32_t total; /* records queued, if it is retired */
        } records;
        struct tachoi_encoded_series *next_gone; /* once all are gone */
    } state;
    bool is_retired; /* no longer measured: it counts as the queue's memory */

    /* immutable after create */
    uint32_t own_ends[]; /* shape->own_count; then the own texts, one behind the other */
};

static inline const unsigned char *
tachoi_encoded_series_own(const struct tachoi_encoded_series *series) {
    return (const unsigned char *)(series->own_ends + series->shape->own_count);
}

static inline size_t tachoi_encoded_series_own_length(const struct tachoi_encoded_series *series) {
    const uint32_t count = series->shape->own_count;
    return count == 0 ? 0 : series->own_ends[count - 1];
}

/** Length of the label block of a component. */
static inline size_t tachoi_label_block_length(const struct tachoi_encoded_series *series,
                                               size_t component) {
    return series->shape->components[component].length + tachoi_encoded_series_own_length(series);
}

/** Memory of a series, with its shape if that is its own. */
size_t tachoi_encoded_series_size(const struct tachoi_encoded_series *series);

/** What a series is made of. */
struct tachoi_encoded_series_source {
    const struct tachoi_prometheus_conversion *conversion;
    const tacho_scope *scope;
    const tacho_metric *metric;
    enum tachoi_encoded_series_kind kind;
    const struct tachoi_prometheus_family *metadata; /* NULL = none; the labels tell the name */
    tacho_attributes attributes;
    tacho_series_ref ref;
    const double *bounds; /* of a histogram; of a summary, its quantiles */
    size_t bound_count;
};

struct tachoi_encoded_series_made {
    struct tachoi_encoded_series *series; /* NULL: it has no valid name or labels */
    /** Equal for series of which any time series have equal labels: of all labels but le, and the
     * name without _bucket, _count and _sum. Relabelling that treats the parts of a histogram
     * differently may make equal what this tells apart. */
    uint32_t label_hash;
    bool is_filtered;    /* relabelling drops all of it: there is none */
    bool has_overridden; /* an attribute lost against a generated label (CONV-07) */
};

/** Makes a series of a shape of `shapes`. INVALID: `out` has none, since labels cannot be had.
 * FILTERED: nor here, since relabelling drops all of it.
 * `arena` is scratch memory, used and reset. */
enum tachoi_prometheus_result
tachoi_encoded_series_create(const struct tachoi_encoded_series_source *source,
                             struct tachoi_series_shapes *shapes, struct tachoi_arena *arena,
                             struct tachoi_encoded_series_made *out);

/** The series target_info; INVALID if there is nothing to tell. */
enum tachoi_prometheus_result
tachoi_target_info_create(const struct tachoi_prometheus_conversion *conversion, bool has_metadata,
                          struct tachoi_series_shapes *shapes, struct tachoi_arena *arena,
                          struct tachoi_encoded_series_made *out);

void tachoi_encoded_series_destroy(struct tachoi_encoded_series *series,
                                   struct tachoi_series_shapes *shapes);

/** Whether all time series of the two have equal labels, in their order, and whether any have. */
bool tachoi_encoded_series_has_equal_labels(const struct tachoi_encoded_series *a,
                                            const struct tachoi_encoded_series *b);
bool tachoi_encoded_series_overlaps(const struct tachoi_encoded_series *a,
                                    const struct tachoi_encoded_series *b);

/** Whether component `i` of `a` and `j` of `b` have equal labels. */
bool tachoi_encoded_series_is_equal_block(const struct tachoi_encoded_series *a, size_t i,
                                          const struct tachoi_encoded_series *b, size_t j);

/** The hash of a component's labels. */
uint64_t tachoi_encoded_series_block_hash(const struct tachoi_encoded_series *series,
                                          size_t component);

/** A walk over the labels of a component. */
struct tachoi_label_reader {
    const struct tachoi_encoded_series *series;
    size_t component;
    size_t piece; /* the next one */
    const unsigned char *piece_begin;
    bool is_own; /* the own text behind the last piece comes next */
    const unsigned char *at;
    const unsigned char *end;
};

void tachoi_label_reader_init(struct tachoi_label_reader *reader,
                              const struct tachoi_encoded_series *series, size_t component);

/** The next label in the order of names; false at the end. The texts are the series'. */
bool tachoi_label_reader_next(struct tachoi_label_reader *reader, tacho_string *name,
                              tacho_string *value);

/** The next label of a part of a block at *at; false at the end. The texts point into it. */
bool tachoi_label_next(const unsigned char **at, const unsigned char *end, tacho_string *name,
                       tacho_string *value);

/** Writes a time series as people write it, name{a="b"}, cut to fit. */
void tachoi_encoded_series_describe(const struct tachoi_encoded_series *series, size_t component,
                                    char *out, size_t out_size);

#endif
