/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the making of series and the passage of points. See converter_series.h. */
#include "remote_write/converter_series.h"

#include "remote_write/options.h"
#include "tacho/sdk/diagnostics.h"

#define NAME_SHOWN ((size_t)200)

static int shown(tacho_string name) {
    return (int)(name.length < NAME_SHOWN ? name.length : NAME_SHOWN);
}

static void report_changed(const tacho_metric *metric) {
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "invalid_series",
                             "a series of `%.*s` changed its kind or its buckets and is "
                             "dropped; let the producer give it a new id",
                             shown(metric->name), metric->name.data);
}

static void report_new(const struct tachoi_encoded_series_made *made, const tacho_metric *metric) {
    if (made->series == NULL && !made->is_filtered) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "invalid_series",
                                 "no valid name or labels can be made for `%.*s`; it is dropped",
                                 shown(metric->name), metric->name.data);
    } else if (made->has_overridden) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE,
                                 "attribute_overridden",
                                 "an attribute of `%.*s` has a name that is generated (job, "
                                 "instance, le, quantile, __name__) and is left out",
                                 shown(metric->name), metric->name.data);
    }
}

/* --- making --- */

struct tachoi_cached_series *tachoi_converter_keep(struct tachoi_converter *converter,
                                                   tacho_series_ref ref,
                                                   enum tachoi_encoded_series_kind kind,
                                                   enum tachoi_prometheus_result result,
                                                   const struct tachoi_encoded_series_made *made) {
    struct tachoi_cached_series *entry = NULL;
    if (result != TACHOI_PROMETHEUS_NO_MEMORY) {
        entry = tachoi_series_cache_add(&converter->cache, ref, kind, made);
    }
    if (entry == NULL) {
        tachoi_encoded_series_destroy(made->series, &converter->cache.shapes);
    } else if (made->is_filtered) {
        converter->filtered++;
    }
    return entry;
}

static void report_gave_up(struct tachoi_converter *converter, const tacho_metric *metric) {
    const struct tachoi_relabel *relabel = converter->options.prometheus.relabel;
    const uint64_t gave_up = relabel != NULL ? tachoi_relabel_gave_up(relabel) : 0;
    if (gave_up > converter->gave_up) {
        converter->gave_up = gave_up;
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "relabel_limit",
                                 "a regular expression of write_relabel_configs took too long for "
                                 "a series of `%.*s` and counts as not matching; simplify it",
                                 shown(metric->name), metric->name.data);
    }
}

/* Metadata is wanted, and can be had; else the series goes without. */
static bool has_metadata(struct tachoi_converter *converter,
                         const struct tachoi_encoded_series_source *source,
                         struct tachoi_prometheus_family *out) {
    return !converter->options.disable_metadata &&
           tachoi_prometheus_family_of(&converter->options.prometheus.naming, source->metric,
                                       &converter->work, out) == TACHOI_PROMETHEUS_OK;
}

/* The entry of a series that is new; NULL when memory is short. */
static struct tachoi_cached_series *make(struct tachoi_converter *converter,
                                         const struct tachoi_encoded_series_source *source) {
    struct tachoi_encoded_series_made made;
    struct tachoi_prometheus_family metadata;
    struct tachoi_encoded_series_source whole = *source;
    whole.metadata = has_metadata(converter, source, &metadata) ? &metadata : NULL;
    const enum tachoi_prometheus_result result =
        tachoi_encoded_series_create(&whole, &converter->cache.shapes, &converter->scratch, &made);
    struct tachoi_cached_series *entry =
        tachoi_converter_keep(converter, source->ref, source->kind, result, &made);
    report_gave_up(converter, source->metric);
    if (entry != NULL) {
        report_new(&made, source->metric);
    }
    return entry;
}

/* --- the passage --- */

void tachoi_passage_count_invalid(struct tachoi_converter *converter,
                                  const struct tachoi_passage *passage) {
    tachoi_gathering_count_invalid(&converter->gathering, passage->samples);
    converter->gathering.unsupported_exemplars += passage->uncounted_exemplars;
}

void tachoi_passage_lack_memory(struct tachoi_converter *converter,
                                const struct tachoi_passage *passage) {
    converter->gathering.lacked_memory = true;
    tachoi_passage_count_invalid(converter, passage);
}

void tachoi_passage_count_unsupported(struct tachoi_converter *converter,
                                      const struct tachoi_passage *passage,
                                      enum tachoi_unsupported why) {
    converter->gathering.unsupported++;
    converter->gathering.unsupported_exemplars += passage->uncounted_exemplars;
    tachoi_report_unsupported(passage->source->metric, why, 1);
}

/* Whether the series still is of the point's kind, and of its bounds: so many have room in its
 * records, and their labels tell them. */
static bool fits(const struct tachoi_cached_series *entry,
                 const struct tachoi_encoded_series_source *source) {
    return entry->kind == (uint32_t)source->kind &&
           (entry->series == NULL ||
            tachoi_series_shape_has_bounds(entry->series->shape, source->bounds,
                                           source->bound_count));
}

bool tachoi_passage_begin(struct tachoi_converter *converter, struct tachoi_passage *passage) {
    if (passage->entry == NULL) {
        passage->entry = make(converter, passage->source);
        passage->is_new_contest = passage->entry != NULL && passage->entry->is_contested;
    } else if (!passage->is_first && passage->entry->series != NULL) { /* with itself */
        passage->is_new_contest = !passage->entry->is_contested;
        passage->entry->is_contested = true;
    }
    if (passage->entry == NULL) {
        tachoi_passage_lack_memory(converter, passage);
        return false;
    }
    if (passage->entry->is_filtered) {
        return false;
    }
    const bool has_changed = !fits(passage->entry, passage->source);
    if (has_changed) {
        report_changed(passage->source->metric);
    }
    if (has_changed || passage->entry->series == NULL) {
        tachoi_passage_count_invalid(converter, passage);
        return false;
    }
    return true;
}

struct tachoi_series_memory *tachoi_passage_memory(struct tachoi_converter *converter,
                                                   struct tachoi_passage *passage) {
    const tacho_series_ref ref = passage->source->ref;
    return ref.id == TACHOI_NO_SERIES_ID
               ? NULL
               : tachoi_series_memories_get(&converter->memories, ref, converter->time_ms);
}

void tachoi_passage_choose_exemplars(struct tachoi_converter *converter,
                                     struct tachoi_passage *passage,
                                     const tacho_exemplars *exemplars) {
    const enum tachoi_encoded_series_kind kind = passage->source->kind;
    const bool is_gauge = kind == TACHOI_ENCODED_GAUGE || kind == TACHOI_ENCODED_UP_DOWN_COUNTER;
    if (exemplars->count == 0) {
        return;
    }
    struct tachoi_series_memory *memory = converter->options.sends_exemplars && !is_gauge
                                              ? tachoi_passage_memory(converter, passage)
                                              : NULL;
    if (memory == NULL || !tachoi_exemplars_choose(exemplars, &converter->options.prometheus.naming,
                                                   passage->entry->series, memory, &converter->work,
                                                   &passage->exemplars)) {
        passage->exemplars.count = passage->exemplars.words = passage->uncounted_exemplars = 0;
        converter->gathering.unsupported_exemplars += exemplars->count;
        return;
    }
    converter->gathering.unsupported_exemplars += passage->exemplars.skipped;
    passage->uncounted_exemplars = passage->exemplars.count;
}

bool tachoi_passage_prepare(struct tachoi_converter *converter, struct tachoi_passage *passage,
                            uint64_t start_ns, size_t extra) {
    struct tachoi_encoded_series *series = passage->entry->series;
    if (extra + passage->exemplars.words > TACHOI_RECORD_EXTRA_MAX) {
        converter->gathering.unsupported_exemplars += passage->exemplars.count;
        passage->exemplars.count = passage->exemplars.words = passage->uncounted_exemplars = 0;
    }
    const size_t words = series->shape->record_words + extra + passage->exemplars.words;
    passage->record =
        extra <= TACHOI_RECORD_EXTRA_MAX
            ? tachoi_run_prepare(tachoi_gathering_run_of(&converter->gathering, passage->entry),
                                 words)
            : NULL;
    if (passage->record == NULL) {
        tachoi_passage_lack_memory(converter, passage);
        return false;
    }
    tachoi_record_set_head(passage->record, series, converter->time_ms,
                           tachoi_start_ms_of(passage->entry, start_ns, converter->time_ms));
    return true;
}

void tachoi_passage_finish(struct tachoi_converter *converter, struct tachoi_passage *passage) {
    struct tachoi_gathering *gathering = &converter->gathering;
    for (size_t i = 0; i < passage->exemplars.count; i++) {
        tachoi_record_add_exemplar(passage->record, &passage->exemplars.items[i]);
    }
    if (tachoi_record_samples(passage->record) == 0) { /* relabelling left the sum alone */
        gathering->unsupported_exemplars += passage->uncounted_exemplars;
        return;
    }
    const uint64_t before = gathering->accepted - gathering->invalid;
    passage->entry->is_ended = false;
    if (passage->entry->is_contested || gathering->must_compare_all) {
        tachoi_gathering_place(gathering, passage->entry, passage->record, passage->is_new_contest);
    } else {
        tachoi_gathering_commit(gathering, passage->entry, passage->record);
    }
    if (gathering->accepted - gathering->invalid > before) {
        gathering->exemplars += passage->uncounted_exemplars;
    } else { /* merged, or dropped */
        gathering->unsupported_exemplars += passage->uncounted_exemplars;
    }
}

/* --- the end of a series --- */

void tachoi_converter_end_entry(struct tachoi_converter *converter,
                                struct tachoi_cached_series *entry) {
    struct tachoi_gathering *gathering = &converter->gathering;
    if (entry->series == NULL || entry->records == 0 || entry->is_ended ||
        (entry->is_contested && tachoi_gathering_has_equal(gathering, entry->series))) {
        return;
    }
    struct tachoi_run *run = tachoi_gathering_run_of(gathering, entry);
    struct tachoi_record *record = tachoi_run_prepare(run, entry->series->shape->record_words);
    if (record == NULL) {
        gathering->lacked_memory = true; /* the receiver will miss it in five minutes */
        return;
    }
    const uint64_t before = gathering->accepted - gathering->invalid;
    tachoi_record_set_head(record, entry->series, converter->time_ms, 0);
    tachoi_record_fill_stale(record, entry->has_sum);
    entry->is_ended = true;
    if (entry->is_contested) {
        tachoi_gathering_place(gathering, entry, record, false);
    } else {
        tachoi_gathering_commit(gathering, entry, record);
    }
    gathering->stale_markers += gathering->accepted - gathering->invalid - before;
}
