/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the description of what a stream keeps of its measurements. Immutable once made; the
 * arithmetic of each kind has its own file. Pure. (AGG-01..12) */
#ifndef TACHOI_AGGREGATION_AGGREGATION_H
#define TACHOI_AGGREGATION_AGGREGATION_H

#include <stdbool.h>
#include <stddef.h>

#include "tacho/meter.h"

enum tachoi_aggregation_kind {
    TACHOI_AGGREGATION_SUM,
    TACHOI_AGGREGATION_LAST_VALUE,
    TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM
};

struct tachoi_aggregation {
    enum tachoi_aggregation_kind kind;
    tacho_number_type number_type; /* sums and last values; histograms take doubles */
    bool is_monotonic;             /* sums */
    const double *bounds; /* histograms: finite, strictly increasing; owned by the stream */
    size_t bound_count;
};

#endif
