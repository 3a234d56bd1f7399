/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the description of what a stream keeps of its measurements. Immutable once made; the
 * arithmetic of each kind has its own file. Pure. (AGG-01..12) */
#ifndef TACHOI_AGGREGATION_AGGREGATION_H
#define TACHOI_AGGREGATION_AGGREGATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tacho/meter.h"

enum tachoi_aggregation_kind {
    TACHOI_AGGREGATION_SUM,
    TACHOI_AGGREGATION_LAST_VALUE,
    TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
    TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM
};

struct tachoi_aggregation {
    enum tachoi_aggregation_kind kind;
    tacho_number_type number_type; /* sums and last values; histograms take doubles */
    bool is_monotonic;             /* sums */
    bool omits_sum;                /* histograms fed with negative values too (AGG-07) */
    bool omits_min_max;            /* histograms */
    const double *bounds;          /* explicit: finite, strictly increasing; owned by the stream */
    size_t bound_count;
    uint32_t max_size; /* exponential: buckets of each sign */
    int32_t max_scale; /* exponential */
};

static inline bool tachoi_aggregation_is_histogram(const struct tachoi_aggregation *aggregation) {
    return aggregation->kind == TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM ||
           aggregation->kind == TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM;
}

#endif
