/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the making of series: the labels of each component, divided, and the shape that they have or
 * that is made for them. See encoded_series.h. */
#include "remote_write/encoded_series.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "remote_write/label_division.h"

static bool equals(tacho_string string, const char *text) {
    return string.length == strlen(text) && memcmp(string.data, text, string.length) == 0;
}

/* --- parts of a point --- */

static uint32_t parts_of(const struct tachoi_encoded_series_source *source) {
    switch (source->kind) {
    case TACHOI_ENCODED_HISTOGRAM:
        return tachoi_histogram_components(source->bound_count, true);
    case TACHOI_ENCODED_CUSTOM_HISTOGRAM:
        return 1 + tachoi_histogram_components(source->bound_count, true);
    case TACHOI_ENCODED_SUMMARY:
        return (uint32_t)source->bound_count + 2;
    case TACHOI_ENCODED_COUNTER:
    case TACHOI_ENCODED_UP_DOWN_COUNTER:
    case TACHOI_ENCODED_GAUGE:
    case TACHOI_ENCODED_EXPONENTIAL:
        break;
    }
    return 1;
}

/* The label that tells the parts of a point from each other; NULL if they have none. */
static const char *label_of_parts(enum tachoi_encoded_series_kind kind) {
    switch (kind) {
    case TACHOI_ENCODED_HISTOGRAM:
    case TACHOI_ENCODED_CUSTOM_HISTOGRAM:
        return "le";
    case TACHOI_ENCODED_SUMMARY:
        return "quantile";
    case TACHOI_ENCODED_COUNTER:
    case TACHOI_ENCODED_UP_DOWN_COUNTER:
    case TACHOI_ENCODED_GAUGE:
    case TACHOI_ENCODED_EXPONENTIAL:
        break;
    }
    return NULL;
}

/* What makes the part; `text` is scratch memory. Of histograms and summaries those with a label
 * come first, then _count, then _sum. */
static struct tachoi_prometheus_component
component_of(const struct tachoi_encoded_series_source *source, uint32_t part,
             struct tachoi_text *text) {
    struct tachoi_prometheus_component component = {.suffix = ""};
    const char *label = label_of_parts(source->kind);
    const bool is_summary = source->kind == TACHOI_ENCODED_SUMMARY;
    if (source->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM && part-- == 0) {
        return component;
    }
    if (label == NULL) {
        return component;
    }
    const size_t labelled = source->bound_count + (is_summary ? 0 : 1);
    if (part >= labelled) {
        component.suffix = part == labelled ? "_count" : "_sum";
        return component;
    }
    component.suffix = is_summary ? "" : "_bucket";
    component.label_name = label;
    if (part == source->bound_count) {
        component.label_value = "+Inf";
    } else {
        tachoi_prometheus_bound_text(&source->conversion->options->naming, source->bounds[part],
                                     text);
        component.label_value = text->data;
    }
    return component;
}

static enum tachoi_prometheus_result labels_of(const struct tachoi_encoded_series_source *source,
                                               uint32_t part, struct tachoi_arena *arena,
                                               struct tachoi_prometheus_labels *out) {
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    const struct tachoi_prometheus_component component = component_of(source, part, &text);
    const enum tachoi_prometheus_result result =
        text.failed
            ? TACHOI_PROMETHEUS_NO_MEMORY
            : tachoi_prometheus_point_labels(source->conversion, source->scope, source->metric,
                                             source->attributes, &component, arena, out);
    tachoi_text_fini(&text);
    return result;
}

/* --- the hash by which equal label sets are found --- */

static bool cut_suffix(tacho_string *name, const char *suffix) {
    const size_t length = strlen(suffix);
    if (name->length < length || memcmp(name->data + name->length - length, suffix, length) != 0) {
        return false;
    }
    name->length -= length;
    return true;
}

/* Of all but the labels that only some components have. */
static uint32_t label_hash_of(const struct tachoi_prometheus_labels *labels) {
    uint64_t hash = tachoi_hash_seed();
    for (size_t i = 0; i < labels->count; i++) {
        const struct tachoi_prometheus_label *label = &labels->items[i];
        if (equals(label->name, "__name__")) {
            tacho_string name = label->value;
            (void)(cut_suffix(&name, "_bucket") || cut_suffix(&name, "_count") ||
                   cut_suffix(&name, "_sum"));
            hash = tachoi_hash_bytes(name.data, name.length, hash);
        } else if (!equals(label->name, "le") && !equals(label->name, "quantile")) {
            hash = tachoi_hash_bytes(label->name.data, label->name.length, hash);
            hash = tachoi_hash_bytes(label->value.data, label->value.length, hash);
        }
    }
    return (uint32_t)(hash ^ hash >> 32);
}

/* --- making --- */

/* A series on its way. */
struct making {
    const struct tachoi_encoded_series_source *source;
    struct tachoi_series_shapes *shapes;
    struct tachoi_arena *arena;
    struct tachoi_label_division division;
    struct tachoi_metric_family *family; /* NULL = no metadata */
    struct tachoi_series_shape *shape;   /* once found or made */
    bool is_different;                   /* the components have no own labels in common */
    struct tachoi_encoded_series_made *out;
};

static struct tachoi_encoded_series *assemble(const struct tachoi_label_division *division,
                                              struct tachoi_series_shape *shape) {
    const size_t ends = division->own_count * sizeof(uint32_t);
    struct tachoi_encoded_series *series =
        tachoi_malloc(sizeof *series + ends + division->own.length);
    if (series == NULL) {
        return NULL;
    }
    *series = (struct tachoi_encoded_series){.shape = shape};
    shape->users++;
    if (division->own_count > 0) {
        memcpy(series->own_ends, division->own_ends, ends);
        memcpy(series->own_ends + division->own_count, division->own.data, division->own.length);
    }
    return series;
}

/* Whether two components are one time series: a bound that is infinite, or not a number, would be,
 * and what relabelling makes equal. */
static bool has_equal_components(const struct tachoi_series_shape *shape) {
    for (size_t i = 1; i < shape->component_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (tachoi_series_shape_is_equal(shape, i, j)) {
                return true;
            }
        }
    }
    return false;
}

static struct tachoi_series_shape_source shape_source_of(const struct making *making) {
    const struct tachoi_label_division *division = &making->division;
    const struct tachoi_encoded_series_source *source = making->source;
    const bool has_bounds = label_of_parts(source->kind) != NULL;
    return (struct tachoi_series_shape_source){.kind = source->kind,
                                               .bounds = has_bounds ? source->bounds : NULL,
                                               .bound_count = has_bounds ? source->bound_count : 0,
                                               .component_count = division->component_count,
                                               .own_count = division->own_count,
                                               .lengths = division->lengths,
                                               .parts = division->parts,
                                               .bytes = division->pieces.data,
                                               .is_private = division->is_private,
                                               .is_utf8 = division->is_utf8,
                                               .family = making->family};
}

static struct tachoi_series_shape *find(const struct making *making) {
    const struct tachoi_series_shape_source wanted = shape_source_of(making);
    return making->division.is_private ? NULL : tachoi_series_shapes_find(making->shapes, &wanted);
}

/* Whether the first component tells what the others are like: without relabelling, and unless an
 * attribute has the name of the label of which buckets have their own, but _count and _sum not. */
static bool is_told_by_first(const struct making *making,
                             const struct tachoi_prometheus_labels *first) {
    const char *label = label_of_parts(making->source->kind);
    if (label == NULL || making->source->conversion->options->relabel != NULL ||
        first->overridden > 0) {
        return false;
    }
    if (making->source->kind != TACHOI_ENCODED_CUSTOM_HISTOGRAM) {
        return true;
    }
    for (size_t i = 0; i < first->count; i++) {
        if (equals(first->items[i].name, label)) {
            return false;
        }
    }
    return true;
}

/* The family, by the name that the labels of this part have. False when memory is short. */
static bool find_family(struct making *making, const struct tachoi_prometheus_labels *labels,
                        uint32_t part) {
    if (making->source->metadata == NULL || making->family != NULL) {
        return true;
    }
    struct tachoi_text unused;
    tachoi_text_init(&unused, 0);
    const char *suffix = component_of(making->source, part, &unused).suffix;
    tachoi_text_fini(&unused);
    struct tachoi_prometheus_family wanted = *making->source->metadata;
    for (size_t i = 0; i < labels->count; i++) {
        if (equals(labels->items[i].name, "__name__")) {
            wanted.name = tachoi_prometheus_family_name(labels->items[i].value, suffix);
        }
    }
    making->family = tachoi_metric_families_get(&making->shapes->families, &wanted);
    if (making->family != NULL) {
        making->family->users++; /* until the end: the shape may come and go */
    }
    return making->family != NULL;
}

/* Takes from the first labels what they tell of the whole. False when memory is short. */
static bool note_first(struct making *making, const struct tachoi_prometheus_labels *labels,
                       uint32_t part) {
    making->out->label_hash = label_hash_of(labels);
    making->out->has_overridden = labels->overridden > 0;
    return find_family(making, labels, part);
}

/* Divides the labels of all components, or of the first if there is a shape of it already. */
static enum tachoi_prometheus_result divide_all(struct making *making) {
    const uint32_t count = parts_of(making->source);
    struct tachoi_label_division *division = &making->division;
    for (uint32_t part = 0; part < count && making->shape == NULL; part++) {
        struct tachoi_prometheus_labels labels;
        const enum tachoi_prometheus_result result =
            labels_of(making->source, part, making->arena, &labels);
        const bool is_dispensable =
            part > 0 || making->source->kind != TACHOI_ENCODED_CUSTOM_HISTOGRAM;
        if (result == TACHOI_PROMETHEUS_FILTERED && is_dispensable) {
            continue;
        }
        if (result != TACHOI_PROMETHEUS_OK) {
            return result;
        }
        const bool is_first = division->component_count == 0;
        if (is_first && !note_first(making, &labels, part)) {
            return TACHOI_PROMETHEUS_NO_MEMORY;
        }
        switch (tachoi_label_division_add(division, &labels, part)) {
        case TACHOI_DIVISION_OK:
            break;
        case TACHOI_DIVISION_DIFFERENT:
            making->is_different = true;
            return TACHOI_PROMETHEUS_OK;
        case TACHOI_DIVISION_NO_MEMORY:
            return TACHOI_PROMETHEUS_NO_MEMORY;
        }
        if (is_first && is_told_by_first(making, &labels)) {
            making->shape = find(making);
        }
    }
    return division->component_count > 0 ? TACHOI_PROMETHEUS_OK : TACHOI_PROMETHEUS_FILTERED;
}

static void begin_division(struct making *making, bool is_private) {
    const uint32_t count = parts_of(making->source);
    tachoi_label_division_fini(&making->division);
    tachoi_label_division_init(&making->division, making->arena, count);
    making->division.is_private = is_private;
    making->division.is_single =
        count > 1 && (making->source->conversion->options->relabel != NULL ||
                      making->source->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM);
}

/* A shape for what was divided, and the series. */
static enum tachoi_prometheus_result finish(struct making *making) {
    if (making->shape == NULL) {
        making->shape = find(making);
    }
    if (making->shape == NULL) {
        const struct tachoi_series_shape_source wanted = shape_source_of(making);
        making->shape = tachoi_series_shapes_add(making->shapes, &wanted);
    }
    if (making->shape == NULL) {
        return TACHOI_PROMETHEUS_NO_MEMORY;
    }
    enum tachoi_prometheus_result result = TACHOI_PROMETHEUS_INVALID;
    if (making->shape->users > 0 || !has_equal_components(making->shape)) {
        making->out->series = assemble(&making->division, making->shape);
        result = making->out->series != NULL ? TACHOI_PROMETHEUS_OK : TACHOI_PROMETHEUS_NO_MEMORY;
    }
    tachoi_series_shapes_tidy(making->shapes, making->shape);
    return result;
}

static enum tachoi_prometheus_result end_making(struct making *making,
                                                enum tachoi_prometheus_result result) {
    making->out->is_filtered = result == TACHOI_PROMETHEUS_FILTERED;
    if (making->family != NULL) {
        making->family->users--;
        tachoi_metric_families_tidy(&making->shapes->families, making->family);
    }
    tachoi_label_division_fini(&making->division);
    tachoi_arena_reset(making->arena);
    return result;
}

enum tachoi_prometheus_result
tachoi_encoded_series_create(const struct tachoi_encoded_series_source *source,
                             struct tachoi_series_shapes *shapes, struct tachoi_arena *arena,
                             struct tachoi_encoded_series_made *out) {
    *out = (struct tachoi_encoded_series_made){0};
    struct making making = {.source = source, .shapes = shapes, .arena = arena, .out = out};
    begin_division(&making, false);
    enum tachoi_prometheus_result result = divide_all(&making);
    if (result == TACHOI_PROMETHEUS_OK && making.is_different) {
        begin_division(&making, true);
        result = divide_all(&making);
    }
    if (result == TACHOI_PROMETHEUS_OK) {
        result = finish(&making);
    }
    return end_making(&making, result);
}

enum tachoi_prometheus_result
tachoi_target_info_create(const struct tachoi_prometheus_conversion *conversion, bool has_metadata,
                          struct tachoi_series_shapes *shapes, struct tachoi_arena *arena,
                          struct tachoi_encoded_series_made *out) {
    *out = (struct tachoi_encoded_series_made){0};
    const struct tachoi_prometheus_family metadata = tachoi_prometheus_target_info_family();
    const struct tachoi_encoded_series_source source = {.conversion = conversion,
                                                        .kind = TACHOI_ENCODED_GAUGE,
                                                        .metadata =
                                                            has_metadata ? &metadata : NULL};
    struct making making = {.source = &source, .shapes = shapes, .arena = arena, .out = out};
    struct tachoi_prometheus_labels labels;
    begin_division(&making, true);
    enum tachoi_prometheus_result result =
        tachoi_prometheus_target_info_labels(conversion, arena, &labels);
    if (result == TACHOI_PROMETHEUS_OK && labels.count == 0) {
        result = TACHOI_PROMETHEUS_INVALID;
    } else if (result == TACHOI_PROMETHEUS_OK) {
        result =
            note_first(&making, &labels, 0) &&
                    tachoi_label_division_add(&making.division, &labels, 0) == TACHOI_DIVISION_OK
                ? finish(&making)
                : TACHOI_PROMETHEUS_NO_MEMORY;
    }
    return end_making(&making, result);
}

void tachoi_encoded_series_destroy(struct tachoi_encoded_series *series,
                                   struct tachoi_series_shapes *shapes) {
    if (series != NULL) {
        series->shape->users--;
        tachoi_series_shapes_tidy(shapes, series->shape);
        tachoi_free(series);
    }
}

size_t tachoi_encoded_series_size(const struct tachoi_encoded_series *series) {
    const struct tachoi_series_shape *shape = series->shape;
    return sizeof *series + shape->own_count * sizeof series->own_ends[0] +
           tachoi_encoded_series_own_length(series) + (shape->is_private ? shape->size_bytes : 0);
}
