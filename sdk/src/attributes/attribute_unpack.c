/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of the packed form. It trusts the bytes, which only attribute_pack.c writes;
 * debug builds check that they are used up exactly. Numbers of arrays are copied, because they do
 * not lie at aligned addresses. */
#include <assert.h>
#include <string.h>

#include "attributes/attribute_set.h"

struct reader {
    const unsigned char *cursor;
    struct tachoi_arena *arena;
};

static size_t read_count(struct reader *reader) {
    size_t count = 0;
    unsigned shift = 0;
    while ((*reader->cursor & 0x80U) != 0) {
        count |= (size_t)(*reader->cursor++ & 0x7fU) << shift;
        shift += 7;
    }
    return count | (size_t)*reader->cursor++ << shift;
}

static void read_bytes(struct reader *reader, void *out, size_t size) {
    memcpy(out, reader->cursor, size);
    reader->cursor += size;
}

static tacho_string read_string(struct reader *reader) {
    tacho_string string;
    string.length = read_count(reader);
    string.data = (const char *)reader->cursor;
    reader->cursor += string.length;
    return string;
}

static bool read_strings(struct reader *reader, tacho_value *out) {
    size_t count = read_count(reader);
    tacho_string *items = tachoi_arena_alloc(reader->arena, count, sizeof *items);
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = read_string(reader);
    }
    out->as.strings.items = items;
    out->as.strings.count = count;
    return true;
}

static bool read_booleans(struct reader *reader, tacho_value *out) {
    size_t count = read_count(reader);
    bool *items = tachoi_arena_alloc(reader->arena, count, sizeof *items);
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = *reader->cursor++ != 0;
    }
    out->as.booleans.items = items;
    out->as.booleans.count = count;
    return true;
}

static bool read_i64s(struct reader *reader, tacho_value *out) {
    size_t count = read_count(reader);
    int64_t *items = tachoi_arena_alloc(reader->arena, count, sizeof *items);
    if (items == NULL) {
        return false;
    }
    read_bytes(reader, items, count * sizeof *items);
    out->as.i64s.items = items;
    out->as.i64s.count = count;
    return true;
}

static bool read_f64s(struct reader *reader, tacho_value *out) {
    size_t count = read_count(reader);
    double *items = tachoi_arena_alloc(reader->arena, count, sizeof *items);
    if (items == NULL) {
        return false;
    }
    read_bytes(reader, items, count * sizeof *items);
    out->as.f64s.items = items;
    out->as.f64s.count = count;
    return true;
}

/* Both recurse as deep as the packed form does: TACHOI_ATTRIBUTE_DEPTH levels. */
static bool read_value(struct reader *reader, tacho_value *out);
static bool read_map(struct reader *reader, tacho_attributes *out);

static bool read_values(struct reader *reader, tacho_value *out) {
    size_t count = read_count(reader);
    tacho_value *items = tachoi_arena_alloc(reader->arena, count, sizeof *items);
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_value(reader, &items[i])) {
            return false;
        }
    }
    out->as.values.items = items;
    out->as.values.count = count;
    return true;
}

static bool read_value(struct reader *reader, tacho_value *out) {
    memset(out, 0, sizeof *out);
    out->type = (tacho_value_type)*reader->cursor++;
    switch (out->type) {
    case TACHO_VALUE_EMPTY:
        return true;
    case TACHO_VALUE_STRING:
    case TACHO_VALUE_BYTES:
        out->as.string = read_string(reader);
        return true;
    case TACHO_VALUE_BOOL:
        out->as.boolean = *reader->cursor++ != 0;
        return true;
    case TACHO_VALUE_I64:
        read_bytes(reader, &out->as.i64, sizeof out->as.i64);
        return true;
    case TACHO_VALUE_F64:
        read_bytes(reader, &out->as.f64, sizeof out->as.f64);
        return true;
    case TACHO_VALUE_STRING_ARRAY:
        return read_strings(reader, out);
    case TACHO_VALUE_BOOL_ARRAY:
        return read_booleans(reader, out);
    case TACHO_VALUE_I64_ARRAY:
        return read_i64s(reader, out);
    case TACHO_VALUE_F64_ARRAY:
        return read_f64s(reader, out);
    case TACHO_VALUE_ARRAY:
        return read_values(reader, out);
    case TACHO_VALUE_MAP: {
        tacho_attributes map = {NULL, 0};
        bool is_good = read_map(reader, &map);
        out->as.map.items = map.items;
        out->as.map.count = map.count;
        return is_good;
    }
    }
    assert(false && "a type that the writer does not write");
    return false;
}

/* Most attributes: a short string under a short key. NULL if this one is not. */
static const unsigned char *read_plain(const unsigned char *cursor, tacho_attribute *out) {
    const size_t key_length = cursor[0];
    if (key_length >= 0x80U || cursor[key_length + 1] != TACHO_VALUE_STRING) {
        return NULL;
    }
    const size_t length = cursor[key_length + 2];
    if (length >= 0x80U) {
        return NULL;
    }
    out->key.data = (const char *)cursor + 1;
    out->key.length = key_length;
    out->value.type = TACHO_VALUE_STRING;
    out->value.as.string.data = (const char *)cursor + key_length + 3;
    out->value.as.string.length = length;
    return cursor + key_length + 3 + length;
}

static bool read_attribute(struct reader *reader, tacho_attribute *out) {
    const unsigned char *end = read_plain(reader->cursor, out);
    if (end != NULL) {
        reader->cursor = end;
        return true;
    }
    out->key = read_string(reader);
    return read_value(reader, &out->value);
}

static bool read_map(struct reader *reader, tacho_attributes *out) {
    size_t count = read_count(reader);
    tacho_attribute *items = tachoi_arena_alloc(reader->arena, count, sizeof *items);
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_attribute(reader, &items[i])) {
            return false;
        }
    }
    out->items = items;
    out->count = count;
    return true;
}

bool tachoi_attributes_unpack(const unsigned char *bytes, size_t size, struct tachoi_arena *arena,
                              tacho_attributes *out) {
    struct reader reader = {.cursor = bytes, .arena = arena};
    tacho_attributes unpacked;
    if (!read_map(&reader, &unpacked)) {
        return false;
    }
    assert(reader.cursor == bytes + size);
    (void)size;
    *out = unpacked;
    return true;
}
