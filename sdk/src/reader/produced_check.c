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

static const char *head_fault(const tacho_metric *metric) {
    size_t least = least_point_size(metric->type);
    if (metric->name.data == NULL || metric->name.length == 0) {
        return "it has no name";
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

static const char *attributes_fault(const tacho_attributes *attributes) {
    if (attributes->items == NULL && attributes->count > 0) {
        return "a point has a number of attributes, but no pointer";
    }
    for (size_t i = 0; i < attributes->count; i++) {
        tacho_string key = attributes->items[i].key;
        if (key.data == NULL || key.length == 0) {
            return "a point has an attribute without a key";
        }
        if (i > 0 && !key_precedes(attributes->items[i - 1].key, key)) {
            return "the attributes of a point are not sorted by key and unique";
        }
    }
    return NULL;
}

static const char *histogram_fault(const tacho_histogram_point *point) {
    if (point->bucket_counts == NULL) {
        return "a point has no bucket_counts; without bounds there is one bucket";
    }
    if (point->bound_count > 0 &&
        (point->bounds == NULL || !tachoi_bounds_are_valid(point->bounds, point->bound_count))) {
        return "the bounds of a point are not finite and strictly increasing";
    }
    return NULL;
}

static const char *exponential_fault(const tacho_exponential_histogram_point *point) {
    if ((point->positive.counts == NULL && point->positive.count > 0) ||
        (point->negative.counts == NULL && point->negative.count > 0)) {
        return "a point has a number of buckets, but no pointer";
    }
    if (point->scale < MIN_SCALE || point->scale > MAX_SCALE) {
        return "the scale of a point is not between -10 and 20";
    }
    return NULL;
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
    return NULL;
}

const char *tachoi_produced_metric_fault(const tacho_metric *metric) {
    const char *fault = head_fault(metric);
    for (size_t i = 0; fault == NULL && i < metric->point_count; i++) {
        fault = point_fault(metric, i);
    }
    return fault;
}
