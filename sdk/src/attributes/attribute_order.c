/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the sorting of keys where lists are filtered or long, and what keys that begin alike need.
 * By insertion, as in attribute_short.h. */
#include "attributes/attribute_order.h"

#include <string.h>

#include "attributes/attribute_set.h"
#include "attributes/attribute_short.h"

static int compare_keys(tacho_string a, tacho_string b) {
    int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
    if (order != 0) {
        return order;
    }
    return (a.length > b.length) - (a.length < b.length);
}

bool tachoi_key_follows(const tacho_attribute *attr, const tacho_attribute *last) {
    if (last == NULL) {
        return true;
    }
    const uint64_t prefix = tachoi_key_prefix(attr->key);
    const uint64_t last_prefix = tachoi_key_prefix(last->key);
    return prefix != last_prefix ? prefix > last_prefix : compare_keys(attr->key, last->key) > 0;
}

uint64_t tachoi_attribute_order(tacho_attributes attributes) {
    if (attributes.items == NULL || attributes.count > TACHOI_ORDER_COUNT) {
        return TACHOI_ORDER_AS_GIVEN;
    }
    struct tachoi_key_batch batch;
    batch.count = 0;
    (void)tachoi_key_batch_next(&batch, attributes.items, attributes.count);
    if (batch.count != attributes.count) {
        return TACHOI_ORDER_AS_GIVEN; /* repeated or empty keys are no order to expect */
    }
    uint64_t order = 0;
    for (size_t i = 0; i < batch.count; i++) {
        order |= (uint64_t)(batch.attributes[i] - attributes.items) << (4 * i);
    }
    return order;
}

size_t tachoi_key_batch_settle(struct tachoi_key_batch *batch, size_t count, size_t place,
                               const tacho_attribute *attr) {
    const uint64_t prefix = batch->prefixes[place - 1];
    for (; place > 0 && batch->prefixes[place - 1] == prefix; place--) {
        const int order = compare_keys(attr->key, batch->attributes[place - 1]->key);
        if (order == 0) { /* the last one counts; the others go back */
            batch->attributes[place - 1] = attr;
            for (size_t i = place; i < count; i++) {
                batch->prefixes[i] = batch->prefixes[i + 1];
                batch->attributes[i] = batch->attributes[i + 1];
            }
            return count;
        }
        if (order > 0) {
            break;
        }
        batch->prefixes[place] = prefix;
        batch->attributes[place] = batch->attributes[place - 1];
    }
    batch->prefixes[place] = prefix;
    batch->attributes[place] = attr;
    return count + 1;
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
    uint64_t prefix = tachoi_key_prefix(attr->key);
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
