/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the sorting of keys, which is half of the cost of a look-up: by insertion, because lists are
 * short and often sorted already. Comparing starts with the first 8 bytes of a key as a number,
 * which decides most pairs without a call. */
#include "attributes/attribute_order.h"

#include <endian.h>
#include <string.h>

static inline uint64_t load_be32(const char *data) {
    uint32_t value;
    memcpy(&value, data, sizeof value);
    return be32toh(value);
}

static inline uint64_t load_byte(const char *data, size_t index) {
    return (uint64_t)(unsigned char)data[index] << (56 - 8 * index);
}

/* The first 8 bytes as a number that orders as the bytes do; a shorter key is padded with 0. The
 * loads of a short key overlap and agree where they do. The key is not empty. */
static inline uint64_t key_prefix(tacho_string key) {
    if (key.length >= 8) {
        uint64_t value;
        memcpy(&value, key.data, sizeof value);
        return be64toh(value);
    }
    if (key.length >= 4) {
        return (load_be32(key.data) << 32U) |
               (load_be32(key.data + key.length - 4) << (64 - 8 * key.length));
    }
    return load_byte(key.data, 0) | load_byte(key.data, key.length / 2) |
           load_byte(key.data, key.length - 1);
}

static int compare_keys(tacho_string a, tacho_string b) {
    int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
    if (order != 0) {
        return order;
    }
    return (a.length > b.length) - (a.length < b.length);
}

/* Goes back from `place` over keys with the same first 8 bytes to where the key belongs; true if it
 * stands before that place already. Out of line: it is rare, and the sorting loop keeps its values
 * in registers. */
static __attribute__((noinline)) bool refine_place(const struct tachoi_key_batch *batch,
                                                   tacho_string key, size_t *place) {
    uint64_t prefix = batch->prefixes[*place - 1];
    while (*place > 0 && batch->prefixes[*place - 1] == prefix) {
        int compared = compare_keys(key, batch->attributes[*place - 1]->key);
        if (compared >= 0) {
            return compared == 0;
        }
        --*place;
    }
    return false;
}

/* Puts an attribute where it belongs among the first `count`; of a full batch the greatest key
 * goes. Returns the new count, which is kept in a register until the batch is complete. */
static inline __attribute__((always_inline)) size_t
insert(struct tachoi_key_batch *batch, size_t count, const tacho_attribute *attr) {
    uint64_t prefix = key_prefix(attr->key);
    size_t place = count;
    while (place > 0 && prefix < batch->prefixes[place - 1]) {
        place--;
    }
    if (place > 0 && prefix == batch->prefixes[place - 1] &&
        refine_place(batch, attr->key, &place)) {
        batch->attributes[place - 1] = attr;
        return count;
    }
    if (place == TACHOI_KEY_BATCH) {
        return count;
    }
    size_t last = count < TACHOI_KEY_BATCH ? count : TACHOI_KEY_BATCH - 1;
    for (size_t i = last; i > place; i--) {
        batch->prefixes[i] = batch->prefixes[i - 1];
        batch->attributes[i] = batch->attributes[i - 1];
    }
    batch->prefixes[place] = prefix;
    batch->attributes[place] = attr;
    return last + 1;
}

/* Inlined twice, so that lists without a filter do not pay for the question. */
static inline __attribute__((always_inline)) bool
next_batch(struct tachoi_key_batch *batch, const tacho_attribute *items, size_t count,
           const struct tachoi_attribute_filter *filter) {
    const tacho_attribute *last = batch->count != 0 ? batch->attributes[batch->count - 1] : NULL;
    size_t sorted = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_empty = items[i].key.length == 0 || items[i].key.data == NULL;
        if (!is_empty && (last == NULL || compare_keys(items[i].key, last->key) > 0) &&
            (filter == NULL || tachoi_attribute_filter_keeps(filter, items[i].key))) {
            sorted = insert(batch, sorted, &items[i]);
        }
    }
    batch->count = sorted;
    return sorted != 0;
}

bool tachoi_key_batch_next(struct tachoi_key_batch *batch, const tacho_attribute *items,
                           size_t count) {
    return next_batch(batch, items, count, NULL);
}

bool tachoi_key_batch_next_kept(struct tachoi_key_batch *batch, const tacho_attribute *items,
                                size_t count, const struct tachoi_attribute_filter *filter) {
    return next_batch(batch, items, count, filter);
}
