/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the order of keys: as unsigned bytes, a prefix before what continues it; of equal keys the
 * last one counts; empty keys do not count. Private to this folder. */
#ifndef TACHOI_ATTRIBUTES_ATTRIBUTE_ORDER_H
#define TACHOI_ATTRIBUTES_ATTRIBUTE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes/attribute_filter.h"
#include "tacho/attributes.h"

#define TACHOI_KEY_BATCH 32

/** Some attributes of a list in the order of their keys, each key once. */
struct tachoi_key_batch {
    size_t count; /* 0 before the first batch */
    uint64_t prefixes[TACHOI_KEY_BATCH];
    const tacho_attribute *attributes[TACHOI_KEY_BATCH];
};

/**
 * Replaces the batch by the one that follows it: the smallest keys that are greater than its last,
 * at first the smallest of all. False if there are none. A list of at most TACHOI_KEY_BATCH
 * attributes is done with the first; longer ones are gone through for each batch, so that they need
 * no more memory.
 */
bool tachoi_key_batch_next(struct tachoi_key_batch *batch, const tacho_attribute *items,
                           size_t count);

/** The same of the attributes whose keys the filter (NULL = all) keeps. */
bool tachoi_key_batch_next_kept(struct tachoi_key_batch *batch, const tacho_attribute *items,
                                size_t count, const struct tachoi_attribute_filter *filter);

/** Whether the attribute's key is greater than that of `last`; true if there is no last one. Keys
 * are not empty. */
bool tachoi_key_follows(const tacho_attribute *attr, const tacho_attribute *last);

/**
 * Ends the insertion of an attribute into a sorted batch of `count` whose entries from `place` on
 * have moved up by one, where the key begins with the same 8 bytes as the one before `place`. Puts
 * it where it belongs, or in place of the one with the same key. Returns the new count.
 */
size_t tachoi_key_batch_settle(struct tachoi_key_batch *batch, size_t count, size_t place,
                               const tacho_attribute *attr);

#endif
