/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/produced_check.h"

#include <assert.h>
#include <string.h>

#include "aggregation/explicit_histogram.h"
#include "pipeline/setup.h"

#define MIN_SCALE (-10)
#define MAX_SCALE 20

#define SAME_PLACE(type)                                                                           \
    static_assert(offsetof(type, attributes) == offsetof(tacho_number_point, attributes),          \
                  "all points have their attributes at one place")
SAME_PLACE(tacho_histogram_point);
SAME_PLACE(tacho_exponential_histogram_point);
SAME_PLACE(tacho_summary_point);

bool tachoi_produced_array_is_walkable(const void *items, size_t count, size_t size, size_t least) {
    return count == 0 || (items != NULL && size >= least && size % _Alignof(uint64_t) == 0);
}

const tacho_attributes *tachoi_point_attributes(const tacho_metric *metric, size_t index) {
    const char *point = (const char *)metric->points + index * metric->point_size;
    return (const tacho_attributes *)(const void *)(point +
                                                    offsetof(tacho_number_point, attributes));
}

/* Of the points in their first release; what a later one adds is not asked for. */
static size_t least_point_size(tacho_metric_type type) {
    switch (type) {
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE:
        return TACHOI_SIZE_UP_TO(tacho_number_point, flags);
    case TACHO_METRIC_HISTOGRAM:
        return TACHOI_SIZE_UP_TO(tacho_histogram_point, flags);
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        return TACHOI_SIZE_UP_TO(tacho_exponential_histogram_point, flags);
    case TACHO_METRIC_SUMMARY:
        return TACHOI_SIZE_UP_TO(tacho_summary_point, flags);
    }
    return SIZE_MAX;
}

static bool has_temporality(tacho_metric_type type) {
    return type != TACHO_METRIC_GAUGE && type != TACHO_METRIC_SUMMARY;
}

static bool is_text(tacho_string text) {
    return text.data != NULL || text.length == 0;
}

static const char *head_fault(const tacho_metric *metric) {
    size_t least = least_point_size(metric->type);
    if (metric->name.data == NULL || metric->name.length == 0) {
        return "it has no name";
    }
    if (!is_text(metric->description) || !is_text(metric->unit)) {
        return "its description or unit has a length, but no pointer";
    }
    if (least == SIZE_MAX) {
        return "its type does not exist";
    }
    if (has_temporality(metric->type) && metric->temporality != TACHO_TEMPORALITY_DELTA &&
        metric->temporality != TACHO_TEMPORALITY_CUMULATIVE) {
        return "it is neither delta nor cumulative";
    }
    if ((metric->type == TACHO_METRIC_SUM || metric->type == TACHO_METRIC_GAUGE) &&
        metric->number_type != TACHO_NUMBER_I64 && metric->number_type != TACHO_NUMBER_F64) {
        return "its number_type does not exist";
    }
    if (!tachoi_produced_array_is_walkable(metric->points, metric->point_count, metric->point_size,
                                           least)) {
        return "its points are NULL, or point_size is not that of their struct";
    }
    return NULL;
}

static bool key_precedes(tacho_string a, tacho_string b) {
    size_t common = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.data, b.data, common);
    return order < 0 || (order == 0 && a.length < b.length);
}

/* What the members of a value point to is not looked at. */
static bool is_value(const tacho_value *value) {
    switch (value->type) {
    case TACHO_VALUE_STRING:
    case TACHO_VALUE_BYTES:
        return is_text(value->as.string);
    case TACHO_VALUE_STRING_ARRAY:
        return value->as.strings.items != NULL || value->as.strings.count == 0;
    case TACHO_VALUE_BOOL_ARRAY:
        return value->as.booleans.items != NULL || value->as.booleans.count == 0;
    case TACHO_VALUE_I64_ARRAY:
        return value->as.i64s.items != NULL || value->as.i64s.count == 0;
    case TACHO_VALUE_F64_ARRAY:
        return value->as.f64s.items != NULL || value->as.f64s.count == 0;
    case TACHO_VALUE_ARRAY:
        return value->as.values.items != NULL || value->as.values.count == 0;
    case TACHO_VALUE_MAP:
        return value->as.map.items != NULL || value->as.map.count == 0;
    case TACHO_VALUE_EMPTY:
    case TACHO_VALUE_BOOL:
    case TACHO_VALUE_I64:
    case TACHO_VALUE_F64:
        return true;
    }
    return false;
}

static const char *attributes_fault(const tacho_attributes *attributes) {
    if (attributes->items == NULL && attributes->count > 0) {
        return "there is a number of attributes, but no pointer";
    }
    for (size_t i = 0; i < attributes->count; i++) {
        tacho_string key = attributes->items[i].key;
        if (key.data == NULL || key.length == 0) {
            return "an attribute has no key";
        }
        if (!is_value(&attributes->items[i].value)) {
            return "the value of an attribute has a type that does not exist, or lacks a pointer";
        }
        if (i > 0 && !key_precedes(attributes->items[i - 1].key, key)) {
            return "attributes are not sorted by key and unique";
        }
    }
    return NULL;
}

static const char *exemplars_fault(const tacho_exemplars *exemplars) {
    if (!tachoi_produced_array_is_walkable(exemplars->items, exemplars->count, exemplars->size,
                                           TACHOI_SIZE_UP_TO(tacho_exemplar, span_id))) {
        return "the exemplars of a point are NULL, or their size is not that of tacho_exemplar";
    }
    const char *fault = NULL;
    for (size_t i = 0; fault == NULL && i < exemplars->count; i++) {
        fault = attributes_fault(&tacho_exemplars_at(exemplars, i)->filtered_attributes);
    }
    return fault;
}

static const char *histogram_fault(const tacho_histogram_point *point) {
    if (point->bucket_counts == NULL) {
        return "a point has no bucket_counts; without bounds there is one bucket";
    }
    if (point->bound_count > 0 &&
        (point->bounds == NULL || !tachoi_bounds_are_valid(point->bounds, point->bound_count))) {
        return "the bounds of a point are not finite and strictly increasing";
    }
    return exemplars_fault(&point->exemplars);
}

/* 2^1024 is the least power of two beyond all doubles, 2^-1074 the least double above zero, which
 * lies in the bucket that begins at 2^-1075. */
#define HIGHEST_EXPONENT 1024
#define LOWEST_EXPONENT 1075

/* Whether doubles lie in all buckets, those without a count included; the bounds at both ends may
 * be just beyond. The scale is good. (EXPH-22) */
static bool has_bounds_in_range(const tacho_exponential_buckets *buckets, int32_t scale) {
    int64_t highest = HIGHEST_EXPONENT;
    int64_t lowest = LOWEST_EXPONENT;
    if (scale >= 0) {
        highest <<= scale;
        lowest <<= scale;
    } else {
        highest >>= -scale; /* all scales divide it */
        lowest = (lowest + (INT64_C(1) << -scale) - 1) >> -scale;
    }
    return buckets->count == 0 || (buckets->offset >= -lowest && buckets->offset < highest &&
                                   buckets->count <= (uint64_t)(highest - buckets->offset));
}

static const char *exponential_fault(const tacho_exponential_histogram_point *point) {
    if ((point->positive.counts == NULL && point->positive.count > 0) ||
        (point->negative.counts == NULL && point->negative.count > 0)) {
        return "a point has a number of buckets, but no pointer";
    }
    if (point->scale < MIN_SCALE || point->scale > MAX_SCALE) {
        return "the scale of a point is not between -10 and 20";
    }
    if (!has_bounds_in_range(&point->positive, point->scale) ||
        !has_bounds_in_range(&point->negative, point->scale)) {
        return "buckets of a point lie beyond all doubles";
    }
    return exemplars_fault(&point->exemplars);
}

/* DM-08. Where nothing was measured sources say NaN, which is not negative. */
static const char *summary_fault(const tacho_summary_point *point) {
    if (point->quantiles == NULL && point->quantile_count > 0) {
        return "a point has a number of quantiles, but no pointer";
    }
    for (size_t i = 0; i < point->quantile_count; i++) {
        double quantile = point->quantiles[i].quantile;
        if (!(quantile >= 0 && quantile <= 1)) {
            return "a quantile is not between 0 and 1";
        }
        if (i > 0 && !(point->quantiles[i - 1].quantile < quantile)) {
            return "quantiles are not strictly increasing";
        }
        if (point->quantiles[i].value < 0) {
            return "the value of a quantile is negative";
        }
    }
    return NULL;
}

static uint32_t point_flags(const tacho_metric *metric, size_t index) {
    switch (metric->type) {
    case TACHO_METRIC_HISTOGRAM:
        return tacho_metric_histogram_point(metric, index)->flags;
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        return tacho_metric_exponential_histogram_point(metric, index)->flags;
    case TACHO_METRIC_SUMMARY:
        return tacho_metric_summary_point(metric, index)->flags;
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE:
        break;
    }
    return tacho_metric_number_point(metric, index)->flags;
}

static const char *point_fault(const tacho_metric *metric, size_t index) {
    const char *fault = attributes_fault(tachoi_point_attributes(metric, index));
    bool has_ended = (point_flags(metric, index) & TACHO_POINT_NO_RECORDED_VALUE) != 0;
    if (fault != NULL || has_ended) { /* of those that have ended nothing else counts (DM-09) */
        return fault;
    }
    switch (metric->type) {
    case TACHO_METRIC_HISTOGRAM:
        return histogram_fault(tacho_metric_histogram_point(metric, index));
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        return exponential_fault(tacho_metric_exponential_histogram_point(metric, index));
    case TACHO_METRIC_SUMMARY:
        return summary_fault(tacho_metric_summary_point(metric, index));
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE:
        break;
    }
    return exemplars_fault(&tacho_metric_number_point(metric, index)->exemplars);
}

const char *tachoi_produced_scope_fault(const tacho_scope *scope) {
    if (!is_text(scope->name) || !is_text(scope->version) || !is_text(scope->schema_url)) {
        return "its name, version or schema_url has a length, but no pointer";
    }
    return attributes_fault(&scope->attributes);
}

const char *tachoi_produced_metric_fault(const tacho_metric *metric) {
    const char *fault = head_fault(metric);
    if (fault == NULL && attributes_fault(&metric->metadata) != NULL) {
        fault = "its metadata is not well-formed, or not sorted by key and unique";
    }
    for (size_t i = 0; fault == NULL && i < metric->point_count; i++) {
        fault = point_fault(metric, i);
    }
    return fault;
}
