/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the order of keys: as unsigned bytes, a prefix before what continues it; of equal keys the
 * last one counts; empty keys do not count. Inline, for attribute_pack.c alone: it is most of the
 * cost of a look-up.
 *
 * Few attributes (nearly all lists) are sorted by an index on the stack; comparing starts with the
 * first 8 bytes of a key as a number, which decides most pairs without a call. Many are gone
 * through by repeated selection of the next greater key: that takes time with the square of the
 * count but no memory. */
#ifndef TACHOI_ATTRIBUTES_ATTRIBUTE_ORDER_H
#define TACHOI_ATTRIBUTES_ATTRIBUTE_ORDER_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tacho/attributes.h"

#define TACHOI_SORTED_MAX 32 /* attributes that are sorted by an index */

/** Indices of the attributes that count, in the order of their keys. */
struct tachoi_key_order {
    size_t count;
    uint64_t prefixes[TACHOI_SORTED_MAX];
    unsigned char indices[TACHOI_SORTED_MAX];
};

static inline bool tachoi_key_is_empty(tacho_string key) {
    return key.length == 0 || key.data == NULL;
}

static inline uint64_t tachoi_load_be32(const char *data) {
    uint32_t value;
    memcpy(&value, data, sizeof value);
    return be32toh(value);
}

static inline uint64_t tachoi_load_byte(const char *data, size_t index) {
    return (uint64_t)(unsigned char)data[index] << (56 - 8 * index);
}

/** The first 8 bytes as a number that orders as the bytes do; a shorter key is padded with 0. The
 * loads of a short key overlap and agree where they do. The key is not empty. */
static inline uint64_t tachoi_key_prefix(tacho_string key) {
    if (key.length >= 8) {
        uint64_t value;
        memcpy(&value, key.data, sizeof value);
        return be64toh(value);
    }
    if (key.length >= 4) {
        return (tachoi_load_be32(key.data) << 32U) |
               (tachoi_load_be32(key.data + key.length - 4) << (64 - 8 * key.length));
    }
    return tachoi_load_byte(key.data, 0) | tachoi_load_byte(key.data, key.length / 2) |
           tachoi_load_byte(key.data, key.length - 1);
}

static inline int tachoi_key_compare(tacho_string a, tacho_string b) {
    int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
    if (order != 0) {
        return order;
    }
    return (a.length > b.length) - (a.length < b.length);
}

/** Goes back from `place` over keys with the same first 8 bytes to where the key belongs; true if
 * it stands before that place already. Out of line: it is rare, and the sorting loop keeps its
 * values in registers. */
static __attribute__((noinline)) bool tachoi_key_refine(const struct tachoi_key_order *order,
                                                        const tacho_attribute *items,
                                                        const tacho_attribute *attr,
                                                        size_t *place) {
    uint64_t prefix = order->prefixes[*place - 1];
    while (*place > 0 && order->prefixes[*place - 1] == prefix) {
        int compared = tachoi_key_compare(attr->key, items[order->indices[*place - 1]].key);
        if (compared >= 0) {
            return compared == 0;
        }
        --*place;
    }
    return false;
}

/** Sorts by insertion: lists are short and often sorted already. count <= TACHOI_SORTED_MAX. */
static inline void tachoi_keys_sort(struct tachoi_key_order *order, const tacho_attribute *items,
                                    size_t count) {
    size_t sorted = 0;
    for (size_t i = 0; i < count; i++) {
        if (tachoi_key_is_empty(items[i].key)) {
            continue;
        }
        uint64_t prefix = tachoi_key_prefix(items[i].key);
        size_t place = sorted;
        while (place > 0 && prefix < order->prefixes[place - 1]) {
            place--;
        }
        if (place > 0 && prefix == order->prefixes[place - 1] &&
            tachoi_key_refine(order, items, &items[i], &place)) {
            order->indices[place - 1] = (unsigned char)i;
            continue;
        }
        for (size_t j = sorted; j > place; j--) {
            order->prefixes[j] = order->prefixes[j - 1];
            order->indices[j] = order->indices[j - 1];
        }
        order->prefixes[place] = prefix;
        order->indices[place] = (unsigned char)i;
        sorted++;
    }
    order->count = sorted;
}

/** The attribute of the smallest key that is greater than that of `previous` (NULL = of all); NULL
 * if there is none. */
static inline const tacho_attribute *tachoi_key_next(const tacho_attribute *items, size_t count,
                                                     const tacho_attribute *previous) {
    const tacho_attribute *next = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!tachoi_key_is_empty(items[i].key) &&
            (previous == NULL || tachoi_key_compare(items[i].key, previous->key) > 0) &&
            (next == NULL || tachoi_key_compare(items[i].key, next->key) <= 0)) {
            next = &items[i];
        }
    }
    return next;
}

#endif
