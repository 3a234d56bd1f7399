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
    TACHO_METRIC_HISTOGRAM = 3,
    TACHO_METRIC_EXPONENTIAL_HISTOGRAM = 4,
    TACHO_METRIC_SUMMARY = 5 /**< of metric producers only; no instrument makes it */
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
 * after fork), so that cached resource labels are derived anew. An id of 0 is no key: the point
 * comes from a metric producer that has none, and is to be looked at anew each time.
 */
typedef struct tacho_series_ref {
    uint64_t id;
    uint32_t generation;
} tacho_series_ref;

/**
 * A measurement kept as an example for the point that it went into, with what the point itself does
 * not carry. (EXM-03, DM-13)
 */
typedef struct tacho_exemplar {
    tacho_number_type number_type; /**< of the instrument, also where the point is a histogram */
    union {
        int64_t i64;
        double f64;
    } value;
    uint64_t time_unix_nano;              /**< when it was recorded */
    tacho_attributes filtered_attributes; /**< recorded, but not on the point; sorted by key */
    bool has_span;                        /**< trace_id and span_id are meaningful */
    uint8_t trace_id[16];
    uint8_t span_id[8];
} tacho_exemplar;

/** Exemplars of one point. */
typedef struct tacho_exemplars {
    const tacho_exemplar *items; /**< see tacho_exemplars_at */
    size_t count;
    size_t size; /**< of one */
} tacho_exemplars;

/** In tacho_*_point.flags: the series has ended; of the point only attributes and times count
 * (DM-09). The SDK's own instruments never set it. */
#define TACHO_POINT_NO_RECORDED_VALUE UINT32_C(1)

/** A point of a sum or a gauge. */
typedef struct tacho_number_point {
    tacho_series_ref series;
    tacho_attributes attributes; /**< sorted by key, unique */
    /** When the interval began that the point tells of: delta: the stream's previous collection,
     * cumulative: the series' first measurement (TIME-04..09). Gauges have one too. */
    uint64_t start_time_unix_nano;
    uint64_t time_unix_nano; /**< when the collection began */
    union {
        int64_t i64; /**< where the metric's number_type is TACHO_NUMBER_I64 */
        double f64;  /**< where it is TACHO_NUMBER_F64 */
    } value;
    tacho_exemplars exemplars;
    uint32_t flags; /**< TACHO_POINT_* */
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
    tacho_exemplars exemplars;
    uint32_t flags; /**< TACHO_POINT_* */
} tacho_histogram_point;

/** Buckets of one sign: counts[i] counts base^(offset + i) < |value| <= base^(offset + i + 1). */
typedef struct tacho_exponential_buckets {
    int32_t offset;
    const uint64_t *counts;
    size_t count; /**< of `counts`; 0 where there is no value of this sign */
} tacho_exponential_buckets;

/** A point of a base-2 exponential histogram; base = 2^(2^-scale). (EXPH-02, EXPH-03) */
typedef struct tacho_exponential_histogram_point {
    tacho_series_ref series;
    tacho_attributes attributes;
    uint64_t start_time_unix_nano;
    uint64_t time_unix_nano;
    uint64_t count; /**< zero_count and all buckets together */
    double sum;     /**< meaningful if has_sum */
    double min;     /**< meaningful if has_min_max */
    double max;     /**< meaningful if has_min_max */
    bool has_sum;
    bool has_min_max;
    int32_t scale;
    uint64_t zero_count;   /**< |value| <= zero_threshold */
    double zero_threshold; /**< 0: zeros alone */
    tacho_exponential_buckets positive;
    tacho_exponential_buckets negative;
    tacho_exemplars exemplars;
    uint32_t flags; /**< TACHO_POINT_* */
} tacho_exponential_histogram_point;

/** The value below which a part of all values lies; 0.0 is the minimum, 1.0 the maximum. */
typedef struct tacho_quantile {
    double quantile; /**< 0 to 1 */
    double value;    /**< not negative */
} tacho_quantile;

/** A point of a summary. (DM-06, DM-08) */
typedef struct tacho_summary_point {
    tacho_series_ref series;
    tacho_attributes attributes;
    uint64_t start_time_unix_nano;
    uint64_t time_unix_nano;
    uint64_t count;
    double sum;
    const tacho_quantile *quantiles; /**< strictly increasing in `quantile` */
    size_t quantile_count;
    uint32_t flags; /**< TACHO_POINT_* */
} tacho_summary_point;

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
    /** What a producer knows of the metric beside its points, sorted by key and unique; instruments
     * have none. "prometheus.type" = "unknown", "info" or "stateset" tells what a gauge, or a sum
     * that may fall, was in Prometheus. (PROM-18) */
    tacho_attributes metadata;
} tacho_metric;

/** All metrics of one scope. */
typedef struct tacho_scope_metrics {
    const tacho_scope *scope;
    const tacho_metric *metrics; /**< see tacho_scope_metrics_metric */
    size_t metric_count;
    size_t metric_size;
} tacho_scope_metrics;

/** One collection, or a part of it. */
typedef struct tacho_metric_batch {
    size_t struct_size;
    const tacho_resource *resource;
    uint64_t time_unix_nano;           /**< when the collection began, on the provider's clock */
    uint64_t time_monotonic_ns;        /**< the same moment on its monotonic clock */
    const tacho_scope_metrics *scopes; /**< see tacho_metric_batch_scope */
    size_t scope_count;
    size_t scope_size;
    size_t point_count; /**< points of all metrics together */
    /** The next batch brings more of the same collection: where the reader or the exporter limits
     * the size of batches (RDR-19). Series that are absent may then come with it. */
    bool has_more;
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

/** Exemplar `index`; `index` must be below count. */
static inline const tacho_exemplar *tacho_exemplars_at(const tacho_exemplars *exemplars,
                                                       size_t index) {
    return (const tacho_exemplar *)(const void *)((const char *)exemplars->items +
                                                  index * exemplars->size);
}

/** Point `index` of an exponential histogram; `index` must be below point_count. */
static inline const tacho_exponential_histogram_point *
tacho_metric_exponential_histogram_point(const tacho_metric *metric, size_t index) {
    return (const tacho_exponential_histogram_point *)(const void *)((const char *)metric->points +
                                                                     index * metric->point_size);
}

/** Point `index` of a summary; `index` must be below point_count. */
static inline const tacho_summary_point *tacho_metric_summary_point(const tacho_metric *metric,
                                                                    size_t index) {
    return (const tacho_summary_point *)(const void *)((const char *)metric->points +
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
