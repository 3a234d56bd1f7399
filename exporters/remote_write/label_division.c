/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the division of label sets. See label_division.h. */
#include "remote_write/label_division.h"

#include <string.h>

#include "remote_write_v1.pb-c.h"

void tachoi_label_division_init(struct tachoi_label_division *division, struct tachoi_arena *arena,
                                size_t component_capacity) {
    *division =
        (struct tachoi_label_division){.arena = arena, .component_capacity = component_capacity};
}

void tachoi_label_division_fini(struct tachoi_label_division *division) {
    tachoi_wire_fini(&division->pieces);
    tachoi_wire_fini(&division->own);
}

/* --- packing --- */

bool tachoi_append_label(struct tachoi_wire *wire, tacho_string name, tacho_string value,
                         struct tachoi_arena *arena) {
    Prometheus__Label label = PROMETHEUS__LABEL__INIT;
    label.name = tachoi_arena_strndup(arena, name.data, name.length);
    label.value = tachoi_arena_strndup(arena, value.data, value.length);
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
    return true;
}

/* Appends the labels from `begin` to before `end`. False when memory is short. */
static bool append_labels(struct tachoi_label_division *division, struct tachoi_wire *wire,
                          const struct tachoi_prometheus_labels *labels, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        const struct tachoi_prometheus_label *label = &labels->items[i];
        const bool is_name =
            label->name.length == 8 && memcmp(label->name.data, "__name__", 8) == 0;
        if (!tachoi_prometheus_is_legacy_label_name(label->name) ||
            (is_name && !tachoi_prometheus_is_legacy_metric_name(label->value))) {
            division->is_utf8 = true;
        }
        if (!tachoi_append_label(wire, label->name, label->value, division->arena)) {
            return false;
        }
    }
    return true;
}

/* --- the first component --- */

static bool is_own(const struct tachoi_label_division *division,
                   const struct tachoi_prometheus_label *label) {
    return label->is_points && !division->is_private;
}

/* Counts own texts and makes room for what follows from them; false when memory is short. */
static bool plan(struct tachoi_label_division *division,
                 const struct tachoi_prometheus_labels *labels) {
    division->own_labels = tachoi_arena_alloc(division->arena, labels->count + 1, sizeof(size_t));
    if (division->own_labels == NULL) {
        return false;
    }
    bool was_own = false;
    for (size_t i = 0; i < labels->count; i++) {
        const bool is_now = is_own(division, &labels->items[i]);
        if (is_now && (!was_own || division->is_single)) {
            division->own_labels[division->own_count++] = 0;
        }
        if (is_now) {
            division->own_labels[division->own_count - 1]++;
        }
        was_own = is_now;
    }
    const size_t capacity = division->component_capacity;
    division->own_ends =
        tachoi_arena_alloc(division->arena, division->own_count + 1, sizeof(uint32_t));
    division->lengths =
        tachoi_arena_alloc(division->arena, capacity, (division->own_count + 1) * sizeof(uint32_t));
    division->parts = tachoi_arena_alloc(division->arena, capacity, sizeof(uint32_t));
    return division->own_ends != NULL && division->lengths != NULL && division->parts != NULL;
}

/* --- one component --- */

/* Whether the labels from `begin` to before `end` are all own ones. */
static bool are_own(const struct tachoi_label_division *division,
                    const struct tachoi_prometheus_labels *labels, size_t begin, size_t end) {
    if (end > labels->count) {
        return false;
    }
    for (size_t i = begin; i < end; i++) {
        if (!is_own(division, &labels->items[i])) {
            return false;
        }
    }
    return true;
}

/* Keeps the own text of the first component; compares that of the others with it. */
static enum tachoi_division_result take_own(struct tachoi_label_division *division, size_t index,
                                            const struct tachoi_prometheus_labels *labels,
                                            size_t begin, size_t end) {
    struct tachoi_wire *own = &division->own;
    const size_t before = own->length;
    if (!append_labels(division, own, labels, begin, end)) {
        return TACHOI_DIVISION_NO_MEMORY;
    }
    if (division->component_count == 0) {
        division->own_ends[index] = (uint32_t)own->length;
        return TACHOI_DIVISION_OK;
    }
    const size_t first = index > 0 ? division->own_ends[index - 1] : 0;
    const size_t length = own->length - before;
    own->length = before;
    return length == division->own_ends[index] - first &&
                   memcmp(own->data + first, own->data + before, length) == 0
               ? TACHOI_DIVISION_OK
               : TACHOI_DIVISION_DIFFERENT;
}

/* Divides the component; its pieces' lengths go to `lengths`. */
static enum tachoi_division_result divide(struct tachoi_label_division *division,
                                          const struct tachoi_prometheus_labels *labels,
                                          uint32_t *lengths) {
    size_t begin = 0;
    for (size_t i = 0; i <= division->own_count; i++) {
        const size_t before = division->pieces.length;
        size_t end = begin;
        while (end < labels->count && !is_own(division, &labels->items[end])) {
            end++;
        }
        if (!append_labels(division, &division->pieces, labels, begin, end)) {
            return TACHOI_DIVISION_NO_MEMORY;
        }
        lengths[i] = (uint32_t)(division->pieces.length - before);
        if (i == division->own_count) {
            return end == labels->count ? TACHOI_DIVISION_OK : TACHOI_DIVISION_DIFFERENT;
        }
        begin = end + division->own_labels[i];
        if (!are_own(division, labels, end, begin)) {
            return TACHOI_DIVISION_DIFFERENT;
        }
        const enum tachoi_division_result result = take_own(division, i, labels, end, begin);
        if (result != TACHOI_DIVISION_OK) {
            return result;
        }
    }
    return TACHOI_DIVISION_OK;
}

enum tachoi_division_result tachoi_label_division_add(struct tachoi_label_division *division,
                                                      const struct tachoi_prometheus_labels *labels,
                                                      uint32_t part) {
    if (division->component_count == 0 && !plan(division, labels)) {
        return TACHOI_DIVISION_NO_MEMORY;
    }
    const size_t at = division->component_count * (division->own_count + 1);
    const enum tachoi_division_result result = divide(division, labels, &division->lengths[at]);
    if (result == TACHOI_DIVISION_OK) {
        division->parts[division->component_count++] = part;
    }
    const bool is_too_long = division->pieces.length + division->own.length > UINT32_MAX;
    return result == TACHOI_DIVISION_OK && is_too_long ? TACHOI_DIVISION_NO_MEMORY : result;
}
