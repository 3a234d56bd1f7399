/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the choices of how measurements become points: the aggregation and the temporality.
 * Source: OpenTelemetry specification, metrics/sdk.md "Aggregation" (AGG-01..12, EXPH-01). */
#ifndef TACHO_SDK_AGGREGATION_H
#define TACHO_SDK_AGGREGATION_H

#include "tacho/export.h"
#include "tacho/meter.h"
#include "tacho/sdk/metric_data.h"

TACHO_BEGIN_DECLS

typedef enum tacho_aggregation_type {
    /** Counters and up-down counters: sum; gauges: last value; histograms: explicit buckets, at the
     * boundaries that the instrument advises if any. */
    TACHO_AGGREGATION_DEFAULT = 0,
    TACHO_AGGREGATION_DROP = 1, /**< nothing is kept */
    TACHO_AGGREGATION_SUM = 2,
    TACHO_AGGREGATION_LAST_VALUE = 3,
    TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM = 4,
    TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM = 5
} tacho_aggregation_type;

/** The scale 0 for tacho_aggregation.max_scale, where 0 stands for the default. */
#define TACHO_MAX_SCALE_ZERO INT32_MIN

/** An aggregation with its parameters; those of other types are ignored, but for boundaries, which
 * are refused. */
typedef struct tacho_aggregation {
    size_t struct_size; /**< Required. sizeof(tacho_aggregation). */
    tacho_aggregation_type type;
    /**
     * Optional (NULL = OpenTelemetry's default: 0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000,
     * 2500, 5000, 7500, 10000). Explicit buckets: upper bounds, inclusive; finite and strictly
     * increasing. TACHO_NO_BOUNDARIES for one bucket. Copied.
     */
    const double *boundaries;
    size_t boundary_count;
    /** Optional (0 = 160). Exponential: buckets of each of the two ranges; 2 to 16384. */
    uint32_t max_size;
    /** Optional (0 = 20). Exponential: the scale to begin with, -10 to 20; TACHO_MAX_SCALE_ZERO. */
    int32_t max_scale;
    bool disable_min_max; /**< Optional. Both histograms: do not record minimum and maximum. */
} tacho_aggregation;

/** Which temporality a reader or an exporter wants. (TIME-11) */
typedef enum tacho_temporality_preference {
    TACHO_TEMPORALITY_PREFER_DEFAULT = 0, /**< what the exporter prefers, else cumulative */
    TACHO_TEMPORALITY_PREFER_CUMULATIVE = 1,
    /** Delta for all kinds but (observable) up-down counters, which are cumulative. */
    TACHO_TEMPORALITY_PREFER_DELTA = 2,
    /** Delta for counters and histograms, cumulative for the others: no reader needs memory of
     * what it reported before. */
    TACHO_TEMPORALITY_PREFER_LOW_MEMORY = 3
} tacho_temporality_preference;

/** The temporality that a preference means for a kind. Gauges have none, but keep series from one
 * collection to the next only where this says cumulative. */
TACHO_API tacho_temporality tacho_temporality_of(tacho_temporality_preference preference,
                                                 tacho_instrument_kind kind);

TACHO_END_DECLS

#endif
