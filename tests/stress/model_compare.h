/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the comparison of a metric with the model of its stream, point by point and value by value.
 * The including program says with MODEL_FAIL(format, ...) what becomes of a difference. */
#ifndef TESTS_STRESS_MODEL_COMPARE_H
#define TESTS_STRESS_MODEL_COMPARE_H

#include <inttypes.h>

#include "stress/model.h"
#include "tacho/sdk/metric_data.h"

static inline int set_from(tacho_attributes attributes) {
    int a = 0;
    int b = 0;
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_attribute *attribute = &attributes.items[i];
        if (attribute->value.type == TACHO_VALUE_BOOL) {
            return attributes.count == 1 ? OVERFLOW : -1;
        }
        if (attribute->value.type == TACHO_VALUE_I64) {
            a = (int)attribute->value.as.i64;
        } else {
            b = attribute->value.as.string.data[0] - 'x' + 1;
        }
    }
    return set_of(a, b);
}

/* The beginning that all points share, and where to find it in messages. */
struct seen {
    const struct model_stream *stream;
    int set;
};

static inline void compare_number(const struct seen *seen, const char *what, double value,
                                  double expected) {
    if (value != expected && !(isnan(value) && isnan(expected))) {
        MODEL_FAIL("%s (kind %d, aggregation %d, %s, keeps %s%s, limit %zu), set %d: %s is %.17g "
                   "instead of %.17g",
                   seen->stream->name, (int)seen->stream->kind, (int)seen->stream->type,
                   seen->stream->is_delta ? "delta" : "cumulative",
                   seen->stream->keeps_a ? "a" : "", seen->stream->keeps_b ? "b" : "",
                   seen->stream->limit, seen->set, what, value, expected);
    }
}

static inline void compare_number_point(const struct seen *seen, const tacho_number_point *point) {
    const struct model_stream *model = seen->stream;
    const struct model_series *series = &model->series[seen->set];
    const double value =
        model->number_type == TACHO_NUMBER_I64 ? (double)point->value.i64 : point->value.f64;
    double expected = 0;
    if (model_is_observable(model)) {
        expected = model_observed(model, seen->set);
    } else if (model->type == TACHO_AGGREGATION_LAST_VALUE) {
        expected = series->values[series->count - 1];
    } else {
        expected = model_sum(series);
    }
    compare_number(seen, "value", value, expected);
}

static inline void compare_totals(const struct seen *seen, uint64_t count, bool has_sum, double sum,
                                  double min, double max) {
    const struct model_series *series = &seen->stream->series[seen->set];
    const tacho_instrument_kind kind = seen->stream->kind;
    double least = (double)INFINITY;
    double greatest = -(double)INFINITY;
    for (size_t i = 0; i < series->count; i++) {
        least = series->values[i] < least ? series->values[i] : least;
        greatest = series->values[i] > greatest ? series->values[i] : greatest;
    }
    compare_number(seen, "count", (double)count, (double)series->count);
    compare_number(seen, "min", min, least);
    compare_number(seen, "max", max, greatest);
    const bool must_have_sum =
        kind == TACHO_INSTRUMENT_COUNTER || kind == TACHO_INSTRUMENT_HISTOGRAM;
    compare_number(seen, "has_sum", has_sum, must_have_sum);
    if (has_sum) {
        compare_number(seen, "sum", sum, model_sum(series));
    }
}

static inline void compare_histogram_point(const struct seen *seen,
                                           const tacho_histogram_point *point) {
    const struct model_stream *model = seen->stream;
    compare_totals(seen, point->count, point->has_sum, point->sum, point->min, point->max);
    compare_number(seen, "bound_count", (double)point->bound_count, (double)model->bound_count);
    for (size_t i = 0; i <= model->bound_count; i++) {
        compare_number(seen, "bucket", (double)point->bucket_counts[i],
                       (double)model_bucket_count(model, &model->series[seen->set], i));
    }
}

static inline void compare_buckets(const struct seen *seen, int scale, int sign,
                                   const tacho_exponential_buckets *buckets) {
    for (size_t i = 0; i < buckets->count; i++) {
        compare_number(seen, sign > 0 ? "positive bucket" : "negative bucket",
                       (double)buckets->counts[i],
                       (double)model_index_count(&seen->stream->series[seen->set], scale, sign,
                                                 (int64_t)buckets->offset + (int64_t)i));
    }
}

static inline void compare_exponential_point(const struct seen *seen,
                                             const tacho_exponential_histogram_point *point) {
    const struct model_stream *model = seen->stream;
    const struct model_series *series = &model->series[seen->set];
    compare_totals(seen, point->count, point->has_sum, point->sum, point->min, point->max);
    compare_number(seen, "scale", point->scale, model_scale(series, model->max_size));
    compare_number(seen, "zero_count", (double)point->zero_count, (double)model_zero_count(series));
    compare_buckets(seen, point->scale, 1, &point->positive);
    compare_buckets(seen, point->scale, -1, &point->negative);
    uint64_t in_buckets = point->zero_count;
    for (size_t i = 0; i < point->positive.count; i++) {
        in_buckets += point->positive.counts[i];
    }
    for (size_t i = 0; i < point->negative.count; i++) {
        in_buckets += point->negative.counts[i];
    }
    compare_number(seen, "count in buckets", (double)in_buckets, (double)series->count);
}

static inline void compare_point(const struct model_stream *stream, const tacho_metric *metric,
                                 size_t index, bool was_seen[SET_COUNT + 1], uint64_t now) {
    const tacho_number_point *head = tacho_metric_number_point(metric, index); /* all begin so */
    const int set = set_from(head->attributes);
    const struct seen seen = {stream, set};
    if (set < 0 || was_seen[set]) {
        MODEL_FAIL("%s: set %d comes twice or is none of ours", stream->name, set);
    }
    was_seen[set] = true;
    if (model_is_observable(stream) ? !stream->series[set].is_touched
                                    : model_expectation(stream, set) < 0) {
        MODEL_FAIL("%s: there is a point of set %d", stream->name, set);
    }
    if (!model_start_is_right(stream, set, head->start_time_unix_nano) ||
        head->time_unix_nano != now) {
        MODEL_FAIL("%s, set %d: times are %" PRIu64 " to %" PRIu64 ", now %" PRIu64
                   "; the stream was read at %" PRIu64 ", the series made at %" PRIu64,
                   stream->name, set, head->start_time_unix_nano, head->time_unix_nano, now,
                   stream->previous_time, stream->series[set].start);
    }
    switch (metric->type) {
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE:
        compare_number_point(&seen, head);
        break;
    case TACHO_METRIC_HISTOGRAM:
        compare_histogram_point(&seen, tacho_metric_histogram_point(metric, index));
        break;
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        compare_exponential_point(&seen, tacho_metric_exponential_histogram_point(metric, index));
        break;
    case TACHO_METRIC_SUMMARY:
        MODEL_FAIL("%s is a summary", stream->name);
    }
}

static inline tacho_metric_type type_of(const struct model_stream *model) {
    if (model->type == TACHO_AGGREGATION_LAST_VALUE) {
        return TACHO_METRIC_GAUGE;
    }
    if (model->type == TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM) {
        return TACHO_METRIC_HISTOGRAM;
    }
    return model->type == TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM
               ? TACHO_METRIC_EXPONENTIAL_HISTOGRAM
               : TACHO_METRIC_SUM;
}

/** Whether the metric (NULL = there is none) holds exactly what the model tells. */
static inline void compare_metric(const struct model_stream *stream, const tacho_metric *metric,
                                  uint64_t now) {
    bool was_seen[SET_COUNT + 1] = {false};
    if (metric != NULL && metric->type != type_of(stream)) {
        MODEL_FAIL("%s has the type %d", stream->name, (int)metric->type);
    }
    for (size_t i = 0; metric != NULL && i < metric->point_count; i++) {
        compare_point(stream, metric, i, was_seen, now);
    }
    for (int set = 0; set <= SET_COUNT; set++) {
        const bool is_missing = model_is_observable(stream) ? stream->series[set].is_touched
                                                            : model_expectation(stream, set) > 0;
        if (is_missing && !was_seen[set]) {
            MODEL_FAIL("%s: the point of set %d is missing", stream->name, set);
        }
    }
}

#endif
