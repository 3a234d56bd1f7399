/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way of each kind of point to its record. Numbers, which are most, have a short way: see
 * convert_number. See converter_series.h. */
#include "remote_write/converter_series.h"

/* Looks the series up; a point without a recorded value ends it. False if that was all. */
static bool begin(struct tachoi_converter *converter, struct tachoi_passage *passage,
                  struct tachoi_encoded_series_source *source, tacho_series_ref ref,
                  uint32_t flags) {
    bool is_first = true;
    struct tachoi_cached_series *entry =
        tachoi_series_cache_find(&converter->cache, ref, &is_first);
    tachoi_arena_reset(&converter->work);
    tachoi_converter_note_generation(converter, ref);
    source->ref = ref;
    passage->source = source;
    passage->entry = entry;
    passage->is_first = is_first;
    if ((flags & TACHO_POINT_NO_RECORDED_VALUE) != 0) {
        if (entry != NULL) {
            tachoi_converter_end_entry(converter, entry);
        }
        return false;
    }
    return true;
}

static bool is_delta(const tacho_metric *metric) {
    return metric->type != TACHO_METRIC_GAUGE && metric->type != TACHO_METRIC_SUMMARY &&
           metric->temporality == TACHO_TEMPORALITY_DELTA;
}

/* --- deltas --- */

/* What came of an addition: whether the point goes on, or why it is dropped. */
static bool judge(struct tachoi_converter *converter, const struct tachoi_passage *passage,
                  enum tachoi_accumulate_result result) {
    switch (result) {
    case TACHOI_ACCUMULATE_OK:
        return true;
    case TACHOI_ACCUMULATE_NO_MEMORY:
        tachoi_passage_lack_memory(converter, passage);
        return false;
    case TACHOI_ACCUMULATE_OUT_OF_ORDER:
    case TACHOI_ACCUMULATE_UNFIT:
        break;
    }
    tachoi_passage_count_unsupported(converter, passage,
                                     result == TACHOI_ACCUMULATE_UNFIT
                                         ? TACHOI_UNSUPPORTED_DELTA_BUCKETS
                                         : TACHOI_UNSUPPORTED_DELTA_ORDER);
    return false;
}

/* The memory of a delta series. Without an id it cannot have one: the point is dropped. */
static struct tachoi_series_memory *memory_of_delta(struct tachoi_converter *converter,
                                                    struct tachoi_passage *passage) {
    struct tachoi_series_memory *memory = tachoi_passage_memory(converter, passage);
    if (memory != NULL) {
        return memory;
    }
    if (passage->source->ref.id == TACHOI_NO_SERIES_ID) {
        tachoi_passage_count_unsupported(converter, passage, TACHOI_UNSUPPORTED_DELTA_WITHOUT_ID);
    } else {
        tachoi_passage_lack_memory(converter, passage);
    }
    return NULL;
}

/* --- numbers --- */

static inline void set_value(struct tachoi_record *record, const tacho_metric *metric,
                             const tacho_number_point *point) {
    tachoi_record_set_number(record, metric->number_type == TACHO_NUMBER_I64
                                         ? (double)point->value.i64
                                         : point->value.f64);
}

static void convert_number_carefully(struct tachoi_converter *converter,
                                     struct tachoi_encoded_series_source *source,
                                     const tacho_number_point *original) {
    struct tachoi_passage passage = {.samples = 1,
                                     .uncounted_exemplars = original->exemplars.count};
    tacho_number_point point = *original;
    source->attributes = point.attributes;
    if (!begin(converter, &passage, source, point.series, point.flags) ||
        !tachoi_passage_begin(converter, &passage)) {
        return;
    }
    if (is_delta(source->metric)) {
        struct tachoi_series_memory *memory = memory_of_delta(converter, &passage);
        if (memory == NULL ||
            !judge(converter, &passage,
                   tachoi_accumulate_number(memory, source->metric->number_type, &point))) {
            return;
        }
    }
    tachoi_passage_choose_exemplars(converter, &passage, &point.exemplars);
    if (tachoi_passage_prepare(converter, &passage, point.start_time_unix_nano, 0)) {
        set_value(passage.record, source->metric, &point);
        tachoi_passage_finish(converter, &passage);
    }
}

/* Whether nothing more is to be looked at: the series is where it is expected, agrees with the
 * point, is not contested and has nothing but a value. Nearly all are so. */
static inline bool is_plain(const struct tachoi_converter *converter,
                            enum tachoi_encoded_series_kind kind, const tacho_number_point *point) {
    const struct tachoi_cached_series *entry =
        tachoi_series_cache_expected(&converter->cache, point->series);
    return entry != NULL && entry->kind == (uint32_t)kind && !entry->is_contested &&
           entry->series != NULL && !converter->gathering.must_compare_all;
}

static inline void convert_number(struct tachoi_converter *converter,
                                  struct tachoi_encoded_series_source *source,
                                  enum tachoi_encoded_series_kind kind,
                                  const tacho_number_point *point) {
    if (point->exemplars.count > 0 || point->flags != 0 || !is_plain(converter, kind, point)) {
        convert_number_carefully(converter, source, point);
        return;
    }
    struct tachoi_cached_series *entry = tachoi_series_cache_take(&converter->cache);
    struct tachoi_run *run = tachoi_gathering_run_of(&converter->gathering, entry);
    struct tachoi_record *record = tachoi_run_prepare(run, TACHOI_NUMBER_RECORD_WORDS);
    converter->generation = point->series.generation;
    if (record == NULL) {
        tachoi_gathering_lack_memory(&converter->gathering, 1);
        return;
    }
    tachoi_record_set_head(
        record, entry->series, converter->time_ms,
        tachoi_start_ms_of(entry, point->start_time_unix_nano, converter->time_ms));
    set_value(record, source->metric, point);
    tachoi_run_commit(run, TACHOI_NUMBER_RECORD_WORDS, 1);
    entry->records++;
    entry->is_ended = false;
    converter->gathering.accepted++;
}

static void convert_numbers(struct tachoi_converter *converter,
                            struct tachoi_encoded_series_source *source) {
    const tacho_metric *metric = source->metric;
    const enum tachoi_encoded_series_kind kind = source->kind;
    const bool is_plain_metric = !is_delta(metric);
    for (size_t i = 0; i < metric->point_count; i++) {
        const tacho_number_point *point = tacho_metric_number_point(metric, i);
        if (is_plain_metric) {
            convert_number(converter, source, kind, point);
        } else {
            convert_number_carefully(converter, source, point);
        }
    }
}

/* --- histograms --- */

/* Whether the point can be said; if not, it is counted. Of classic buckets receivers compare
 * nothing. */
static bool is_sound(struct tachoi_converter *converter, const struct tachoi_passage *passage,
                     const tacho_histogram_point *point) {
    if (passage->source->kind == TACHOI_ENCODED_HISTOGRAM ||
        tachoi_native_counts_agree(point->bucket_counts, point->bound_count + 1, point->count,
                                   point->has_sum ? point->sum : 0)) {
        return true;
    }
    tachoi_passage_count_unsupported(converter, passage, TACHOI_UNSUPPORTED_INVALID_HISTOGRAM);
    return false;
}

static void convert_histogram(struct tachoi_converter *converter,
                              struct tachoi_encoded_series_source *source,
                              const tacho_histogram_point *original) {
    tacho_histogram_point point = *original;
    source->kind = tachoi_kind_of_histogram(&converter->options, &point);
    struct tachoi_passage passage = {
        .samples = source->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM
                       ? 1
                       : tachoi_histogram_components(point.bound_count, point.has_sum),
        .uncounted_exemplars = point.exemplars.count};
    source->attributes = point.attributes;
    source->bounds = point.bounds;
    source->bound_count = point.bound_count;
    if (!begin(converter, &passage, source, point.series, point.flags) ||
        !tachoi_passage_begin(converter, &passage) || !is_sound(converter, &passage, &point)) {
        return;
    }
    if (is_delta(source->metric)) {
        struct tachoi_series_memory *memory = memory_of_delta(converter, &passage);
        if (memory == NULL ||
            !judge(converter, &passage, tachoi_accumulate_histogram(memory, &point))) {
            return;
        }
    }
    tachoi_passage_choose_exemplars(converter, &passage, &point.exemplars);
    if (tachoi_passage_prepare(converter, &passage, point.start_time_unix_nano, 0)) {
        tachoi_record_fill_histogram(passage.record, &point);
        passage.entry->has_sum |= point.has_sum ? 1U : 0U;
        tachoi_passage_finish(converter, &passage);
    }
}

/* --- exponential histograms --- */

static void fill_exponential(struct tachoi_record *record,
                             const struct tachoi_native_histogram *it) {
    uint64_t *counts = (uint64_t *)(void *)record + record->series->shape->record_words;
    record->words[TACHOI_EXPONENTIAL_COUNT] = it->count;
    record->words[TACHOI_EXPONENTIAL_SUM] = tachoi_value_bits(it->sum);
    record->words[TACHOI_EXPONENTIAL_ZERO_COUNT] = it->zero_count;
    record->words[TACHOI_EXPONENTIAL_ZERO_THRESHOLD] = tachoi_value_bits(it->zero_threshold);
    record->words[TACHOI_EXPONENTIAL_SCHEMA] = (uint64_t)(int64_t)it->schema;
    record->words[TACHOI_EXPONENTIAL_POSITIVE] =
        (uint64_t)(uint32_t)it->positive.offset << 32 | it->positive.count;
    record->words[TACHOI_EXPONENTIAL_NEGATIVE] =
        (uint64_t)(uint32_t)it->negative.offset << 32 | it->negative.count;
    if (it->positive.count > 0) {
        memcpy(counts, it->positive.counts, it->positive.count * sizeof counts[0]);
    }
    if (it->negative.count > 0) {
        memcpy(counts + it->positive.count, it->negative.counts,
               it->negative.count * sizeof counts[0]);
    }
    tachoi_record_add_extra_words(record, it->positive.count + it->negative.count);
}

/* The point in Prometheus' terms; false if it has none, or memory is short: all is counted. */
static bool translate(struct tachoi_converter *converter, const struct tachoi_passage *passage,
                      const tacho_exponential_histogram_point *point,
                      struct tachoi_native_histogram *out) {
    enum tachoi_native_result result = tachoi_native_histogram_of(point, &converter->work, out);
    if (result == TACHOI_NATIVE_OK &&
        out->positive.count + out->negative.count > TACHOI_RECORD_EXTRA_MAX) {
        result = TACHOI_NATIVE_INVALID;
    }
    if (result == TACHOI_NATIVE_NO_MEMORY) {
        tachoi_passage_lack_memory(converter, passage);
    } else if (result != TACHOI_NATIVE_OK) {
        tachoi_passage_count_unsupported(converter, passage,
                                         result == TACHOI_NATIVE_NO_SUM ? TACHOI_UNSUPPORTED_NO_SUM
                                         : result == TACHOI_NATIVE_SCALE_TOO_LOW
                                             ? TACHOI_UNSUPPORTED_SCALE
                                             : TACHOI_UNSUPPORTED_INVALID_HISTOGRAM);
    }
    return result == TACHOI_NATIVE_OK;
}

static void convert_exponential(struct tachoi_converter *converter,
                                struct tachoi_encoded_series_source *source,
                                const tacho_exponential_histogram_point *original) {
    tacho_exponential_histogram_point point = *original;
    struct tachoi_passage passage = {.samples = 1, .uncounted_exemplars = point.exemplars.count};
    struct tachoi_native_histogram it;
    source->attributes = point.attributes;
    if (!begin(converter, &passage, source, point.series, point.flags) ||
        !tachoi_passage_begin(converter, &passage) ||
        !translate(converter, &passage, &point, &it)) {
        return;
    }
    if (is_delta(source->metric)) {
        struct tachoi_series_memory *memory = memory_of_delta(converter, &passage);
        if (memory == NULL ||
            !judge(converter, &passage,
                   tachoi_accumulate_exponential(memory, &point, &it, &converter->work))) {
            return;
        }
    }
    tachoi_passage_choose_exemplars(converter, &passage, &point.exemplars);
    const size_t counts = it.positive.count + it.negative.count;
    if (tachoi_passage_prepare(converter, &passage, point.start_time_unix_nano, counts)) {
        fill_exponential(passage.record, &it);
        tachoi_passage_finish(converter, &passage);
    }
}

/* --- summaries --- */

/* The quantiles as bounds; NULL when memory is short. */
static double *quantiles_of(struct tachoi_converter *converter, const tacho_summary_point *point) {
    double *quantiles =
        tachoi_arena_alloc(&converter->work, point->quantile_count + 1, sizeof quantiles[0]);
    for (size_t i = 0; quantiles != NULL && i < point->quantile_count; i++) {
        quantiles[i] = point->quantiles[i].quantile;
    }
    return quantiles;
}

static void convert_summary(struct tachoi_converter *converter,
                            struct tachoi_encoded_series_source *source,
                            const tacho_summary_point *point) {
    struct tachoi_passage passage = {.samples = point->quantile_count + 2};
    source->attributes = point->attributes;
    source->bound_count = point->quantile_count;
    if (!begin(converter, &passage, source, point->series, point->flags)) {
        return;
    }
    source->bounds = quantiles_of(converter, point);
    if (source->bounds == NULL) {
        tachoi_passage_lack_memory(converter, &passage);
        return;
    }
    if (tachoi_passage_begin(converter, &passage) &&
        tachoi_passage_prepare(converter, &passage, point->start_time_unix_nano, 0)) {
        tachoi_record_fill_summary(passage.record, point);
        tachoi_passage_finish(converter, &passage);
    }
}

/* --- a metric --- */

void tachoi_convert_points(struct tachoi_converter *converter,
                           struct tachoi_encoded_series_source *source) {
    const tacho_metric *metric = source->metric;
    switch (metric->type) {
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE:
        convert_numbers(converter, source);
        return;
    case TACHO_METRIC_HISTOGRAM:
        for (size_t i = 0; i < metric->point_count; i++) {
            convert_histogram(converter, source, tacho_metric_histogram_point(metric, i));
        }
        return;
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        for (size_t i = 0; i < metric->point_count; i++) {
            convert_exponential(converter, source,
                                tacho_metric_exponential_histogram_point(metric, i));
        }
        return;
    case TACHO_METRIC_SUMMARY:
        for (size_t i = 0; i < metric->point_count; i++) {
            convert_summary(converter, source, tacho_metric_summary_point(metric, i));
        }
        return;
    }
}
