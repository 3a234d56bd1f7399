/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way from a batch of the SDK to neutral records: series looked up or made, values as
 * bits, equal label sets merged. No lock, no transfer, no clock. Exporting side only.
 *
 * Where two series of a collection have equal labels after translation (CONV-08, CONV-09): if they
 * are of one kind and agree in all their time series, they are one: sums and histograms are added,
 * of gauges the later value counts. Else the later one is dropped and counted.
 *
 * A collection may come in several batches. They are gathered in one run, which is to be sent when
 * the last one is in: only then are all equal label sets known. */
#ifndef TACHOI_REMOTE_WRITE_CONVERTER_H
#define TACHOI_REMOTE_WRITE_CONVERTER_H

#include "remote_write/collisions.h"
#include "remote_write/run.h"
#include "remote_write/series_cache.h"

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

struct tachoi_converter {
    struct tachoi_converter_options options;
    struct tachoi_series_cache cache;
    struct tachoi_collisions collisions;
    struct tachoi_arena scratch;
    bool has_told_exemplars;

    /* the last collection */
    bool is_open; /* more batches of it are to come */
    bool has_target_info;
    struct tachoi_run run;
    int64_t time_ms;
    uint32_t generation;
    bool must_compare_all; /* a series was found contested in it */
    bool compares_all;     /* and so all records are in `collisions` */

    /* the last batch */
    uint64_t accepted; /* samples, those for the run and the invalid ones */
    uint64_t invalid;
    uint64_t unsupported; /* points, none of whose samples was accepted */
    uint64_t exemplars;   /* not sent either */
    bool lacked_memory;
};

void tachoi_converter_init(struct tachoi_converter *converter,
                           const struct tachoi_converter_options *options);
void tachoi_converter_fini(struct tachoi_converter *converter);

/** Converts the batch; one that does not go on with an open collection begins one, with `time_ms`
 * for all its samples. What cannot be converted is counted as invalid, or as unsupported;
 * `lacked_memory` tells whether memory was a reason. */
void tachoi_converter_convert(struct tachoi_converter *converter, const tacho_metric_batch *batch,
                              int64_t time_ms);

/** Ends an open collection with the batches that it has: its run is complete. */
void tachoi_converter_give_up(struct tachoi_converter *converter);

#endif
