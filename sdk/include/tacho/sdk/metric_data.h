/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what one collection yields: OpenTelemetry's data model as plain read-only structs. Exporters
 * see nothing else of the SDK. Everything a batch points to is valid during export_batch only; only
 * series identities may be kept.
 *
 * Structs may grow at their end in later versions: walk the arrays with the functions below, which
 * know the element sizes of the running SDK, not with array indexing.
 * Source: OpenTelemetry specification, metrics/data-model.md (DM-01..10). */
#ifndef TACHO_SDK_METRIC_DATA_H
#define TACHO_SDK_METRIC_DATA_H

#include "tacho/attributes.h"
#include "tacho/export.h"
#include "tacho/meter.h"
#include "tacho/sdk/resource.h"

TACHO_BEGIN_DECLS

/** Which code measured. */
typedef struct tacho_scope {
    tacho_string name;
    tacho_string version;        /**< empty if none */
    tacho_string schema_url;     /**< empty if none */
    tacho_attributes attributes; /**< sorted by key */
} tacho_scope;

typedef enum tacho_metric_type {
    TACHO_METRIC_SUM = 1,
    TACHO_METRIC_GAUGE = 2,
    TACHO_METRIC_HISTOGRAM = 3
} tacho_metric_type;

typedef enum tacho_temporality {
    TACHO_TEMPORALITY_UNSPECIFIED = 0, /**< gauges */
    TACHO_TEMPORALITY_DELTA = 1,
    TACHO_TEMPORALITY_CUMULATIVE = 2
} tacho_temporality;

/**
 * Which series a point belongs to, the same at every collection: a key under which an exporter can
 * keep what it derived from the attributes, scope, resource and metric. `id` is never used again
 * within a process; `generation` changes when the identity of the whole process does (a restart
 * after fork), so that cached resource labels are derived anew.
 */
typedef struct tacho_series_ref {
    uint64_t id;
    uint32_t generation;
} tacho_series_ref;

/** A point of a sum or a gauge. */
typedef struct tacho_number_point {
    tacho_series_ref series;
    tacho_attributes attributes;   /**< sorted by key, unique */
    uint64_t start_time_unix_nano; /**< of a sum: when counting began; of a gauge: 0 */
    uint64_t time_unix_nano;       /**< when the collection began */
    union {
        int64_t i64; /**< where the metric's number_type is TACHO_NUMBER_I64 */
        double f64;  /**< where it is TACHO_NUMBER_F64 */
    } value;
} tacho_number_point;

/** A point of an explicit-bucket histogram. */
typedef struct tacho_histogram_point {
    tacho_series_ref series;
    tacho_attributes attributes;
    uint64_t start_time_unix_nano;
    uint64_t time_unix_nano;
    uint64_t count; /**< the sum of all bucket counts */
    double sum;     /**< meaningful if has_sum */
    double min;     /**< meaningful if has_min_max */
    double max;     /**< meaningful if has_min_max */
    bool has_sum;
    bool has_min_max;     /**< false before the first value */
    const double *bounds; /**< bound_count upper bounds, inclusive, strictly increasing */
    size_t bound_count;
    const uint64_t *bucket_counts; /**< bound_count + 1 counts, each of its bucket alone */
} tacho_histogram_point;

/** One instrument's stream. */
typedef struct tacho_metric {
    tacho_string name;
    tacho_string description;
    tacho_string unit;
    tacho_metric_type type;
    tacho_temporality temporality;
    bool is_monotonic;             /**< sums only */
    tacho_number_type number_type; /**< sums and gauges only */
    const void *points;            /**< of the struct that `type` tells; see tacho_metric_*_point */
    size_t point_count;
    size_t point_size;
} tacho_metric;

/** All metrics of one scope. */
typedef struct tacho_scope_metrics {
    const tacho_scope *scope;
    const tacho_metric *metrics; /**< see tacho_scope_metrics_metric */
    size_t metric_count;
    size_t metric_size;
} tacho_scope_metrics;

/** One collection. */
typedef struct tacho_metric_batch {
    size_t struct_size;
    const tacho_resource *resource;
    uint64_t time_unix_nano;           /**< when the collection began, on the provider's clock */
    uint64_t time_monotonic_ns;        /**< the same moment on its monotonic clock */
    const tacho_scope_metrics *scopes; /**< see tacho_metric_batch_scope */
    size_t scope_count;
    size_t scope_size;
    size_t point_count; /**< points of all metrics together */
} tacho_metric_batch;

/** Element `index` of the batch's scopes; `index` must be below scope_count. */
static inline const tacho_scope_metrics *tacho_metric_batch_scope(const tacho_metric_batch *batch,
                                                                  size_t index) {
    return (const tacho_scope_metrics *)(const void *)((const char *)batch->scopes +
                                                       index * batch->scope_size);
}

/** Element `index` of the scope's metrics; `index` must be below metric_count. */
static inline const tacho_metric *tacho_scope_metrics_metric(const tacho_scope_metrics *scope,
                                                             size_t index) {
    return (const tacho_metric *)(const void *)((const char *)scope->metrics +
                                                index * scope->metric_size);
}

/** Point `index` of a sum or a gauge; `index` must be below point_count. */
static inline const tacho_number_point *tacho_metric_number_point(const tacho_metric *metric,
                                                                  size_t index) {
    return (const tacho_number_point *)(const void *)((const char *)metric->points +
                                                      index * metric->point_size);
}

/** Point `index` of a histogram; `index` must be below point_count. */
static inline const tacho_histogram_point *tacho_metric_histogram_point(const tacho_metric *metric,
                                                                        size_t index) {
    return (const tacho_histogram_point *)(const void *)((const char *)metric->points +
                                                         index * metric->point_size);
}

TACHO_END_DECLS

#endif
