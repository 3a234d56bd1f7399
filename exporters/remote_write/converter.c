/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the walk through collections. What becomes of a point is in converter_points.c. See
 * converter.h. */
#include "remote_write/converter.h"

#include <assert.h>

#include "remote_write/batch_sizes.h"
#include "remote_write/converter_series.h"
#include "remote_write/unsupported.h"

/* The series id of target_info: the SDK counts its ids up from below. */
#define TARGET_INFO_ID UINT64_MAX

void tachoi_converter_init(struct tachoi_converter *converter,
                           const struct tachoi_converter_options *options) {
    *converter = (struct tachoi_converter){.options = *options};
    tachoi_gathering_init(&converter->gathering, options->shard_count);
    tachoi_arena_init(&converter->scratch, 0);
    tachoi_arena_init(&converter->work, 0);
}

void tachoi_converter_fini(struct tachoi_converter *converter) {
    tachoi_gathering_fini(&converter->gathering);
    tachoi_series_memories_fini(&converter->memories);
    tachoi_series_cache_fini(&converter->cache);
    tachoi_arena_fini(&converter->scratch);
    tachoi_arena_fini(&converter->work);
}

/* --- metrics --- */

static enum tachoi_encoded_series_kind kind_of(const tacho_metric *metric) {
    switch (metric->type) {
    case TACHO_METRIC_SUM:
        return metric->is_monotonic ? TACHOI_ENCODED_COUNTER : TACHOI_ENCODED_UP_DOWN_COUNTER;
    case TACHO_METRIC_HISTOGRAM:
        return TACHOI_ENCODED_HISTOGRAM; /* or a custom one, as its bounds are */
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        return TACHOI_ENCODED_EXPONENTIAL;
    case TACHO_METRIC_SUMMARY:
        return TACHOI_ENCODED_SUMMARY;
    case TACHO_METRIC_GAUGE:
        break;
    }
    return TACHOI_ENCODED_GAUGE;
}

static void convert_metric(struct tachoi_converter *converter,
                           const struct tachoi_prometheus_conversion *conversion,
                           const tacho_scope *scope, const tacho_metric *metric) {
    const enum tachoi_unsupported why =
        tachoi_unsupported_metric(metric, converter->options.sends_native_histograms);
    if (why != TACHOI_SUPPORTED) {
        converter->gathering.unsupported += metric->point_count;
        converter->gathering.unsupported_exemplars += tachoi_metric_exemplars(metric);
        tachoi_report_unsupported(metric, why, metric->point_count);
        return;
    }
    struct tachoi_encoded_series_source source = {
        .conversion = conversion, .scope = scope, .metric = metric, .kind = kind_of(metric)};
    tachoi_convert_points(converter, &source);
}

/* --- target_info --- */

static struct tachoi_cached_series *
make_target_info(struct tachoi_converter *converter,
                 const struct tachoi_prometheus_conversion *conversion, tacho_series_ref ref) {
    struct tachoi_encoded_series_made made;
    const enum tachoi_prometheus_result result =
        tachoi_target_info_create(conversion, !converter->options.disable_metadata,
                                  &converter->cache.shapes, &converter->scratch, &made);
    return tachoi_converter_keep(converter, ref, TACHOI_ENCODED_GAUGE, result, &made);
}

static void add_target_info(struct tachoi_converter *converter,
                            const struct tachoi_prometheus_conversion *conversion) {
    const tacho_series_ref ref = {.id = TARGET_INFO_ID, .generation = converter->generation};
    const struct tachoi_encoded_series_source source = {.kind = TACHOI_ENCODED_GAUGE, .ref = ref};
    struct tachoi_passage passage = {.source = &source, .samples = 1};
    passage.entry = tachoi_series_cache_find(&converter->cache, ref, &passage.is_first);
    converter->has_target_info = true;
    if (passage.entry == NULL) {
        passage.entry = make_target_info(converter, conversion, ref);
        passage.is_new_contest = passage.entry != NULL && passage.entry->is_contested;
    }
    if (passage.entry == NULL) {
        tachoi_gathering_lack_memory(&converter->gathering, 1);
    } else if (passage.entry->series != NULL && /* else nothing to tell */
               tachoi_passage_prepare(converter, &passage, 0, 0)) {
        tachoi_record_set_number(passage.record, 1.0);
        tachoi_passage_finish(converter, &passage);
    }
}

/* --- collections --- */

static void begin_collection(struct tachoi_converter *converter, int64_t time_ms) {
    converter->time_ms = time_ms;
    converter->has_target_info = converter->options.disable_target_info;
    tachoi_gathering_begin(&converter->gathering);
    tachoi_series_cache_begin(&converter->cache);
}

static void begin_batch(struct tachoi_converter *converter) {
    tachoi_gathering_clear_counts(&converter->gathering);
    converter->filtered = 0;
}

/* Those that the collection did not bring are sorted out: they have ended. */
static void end_missing(struct tachoi_converter *converter) {
    struct tachoi_series_cache *cache = &converter->cache;
    for (size_t i = cache->kept; i < cache->count; i++) {
        if (cache->entries[i].id != TACHOI_NO_SERIES_ID) {
            tachoi_converter_end_entry(converter, &cache->entries[i]);
        }
    }
}

static void finish_collection(struct tachoi_converter *converter, bool is_whole) {
    tachoi_series_cache_finish(&converter->cache, is_whole);
    end_missing(converter);
    tachoi_series_memories_sweep(&converter->memories, converter->time_ms);
}

void tachoi_converter_give_up(struct tachoi_converter *converter) {
    converter->is_open = false;
    begin_batch(converter);
    finish_collection(converter, false);
}

static void convert_scopes(struct tachoi_converter *converter,
                           const struct tachoi_prometheus_conversion *conversion,
                           const tacho_metric_batch *batch) {
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            convert_metric(converter, conversion, scope->scope,
                           tacho_scope_metrics_metric(scope, j));
        }
    }
}

void tachoi_converter_convert(struct tachoi_converter *converter, const tacho_metric_batch *batch,
                              int64_t time_ms) {
    const struct tachoi_prometheus_conversion conversion = {
        .resource = batch->resource, .options = &converter->options.prometheus};
    if (!converter->is_open) {
        begin_collection(converter, time_ms);
    }
    converter->is_open = batch->has_more;
    begin_batch(converter);
    convert_scopes(converter, &conversion, batch);
    if (converter->gathering.accepted > 0 && !converter->has_target_info) {
        add_target_info(converter, &conversion);
    }
    if (!converter->is_open) {
        finish_collection(converter, true);
    }
}

/* --- the end --- */

void tachoi_converter_end_series(struct tachoi_converter *converter, tacho_remote_write_when when,
                                 int64_t time_ms) {
    struct tachoi_series_cache *cache = &converter->cache;
    const uint32_t least = when == TACHO_REMOTE_WRITE_ALWAYS ? 1 : 2;
    assert(!converter->is_open);
    begin_collection(converter, time_ms);
    begin_batch(converter);
    for (size_t i = 0; i < cache->count; i++) {
        if (cache->entries[i].records >= least) {
            tachoi_converter_end_entry(converter, &cache->entries[i]);
        }
    }
    tachoi_series_cache_finish(cache, false);
}
