/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the choice of exemplars. See exemplar_choice.h. */
#include "remote_write/exemplar_choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "prometheus/value_text.h"
#include "remote_write/label_division.h"

/* --- labels --- */

static size_t characters_in(tacho_string text) {
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++) {
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

struct label {
    tacho_string name;
    tacho_string value;
};

/* Labels in the making. */
struct labels {
    struct label *items; /* the ids come first */
    size_t count;
    size_t characters;
    struct tachoi_arena *arena;
    bool lacks_memory;
};

static tacho_string keep(struct labels *labels, struct tachoi_text *text) {
    const char *copy = NULL;
    if (!text->failed) {
        copy =
            tachoi_arena_strndup(labels->arena, text->data != NULL ? text->data : "", text->length);
    }
    labels->lacks_memory = labels->lacks_memory || copy == NULL;
    const tacho_string kept = {copy, copy != NULL ? text->length : 0};
    tachoi_text_clear(text);
    return kept;
}

static bool is_same(tacho_string a, tacho_string b) {
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* Unless there is one of the name, which wins, or nothing to say. */
static void add(struct labels *labels, tacho_string name, tacho_string value) {
    for (size_t i = 0; i < labels->count; i++) {
        if (is_same(labels->items[i].name, name)) {
            return;
        }
    }
    if (value.length > 0) {
        labels->items[labels->count++] = (struct label){name, value};
        labels->characters += characters_in(name) + characters_in(value);
    }
}

static void add_id(struct labels *labels, const char *name, const uint8_t *bytes, size_t count) {
    static const char digits[] = "0123456789abcdef";
    char text[32];
    for (size_t i = 0; i < count; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    const char *copy = tachoi_arena_strndup(labels->arena, text, 2 * count);
    labels->lacks_memory = labels->lacks_memory || copy == NULL;
    if (copy != NULL) {
        add(labels, tacho_string_from(name), (tacho_string){copy, 2 * count});
    }
}

static void add_attributes(struct labels *labels, tacho_attributes attributes,
                           const struct tachoi_prometheus_naming *naming) {
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    for (size_t i = 0; i < attributes.count && !labels->lacks_memory; i++) {
        const tacho_attribute *attr = &attributes.items[i];
        if (!tachoi_prometheus_label_name(naming, attr->key, &text)) {
            continue;
        }
        const tacho_string name = keep(labels, &text);
        tachoi_value_to_text(&attr->value, &text);
        const tacho_string value = keep(labels, &text);
        if (!labels->lacks_memory) {
            add(labels, name, value);
        }
    }
    tachoi_text_fini(&text);
}

static int compare_labels(const void *left, const void *right) {
    const tacho_string a = ((const struct label *)left)->name;
    const tacho_string b = ((const struct label *)right)->name;
    const int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static void collect(struct labels *labels, const tacho_exemplar *exemplar,
                    const struct tachoi_prometheus_naming *naming) {
    if (exemplar->has_span) {
        add_id(labels, "trace_id", exemplar->trace_id, sizeof exemplar->trace_id);
        add_id(labels, "span_id", exemplar->span_id, sizeof exemplar->span_id);
    }
    const size_t ids = labels->count;
    add_attributes(labels, exemplar->filtered_attributes, naming);
    if (labels->characters > TACHOI_EXEMPLAR_CHARACTERS_MAX) {
        labels->count = ids;
    }
    qsort(labels->items, labels->count, sizeof labels->items[0], compare_labels);
}

/* The label block of an exemplar; false when memory is short. */
static bool pack_labels(const tacho_exemplar *exemplar,
                        const struct tachoi_prometheus_naming *naming, struct tachoi_arena *arena,
                        struct tachoi_record_exemplar *out) {
    struct labels labels = {.arena = arena};
    struct tachoi_wire wire = {.max_length = 0};
    labels.items =
        tachoi_arena_alloc(arena, exemplar->filtered_attributes.count + 2, sizeof labels.items[0]);
    if (labels.items == NULL) {
        return false;
    }
    collect(&labels, exemplar, naming);
    bool ok = !labels.lacks_memory;
    for (size_t i = 0; i < labels.count && ok; i++) {
        ok = tachoi_append_label(&wire, labels.items[i].name, labels.items[i].value, arena);
    }
    out->labels_length = (uint32_t)wire.length;
    if (ok && wire.length > 0) {
        unsigned char *copy = tachoi_arena_alloc(arena, wire.length, 1);
        ok = copy != NULL;
        out->labels = ok ? memcpy(copy, wire.data, wire.length) : NULL;
    }
    tachoi_wire_fini(&wire);
    return ok;
}

/* --- choosing --- */

#define NO_COMPONENT UINT32_MAX

/* The part of the point that a value is of: a bucket. */
static uint32_t part_of(const struct tachoi_series_shape *shape, double value) {
    const bool is_custom = shape->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM;
    if (!is_custom && shape->kind != TACHOI_ENCODED_HISTOGRAM) {
        return 0;
    }
    uint32_t bucket = 0;
    while (bucket < shape->bound_count && value > shape->bounds[bucket]) {
        bucket++;
    }
    return bucket + (is_custom ? 1 : 0);
}

static uint32_t component_of(const struct tachoi_series_shape *shape, double value) {
    const uint32_t part = part_of(shape, value);
    for (uint32_t i = 0; i < shape->component_count; i++) {
        if (shape->components[i].part == part) {
            return i;
        }
    }
    return NO_COMPONENT;
}

static double value_of(const tacho_exemplar *exemplar) {
    return exemplar->number_type == TACHO_NUMBER_I64 ? (double)exemplar->value.i64
                                                     : exemplar->value.f64;
}

struct candidate {
    const tacho_exemplar *exemplar;
    double value;
    int64_t time_ms;
    uint32_t component;
};

static int compare_candidates(const void *left, const void *right) {
    const struct candidate *a = left;
    const struct candidate *b = right;
    if (a->component != b->component) {
        return a->component < b->component ? -1 : 1;
    }
    return (a->time_ms > b->time_ms) - (a->time_ms < b->time_ms);
}

/* Where the time of the newest one is remembered: a native histogram has one time series for all
 * its buckets. */
static size_t slot_of(const struct tachoi_series_shape *shape, uint32_t component) {
    return shape->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM ? 0 : component;
}

/* Those that are newer than what was sent, in order; returns how many. */
static size_t list_candidates(const tacho_exemplars *exemplars,
                              const struct tachoi_series_shape *shape,
                              const struct tachoi_series_memory *memory, struct candidate *out) {
    size_t count = 0;
    for (size_t i = 0; i < exemplars->count; i++) {
        const tacho_exemplar *exemplar = tacho_exemplars_at(exemplars, i);
        const double value = value_of(exemplar);
        const uint32_t component = component_of(shape, value);
        const int64_t time_ms = (int64_t)(exemplar->time_unix_nano / TACHOI_NS_PER_MS);
        if (component != NO_COMPONENT && time_ms > memory->exemplar_ms[slot_of(shape, component)]) {
            out[count++] = (struct candidate){exemplar, value, time_ms, component};
        }
    }
    qsort(out, count, sizeof out[0], compare_candidates);
    return count;
}

/* Whether another one of the bucket is newer, or of the time series as old, which cannot both be
 * sent. */
static bool is_superseded(const struct candidate *candidates, size_t count, size_t index,
                          bool is_by_bucket) {
    return index + 1 < count && candidates[index + 1].component == candidates[index].component &&
           (is_by_bucket || candidates[index + 1].time_ms == candidates[index].time_ms);
}

/* A native histogram has one list for all buckets: no two of the same time. */
static void drop_same_times(struct tachoi_chosen_exemplars *chosen) {
    size_t count = 0;
    for (size_t i = 0; i < chosen->count; i++) {
        size_t other = 0;
        while (other < count && chosen->items[other].time_ms != chosen->items[i].time_ms) {
            other++;
        }
        if (other == count) {
            chosen->items[count++] = chosen->items[i];
        }
    }
    chosen->count = count;
}

bool tachoi_exemplars_choose(const tacho_exemplars *exemplars,
                             const struct tachoi_prometheus_naming *naming,
                             const struct tachoi_encoded_series *series,
                             struct tachoi_series_memory *memory, struct tachoi_arena *arena,
                             struct tachoi_chosen_exemplars *out) {
    const struct tachoi_series_shape *shape = series->shape;
    const bool is_by_bucket =
        shape->kind == TACHOI_ENCODED_HISTOGRAM || shape->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM;
    *out = (struct tachoi_chosen_exemplars){0};
    struct candidate *candidates =
        tachoi_arena_alloc(arena, exemplars->count + 1, sizeof candidates[0]);
    out->items = tachoi_arena_alloc(arena, exemplars->count + 1, sizeof out->items[0]);
    if (candidates == NULL || out->items == NULL ||
        !tachoi_series_memory_reserve_exemplars(memory, shape->component_count)) {
        return false;
    }
    const size_t count = list_candidates(exemplars, shape, memory, candidates);
    for (size_t i = 0; i < count; i++) {
        const struct candidate *candidate = &candidates[i];
        struct tachoi_record_exemplar *item = &out->items[out->count];
        if (is_superseded(candidates, count, i, is_by_bucket)) {
            continue;
        }
        *item = (struct tachoi_record_exemplar){.value_bits = tachoi_value_bits(candidate->value),
                                                .time_ms = candidate->time_ms,
                                                .component = candidate->component};
        if (!pack_labels(candidate->exemplar, naming, arena, item)) {
            return false;
        }
        int64_t *newest_ms = &memory->exemplar_ms[slot_of(shape, candidate->component)];
        *newest_ms = *newest_ms > candidate->time_ms ? *newest_ms : candidate->time_ms;
        if (item->labels_length == 0) {
            out->skipped++;
            continue;
        }
        out->count++;
    }
    if (shape->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM) {
        drop_same_times(out);
    }
    for (size_t i = 0; i < out->count; i++) {
        out->words += tachoi_record_exemplar_words(out->items[i].labels_length);
    }
    return true;
}
