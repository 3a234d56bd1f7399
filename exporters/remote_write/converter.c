/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way from a batch to neutral records. See converter.h. */
#include "remote_write/converter.h"

#include "base/clock.h"
#include "remote_write/batch_sizes.h"
#include "remote_write/options.h"
#include "remote_write/unsupported.h"
#include "tacho/sdk/diagnostics.h"

/* The series id of target_info: the SDK counts its ids up from below. */
#define TARGET_INFO_ID UINT64_MAX

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
    if (tachoi_record_can_merge(owner, record)) {
        tachoi_record_merge(owner, record);
        return;
    }
    count_invalid(converter, samples);
    report_collision(record->series);
}

/* --- series --- */

/* A start is at least 1 ms before its sample; 0 = none. */
static int64_t start_ms_of(uint64_t start_ns, int64_t time_ms) {
    int64_t start_ms = (int64_t)(start_ns / TACHOI_NS_PER_MS);
    return start_ms < time_ms ? start_ms : time_ms - 1;
}

static void report_changed(const tacho_metric *metric) {
    int length = metric->name.length < 200 ? (int)metric->name.length : 200;
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "invalid_series",
                             "a series of `%.*s` changed its kind or its number of buckets and is "
                             "dropped; let the producer give it a new id",
                             length, metric->name.data);
}

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
    if (source->ref.id != TACHOI_NO_SERIES_ID) { /* a producer without ids has no generations */
        converter->generation = source->ref.generation;
    }
    if (series != NULL) {
        series->seen = converter->collection;
        const bool has_changed = !fits(series, source);
        if (series->is_invalid || has_changed) {
            if (has_changed) {
                report_changed(source->metric);
            }
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
    size_t samples = tachoi_point_samples(metric, index);
    struct tachoi_record *record;
    if (metric->type == TACHO_METRIC_HISTOGRAM) {
        const tacho_histogram_point *point = tacho_metric_histogram_point(metric, index);
        source->ref = point->series;
        source->attributes = point->attributes;
        source->bounds = point->bounds;
        source->bound_count = point->bound_count;
        record = prepare(converter, source, samples, point->start_time_unix_nano);
        if (record != NULL) {
            tachoi_record_fill_histogram(record, point);
        }
    } else {
        const tacho_number_point *point = tacho_metric_number_point(metric, index);
        source->ref = point->series;
        source->attributes = point->attributes;
        record = prepare(converter, source, samples, point->start_time_unix_nano);
        if (record != NULL) {
            tachoi_record_fill_number(record, metric, point);
        }
    }
    if (record != NULL) {
        place(converter, record);
    }
}

static void convert_metric(struct tachoi_converter *converter,
                           const struct tachoi_prometheus_conversion *conversion,
                           const tacho_scope *scope, const tacho_metric *metric) {
    struct tachoi_encoded_series_source source = {
        .conversion = conversion, .scope = scope, .metric = metric};
    const bool is_supported = tachoi_is_metric_supported(metric);
    size_t unsupported = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        if (is_supported && tachoi_is_point_supported(metric, i)) {
            convert_point(converter, &source, i);
        } else {
            unsupported++;
        }
    }
    if (unsupported > 0) {
        tachoi_report_unsupported(metric, unsupported);
    }
}

static void add_target_info(struct tachoi_converter *converter, const tacho_resource *resource) {
    converter->has_target_info = true;
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
    tachoi_record_set_number(record, 1.0);
    place(converter, record);
}

static void begin_collection(struct tachoi_converter *converter, int64_t time_ms) {
    converter->collection++;
    converter->time_ms = time_ms;
    converter->has_target_info = converter->disable_target_info;
    tachoi_run_clear(&converter->run);
    tachoi_collisions_begin(&converter->collisions);
}

static void convert_scope(struct tachoi_converter *converter,
                          const struct tachoi_prometheus_conversion *conversion,
                          const tacho_scope_metrics *scope) {
    for (size_t i = 0; i < scope->metric_count; i++) {
        convert_metric(converter, conversion, scope->scope, tacho_scope_metrics_metric(scope, i));
    }
}

static void begin_batch(struct tachoi_converter *converter,
                        const struct tachoi_batch_sizes *sizes) {
    converter->accepted = converter->invalid = 0;
    converter->unsupported = sizes->unsupported;
    converter->exemplars = sizes->exemplars;
    converter->lacked_memory = false;
    if (sizes->exemplars > 0 && !converter->has_told_exemplars) {
        converter->has_told_exemplars = true;
        tachoi_report_exemplars();
    }
}

void tachoi_converter_give_up(struct tachoi_converter *converter) {
    converter->is_open = false;
    begin_batch(converter, &(const struct tachoi_batch_sizes){0});
}

void tachoi_converter_convert(struct tachoi_converter *converter, const tacho_metric_batch *batch,
                              int64_t time_ms) {
    const struct tachoi_prometheus_conversion conversion = {
        .resource = batch->resource, .disable_scope_info = converter->disable_scope_info};
    const struct tachoi_batch_sizes sizes = tachoi_batch_sizes_of(batch);
    if (!converter->is_open) {
        begin_collection(converter, time_ms);
    }
    converter->is_open = batch->has_more;
    begin_batch(converter, &sizes);
    if (!tachoi_collisions_reserve(&converter->collisions, sizes.components + 1)) {
        converter->lacked_memory = true; /* one more: target_info */
        count_invalid(converter, sizes.samples);
        return;
    }
    for (size_t i = 0; i < batch->scope_count; i++) {
        convert_scope(converter, &conversion, tacho_metric_batch_scope(batch, i));
    }
    if (sizes.components > 0 && !converter->has_target_info) {
        add_target_info(converter, batch->resource);
    }
}
