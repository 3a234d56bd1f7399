/* SPDX-License-Identifier: Apache-2.0 */
/* Owns turning label blocks into references. See label_refs.h. */
#include "remote_write/label_refs.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"

/* Atomic: relaxed, a mere count. Shapes outlive requests, and are shared by the encoders of an
 * exporter, so that a number must never come twice. */
static _Atomic(uint64_t) requests;

void tachoi_label_refs_fini(struct tachoi_label_refs *refs) {
    tachoi_symbols_fini(&refs->symbols);
    tachoi_arena_fini(&refs->arena);
    tachoi_wire_fini(&refs->own);
    tachoi_wire_fini(&refs->scratch);
    tachoi_free(refs->own_ends);
    *refs = (struct tachoi_label_refs){0};
}

bool tachoi_label_refs_begin(struct tachoi_label_refs *refs, struct tachoi_wire *out) {
    refs->request = 1 + atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed);
    tachoi_arena_reset(&refs->arena);
    memset(refs->turned, 0, sizeof refs->turned);
    return tachoi_symbols_begin(&refs->symbols, out);
}

/* --- a reference: most are below 2^14 --- */

static inline unsigned char *put_ref(unsigned char *out, uint32_t ref) {
    if (ref < 1U << 7) {
        *out = (unsigned char)ref;
        return out + 1;
    }
    if (ref < 1U << 14) {
        out[0] = (unsigned char)(ref | 0x80);
        out[1] = (unsigned char)(ref >> 7);
        return out + 2;
    }
    return tachoi_put_varint(out, ref);
}

/* Appends those of a label. */
static bool append_label(struct tachoi_label_refs *refs, tacho_string name, tacho_string value,
                         struct tachoi_wire *out) {
    const uint32_t name_ref = tachoi_symbols_ref(&refs->symbols, name.data, name.length);
    const uint32_t value_ref = tachoi_symbols_ref(&refs->symbols, value.data, value.length);
    if (name_ref == TACHOI_NO_SYMBOL || value_ref == TACHOI_NO_SYMBOL ||
        !tachoi_wire_reserve(out, tachoi_varint_size(name_ref) + tachoi_varint_size(value_ref))) {
        return false;
    }
    unsigned char *end = put_ref(put_ref(out->data + out->length, name_ref), value_ref);
    out->length = (size_t)(end - out->data);
    return true;
}

bool tachoi_label_refs_append_block(struct tachoi_label_refs *refs, const unsigned char *block,
                                    size_t length, struct tachoi_wire *out) {
    const unsigned char *end = block + length;
    tacho_string name;
    tacho_string value;
    while (tachoi_label_next(&block, end, &name, &value)) {
        if (!append_label(refs, name, value, out)) {
            return false;
        }
    }
    return true;
}

/* --- what is the shape's --- */

static size_t count_own_labels(const struct tachoi_encoded_series *series) {
    const unsigned char *at = tachoi_encoded_series_own(series);
    const unsigned char *end = at + tachoi_encoded_series_own_length(series);
    tacho_string name;
    tacho_string value;
    size_t count = 0;
    while (tachoi_label_next(&at, end, &name, &value)) {
        count++;
    }
    return count;
}

/* Field numbers of package io.prometheus.write.v2. */
enum { TIMESERIES_METADATA = 5, METADATA_TYPE = 1, METADATA_HELP_REF = 3, METADATA_UNIT_REF = 4 };

static unsigned char *put_number(unsigned char *out, unsigned field, uint32_t number) {
    return number == 0 ? out : put_ref(tachoi_put_tag(out, field, TACHOI_WIRE_VARINT), number);
}

/* At most 14 bytes. */
static bool make_metadata(struct tachoi_label_refs *refs, const struct tachoi_metric_family *family,
                          struct tachoi_shape_refs *made) {
    if (family == NULL) {
        return true;
    }
    const tacho_string help = family->is.help;
    const tacho_string unit = family->is.unit;
    const uint32_t help_ref = tachoi_symbols_ref(&refs->symbols, help.data, help.length);
    const uint32_t unit_ref = tachoi_symbols_ref(&refs->symbols, unit.data, unit.length);
    if (help_ref == TACHOI_NO_SYMBOL || unit_ref == TACHOI_NO_SYMBOL) {
        return false;
    }
    unsigned char *const begin = made->metadata + 2;
    unsigned char *out = put_number(begin, METADATA_TYPE, (uint32_t)family->is.type);
    out = put_number(out, METADATA_HELP_REF, help_ref);
    out = put_number(out, METADATA_UNIT_REF, unit_ref);
    (void)tachoi_put_tag(made->metadata, TIMESERIES_METADATA, TACHOI_WIRE_BYTES);
    made->metadata[1] = (unsigned char)(out - begin);
    made->metadata_length = (size_t)(out - made->metadata);
    return true;
}

static void *zeroed(struct tachoi_arena *arena, size_t count, size_t size) {
    void *memory = tachoi_arena_alloc(arena, count, size);
    if (memory != NULL) {
        memset(memory, 0, count * size);
    }
    return memory;
}

const struct tachoi_shape_refs *tachoi_label_refs_make(struct tachoi_label_refs *refs,
                                                       const struct tachoi_encoded_series *series) {
    struct tachoi_series_shape *shape = series->shape;
    const size_t last_count = count_own_labels(series);
    struct tachoi_shape_refs *made = zeroed(&refs->arena, 1, sizeof *made);
    if (made == NULL || !make_metadata(refs, shape->family, made)) {
        return NULL;
    }
    made->components = zeroed(&refs->arena, shape->component_count, sizeof *made->components);
    made->last = zeroed(&refs->arena, last_count + 1, sizeof *made->last);
    made->last_count = last_count;
    if (made->components == NULL || made->last == NULL) {
        return NULL;
    }
    shape->refs = made;
    shape->refs_request = refs->request;
    return made;
}

/* The references of a component's pieces go to `scratch` first, and their lengths to `lengths`. */
static bool turn_pieces(struct tachoi_label_refs *refs, const struct tachoi_series_shape *shape,
                        size_t component, uint32_t *lengths) {
    const unsigned char *piece = shape->components[component].bytes;
    refs->scratch.length = 0;
    for (size_t i = 0; i <= shape->own_count; i++) {
        const size_t before = refs->scratch.length;
        const size_t length = shape->components[component].lengths[i];
        if (!tachoi_label_refs_append_block(refs, piece, length, &refs->scratch)) {
            return false;
        }
        lengths[i] = (uint32_t)(refs->scratch.length - before);
        piece += length;
    }
    return true;
}

const struct tachoi_piece_refs *
tachoi_label_refs_make_pieces(struct tachoi_label_refs *refs,
                              const struct tachoi_encoded_series *series, size_t component) {
    const struct tachoi_series_shape *shape = series->shape;
    uint32_t *lengths = tachoi_arena_alloc(&refs->arena, shape->own_count + 1, sizeof *lengths);
    if (lengths == NULL || !turn_pieces(refs, shape, component, lengths)) {
        return NULL;
    }
    unsigned char *bytes = zeroed(&refs->arena, refs->scratch.length + TACHOI_REFS_STEP, 1);
    if (bytes == NULL) {
        return NULL;
    }
    if (refs->scratch.length > 0) {
        memcpy(bytes, refs->scratch.data, refs->scratch.length);
    }
    struct tachoi_piece_refs *made = &shape->refs->components[component];
    *made = (struct tachoi_piece_refs){bytes, lengths, (uint32_t)refs->scratch.length};
    return made;
}

/* --- what is the series' own --- */

/* Texts are short: a call of memcmp would cost more than the comparison. */
static inline bool is_same(const unsigned char *a, const unsigned char *b, size_t length) {
    if (length < sizeof(uint64_t)) {
        for (size_t i = 0; i < length; i++) {
            if (a[i] != b[i]) {
                return false;
            }
        }
        return true;
    }
    uint64_t x;
    uint64_t y;
    for (size_t at = 0; at < length - sizeof x; at += sizeof x) {
        memcpy(&x, a + at, sizeof x);
        memcpy(&y, b + at, sizeof y);
        if (x != y) {
            return false;
        }
    }
    memcpy(&x, a + length - sizeof x, sizeof x);
    memcpy(&y, b + length - sizeof y, sizeof y);
    return x == y;
}

struct label_texts {
    const unsigned char *name;
    const unsigned char *value;
    uint32_t name_length;
    uint32_t value_length;
};

/* A label of an own text, whose parts are short as a rule. */
static inline bool read_label(const unsigned char **at, const unsigned char *end,
                              struct label_texts *out) {
    const unsigned char *label = *at;
    /* 0a length, 0a length name, 12 length value */
    if (label[1] < 0x80 && label[3] < 0x80 && label[1] > label[3] + 2) {
        out->name_length = label[3];
        out->name = label + 4;
        out->value_length = label[1] - label[3] - 4U;
        out->value = out->name + out->name_length + 2;
        *at = label + 2 + label[1];
        return true;
    }
    tacho_string name;
    tacho_string value;
    if (!tachoi_label_next(at, end, &name, &value)) {
        return false;
    }
    *out = (struct label_texts){.name = (const unsigned char *)name.data,
                                .value = (const unsigned char *)value.data,
                                .name_length = (uint32_t)name.length,
                                .value_length = (uint32_t)value.length};
    return true;
}

/* References are never longer than the label: 4 bytes each, where a label has at least 4 beside its
 * two texts. */
static bool reserve_own(struct tachoi_label_refs *refs,
                        const struct tachoi_encoded_series *series) {
    const size_t count = series->shape->own_count;
    refs->own.length = 0;
    if (!tachoi_wire_reserve(&refs->own, tachoi_encoded_series_own_length(series) + 1)) {
        return false;
    }
    if (count > refs->own_capacity) {
        uint32_t *ends = tachoi_realloc_array(refs->own_ends, count, sizeof *ends);
        if (ends == NULL) {
            return false;
        }
        refs->own_ends = ends;
        refs->own_capacity = count;
    }
    return true;
}

/* Of a short label; less than a long one has. */
static inline uint32_t short_label_length(const unsigned char *label) {
    return label[1] + 2U;
}

/* Whether the label is that one: then its references are copied. */
static inline bool put_turned(const struct tachoi_turned_label *turned, const unsigned char *label,
                              unsigned char **out) {
    if (turned->label_length != short_label_length(label) ||
        !is_same(turned->label, label, turned->label_length)) {
        return false;
    }
    memcpy(*out, turned->refs, TACHOI_LABEL_REFS_MAX); /* there is slack */
    *out += turned->refs_length;
    return true;
}

/* Where in the table a label of at least 8 bytes is, if it is there: a hash of all its bytes, which
 * need not be strong, as labels are compared. Seeds are of no use: what collides is looked up. */
static inline size_t place_of(const unsigned char *label, size_t length) {
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = length;
    uint64_t word;
    for (size_t at = 0; at < length - sizeof word; at += sizeof word) {
        memcpy(&word, label + at, sizeof word);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    }
    memcpy(&word, label + length - sizeof word, sizeof word);
    return (size_t)(((hash ^ word) * factor) >> 56) & (TACHOI_TURNED_LABELS - 1);
}

/* Looks name and value of the label at *at up; of `last`, the label before at its place, the name
 * may be the same. */
static bool turn(struct tachoi_symbols *symbols, const struct tachoi_turned_label *last,
                 const unsigned char **at, const unsigned char *end,
                 struct tachoi_turned_label *out) {
    const unsigned char *const begin = *at;
    struct label_texts texts;
    if (!read_label(at, end, &texts)) {
        return false;
    }
    const bool is_short = texts.name == begin + 4;
    const uint32_t name_ref = is_short && texts.name_length > 0 &&
                                      last->name_length == texts.name_length &&
                                      is_same(last->label + 4, texts.name, texts.name_length)
                                  ? last->name_ref
                                  : tachoi_symbols_ref(symbols, texts.name, texts.name_length);
    const uint32_t value_ref = tachoi_symbols_ref(symbols, texts.value, texts.value_length);
    if (name_ref == TACHOI_NO_SYMBOL || value_ref == TACHOI_NO_SYMBOL) {
        return false;
    }
    *out = (struct tachoi_turned_label){.label = begin,
                                        .label_length = (uint32_t)(*at - begin),
                                        .name_length = is_short ? texts.name_length : 0,
                                        .name_ref = name_ref};
    const unsigned char *refs_end = put_ref(put_ref(out->refs, name_ref), value_ref);
    out->refs_length = (uint32_t)(refs_end - out->refs);
    return true;
}

/* A label that is not the last one of its place; it becomes that. */
static bool put_other(struct tachoi_label_refs *refs, struct tachoi_turned_label *last,
                      const unsigned char **at, const unsigned char *end, unsigned char **out) {
    const uint32_t length = short_label_length(*at);
    struct tachoi_turned_label *turned =
        length < sizeof(uint64_t) ? &refs->turned[0] : &refs->turned[place_of(*at, length)];
    if (put_turned(turned, *at, out)) {
        *at += turned->label_length;
    } else if (turn(&refs->symbols, last, at, end, turned)) {
        memcpy(*out, turned->refs, TACHOI_LABEL_REFS_MAX);
        *out += turned->refs_length;
    } else {
        return false;
    }
    *last = *turned;
    return true;
}

bool tachoi_label_refs_own(struct tachoi_label_refs *refs,
                           const struct tachoi_encoded_series *series) {
    const struct tachoi_shape_refs *shape_refs = series->shape->refs;
    if (!reserve_own(refs, series)) {
        return false;
    }
    const unsigned char *own = tachoi_encoded_series_own(series);
    const unsigned char *at = own;
    unsigned char *out = refs->own.data;
    struct tachoi_turned_label *last = shape_refs->last;
    const struct tachoi_turned_label *const last_end = last + shape_refs->last_count;
    for (uint32_t i = 0; i < series->shape->own_count; i++) {
        const unsigned char *end = own + series->own_ends[i];
        while (at < end) {
            if (put_turned(last, at, &out)) {
                at += last->label_length;
            } else if (!put_other(refs, last, &at, end, &out)) {
                return false;
            }
            last += last < last_end ? 1 : 0; /* all behind share one */
        }
        refs->own_ends[i] = (uint32_t)(out - refs->own.data);
    }
    refs->own.length = (size_t)(out - refs->own.data);
    return true;
}

/* --- together --- */

/* Copies in steps of constant length, which are an instruction or two each. */
static inline unsigned char *put_steps(unsigned char *out, const unsigned char *from,
                                       size_t length) {
    for (size_t at = 0; at < length; at += TACHOI_REFS_STEP) {
        memcpy(out + at, from + at, TACHOI_REFS_STEP);
    }
    return out + length;
}

unsigned char *tachoi_label_refs_put(const struct tachoi_label_refs *refs,
                                     const struct tachoi_encoded_series *series, size_t component,
                                     unsigned char *out) {
    const struct tachoi_piece_refs *pieces = &series->shape->refs->components[component];
    const unsigned char *piece = pieces->bytes;
    const uint32_t own_count = series->shape->own_count;
    uint32_t begin = 0;
    for (uint32_t i = 0; i < own_count; i++) {
        const uint32_t end = refs->own_ends[i];
        out = put_steps(out, piece, pieces->lengths[i]);
        piece += pieces->lengths[i];
        out = put_steps(out, refs->own.data + begin, end - begin);
        begin = end;
    }
    return put_steps(out, piece, pieces->lengths[own_count]);
}
