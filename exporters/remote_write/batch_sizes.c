/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the counting walk over a batch. See batch_sizes.h. */
#include "remote_write/batch_sizes.h"

#include "remote_write/encoded_series.h"
#include "remote_write/unsupported.h"

static uint32_t flags_of(const tacho_metric *metric, size_t index) {
    switch (metric->type) {
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE:
        return tacho_metric_number_point(metric, index)->flags;
    case TACHO_METRIC_HISTOGRAM:
        return tacho_metric_histogram_point(metric, index)->flags;
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        return tacho_metric_exponential_histogram_point(metric, index)->flags;
    case TACHO_METRIC_SUMMARY:
        return tacho_metric_summary_point(metric, index)->flags;
    }
    return 0;
}

static size_t point_samples(const tacho_metric *metric, size_t index,
                            const struct tachoi_converter_options *options) {
    if ((flags_of(metric, index) & TACHO_POINT_NO_RECORDED_VALUE) != 0) {
        return 0;
    }
    if (metric->type == TACHO_METRIC_SUMMARY) {
        return tacho_metric_summary_point(metric, index)->quantile_count + 2;
    }
    if (metric->type != TACHO_METRIC_HISTOGRAM) {
        return 1;
    }
    const tacho_histogram_point *point = tacho_metric_histogram_point(metric, index);
    return tachoi_kind_of_histogram(options, point) == TACHOI_ENCODED_CUSTOM_HISTOGRAM
               ? 1
               : tachoi_histogram_components(point->bound_count, point->has_sum);
}

/* 0 where there is no recorded value: of such a point nothing but attributes and times counts. */
static size_t exemplars_of(uint32_t flags, const tacho_exemplars *exemplars) {
    return (flags & TACHO_POINT_NO_RECORDED_VALUE) == 0 ? exemplars->count : 0;
}

static size_t point_exemplars(const tacho_metric *metric, size_t index) {
    switch (metric->type) {
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE: {
        const tacho_number_point *point = tacho_metric_number_point(metric, index);
        return exemplars_of(point->flags, &point->exemplars);
    }
    case TACHO_METRIC_HISTOGRAM: {
        const tacho_histogram_point *point = tacho_metric_histogram_point(metric, index);
        return exemplars_of(point->flags, &point->exemplars);
    }
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM: {
        const tacho_exponential_histogram_point *point =
            tacho_metric_exponential_histogram_point(metric, index);
        return exemplars_of(point->flags, &point->exemplars);
    }
    case TACHO_METRIC_SUMMARY:
        break;
    }
    return 0;
}

size_t tachoi_metric_exemplars(const tacho_metric *metric) {
    size_t exemplars = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        exemplars += point_exemplars(metric, i);
    }
    return exemplars;
}

static void add_metric(struct tachoi_batch_sizes *sizes, const tacho_metric *metric,
                       const struct tachoi_converter_options *options) {
    sizes->exemplars += tachoi_metric_exemplars(metric);
    if (tachoi_unsupported_metric(metric, options->sends_native_histograms) != TACHOI_SUPPORTED) {
        sizes->unsupported += metric->point_count;
        return;
    }
    for (size_t i = 0; i < metric->point_count; i++) {
        sizes->samples += point_samples(metric, i, options);
    }
}

struct tachoi_batch_sizes tachoi_batch_sizes_of(const tacho_metric_batch *batch,
                                                const struct tachoi_converter_options *options) {
    struct tachoi_batch_sizes sizes = {0};
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            add_metric(&sizes, tacho_scope_metrics_metric(scope, j), options);
        }
    }
    return sizes;
}
