/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what recording does with almost every list: few attributes, short keys, short plain values.
 * They are sorted and written without asking for room at each step, inline, without a call. The
 * order is attribute_order.h's and the bytes are attribute_pack.h's. Private to this folder, for
 * which attribute_expected.h opens it to the recording path.
 *
 * A list comes from a line of code, so its keys stand in the same order each time. Where that order
 * is known, the pairs are written in the expected order of keys, and each key is only held against
 * the one before it; its first byte decides most of these comparisons. Otherwise keys are sorted by
 * insertion, by their first 8 bytes as a number, which decide most comparisons there. */
#ifndef TACHOI_ATTRIBUTES_ATTRIBUTE_SHORT_H
#define TACHOI_ATTRIBUTES_ATTRIBUTE_SHORT_H

#include <endian.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "attributes/attribute_order.h"
#include "attributes/attribute_set.h"
#include "tacho/attributes.h"

#define TACHOI_SHORT_MAX 127          /* lengths and counts that take one byte */
#define TACHOI_SHORT_PAIR_OVERHEAD 10 /* length of the key, type, and 8 bytes or a length */
#define TACHOI_SHORT_PAIR_MAX (2 * TACHOI_SHORT_MAX + TACHOI_SHORT_PAIR_OVERHEAD)

/* The compiler's own measure of size would keep these out of line. */
#define TACHOI_SHORT_INLINE static inline __attribute__((always_inline))

/* --- order ----------------------------------------------------------------------------------- */

TACHOI_SHORT_INLINE uint64_t tachoi_short_load_be32(const char *data) {
    uint32_t value;
    memcpy(&value, data, sizeof value);
    return be32toh(value);
}

/* The first 8 bytes as a number that orders as the bytes do; a shorter key is padded with 0. The
 * loads of a short key overlap and agree where they do. The key is not empty. */
TACHOI_SHORT_INLINE uint64_t tachoi_key_prefix(tacho_string key) {
    if (key.length >= 8) {
        uint64_t value;
        memcpy(&value, key.data, sizeof value);
        return be64toh(value);
    }
    if (key.length >= 4) {
        return (tachoi_short_load_be32(key.data) << 32U) |
               (tachoi_short_load_be32(key.data + key.length - 4) << (64 - 8 * key.length));
    }
    const unsigned char *bytes = (const unsigned char *)key.data;
    const size_t middle = key.length / 2;
    return ((uint64_t)bytes[0] << 56U) | ((uint64_t)bytes[middle] << (56 - 8 * middle)) |
           ((uint64_t)bytes[key.length - 1] << (64 - 8 * key.length));
}

/* Puts an attribute where it belongs among the first `count`, which leave room for it, or in place
 * of the one with the same key; returns the new count. */
TACHOI_SHORT_INLINE size_t tachoi_short_insert(struct tachoi_key_batch *batch, size_t count,
                                               const tacho_attribute *attr) {
    const uint64_t prefix = tachoi_key_prefix(attr->key);
    size_t place = count;
    for (; place > 0 && prefix < batch->prefixes[place - 1]; place--) {
        batch->prefixes[place] = batch->prefixes[place - 1];
        batch->attributes[place] = batch->attributes[place - 1];
    }
    if (__builtin_expect(place > 0 && prefix == batch->prefixes[place - 1], 0)) {
        return tachoi_key_batch_settle(batch, count, place, attr);
    }
    batch->prefixes[place] = prefix;
    batch->attributes[place] = attr;
    return count + 1;
}

/* --- bytes ----------------------------------------------------------------------------------- */

/* Copies up to TACHOI_SHORT_MAX bytes; where two moves of one size cover them, they may overlap. */
TACHOI_SHORT_INLINE unsigned char *tachoi_short_copy(unsigned char *to, const char *from,
                                                     size_t length) {
    if (length >= 8) {
        if (length <= 16) {
            memcpy(to, from, 8);
            memcpy(to + length - 8, from + length - 8, 8);
        } else if (length <= 32) {
            memcpy(to, from, 16);
            memcpy(to + length - 16, from + length - 16, 16);
        } else {
            memcpy(to, from, length);
        }
    } else if (length >= 4) {
        memcpy(to, from, 4);
        memcpy(to + length - 4, from + length - 4, 4);
    } else if (length > 0) {
        to[0] = (unsigned char)from[0];
        to[length / 2] = (unsigned char)from[length / 2];
        to[length - 1] = (unsigned char)from[length - 1];
    }
    return to + length;
}

/* All NaNs are one value, whatever their bits. */
TACHOI_SHORT_INLINE uint64_t tachoi_packed_f64(double value) {
    uint64_t bits = UINT64_C(0x7ff8000000000000);
    if (!isnan(value)) {
        memcpy(&bits, &value, sizeof bits);
    }
    return bits;
}

/* A value that is not text. */
TACHOI_SHORT_INLINE unsigned char *tachoi_short_put_number(unsigned char *cursor,
                                                           const tacho_value *value) {
    if (value->type == TACHO_VALUE_BOOL) {
        *cursor++ = value->as.boolean ? 1 : 0;
        return cursor;
    }
    if (value->type == TACHO_VALUE_EMPTY) {
        return cursor;
    }
    const uint64_t bits =
        value->type == TACHO_VALUE_I64 ? (uint64_t)value->as.i64 : tachoi_packed_f64(value->as.f64);
    memcpy(cursor, &bits, sizeof bits);
    return cursor + sizeof bits;
}

/* Writes a pair of which key and value are short and plain, and fit; NULL, nothing written, if it
 * is not one. Everything is read before it writes: for the compiler, bytes may be anything. */
TACHOI_SHORT_INLINE unsigned char *tachoi_short_put_pair(unsigned char *cursor,
                                                         const unsigned char *end,
                                                         const tacho_attribute *attr) {
    const tacho_string key = attr->key;
    const tacho_value_type type = attr->value.type;
    const bool is_text = type == TACHO_VALUE_STRING || type == TACHO_VALUE_BYTES;
    tacho_string text = {NULL, 0};
    if (is_text && attr->value.as.string.data != NULL) {
        text = attr->value.as.string;
    }
    if (type > TACHO_VALUE_BYTES || (key.length | text.length) > TACHOI_SHORT_MAX ||
        (size_t)(end - cursor) < key.length + text.length + TACHOI_SHORT_PAIR_OVERHEAD) {
        return NULL;
    }
    *cursor = (unsigned char)key.length;
    cursor = tachoi_short_copy(cursor + 1, key.data, key.length);
    *cursor++ = (unsigned char)type;
    if (!is_text) {
        return tachoi_short_put_number(cursor, &attr->value);
    }
    *cursor = (unsigned char)text.length;
    return tachoi_short_copy(cursor + 1, text.data, text.length);
}

/* Writes a pair with a short key where any short pair fits; NULL if it is not one. Of text it does
 * little more than copy: this is what nearly each attribute of each measurement comes to. */
TACHOI_SHORT_INLINE unsigned char *tachoi_short_put_fitting(unsigned char *cursor,
                                                            const tacho_attribute *attr) {
    const tacho_string key = attr->key;
    if (__builtin_expect(attr->value.type != TACHO_VALUE_STRING, 0)) {
        return tachoi_short_put_pair(cursor, cursor + TACHOI_SHORT_PAIR_MAX, attr);
    }
    const tacho_string text = attr->value.as.string;
    if (text.length > TACHOI_SHORT_MAX || text.data == NULL) {
        return NULL;
    }
    cursor[0] = (unsigned char)key.length;
    cursor = tachoi_short_copy(cursor + 1, key.data, key.length);
    cursor[0] = TACHO_VALUE_STRING;
    cursor[1] = (unsigned char)text.length;
    return tachoi_short_copy(cursor + 2, text.data, text.length);
}

/* Writes the packed form of a list of short pairs whose keys rise in the expected order; the end of
 * what was written, NULL if the list is not of this kind or there may not be room enough. There is
 * room for TACHOI_SHORT_PAIR_MAX bytes, at least. */
TACHOI_SHORT_INLINE unsigned char *tachoi_short_pack_expected(unsigned char *out,
                                                              const unsigned char *end,
                                                              tacho_attributes attributes,
                                                              uint64_t order) {
    const size_t count = attributes.items != NULL ? attributes.count : 0;
    if (count > TACHOI_ORDER_COUNT) {
        return NULL;
    }
    const unsigned char *last_with_room = end - TACHOI_SHORT_PAIR_MAX;
    unsigned char *cursor = out;
    *cursor++ = (unsigned char)count;
    const tacho_attribute *last = NULL;
    unsigned last_byte = 0;
    for (size_t i = 0; i < count; i++, order >>= 4U) {
        const size_t index = order & 0xfU;
        if (index >= count || cursor > last_with_room) {
            return NULL;
        }
        const tacho_attribute *attr = &attributes.items[index];
        if (attr->key.length - 1 >= TACHOI_SHORT_MAX || attr->key.data == NULL) { /* or empty */
            return NULL;
        }
        const unsigned byte = (unsigned char)attr->key.data[0];
        if (byte <= last_byte && !tachoi_key_follows(attr, last)) {
            return NULL;
        }
        last = attr;
        last_byte = byte;
        cursor = tachoi_short_put_fitting(cursor, attr);
        if (cursor == NULL) {
            return NULL;
        }
    }
    return cursor;
}

/* Writes the packed form of a list of at most TACHOI_KEY_BATCH short pairs; the end of what was
 * written, NULL if the list is not of this kind or there is not room enough. */
TACHOI_SHORT_INLINE unsigned char *tachoi_short_pack(unsigned char *out, const unsigned char *end,
                                                     tacho_attributes attributes) {
    const size_t count = attributes.items != NULL ? attributes.count : 0;
    if (count > TACHOI_KEY_BATCH) {
        return NULL;
    }
    struct tachoi_key_batch batch;
    size_t sorted = 0;
    for (size_t i = 0; i < count; i++) {
        const tacho_attribute *attr = &attributes.items[i];
        if (attr->key.length != 0 && attr->key.data != NULL) {
            sorted = tachoi_short_insert(&batch, sorted, attr);
        }
    }
    unsigned char *cursor = out;
    *cursor++ = (unsigned char)sorted;
    for (size_t i = 0; i < sorted && cursor != NULL; i++) {
        cursor = tachoi_short_put_pair(cursor, end, batch.attributes[i]);
    }
    return cursor;
}

#endif
