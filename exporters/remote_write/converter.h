/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way from a batch of the SDK to neutral records: series looked up or made, values as
 * bits, equal label sets merged. No lock, no transfer, no clock. Exporting side only.
 *
 * Where two series of a batch have equal labels after translation (CONV-08, CONV-09): if they are
 * of one kind and agree in all their time series, they are one: sums and histograms are added, of
 * gauges the later value counts. Else the later one is dropped and counted. */
#ifndef TACHOI_REMOTE_WRITE_CONVERTER_H
#define TACHOI_REMOTE_WRITE_CONVERTER_H

#include "remote_write/collisions.h"
#include "remote_write/run.h"
#include "remote_write/series_cache.h"

struct tachoi_converter {
    bool disable_scope_info;
    bool disable_target_info;
    struct tachoi_series_cache cache;
    struct tachoi_collisions collisions;
    struct tachoi_arena scratch;
    uint64_t collection; /* number of the last batch */

    /* the last batch */
    struct tachoi_run run;
    int64_t time_ms;
    uint32_t generation;
    uint64_t accepted; /* samples, those of the run and the invalid ones */
    uint64_t invalid;
    bool lacked_memory;
};

void tachoi_converter_init(struct tachoi_converter *converter, bool disable_scope_info,
                           bool disable_target_info);
void tachoi_converter_fini(struct tachoi_converter *converter);

/** Samples that the batch would make, merged ones counted apart, target_info left out. */
size_t tachoi_batch_samples(const tacho_metric_batch *batch);

/** Converts the batch with one timestamp for all. What cannot be converted is counted as invalid;
 * `lacked_memory` tells whether memory was a reason. */
void tachoi_converter_convert(struct tachoi_converter *converter, const tacho_metric_batch *batch,
                              int64_t time_ms);

#endif
