/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way from the SDK's collections to neutral records: series looked up or made, values as
 * bits, deltas made cumulative, exemplars chosen, the ends of series told. No lock, no transfer, no
 * clock. Exporting side only.
 *
 * A collection may come in several batches. They are gathered, and are to be sent when the last one
 * is in: only then are all equal label sets known (gathering.h), and which series have ended: those
 * that a whole collection did not bring get a stale marker with its time (CONV-30), and are
 * forgotten. Series without an id cannot be missed; they get none. */
#ifndef TACHOI_REMOTE_WRITE_CONVERTER_H
#define TACHOI_REMOTE_WRITE_CONVERTER_H

#include "remote_write/gathering.h"
#include "remote_write/series_memory.h"
#include "tacho/exporters/remote_write.h"

/** Texts and lists live as long as the converter. */
struct tachoi_converter_options {
    struct tachoi_prometheus_options prometheus;
    bool disable_target_info;
    bool disable_metadata;
    bool sends_exemplars;         /* with some protocol that may be spoken */
    bool sends_native_histograms; /* likewise; if not, exponential ones are unsupported */
    bool converts_to_custom;      /* explicit buckets become native histograms */
    size_t shard_count;           /* 0 = 1 */
};

/** What an explicit-bucket histogram becomes: with custom buckets it needs bounds that increase
 * (RW2-20), and a sum, for which a native histogram has no word of its absence; else it is a
 * classic one. */
static inline enum tachoi_encoded_series_kind
tachoi_kind_of_histogram(const struct tachoi_converter_options *options,
                         const tacho_histogram_point *point) {
    return options->converts_to_custom && point->has_sum &&
                   tachoi_native_bounds_are_valid(point->bounds, point->bound_count)
               ? TACHOI_ENCODED_CUSTOM_HISTOGRAM
               : TACHOI_ENCODED_HISTOGRAM;
}

struct tachoi_converter {
    struct tachoi_converter_options options;
    struct tachoi_series_cache cache;
    struct tachoi_series_memories memories;
    struct tachoi_gathering gathering;
    struct tachoi_arena scratch; /* of one series in the making */
    struct tachoi_arena work;    /* of one point */

    /* the last collection */
    bool is_open; /* more batches of it are to come */
    bool has_target_info;
    int64_t time_ms;
    uint32_t generation;

    uint64_t filtered; /* series that relabelling dropped, of the last batch */
    uint64_t gave_up;  /* matches that relabelling gave up, of which was told */
};

void tachoi_converter_init(struct tachoi_converter *converter,
                           const struct tachoi_converter_options *options);
void tachoi_converter_fini(struct tachoi_converter *converter);

/** Converts the batch; one that does not go on with an open collection begins one, with `time_ms`
 * for all its samples. What cannot be converted is counted as invalid, or as unsupported;
 * `lacked_memory` tells whether memory was a reason. */
void tachoi_converter_convert(struct tachoi_converter *converter, const tacho_metric_batch *batch,
                              int64_t time_ms);

/** Ends an open collection with the batches that it has. */
void tachoi_converter_give_up(struct tachoi_converter *converter);

/** A last collection at `time_ms`, of the ends of series: of all, or, with `auto`, of those that at
 * least two collections have brought (CONV-33). No collection may be open. The series stay known.
 */
void tachoi_converter_end_series(struct tachoi_converter *converter, tacho_remote_write_when when,
                                 int64_t time_ms);

#endif
