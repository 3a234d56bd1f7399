/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way from a batch to neutral records. See converter.h. */
#include "remote_write/converter.h"

#include <string.h>

#include "base/clock.h"
#include "remote_write/options.h"
#include "tacho/sdk/diagnostics.h"

/* The series id of target_info: the SDK counts its ids up from below. */
#define TARGET_INFO_ID UINT64_MAX

/* A quiet NaN that is not the stale marker (P-06). */
#define ORDINARY_NAN_BITS UINT64_C(0x7ff8000000000001)

void tachoi_converter_init(struct tachoi_converter *converter, bool disable_scope_info,
                           bool disable_target_info) {
    *converter = (struct tachoi_converter){.disable_scope_info = disable_scope_info,
                                           .disable_target_info = disable_target_info};
    tachoi_arena_init(&converter->scratch, 0);
}

void tachoi_converter_fini(struct tachoi_converter *converter) {
    tachoi_series_cache_fini(&converter->cache);
    tachoi_collisions_fini(&converter->collisions);
    tachoi_arena_fini(&converter->scratch);
    tachoi_run_fini(&converter->run);
}

static size_t point_samples(const tacho_metric *metric, size_t index) {
    if (metric->type != TACHO_METRIC_HISTOGRAM) {
        return 1;
    }
    const tacho_histogram_point *point = tacho_metric_histogram_point(metric, index);
    return tachoi_histogram_components(point->bound_count, point->has_sum);
}

/* Time series, the sums included that histograms may lack. */
static size_t point_components(const tacho_metric *metric, size_t index) {
    if (metric->type != TACHO_METRIC_HISTOGRAM) {
        return 1;
    }
    return tachoi_histogram_components(tacho_metric_histogram_point(metric, index)->bound_count,
                                       true);
}

static size_t sum_over_points(const tacho_metric_batch *batch,
                              size_t (*count)(const tacho_metric *metric, size_t index)) {
    size_t sum = 0;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, j);
            for (size_t k = 0; k < metric->point_count; k++) {
                sum += count(metric, k);
            }
        }
    }
    return sum;
}

size_t tachoi_batch_samples(const tacho_metric_batch *batch) {
    return sum_over_points(batch, point_samples);
}

/* --- values --- */

static uint64_t bits_of(double value) {
    uint64_t bits = ORDINARY_NAN_BITS;
    if (value == value) {
        memcpy(&bits, &value, sizeof bits);
    }
    return bits;
}

static double value_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A start is at least 1 ms before its sample; 0 = none. */
static int64_t start_ms_of(uint64_t start_ns, int64_t time_ms) {
    int64_t start_ms = (int64_t)(start_ns / TACHOI_NS_PER_MS);
    return start_ms < time_ms ? start_ms : time_ms - 1;
}

static void fill_number(struct tachoi_record *record, const tacho_metric *metric,
                        const tacho_number_point *point) {
    double value =
        metric->number_type == TACHO_NUMBER_I64 ? (double)point->value.i64 : point->value.f64;
    record->words[TACHOI_NUMBER_VALUE] = bits_of(value);
}

static void fill_histogram(struct tachoi_record *record, const tacho_histogram_point *point) {
    record->words[TACHOI_HISTOGRAM_COUNT] = point->count;
    record->words[TACHOI_HISTOGRAM_SUM] = point->has_sum ? bits_of(point->sum) : 0;
    record->words[TACHOI_HISTOGRAM_HAS_SUM] = point->has_sum ? 1 : 0;
    memcpy(&record->words[TACHOI_HISTOGRAM_BUCKETS], point->bucket_counts,
           (point->bound_count + 1) * sizeof point->bucket_counts[0]);
}

/* --- merging --- */

static void merge_histogram(struct tachoi_record *into, const struct tachoi_record *from) {
    size_t buckets = (size_t)into->series->bound_count + 1;
    into->words[TACHOI_HISTOGRAM_COUNT] += from->words[TACHOI_HISTOGRAM_COUNT];
    into->words[TACHOI_HISTOGRAM_SUM] = bits_of(value_of(into->words[TACHOI_HISTOGRAM_SUM]) +
                                                value_of(from->words[TACHOI_HISTOGRAM_SUM]));
    for (size_t i = 0; i < buckets; i++) {
        into->words[TACHOI_HISTOGRAM_BUCKETS + i] += from->words[TACHOI_HISTOGRAM_BUCKETS + i];
    }
}

static void merge(struct tachoi_record *into, const struct tachoi_record *from) {
    switch (into->series->kind) {
    case TACHOI_ENCODED_COUNTER:
    case TACHOI_ENCODED_UP_DOWN_COUNTER:
        into->words[TACHOI_NUMBER_VALUE] = bits_of(value_of(into->words[TACHOI_NUMBER_VALUE]) +
                                                   value_of(from->words[TACHOI_NUMBER_VALUE]));
        break;
    case TACHOI_ENCODED_GAUGE:
        into->words[TACHOI_NUMBER_VALUE] = from->words[TACHOI_NUMBER_VALUE];
        break;
    case TACHOI_ENCODED_HISTOGRAM:
        merge_histogram(into, from);
        break;
    }
    into->start_ms = into->start_ms < from->start_ms ? into->start_ms : from->start_ms;
}

static bool can_merge(const struct tachoi_record *into, const struct tachoi_record *from) {
    return into->series->kind == from->series->kind &&
           tachoi_encoded_series_has_equal_labels(into->series, from->series) &&
           (into->series->kind != TACHOI_ENCODED_HISTOGRAM ||
            into->words[TACHOI_HISTOGRAM_HAS_SUM] == from->words[TACHOI_HISTOGRAM_HAS_SUM]);
}

static void count_invalid(struct tachoi_converter *converter, size_t samples) {
    converter->accepted += samples;
    converter->invalid += samples;
}

static void report_collision(const struct tachoi_encoded_series *series) {
    char text[256];
    tachoi_encoded_series_describe(series, 0, text, sizeof text);
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "label_collision",
                             "another instrument already gives the series of %s; the later one is "
                             "dropped: rename it or its attributes",
                             text);
}

/* Keeps the prepared record, or merges it with the one of equal labels, or drops it. */
static void place(struct tachoi_converter *converter, const struct tachoi_record *record) {
    size_t samples = tachoi_record_samples(record);
    const struct tachoi_collision_entry *taken =
        tachoi_collisions_find(&converter->collisions, record->series);
    if (taken == NULL) {
        tachoi_collisions_add(&converter->collisions, record->series, converter->run.word_count);
        tachoi_run_commit(&converter->run, record);
        converter->accepted += samples;
        return;
    }
    struct tachoi_record *owner = tachoi_run_at(&converter->run, taken->record_at);
    if (can_merge(owner, record)) {
        merge(owner, record);
        return;
    }
    count_invalid(converter, samples);
    report_collision(record->series);
}

/* --- series --- */

static void report_new(const struct tachoi_encoded_series *series, const tacho_metric *metric) {
    int length = metric->name.length < 200 ? (int)metric->name.length : 200;
    if (series->is_invalid) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "invalid_series",
                                 "no valid name or labels can be made for `%.*s`; it is dropped",
                                 length, metric->name.data);
    } else if (series->has_overridden) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE,
                                 "attribute_overridden",
                                 "an attribute of `%.*s` has a name that is generated (job, "
                                 "instance, le, __name__) and is left out",
                                 length, metric->name.data);
    }
}

/* Puts a new series into the cache; NULL when memory is short. */
static struct tachoi_encoded_series *keep(struct tachoi_converter *converter,
                                          struct tachoi_encoded_series *series) {
    if (series != NULL && !tachoi_series_cache_add(&converter->cache, series)) {
        tachoi_encoded_series_destroy(series);
        return NULL;
    }
    return series;
}

static bool fits(const struct tachoi_encoded_series *series,
                 const struct tachoi_encoded_series_source *source) {
    return series->kind == tachoi_encoded_series_kind_of(source->metric) &&
           series->bound_count == source->bound_count;
}

/* Room for the record of a point of `samples` samples; NULL, all counted, if it cannot be had. */
static struct tachoi_record *prepare(struct tachoi_converter *converter,
                                     const struct tachoi_encoded_series_source *source,
                                     size_t samples, uint64_t start_ns) {
    struct tachoi_encoded_series *series = tachoi_series_cache_find(&converter->cache, source->ref);
    if (series == NULL) {
        series = keep(converter, tachoi_encoded_series_create(source, &converter->scratch));
        if (series != NULL) {
            report_new(series, source->metric);
        }
    }
    struct tachoi_record *record = NULL;
    converter->generation = source->ref.generation;
    if (series != NULL) {
        series->seen = converter->collection;
        if (series->is_invalid || !fits(series, source)) {
            count_invalid(converter, samples);
            return NULL;
        }
        record = tachoi_run_prepare(&converter->run, series);
    }
    if (record == NULL) {
        converter->lacked_memory = true;
        count_invalid(converter, samples);
        return NULL;
    }
    record->time_ms = converter->time_ms;
    record->start_ms = start_ms_of(start_ns, converter->time_ms);
    return record;
}

/* --- the batch --- */

static void convert_point(struct tachoi_converter *converter,
                          struct tachoi_encoded_series_source *source, size_t index) {
    const tacho_metric *metric = source->metric;
    size_t samples = point_samples(metric, index);
    struct tachoi_record *record;
    if (metric->type == TACHO_METRIC_HISTOGRAM) {
        const tacho_histogram_point *point = tacho_metric_histogram_point(metric, index);
        source->ref = point->series;
        source->attributes = point->attributes;
        source->bounds = point->bounds;
        source->bound_count = point->bound_count;
        record = prepare(converter, source, samples, point->start_time_unix_nano);
        if (record != NULL) {
            fill_histogram(record, point);
        }
    } else {
        const tacho_number_point *point = tacho_metric_number_point(metric, index);
        source->ref = point->series;
        source->attributes = point->attributes;
        record = prepare(converter, source, samples, point->start_time_unix_nano);
        if (record != NULL) {
            fill_number(record, metric, point);
        }
    }
    if (record != NULL) {
        place(converter, record);
    }
}

static void convert_metric(struct tachoi_converter *converter,
                           const struct tachoi_prometheus_conversion *conversion,
                           const tacho_scope *scope, const tacho_metric *metric) {
    if (metric->temporality == TACHO_TEMPORALITY_DELTA) { /* CONV-01 */
        for (size_t i = 0; i < metric->point_count; i++) {
            count_invalid(converter, point_samples(metric, i));
        }
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "delta_temporality",
                                 "Prometheus needs cumulative values; deltas are dropped");
        return;
    }
    struct tachoi_encoded_series_source source = {
        .conversion = conversion, .scope = scope, .metric = metric};
    for (size_t i = 0; i < metric->point_count; i++) {
        convert_point(converter, &source, i);
    }
}

static void add_target_info(struct tachoi_converter *converter, const tacho_resource *resource) {
    tacho_series_ref ref = {.id = TARGET_INFO_ID, .generation = converter->generation};
    struct tachoi_encoded_series *series = tachoi_series_cache_find(&converter->cache, ref);
    if (series == NULL) {
        series = keep(converter, tachoi_target_info_create(resource, ref, &converter->scratch));
    }
    struct tachoi_record *record = NULL;
    if (series != NULL) {
        series->seen = converter->collection;
        if (series->is_invalid) { /* nothing to tell */
            return;
        }
        record = tachoi_run_prepare(&converter->run, series);
    }
    if (record == NULL) {
        converter->lacked_memory = true;
        count_invalid(converter, 1);
        return;
    }
    record->time_ms = converter->time_ms;
    record->start_ms = 0;
    record->words[TACHOI_NUMBER_VALUE] = bits_of(1.0);
    place(converter, record);
}

void tachoi_converter_convert(struct tachoi_converter *converter, const tacho_metric_batch *batch,
                              int64_t time_ms) {
    const struct tachoi_prometheus_conversion conversion = {
        .resource = batch->resource, .disable_scope_info = converter->disable_scope_info};
    converter->collection++;
    converter->time_ms = time_ms;
    converter->accepted = converter->invalid = 0;
    converter->lacked_memory = false;
    tachoi_run_clear(&converter->run);
    size_t components = sum_over_points(batch, point_components) + 1; /* and target_info */
    if (!tachoi_collisions_begin(&converter->collisions, components)) {
        converter->lacked_memory = true;
        count_invalid(converter, tachoi_batch_samples(batch));
        return;
    }
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            convert_metric(converter, &conversion, scope->scope,
                           tacho_scope_metrics_metric(scope, j));
        }
    }
    if (components > 1 && !converter->disable_target_info) {
        add_target_info(converter, batch->resource);
    }
}
