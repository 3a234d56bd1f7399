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

void tachoi_converter_init(struct tachoi_converter *converter,
                           const struct tachoi_converter_options *options) {
    *converter = (struct tachoi_converter){.options = *options};
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

/* --- records --- */

static void commit(struct tachoi_converter *converter, struct tachoi_cached_series *entry,
                   size_t words, size_t samples) {
    tachoi_run_commit(&converter->run, words, samples);
    entry->records++;
    converter->accepted += samples;
}

static void lack_memory(struct tachoi_converter *converter, size_t samples) {
    converter->lacked_memory = true;
    count_invalid(converter, samples);
}

/* A series turned out to be contested by one that may have a record already: from now on all
 * records of the collection are compared. False when memory is short. */
static bool compare_all(struct tachoi_converter *converter) {
    struct tachoi_run_walk walk = tachoi_run_walk(&converter->run);
    size_t components = 0;
    for (const struct tachoi_record *record = tachoi_run_next(&walk); record != NULL;
         record = tachoi_run_next(&walk)) {
        components += record->series->shape->component_count;
    }
    tachoi_collisions_begin(&converter->collisions);
    if (!tachoi_collisions_reserve(&converter->collisions, components)) {
        return false;
    }
    walk = tachoi_run_walk(&converter->run);
    for (struct tachoi_record *record = tachoi_run_next(&walk); record != NULL;
         record = tachoi_run_next(&walk)) {
        tachoi_collisions_add(&converter->collisions, record);
    }
    converter->compares_all = true;
    return true;
}

/* Keeps the prepared record, or merges it with the one of equal labels, or drops it. */
static void place(struct tachoi_converter *converter, struct tachoi_cached_series *entry,
                  struct tachoi_record *record, bool is_new_contest) {
    const size_t words = tachoi_record_words(record);
    const size_t samples = tachoi_record_samples(record);
    converter->must_compare_all = converter->must_compare_all || is_new_contest;
    if ((converter->must_compare_all && !converter->compares_all && !compare_all(converter)) ||
        !tachoi_collisions_reserve(&converter->collisions,
                                   record->series->shape->component_count)) {
        lack_memory(converter, samples);
        return;
    }
    struct tachoi_record *owner = tachoi_collisions_find(&converter->collisions, record->series);
    if (owner == NULL) {
        tachoi_collisions_add(&converter->collisions, record);
        commit(converter, entry, words, samples);
    } else if (tachoi_record_can_merge(owner, record)) {
        tachoi_record_merge(owner, record);
    } else {
        count_invalid(converter, samples);
        report_collision(record->series);
    }
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

static void report_new(const struct tachoi_encoded_series_made *made, const tacho_metric *metric) {
    int length = metric->name.length < 200 ? (int)metric->name.length : 200;
    if (made->series == NULL) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "invalid_series",
                                 "no valid name or labels can be made for `%.*s`; it is dropped",
                                 length, metric->name.data);
    } else if (made->has_overridden) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE,
                                 "attribute_overridden",
                                 "an attribute of `%.*s` has a name that is generated (job, "
                                 "instance, le, __name__) and is left out",
                                 length, metric->name.data);
    }
}

/* Puts what was made into the cache; NULL when memory is short. */
static struct tachoi_cached_series *keep(struct tachoi_converter *converter, tacho_series_ref ref,
                                         enum tachoi_encoded_series_kind kind,
                                         enum tachoi_prometheus_result result,
                                         const struct tachoi_encoded_series_made *made) {
    struct tachoi_cached_series *entry = NULL;
    if (result != TACHOI_PROMETHEUS_NO_MEMORY) {
        entry = tachoi_series_cache_add(&converter->cache, ref, kind, made);
    }
    if (entry == NULL) {
        tachoi_encoded_series_destroy(made->series, &converter->cache.shapes);
    }
    return entry;
}

/* The entry of a series that is new; NULL when memory is short. */
static struct tachoi_cached_series *make(struct tachoi_converter *converter,
                                         const struct tachoi_encoded_series_source *source) {
    struct tachoi_encoded_series_made made;
    const enum tachoi_prometheus_result result =
        tachoi_encoded_series_create(source, &converter->cache.shapes, &converter->scratch, &made);
    struct tachoi_cached_series *entry =
        keep(converter, source->ref, tachoi_encoded_series_kind_of(source->metric), result, &made);
    if (entry != NULL) {
        report_new(&made, source->metric);
    }
    return entry;
}

static bool fits(const struct tachoi_cached_series *entry,
                 const struct tachoi_encoded_series_source *source) {
    return entry->kind == (uint32_t)tachoi_encoded_series_kind_of(source->metric) &&
           (entry->kind != TACHOI_ENCODED_HISTOGRAM || entry->series == NULL ||
            entry->series->shape->bound_count == source->bound_count);
}

/* A point on its way to a record. */
struct passage {
    struct tachoi_cached_series *entry; /* NULL: it is new */
    struct tachoi_record *record;
    size_t words;
    size_t samples;
    bool is_first; /* of its series in the collection */
    bool is_new_contest;
};

/* Makes the series if it is new, and room for the record of the point; NULL, all counted, if that
 * cannot be. */
static struct tachoi_record *careful_record(struct tachoi_converter *converter,
                                            const struct tachoi_encoded_series_source *source,
                                            struct passage *passage) {
    if (passage->entry == NULL) {
        passage->entry = make(converter, source);
        passage->is_new_contest = passage->entry != NULL && passage->entry->is_contested;
    } else if (!passage->is_first && passage->entry->series != NULL) { /* with itself */
        passage->is_new_contest = !passage->entry->is_contested;
        passage->entry->is_contested = true;
    }
    if (passage->entry == NULL) {
        lack_memory(converter, passage->samples);
        return NULL;
    }
    const bool has_changed = !fits(passage->entry, source);
    if (has_changed) {
        report_changed(source->metric);
    }
    if (has_changed || passage->entry->series == NULL) {
        count_invalid(converter, passage->samples);
        return NULL;
    }
    struct tachoi_record *record = tachoi_run_prepare(&converter->run, passage->words);
    if (record == NULL) {
        lack_memory(converter, passage->samples);
    }
    return record;
}

static void finish_passage(struct tachoi_converter *converter, const struct passage *passage) {
    if (passage->entry->is_contested || converter->must_compare_all) {
        place(converter, passage->entry, passage->record, passage->is_new_contest);
    } else {
        commit(converter, passage->entry, passage->words, passage->samples);
    }
}

static inline void set_head(const struct tachoi_converter *converter, struct tachoi_record *record,
                            const struct tachoi_cached_series *entry, uint64_t start_ns) {
    tachoi_record_set_head(record, entry->series, converter->time_ms,
                           start_ms_of(start_ns, converter->time_ms));
}

/* --- the batch --- */

/* A producer without ids has no generations. */
static inline void note_generation(struct tachoi_converter *converter, tacho_series_ref ref) {
    if (ref.id != TACHOI_NO_SERIES_ID) {
        converter->generation = ref.generation;
    }
}

static inline void set_value(struct tachoi_record *record, const tacho_metric *metric,
                             const tacho_number_point *point) {
    tachoi_record_set_number(record, metric->number_type == TACHO_NUMBER_I64
                                         ? (double)point->value.i64
                                         : point->value.f64);
}

/* Whether nothing more is to be looked at: the series is there, agrees with the point and is not
 * contested. Nearly all are so. */
static inline bool is_plain(const struct tachoi_converter *converter,
                            const struct tachoi_cached_series *entry,
                            enum tachoi_encoded_series_kind kind, bool is_first) {
    return entry != NULL && entry->kind == (uint32_t)kind && !entry->is_contested &&
           entry->series != NULL && is_first && !converter->must_compare_all;
}

static void convert_number_carefully(struct tachoi_converter *converter,
                                     struct tachoi_encoded_series_source *source,
                                     const tacho_number_point *point, struct passage *passage) {
    source->ref = point->series;
    source->attributes = point->attributes;
    passage->record = careful_record(converter, source, passage);
    if (passage->record != NULL) {
        set_head(converter, passage->record, passage->entry, point->start_time_unix_nano);
        set_value(passage->record, source->metric, point);
        finish_passage(converter, passage);
    }
}

static inline void convert_number(struct tachoi_converter *converter,
                                  struct tachoi_encoded_series_source *source,
                                  enum tachoi_encoded_series_kind kind,
                                  const tacho_number_point *point) {
    const size_t words = TACHOI_NUMBER_RECORD_WORDS;
    bool is_first = true;
    struct tachoi_cached_series *entry =
        tachoi_series_cache_find(&converter->cache, point->series, &is_first);
    note_generation(converter, point->series);
    if (is_plain(converter, entry, kind, is_first) && tachoi_run_has_room(&converter->run, words)) {
        struct tachoi_record *record = tachoi_run_prepare(&converter->run, words);
        set_head(converter, record, entry, point->start_time_unix_nano);
        set_value(record, source->metric, point);
        commit(converter, entry, words, 1);
        return;
    }
    struct passage passage = {.entry = entry, .words = words, .samples = 1, .is_first = is_first};
    convert_number_carefully(converter, source, point, &passage);
}

static void convert_histogram(struct tachoi_converter *converter,
                              struct tachoi_encoded_series_source *source,
                              const tacho_histogram_point *point) {
    struct passage passage = {.words = tachoi_histogram_record_words(point->bound_count),
                              .samples =
                                  tachoi_histogram_components(point->bound_count, point->has_sum),
                              .is_first = true};
    passage.entry = tachoi_series_cache_find(&converter->cache, point->series, &passage.is_first);
    note_generation(converter, point->series);
    source->ref = point->series;
    source->attributes = point->attributes;
    source->bounds = point->bounds;
    source->bound_count = point->bound_count;
    passage.record = careful_record(converter, source, &passage);
    if (passage.record != NULL) {
        set_head(converter, passage.record, passage.entry, point->start_time_unix_nano);
        tachoi_record_fill_histogram(passage.record, point);
        finish_passage(converter, &passage);
    }
}

/* Exemplars are counted, but are not sent. Both return how many points have nothing to send. */
static size_t convert_numbers(struct tachoi_converter *converter,
                              struct tachoi_encoded_series_source *source) {
    const tacho_metric *metric = source->metric;
    const enum tachoi_encoded_series_kind kind = tachoi_encoded_series_kind_of(metric);
    size_t without_value = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        const tacho_number_point *point = tacho_metric_number_point(metric, i);
        if ((point->flags & TACHO_POINT_NO_RECORDED_VALUE) != 0) {
            without_value++;
            continue;
        }
        converter->exemplars += point->exemplars.count;
        convert_number(converter, source, kind, point);
    }
    return without_value;
}

static size_t convert_histograms(struct tachoi_converter *converter,
                                 struct tachoi_encoded_series_source *source) {
    const tacho_metric *metric = source->metric;
    size_t without_value = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        const tacho_histogram_point *point = tacho_metric_histogram_point(metric, i);
        if ((point->flags & TACHO_POINT_NO_RECORDED_VALUE) != 0) {
            without_value++;
            continue;
        }
        converter->exemplars += point->exemplars.count;
        convert_histogram(converter, source, point);
    }
    return without_value;
}

static void convert_metric(struct tachoi_converter *converter,
                           const struct tachoi_prometheus_conversion *conversion,
                           const tacho_scope *scope, const tacho_metric *metric) {
    struct tachoi_encoded_series_source source = {
        .conversion = conversion, .scope = scope, .metric = metric};
    size_t unsupported = 0;
    if (!tachoi_is_metric_supported(metric)) {
        unsupported = metric->point_count;
        converter->exemplars += tachoi_metric_exemplars(metric);
    } else if (metric->type == TACHO_METRIC_HISTOGRAM) {
        unsupported = convert_histograms(converter, &source);
    } else {
        unsupported = convert_numbers(converter, &source);
    }
    converter->unsupported += unsupported;
    if (unsupported > 0) {
        tachoi_report_unsupported(metric, unsupported);
    }
}

static void add_target_info(struct tachoi_converter *converter, const tacho_resource *resource) {
    const struct tachoi_prometheus_conversion conversion = {
        .resource = resource, .options = &converter->options.prometheus};
    const tacho_series_ref ref = {.id = TARGET_INFO_ID, .generation = converter->generation};
    struct passage passage = {.words = TACHOI_NUMBER_RECORD_WORDS, .samples = 1, .is_first = true};
    passage.entry = tachoi_series_cache_find(&converter->cache, ref, &passage.is_first);
    converter->has_target_info = true;
    if (passage.entry == NULL) {
        struct tachoi_encoded_series_made made;
        const enum tachoi_prometheus_result result = tachoi_target_info_create(
            &conversion, &converter->cache.shapes, &converter->scratch, &made);
        passage.entry = keep(converter, ref, TACHOI_ENCODED_GAUGE, result, &made);
        passage.is_new_contest = passage.entry != NULL && passage.entry->is_contested;
    }
    if (passage.entry != NULL && passage.entry->series == NULL) { /* nothing to tell */
        return;
    }
    if (passage.entry != NULL) {
        passage.record = tachoi_run_prepare(&converter->run, passage.words);
    }
    if (passage.record == NULL) {
        lack_memory(converter, 1);
        return;
    }
    set_head(converter, passage.record, passage.entry, 0);
    tachoi_record_set_number(passage.record, 1.0);
    finish_passage(converter, &passage);
}

static void begin_collection(struct tachoi_converter *converter, int64_t time_ms) {
    converter->time_ms = time_ms;
    converter->has_target_info = converter->options.disable_target_info;
    tachoi_run_clear(&converter->run);
    tachoi_series_cache_begin(&converter->cache);
    if (converter->compares_all) { /* its table was as large as the collection */
        tachoi_collisions_fini(&converter->collisions);
    }
    tachoi_collisions_begin(&converter->collisions);
    converter->must_compare_all = converter->compares_all = false;
}

static void begin_batch(struct tachoi_converter *converter) {
    converter->accepted = converter->invalid = 0;
    converter->unsupported = converter->exemplars = 0;
    converter->lacked_memory = false;
}

void tachoi_converter_give_up(struct tachoi_converter *converter) {
    converter->is_open = false;
    begin_batch(converter);
    tachoi_series_cache_finish(&converter->cache);
}

static void convert_scopes(struct tachoi_converter *converter, const tacho_metric_batch *batch) {
    const struct tachoi_prometheus_conversion conversion = {
        .resource = batch->resource, .options = &converter->options.prometheus};
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            convert_metric(converter, &conversion, scope->scope,
                           tacho_scope_metrics_metric(scope, j));
        }
    }
}

void tachoi_converter_convert(struct tachoi_converter *converter, const tacho_metric_batch *batch,
                              int64_t time_ms) {
    if (!converter->is_open) {
        begin_collection(converter, time_ms);
    }
    converter->is_open = batch->has_more;
    begin_batch(converter);
    convert_scopes(converter, batch);
    if (converter->exemplars > 0 && !converter->has_told_exemplars) {
        converter->has_told_exemplars = true;
        tachoi_report_exemplars();
    }
    if (converter->accepted > 0 && !converter->has_target_info) {
        add_target_info(converter, batch->resource);
    }
    if (!converter->is_open) {
        tachoi_series_cache_finish(&converter->cache);
    }
}
