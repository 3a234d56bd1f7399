/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the encoding of labels: they are divided into what the shape has and what is the series'
 * own. See encoded_series.h. */
#include "remote_write/encoded_series.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "remote_write/wire.h"
#include "remote_write_v1.pb-c.h"

enum tachoi_encoded_series_kind tachoi_encoded_series_kind_of(const tacho_metric *metric) {
    switch (metric->type) {
    case TACHO_METRIC_SUM:
        return metric->is_monotonic ? TACHOI_ENCODED_COUNTER : TACHOI_ENCODED_UP_DOWN_COUNTER;
    case TACHO_METRIC_HISTOGRAM:
        return TACHOI_ENCODED_HISTOGRAM;
    case TACHO_METRIC_GAUGE:
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
    case TACHO_METRIC_SUMMARY:
        break;
    }
    return TACHOI_ENCODED_GAUGE;
}

static bool equals(tacho_string string, const char *text) {
    return string.length == strlen(text) && memcmp(string.data, text, string.length) == 0;
}

static bool is_same_text(tacho_string a, tacho_string b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* --- labels, packed by protobuf-c --- */

/* Appends the labels from `begin` to before `end` as the fields of a TimeSeries. False when memory
 * is short. */
static bool append_labels(struct tachoi_wire *wire, const struct tachoi_prometheus_label *labels,
                          size_t begin, size_t end, struct tachoi_arena *arena) {
    for (size_t i = begin; i < end; i++) {
        Prometheus__Label label = PROMETHEUS__LABEL__INIT;
        label.name = tachoi_arena_strndup(arena, labels[i].name.data, labels[i].name.length);
        label.value = tachoi_arena_strndup(arena, labels[i].value.data, labels[i].value.length);
        if (label.name == NULL || label.value == NULL) {
            return false;
        }
        Prometheus__TimeSeries message = PROMETHEUS__TIME_SERIES__INIT;
        message.n_labels = 1;
        message.labels = (Prometheus__Label *[]){&label};
        const size_t size = prometheus__time_series__get_packed_size(&message);
        if (!tachoi_wire_reserve(wire, size)) {
            return false;
        }
        wire->length += prometheus__time_series__pack(&message, wire->data + wire->length);
    }
    return true;
}

/* --- dividing the labels --- */

/* Labels on their way into pieces and own texts. The first component says how many own texts there
 * are and how many labels each has; the others have the same own labels. */
struct division {
    struct tachoi_arena *arena;
    bool is_private;        /* all labels go into pieces */
    size_t own_count;       /* own texts */
    size_t *own_labels;     /* in each, own_count */
    size_t component_count; /* divided so far */
    uint32_t *lengths;      /* of the pieces, room for all components */
    struct tachoi_wire pieces;
    struct tachoi_wire own;
    uint32_t *own_ends;
};

static void division_fini(struct division *division) {
    tachoi_wire_fini(&division->pieces);
    tachoi_wire_fini(&division->own);
}

static bool is_own(const struct division *division, const struct tachoi_prometheus_label *label) {
    return label->is_points && !division->is_private;
}

/* Counts own texts and makes room for what follows from them. */
static bool division_init(struct division *division, struct tachoi_arena *arena, bool is_private,
                          const struct tachoi_prometheus_labels *labels, size_t component_count) {
    *division = (struct division){.arena = arena, .is_private = is_private};
    division->own_labels = tachoi_arena_alloc(arena, labels->count + 1, sizeof(size_t));
    if (division->own_labels == NULL) {
        return false;
    }
    bool was_own = false;
    for (size_t i = 0; i < labels->count; i++) {
        const bool is_now = is_own(division, &labels->items[i]);
        if (is_now && !was_own) {
            division->own_labels[division->own_count++] = 0;
        }
        if (is_now) {
            division->own_labels[division->own_count - 1]++;
        }
        was_own = is_now;
    }
    division->own_ends = tachoi_arena_alloc(arena, division->own_count + 1, sizeof(uint32_t));
    division->lengths =
        tachoi_arena_alloc(arena, component_count, (division->own_count + 1) * sizeof(uint32_t));
    return division->own_ends != NULL && division->lengths != NULL;
}

/* Divides the next component's labels. Own ones are packed with the first. False when memory is
 * short. */
static bool divide(struct division *division, const struct tachoi_prometheus_labels *labels) {
    uint32_t *lengths = &division->lengths[division->component_count * (division->own_count + 1)];
    size_t begin = 0;
    for (size_t i = 0; i <= division->own_count; i++) {
        const size_t before = division->pieces.length;
        size_t end = begin;
        while (end < labels->count && !is_own(division, &labels->items[end])) {
            end++;
        }
        if (!append_labels(&division->pieces, labels->items, begin, end, division->arena)) {
            return false;
        }
        lengths[i] = (uint32_t)(division->pieces.length - before);
        if (i == division->own_count) {
            break;
        }
        begin = end + division->own_labels[i];
        if (division->component_count == 0) {
            if (!append_labels(&division->own, labels->items, end, begin, division->arena)) {
                return false;
            }
            division->own_ends[i] = (uint32_t)division->own.length;
        }
    }
    division->component_count++;
    return division->pieces.length + division->own.length <= UINT32_MAX;
}

/* --- components of a point --- */

static size_t components_of(const struct tachoi_encoded_series_source *source) {
    return tachoi_encoded_series_kind_of(source->metric) == TACHOI_ENCODED_HISTOGRAM
               ? tachoi_histogram_components(source->bound_count, true)
               : 1;
}

/* Name suffix and le of component `index`; `le` is scratch memory. */
static const char *suffix_of(const struct tachoi_encoded_series_source *source, size_t index,
                             char *le, const char **le_value) {
    *le_value = NULL;
    if (tachoi_encoded_series_kind_of(source->metric) != TACHOI_ENCODED_HISTOGRAM) {
        return "";
    }
    if (index > source->bound_count) {
        return index == source->bound_count + 1 ? "_count" : "_sum";
    }
    if (index == source->bound_count) {
        *le_value = "+Inf";
    } else {
        (void)tachoi_f64_to_text(source->bounds[index], le);
        *le_value = le;
    }
    return "_bucket";
}

static enum tachoi_prometheus_result labels_of(const struct tachoi_encoded_series_source *source,
                                               size_t index, struct tachoi_arena *arena,
                                               struct tachoi_prometheus_labels *out) {
    char le[TACHOI_F64_TEXT_MAX];
    const char *le_value;
    const char *suffix = suffix_of(source, index, le, &le_value);
    const struct tachoi_prometheus_component component = {
        .suffix = suffix,
        .label_name = le_value != NULL ? "le" : NULL,
        .label_value = le_value,
    };
    return tachoi_prometheus_point_labels(source->conversion, source->scope, source->metric,
                                          source->attributes, &component, arena, out);
}

/* Whether an attribute becomes a label le: buckets have their own, _count and _sum would have it,
 * so that the components differ in what is the point's. */
static bool has_le_attribute(const struct tachoi_encoded_series_source *source,
                             struct tachoi_arena *arena) {
    struct tachoi_prometheus_labels labels;
    const size_t sum = components_of(source) - 1;
    if (labels_of(source, sum, arena, &labels) != TACHOI_PROMETHEUS_OK) {
        return true; /* a shape of its own is right for any */
    }
    for (size_t i = 0; i < labels.count; i++) {
        if (equals(labels.items[i].name, "le")) {
            return true;
        }
    }
    return false;
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

static uint32_t label_hash_of(const struct tachoi_prometheus_labels *labels) {
    uint64_t hash = tachoi_hash_seed();
    bool has_suffix = false;
    for (size_t i = 0; i < labels->count; i++) {
        if (equals(labels->items[i].name, "__name__")) {
            tacho_string name = labels->items[i].value;
            has_suffix = cut_suffix(&name, "_bucket") || cut_suffix(&name, "_count") ||
                         cut_suffix(&name, "_sum");
            hash = tachoi_hash_bytes(name.data, name.length, hash);
        }
    }
    for (size_t i = 0; i < labels->count; i++) {
        const struct tachoi_prometheus_label *label = &labels->items[i];
        if (!equals(label->name, "__name__") && !(has_suffix && equals(label->name, "le"))) {
            hash = tachoi_hash_bytes(label->name.data, label->name.length, hash);
            hash = tachoi_hash_bytes(label->value.data, label->value.length, hash);
        }
    }
    return (uint32_t)(hash ^ hash >> 32);
}

/* --- making --- */

static struct tachoi_encoded_series *assemble(const struct division *division,
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

/* Whether neighbours are one time series: a bound that is infinite, or not a number, would be. */
static bool has_equal_neighbours(const struct tachoi_series_shape *shape) {
    for (size_t i = 1; i < shape->component_count; i++) {
        if (tachoi_series_shape_is_equal(shape, i - 1, i)) {
            return true;
        }
    }
    return false;
}

static enum tachoi_prometheus_result make_with_shape(struct division *division,
                                                     struct tachoi_series_shapes *shapes,
                                                     struct tachoi_series_shape *shape,
                                                     struct tachoi_encoded_series_made *out) {
    if (shape == NULL) {
        return TACHOI_PROMETHEUS_NO_MEMORY;
    }
    enum tachoi_prometheus_result result = TACHOI_PROMETHEUS_INVALID;
    if (!has_equal_neighbours(shape)) {
        out->series = assemble(division, shape);
        result = out->series != NULL ? TACHOI_PROMETHEUS_OK : TACHOI_PROMETHEUS_NO_MEMORY;
    }
    tachoi_series_shapes_tidy(shapes, shape);
    return result;
}

static struct tachoi_series_shape_source
shape_source_of(const struct division *division, enum tachoi_encoded_series_kind kind,
                const struct tachoi_encoded_series_source *source) {
    const bool has_bounds = kind == TACHOI_ENCODED_HISTOGRAM;
    return (struct tachoi_series_shape_source){.kind = kind,
                                               .bounds = has_bounds ? source->bounds : NULL,
                                               .bound_count = has_bounds ? source->bound_count : 0,
                                               .component_count = division->component_count,
                                               .own_count = division->own_count,
                                               .lengths = division->lengths,
                                               .bytes = division->pieces.data,
                                               .is_private = division->is_private};
}

/* Goes on after the first component: with a shape that is there, or by dividing the others too. */
static enum tachoi_prometheus_result make(struct division *division,
                                          const struct tachoi_encoded_series_source *source,
                                          struct tachoi_series_shapes *shapes,
                                          struct tachoi_encoded_series_made *out) {
    const enum tachoi_encoded_series_kind kind = tachoi_encoded_series_kind_of(source->metric);
    const size_t count = components_of(source);
    struct tachoi_series_shape_source wanted = shape_source_of(division, kind, source);
    struct tachoi_series_shape *shape =
        division->is_private ? NULL : tachoi_series_shapes_find(shapes, &wanted);
    for (size_t i = 1; shape == NULL && i < count; i++) {
        struct tachoi_prometheus_labels labels;
        const enum tachoi_prometheus_result result = labels_of(source, i, division->arena, &labels);
        if (result != TACHOI_PROMETHEUS_OK) {
            return result;
        }
        if (!divide(division, &labels)) {
            return TACHOI_PROMETHEUS_NO_MEMORY;
        }
    }
    if (shape == NULL) {
        wanted = shape_source_of(division, kind, source);
        shape = tachoi_series_shapes_add(shapes, &wanted);
    }
    return make_with_shape(division, shapes, shape, out);
}

enum tachoi_prometheus_result
tachoi_encoded_series_create(const struct tachoi_encoded_series_source *source,
                             struct tachoi_series_shapes *shapes, struct tachoi_arena *arena,
                             struct tachoi_encoded_series_made *out) {
    *out = (struct tachoi_encoded_series_made){0};
    struct tachoi_prometheus_labels labels;
    enum tachoi_prometheus_result result = labels_of(source, 0, arena, &labels);
    if (result == TACHOI_PROMETHEUS_OK) {
        const size_t count = components_of(source);
        const bool is_private =
            count > 1 && labels.overridden > 0 && has_le_attribute(source, arena);
        struct division division;
        out->label_hash = label_hash_of(&labels);
        out->has_overridden = labels.overridden > 0;
        result = TACHOI_PROMETHEUS_NO_MEMORY;
        if (division_init(&division, arena, is_private, &labels, count) &&
            divide(&division, &labels)) {
            result = make(&division, source, shapes, out);
        }
        division_fini(&division);
    }
    tachoi_arena_reset(arena);
    return result;
}

enum tachoi_prometheus_result
tachoi_target_info_create(const struct tachoi_prometheus_conversion *conversion,
                          struct tachoi_series_shapes *shapes, struct tachoi_arena *arena,
                          struct tachoi_encoded_series_made *out) {
    *out = (struct tachoi_encoded_series_made){0};
    struct tachoi_prometheus_labels labels;
    enum tachoi_prometheus_result result =
        tachoi_prometheus_target_info_labels(conversion, arena, &labels);
    if (result == TACHOI_PROMETHEUS_OK && labels.count == 0) {
        result = TACHOI_PROMETHEUS_INVALID;
    } else if (result == TACHOI_PROMETHEUS_OK) {
        struct division division;
        out->label_hash = label_hash_of(&labels);
        result = TACHOI_PROMETHEUS_NO_MEMORY;
        if (division_init(&division, arena, true, &labels, 1) && divide(&division, &labels)) {
            const struct tachoi_series_shape_source wanted =
                shape_source_of(&division, TACHOI_ENCODED_GAUGE, NULL);
            result =
                make_with_shape(&division, shapes, tachoi_series_shapes_add(shapes, &wanted), out);
        }
        division_fini(&division);
    }
    tachoi_arena_reset(arena);
    return result;
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

/* --- comparing --- */

/* Of one shape, which is not a private one: all components are equal, or none. */
static bool has_equal_own_texts(const struct tachoi_encoded_series *a,
                                const struct tachoi_encoded_series *b) {
    const size_t length = tachoi_encoded_series_own_length(a);
    return length == tachoi_encoded_series_own_length(b) &&
           memcmp(tachoi_encoded_series_own(a), tachoi_encoded_series_own(b), length) == 0;
}

bool tachoi_encoded_series_is_equal_block(const struct tachoi_encoded_series *a, size_t i,
                                          const struct tachoi_encoded_series *b, size_t j) {
    struct tachoi_label_reader left;
    struct tachoi_label_reader right;
    if (tachoi_label_block_length(a, i) != tachoi_label_block_length(b, j)) {
        return false;
    }
    tachoi_label_reader_init(&left, a, i);
    tachoi_label_reader_init(&right, b, j);
    tacho_string name;
    tacho_string value;
    tacho_string other_name;
    tacho_string other_value;
    while (tachoi_label_reader_next(&left, &name, &value)) {
        if (!tachoi_label_reader_next(&right, &other_name, &other_value) ||
            !is_same_text(name, other_name) || !is_same_text(value, other_value)) {
            return false;
        }
    }
    return true; /* of equal length */
}

bool tachoi_encoded_series_has_equal_labels(const struct tachoi_encoded_series *a,
                                            const struct tachoi_encoded_series *b) {
    if (a->shape == b->shape) {
        return has_equal_own_texts(a, b);
    }
    if (a->shape->component_count != b->shape->component_count) {
        return false;
    }
    for (size_t i = 0; i < a->shape->component_count; i++) {
        if (!tachoi_encoded_series_is_equal_block(a, i, b, i)) {
            return false;
        }
    }
    return true;
}

bool tachoi_encoded_series_overlaps(const struct tachoi_encoded_series *a,
                                    const struct tachoi_encoded_series *b) {
    if (a->shape == b->shape) {
        return has_equal_own_texts(a, b);
    }
    for (size_t i = 0; i < a->shape->component_count; i++) {
        for (size_t j = 0; j < b->shape->component_count; j++) {
            if (tachoi_encoded_series_is_equal_block(a, i, b, j)) {
                return true;
            }
        }
    }
    return false;
}

uint64_t tachoi_encoded_series_block_hash(const struct tachoi_encoded_series *series,
                                          size_t component) {
    struct tachoi_label_reader reader;
    tacho_string name;
    tacho_string value;
    uint64_t hash = tachoi_hash_seed();
    tachoi_label_reader_init(&reader, series, component);
    while (tachoi_label_reader_next(&reader, &name, &value)) {
        hash = tachoi_hash_bytes(name.data, name.length, hash);
        hash = tachoi_hash_bytes(value.data, value.length, hash);
    }
    return hash;
}
