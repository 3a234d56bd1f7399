/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the copying of points, type by type. See point_copy.h. Of a point without a recorded value
 * attributes, times and flags alone are copied: whatever else it points to may not be there. */
#include "memory/point_copy.h"

static bool has_value(uint32_t flags) {
    return (flags & TACHO_POINT_NO_RECORDED_VALUE) == 0;
}

static tacho_exemplars copy_exemplars(struct tachoi_copier *copier, tacho_exemplars source) {
    tacho_exemplar *copies = tachoi_copier_reserve(copier, source.count, sizeof(*copies));
    for (size_t i = 0; copies != NULL && i < source.count; i++) {
        copies[i] = *tacho_exemplars_at(&source, i);
        copies[i].filtered_attributes =
            tachoi_copier_attributes(copier, copies[i].filtered_attributes);
    }
    return (tacho_exemplars){copies, copies != NULL ? source.count : 0, sizeof(*copies)};
}

static tacho_exponential_buckets copy_buckets(struct tachoi_copier *copier,
                                              tacho_exponential_buckets source) {
    source.counts =
        tachoi_copier_array(copier, source.counts, source.count, sizeof(*source.counts));
    return source;
}

static const void *copy_numbers(struct tachoi_copier *copier, const tacho_metric *source) {
    tacho_number_point *points =
        tachoi_copier_reserve(copier, source->point_count, sizeof(*points));
    for (size_t i = 0; points != NULL && i < source->point_count; i++) {
        tacho_number_point *point = &points[i];
        *point = *tacho_metric_number_point(source, i);
        if (!has_value(point->flags)) {
            *point = (tacho_number_point){
                .series = point->series,
                .attributes = point->attributes,
                .start_time_unix_nano = point->start_time_unix_nano,
                .time_unix_nano = point->time_unix_nano,
                .flags = point->flags,
            };
        }
        point->attributes = tachoi_copier_attributes(copier, point->attributes);
        point->exemplars = copy_exemplars(copier, point->exemplars);
    }
    return points;
}

static const void *copy_histograms(struct tachoi_copier *copier, const tacho_metric *source) {
    tacho_histogram_point *points =
        tachoi_copier_reserve(copier, source->point_count, sizeof(*points));
    for (size_t i = 0; points != NULL && i < source->point_count; i++) {
        tacho_histogram_point *point = &points[i];
        *point = *tacho_metric_histogram_point(source, i);
        if (!has_value(point->flags)) {
            *point = (tacho_histogram_point){
                .series = point->series,
                .attributes = point->attributes,
                .start_time_unix_nano = point->start_time_unix_nano,
                .time_unix_nano = point->time_unix_nano,
                .flags = point->flags,
            };
        }
        point->attributes = tachoi_copier_attributes(copier, point->attributes);
        point->bounds =
            tachoi_copier_array(copier, point->bounds, point->bound_count, sizeof(*point->bounds));
        if (has_value(point->flags)) {
            point->bucket_counts =
                tachoi_copier_array(copier, point->bucket_counts, point->bound_count + 1,
                                    sizeof(*point->bucket_counts));
        }
        point->exemplars = copy_exemplars(copier, point->exemplars);
    }
    return points;
}

static const void *copy_exponential_histograms(struct tachoi_copier *copier,
                                               const tacho_metric *source) {
    tacho_exponential_histogram_point *points =
        tachoi_copier_reserve(copier, source->point_count, sizeof(*points));
    for (size_t i = 0; points != NULL && i < source->point_count; i++) {
        tacho_exponential_histogram_point *point = &points[i];
        *point = *tacho_metric_exponential_histogram_point(source, i);
        if (!has_value(point->flags)) {
            *point = (tacho_exponential_histogram_point){
                .series = point->series,
                .attributes = point->attributes,
                .start_time_unix_nano = point->start_time_unix_nano,
                .time_unix_nano = point->time_unix_nano,
                .flags = point->flags,
            };
        }
        point->attributes = tachoi_copier_attributes(copier, point->attributes);
        point->positive = copy_buckets(copier, point->positive);
        point->negative = copy_buckets(copier, point->negative);
        point->exemplars = copy_exemplars(copier, point->exemplars);
    }
    return points;
}

static const void *copy_summaries(struct tachoi_copier *copier, const tacho_metric *source) {
    tacho_summary_point *points =
        tachoi_copier_reserve(copier, source->point_count, sizeof(*points));
    for (size_t i = 0; points != NULL && i < source->point_count; i++) {
        tacho_summary_point *point = &points[i];
        *point = *tacho_metric_summary_point(source, i);
        if (!has_value(point->flags)) {
            *point = (tacho_summary_point){
                .series = point->series,
                .attributes = point->attributes,
                .start_time_unix_nano = point->start_time_unix_nano,
                .time_unix_nano = point->time_unix_nano,
                .flags = point->flags,
            };
        }
        point->attributes = tachoi_copier_attributes(copier, point->attributes);
        point->quantiles = tachoi_copier_array(copier, point->quantiles, point->quantile_count,
                                               sizeof(*point->quantiles));
    }
    return points;
}

void tachoi_copy_points(struct tachoi_copier *copier, const tacho_metric *source,
                        tacho_metric *copy) {
    copy->point_count = source->point_count;
    switch (source->type) {
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE:
        copy->points = copy_numbers(copier, source);
        copy->point_size = sizeof(tacho_number_point);
        return;
    case TACHO_METRIC_HISTOGRAM:
        copy->points = copy_histograms(copier, source);
        copy->point_size = sizeof(tacho_histogram_point);
        return;
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        copy->points = copy_exponential_histograms(copier, source);
        copy->point_size = sizeof(tacho_exponential_histogram_point);
        return;
    case TACHO_METRIC_SUMMARY:
        copy->points = copy_summaries(copier, source);
        copy->point_size = sizeof(tacho_summary_point);
        return;
    }
    copy->points = NULL;
    copy->point_count = 0;
}
