/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the recording path's own way to a key: a list that is short and in the expected order is
 * packed as part of the caller. Of the key only the bytes are written, size and hash stay in
 * registers: an atomic addition waits for every store before it. All other lists, and those who
 * need a whole key, go by attribute_set.h. */
#ifndef TACHOI_ATTRIBUTES_ATTRIBUTE_EXPECTED_H
#define TACHOI_ATTRIBUTES_ATTRIBUTE_EXPECTED_H

#include "attributes/attribute_set.h"
#include "attributes/attribute_short.h"

_Static_assert(sizeof(((struct tachoi_attribute_key *)NULL)->scratch) >= TACHOI_SHORT_PAIR_MAX,
               "a pair always fits");

/** Packs the list into the key's scratch; the number of bytes, 0 if it is not of this kind. */
TACHOI_SHORT_INLINE size_t tachoi_attribute_key_pack_expected(struct tachoi_attribute_key *key,
                                                              tacho_attributes attributes,
                                                              uint64_t order) {
    const unsigned char *end = tachoi_short_pack_expected(
        key->scratch, key->scratch + sizeof key->scratch, attributes, order);
    return end != NULL ? (size_t)(end - key->scratch) : 0;
}

/** Behind that: makes it a whole key. `hash`: tachoi_hash_bytes of the bytes, by the seed of the
 * process. */
static inline void tachoi_attribute_key_complete(struct tachoi_attribute_key *key,
                                                 tacho_attributes attributes, size_t size,
                                                 uint64_t hash) {
    key->source = attributes;
    key->filter = NULL;
    key->hash = hash;
    key->size = size;
    key->is_packed = true;
}

/** In the place of that, where the list was not of this kind: makes the whole key, in any order. */
void tachoi_attribute_key_init_unexpected(struct tachoi_attribute_key *key,
                                          tacho_attributes attributes);

#endif
