/* SPDX-License-Identifier: Apache-2.0 */
/* Owns making batches. See batch.h. */
#include "support/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t count, size_t size) {
    void *memory = calloc(count + 1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

tacho_resource *batch_resource(void) {
    tacho_resource *resource = NULL;
    int status = tacho_resource_create(
        TACHO_OPTIONS(tacho_resource_options,
                      .attributes = TACHO_ATTRS(TACHO_STR("service.name", "svc"),
                                                TACHO_STR("service.instance.id", "one"))),
        &resource);
    if (status != TACHO_OK) {
        abort();
    }
    return resource;
}

void batch_init(struct batch *batch, const tacho_resource *resource, uint64_t offset_ms) {
    *batch = (struct batch){.scope = {.name = {"test", 4}}};
    batch->batch = (tacho_metric_batch){.struct_size = sizeof batch->batch,
                                        .resource = resource,
                                        .time_unix_nano = BATCH_UNIX_NS + offset_ms * 1000000,
                                        .time_monotonic_ns = (offset_ms + 1) * 1000000,
                                        .scopes = &batch->scope_metrics,
                                        .scope_count = 1,
                                        .scope_size = sizeof batch->scope_metrics};
    batch->scope_metrics =
        (tacho_scope_metrics){.scope = &batch->scope, .metric_size = sizeof(tacho_metric)};
}

void batch_fini(struct batch *batch) {
    for (size_t i = 0; i < batch->scope_metrics.metric_count; i++) {
        tacho_metric *metric = &batch->metrics[i];
        for (size_t j = 0; metric->point_count > 1 && j < metric->point_count; j++) {
            const tacho_attribute *attr = tacho_metric_number_point(metric, j)->attributes.items;
            free((void *)attr->value.as.string.data);
            free((void *)attr);
        }
        free((void *)metric->points);
    }
    free(batch->metrics);
}

static tacho_metric *add_metric(struct batch *batch, const char *name, tacho_metric_type type,
                                size_t point_count, size_t point_size) {
    size_t count = batch->scope_metrics.metric_count++;
    batch->metrics = realloc(batch->metrics, (count + 1) * sizeof *batch->metrics);
    if (batch->metrics == NULL) {
        abort();
    }
    batch->scope_metrics.metrics = batch->metrics;
    batch->batch.point_count += point_count;
    batch->metrics[count] =
        (tacho_metric){.name = tacho_string_from(name),
                       .type = type,
                       .temporality = type == TACHO_METRIC_GAUGE ? TACHO_TEMPORALITY_UNSPECIFIED
                                                                 : TACHO_TEMPORALITY_CUMULATIVE,
                       .points = zeroed(point_count, point_size),
                       .point_count = point_count,
                       .point_size = point_size};
    return &batch->metrics[count];
}

static tacho_number_point number_point(const struct batch *batch, uint64_t id,
                                       tacho_attributes attributes) {
    return (tacho_number_point){.series = {.id = id, .generation = 1},
                                .attributes = attributes,
                                .start_time_unix_nano = BATCH_UNIX_NS - 1000000000,
                                .time_unix_nano = batch->batch.time_unix_nano};
}

static void add_sum(struct batch *batch, const char *name, uint64_t id, int64_t value,
                    bool is_monotonic, tacho_attributes attributes) {
    tacho_metric *metric = add_metric(batch, name, TACHO_METRIC_SUM, 1, sizeof(tacho_number_point));
    tacho_number_point *point = (tacho_number_point *)metric->points;
    *point = number_point(batch, id, attributes);
    point->value.i64 = value;
    metric->is_monotonic = is_monotonic;
    metric->number_type = TACHO_NUMBER_I64;
}

void batch_add_counter(struct batch *batch, const char *name, uint64_t id, int64_t value,
                       tacho_attributes attributes) {
    add_sum(batch, name, id, value, true, attributes);
}

void batch_add_up_down_counter(struct batch *batch, const char *name, uint64_t id, int64_t value,
                               tacho_attributes attributes) {
    add_sum(batch, name, id, value, false, attributes);
}

void batch_add_gauge(struct batch *batch, const char *name, uint64_t id, double value,
                     tacho_attributes attributes) {
    tacho_metric *metric =
        add_metric(batch, name, TACHO_METRIC_GAUGE, 1, sizeof(tacho_number_point));
    tacho_number_point *point = (tacho_number_point *)metric->points;
    *point = number_point(batch, id, attributes);
    point->value.f64 = value;
    metric->number_type = TACHO_NUMBER_F64;
}

void batch_add_histogram(struct batch *batch, const char *name, uint64_t id, const double *bounds,
                         const uint64_t *counts, size_t bound_count, double sum,
                         tacho_attributes attributes) {
    tacho_metric *metric =
        add_metric(batch, name, TACHO_METRIC_HISTOGRAM, 1, sizeof(tacho_histogram_point));
    tacho_histogram_point *point = (tacho_histogram_point *)metric->points;
    *point = (tacho_histogram_point){.series = {.id = id, .generation = 1},
                                     .attributes = attributes,
                                     .start_time_unix_nano = BATCH_UNIX_NS - 1000000000,
                                     .time_unix_nano = batch->batch.time_unix_nano,
                                     .sum = sum,
                                     .has_sum = true,
                                     .bounds = bounds,
                                     .bound_count = bound_count,
                                     .bucket_counts = counts};
    for (size_t i = 0; i <= bound_count; i++) {
        point->count += counts[i];
    }
}

void batch_add_exponential_histogram(struct batch *batch, const char *name, uint64_t id,
                                     tacho_attributes attributes) {
    static const uint64_t counts[] = {1};
    tacho_metric *metric = add_metric(batch, name, TACHO_METRIC_EXPONENTIAL_HISTOGRAM, 1,
                                      sizeof(tacho_exponential_histogram_point));
    *(tacho_exponential_histogram_point *)metric->points = (tacho_exponential_histogram_point){
        .series = {.id = id, .generation = 1},
        .attributes = attributes,
        .start_time_unix_nano = BATCH_UNIX_NS - 1000000000,
        .time_unix_nano = batch->batch.time_unix_nano,
        .count = 1,
        .sum = 1,
        .has_sum = true,
        .positive = {.offset = -1, .counts = counts, .count = 1}};
}

void batch_add_summary(struct batch *batch, const char *name, uint64_t id,
                       tacho_attributes attributes) {
    tacho_metric *metric =
        add_metric(batch, name, TACHO_METRIC_SUMMARY, 1, sizeof(tacho_summary_point));
    *(tacho_summary_point *)metric->points =
        (tacho_summary_point){.series = {.id = id, .generation = 1},
                              .attributes = attributes,
                              .time_unix_nano = batch->batch.time_unix_nano,
                              .count = 1,
                              .sum = 1};
}

void batch_add_gauges(struct batch *batch, const char *name, uint64_t first_id, size_t count) {
    tacho_metric *metric =
        add_metric(batch, name, TACHO_METRIC_GAUGE, count, sizeof(tacho_number_point));
    tacho_number_point *points = (tacho_number_point *)metric->points;
    metric->number_type = TACHO_NUMBER_F64;
    for (size_t i = 0; i < count; i++) {
        char text[24];
        int length = snprintf(text, sizeof text, "%zu", i);
        char *value = zeroed((size_t)length, 1);
        memcpy(value, text, (size_t)length);
        tacho_attribute *attr = zeroed(1, sizeof *attr);
        *attr = tacho_attribute_string("index", value, (size_t)length);
        points[i] = number_point(batch, first_id + i, tacho_attributes_from(attr, 1));
        points[i].value.f64 = (double)i;
    }
}
