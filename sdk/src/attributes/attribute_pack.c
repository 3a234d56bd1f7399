/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the writing of the packed form. Knows nothing of where the bytes go.
 *
 * Pairs of short keys and short plain values are written without asking for room at each step
 * (attribute_short.h); everything else goes through put_bytes, which takes any room. The bytes are
 * the same. Every put function takes the cursor and returns the next one; NULL means
 * that the window stopped the writing. */
#include "attributes/attribute_pack.h"

#include <string.h>

#include "attributes/attribute_order.h"
#include "attributes/attribute_set.h"
#include "attributes/attribute_short.h"

#define VARINT_MAX_BYTES 10 /* of 64 bits */

unsigned char *tachoi_pack_stop(struct tachoi_pack_window *window) {
    (void)window;
    return NULL;
}

/* Callers' lists that cannot be read count as empty. */
static inline size_t count_of(const void *items, size_t count) {
    return items != NULL ? count : 0;
}

/* --- any size, any room ---------------------------------------------------------------------- */

static unsigned char *put_bytes(struct tachoi_pack_window *to, unsigned char *cursor,
                                const void *data, size_t size) {
    const unsigned char *from = data;
    while (cursor != NULL && size > 0) {
        size_t room = (size_t)(to->end - cursor);
        if (room == 0) {
            cursor = to->make_room(to);
            continue;
        }
        size_t part = size < room ? size : room;
        memcpy(cursor, from, part);
        cursor += part;
        from += part;
        size -= part;
    }
    return cursor;
}

static unsigned char *put_byte(struct tachoi_pack_window *to, unsigned char *cursor,
                               unsigned char byte) {
    return put_bytes(to, cursor, &byte, 1);
}

static inline unsigned char *put_count(struct tachoi_pack_window *to, unsigned char *cursor,
                                       size_t count) {
    if (count <= TACHOI_SHORT_MAX && cursor != NULL && cursor != to->end) {
        *cursor = (unsigned char)count;
        return cursor + 1;
    }
    unsigned char bytes[VARINT_MAX_BYTES];
    size_t size = 0;
    while (count > TACHOI_SHORT_MAX) {
        bytes[size++] = (unsigned char)((count & 0x7fU) | 0x80U);
        count >>= 7U;
    }
    bytes[size++] = (unsigned char)count;
    return put_bytes(to, cursor, bytes, size);
}

static unsigned char *put_string(struct tachoi_pack_window *to, unsigned char *cursor,
                                 tacho_string string) {
    size_t length = count_of(string.data, string.length);
    cursor = put_count(to, cursor, length);
    return put_bytes(to, cursor, string.data, length);
}

static unsigned char *put_f64(struct tachoi_pack_window *to, unsigned char *cursor, double value) {
    uint64_t bits = tachoi_packed_f64(value);
    return put_bytes(to, cursor, &bits, sizeof bits);
}

static unsigned char *put_strings(struct tachoi_pack_window *to, unsigned char *cursor,
                                  const tacho_value *value) {
    size_t count = count_of(value->as.strings.items, value->as.strings.count);
    cursor = put_count(to, cursor, count);
    for (size_t i = 0; i < count && cursor != NULL; i++) {
        cursor = put_string(to, cursor, value->as.strings.items[i]);
    }
    return cursor;
}

static unsigned char *put_booleans(struct tachoi_pack_window *to, unsigned char *cursor,
                                   const tacho_value *value) {
    size_t count = count_of(value->as.booleans.items, value->as.booleans.count);
    cursor = put_count(to, cursor, count);
    for (size_t i = 0; i < count && cursor != NULL; i++) {
        cursor = put_byte(to, cursor, value->as.booleans.items[i] ? 1 : 0);
    }
    return cursor;
}

static unsigned char *put_i64s(struct tachoi_pack_window *to, unsigned char *cursor,
                               const tacho_value *value) {
    size_t count = count_of(value->as.i64s.items, value->as.i64s.count);
    cursor = put_count(to, cursor, count);
    return put_bytes(to, cursor, value->as.i64s.items, count * sizeof(int64_t));
}

static unsigned char *put_f64s(struct tachoi_pack_window *to, unsigned char *cursor,
                               const tacho_value *value) {
    size_t count = count_of(value->as.f64s.items, value->as.f64s.count);
    cursor = put_count(to, cursor, count);
    for (size_t i = 0; i < count && cursor != NULL; i++) {
        cursor = put_f64(to, cursor, value->as.f64s.items[i]);
    }
    return cursor;
}

/* `depth` is the number of arrays and maps around the value. */
static unsigned char *put_value(struct tachoi_pack_window *to, unsigned char *cursor,
                                const tacho_value *value, size_t depth);
static unsigned char *put_map(struct tachoi_pack_window *to, unsigned char *cursor,
                              const tacho_attribute *items, size_t count, size_t depth);

static unsigned char *put_values(struct tachoi_pack_window *to, unsigned char *cursor,
                                 const tacho_value *value, size_t depth) {
    size_t count = count_of(value->as.values.items, value->as.values.count);
    cursor = put_count(to, cursor, count);
    for (size_t i = 0; i < count && cursor != NULL; i++) {
        cursor = put_value(to, cursor, &value->as.values.items[i], depth + 1);
    }
    return cursor;
}

/* What is too deep, and a type from a later version, becomes the empty value. */
static tacho_value_type packed_type(const tacho_value *value, size_t depth) {
    bool is_nesting = value->type == TACHO_VALUE_ARRAY || value->type == TACHO_VALUE_MAP;
    bool is_known = value->type <= TACHO_VALUE_MAP;
    return !is_known || (is_nesting && depth >= TACHOI_ATTRIBUTE_DEPTH) ? TACHO_VALUE_EMPTY
                                                                        : value->type;
}

static unsigned char *put_value(struct tachoi_pack_window *to, unsigned char *cursor,
                                const tacho_value *value, size_t depth) {
    tacho_value_type type = packed_type(value, depth);
    cursor = put_byte(to, cursor, (unsigned char)type);
    switch (type) {
    case TACHO_VALUE_EMPTY:
        return cursor;
    case TACHO_VALUE_STRING:
    case TACHO_VALUE_BYTES:
        return put_string(to, cursor, value->as.string);
    case TACHO_VALUE_BOOL:
        return put_byte(to, cursor, value->as.boolean ? 1 : 0);
    case TACHO_VALUE_I64:
        return put_bytes(to, cursor, &value->as.i64, sizeof value->as.i64);
    case TACHO_VALUE_F64:
        return put_f64(to, cursor, value->as.f64);
    case TACHO_VALUE_STRING_ARRAY:
        return put_strings(to, cursor, value);
    case TACHO_VALUE_BOOL_ARRAY:
        return put_booleans(to, cursor, value);
    case TACHO_VALUE_I64_ARRAY:
        return put_i64s(to, cursor, value);
    case TACHO_VALUE_F64_ARRAY:
        return put_f64s(to, cursor, value);
    case TACHO_VALUE_ARRAY:
        return put_values(to, cursor, value, depth);
    case TACHO_VALUE_MAP:
        return put_map(to, cursor, value->as.map.items, value->as.map.count, depth + 1);
    }
    return cursor;
}

static inline unsigned char *put_pair(struct tachoi_pack_window *to, unsigned char *cursor,
                                      const tacho_attribute *attr, size_t depth) {
    unsigned char *end = tachoi_short_put_pair(cursor, to->end, attr);
    if (end != NULL) {
        return end;
    }
    cursor = put_string(to, cursor, attr->key);
    return put_value(to, cursor, &attr->value, depth);
}

/* --- maps ------------------------------------------------------------------------------------ */

static unsigned char *put_batch(struct tachoi_pack_window *to, unsigned char *cursor,
                                const struct tachoi_key_batch *batch, size_t depth) {
    for (size_t i = 0; i < batch->count && cursor != NULL; i++) {
        cursor = put_pair(to, cursor, batch->attributes[i], depth);
    }
    return cursor;
}

/* Goes through the list twice: the number of unique keys comes first. */
static unsigned char *put_many(struct tachoi_pack_window *to, unsigned char *cursor,
                               const tacho_attribute *items, size_t count, size_t depth,
                               const struct tachoi_attribute_filter *filter) {
    struct tachoi_key_batch batch;
    size_t unique = 0;
    batch.count = 0;
    while (tachoi_key_batch_next_kept(&batch, items, count, filter)) {
        unique += batch.count;
    }
    cursor = put_count(to, cursor, unique);
    while (cursor != NULL && tachoi_key_batch_next_kept(&batch, items, count, filter)) {
        cursor = put_batch(to, cursor, &batch, depth);
    }
    return cursor;
}

static unsigned char *put_map(struct tachoi_pack_window *to, unsigned char *cursor,
                              const tacho_attribute *items, size_t count, size_t depth) {
    count = count_of(items, count);
    if (count > TACHOI_KEY_BATCH) {
        return put_many(to, cursor, items, count, depth, NULL);
    }
    struct tachoi_key_batch batch;
    batch.count = 0;
    (void)tachoi_key_batch_next(&batch, items, count);
    cursor = put_count(to, cursor, batch.count);
    return put_batch(to, cursor, &batch, depth);
}

unsigned char *tachoi_attributes_pack(struct tachoi_pack_window *window,
                                      tacho_attributes attributes) {
    return put_map(window, window->begin, attributes.items, attributes.count, 0);
}

unsigned char *tachoi_attributes_pack_kept(struct tachoi_pack_window *window,
                                           tacho_attributes attributes,
                                           const struct tachoi_attribute_filter *filter) {
    size_t count = count_of(attributes.items, attributes.count);
    if (count > TACHOI_KEY_BATCH) {
        return put_many(window, window->begin, attributes.items, count, 0, filter);
    }
    struct tachoi_key_batch batch;
    batch.count = 0;
    (void)tachoi_key_batch_next_kept(&batch, attributes.items, count, filter);
    unsigned char *cursor = put_count(window, window->begin, batch.count);
    return put_batch(window, cursor, &batch, 0);
}
