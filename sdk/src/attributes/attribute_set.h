/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the canonical form of attributes: packed bytes, sorted by key, duplicates resolved (the last
 * wins), empty keys left out, maps sorted inside. Two lists mean the same series if and only if
 * their packed bytes are equal; the hash (XXH3 of the bytes, seeded) only finds the place.
 * Knows nothing of series or instruments. (ATTR-01..08, CARD-03)
 *
 * The packed form is private to this folder. NaN values are made one pattern; 0.0 and -0.0 differ.
 */
#ifndef TACHOI_ATTRIBUTES_ATTRIBUTE_SET_H
#define TACHOI_ATTRIBUTES_ATTRIBUTE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "attributes/attribute_filter.h"
#include "base/arena.h"
#include "tacho/attributes.h"

/** Deepest nesting of arrays and maps; what lies below is the empty value. */
#define TACHOI_ATTRIBUTE_DEPTH 64

/** An immutable set in its own memory. */
struct tachoi_attribute_set {
    uint64_t hash;
    size_t size;
    unsigned char bytes[];
};

/**
 * A set to look for, made from a caller's list on the stack without allocating. The packed bytes
 * are kept in `scratch` if they fit, else they are produced again when compared.
 */
struct tachoi_attribute_key {
    tacho_attributes source;                      /* borrowed */
    const struct tachoi_attribute_filter *filter; /* borrowed; NULL = all */
    uint64_t hash;
    size_t size;
    bool is_packed; /* scratch holds all bytes */
    _Alignas(16) unsigned char scratch[1000];
};

/** Never allocates, never fails; any number of attributes, any size. Async-signal-safe. */
void tachoi_attribute_key_init(struct tachoi_attribute_key *key, tacho_attributes attributes);

/**
 * The order of keys that the next list is expected to have: the place in the list of the smallest
 * key in the lowest four bits, and so on; of up to TACHOI_ORDER_COUNT attributes. Only a hint: a
 * list in that order is packed faster, any other one as well.
 */
#define TACHOI_ORDER_COUNT 16
#define TACHOI_ORDER_AS_GIVEN UINT64_C(0xfedcba9876543210)

/** The order in which this list's keys stand. */
uint64_t tachoi_attribute_order(tacho_attributes attributes);

/** As tachoi_attribute_key_init, for lists that are expected in this order. */
void tachoi_attribute_key_init_expecting(struct tachoi_attribute_key *key,
                                         tacho_attributes attributes, uint64_t order);

/** As tachoi_attribute_key_init, of the attributes that the filter (NULL = all) keeps. */
void tachoi_attribute_key_init_filtered(struct tachoi_attribute_key *key,
                                        tacho_attributes attributes,
                                        const struct tachoi_attribute_filter *filter);

/** Whether the key's packed bytes equal the set's. Never allocates. */
bool tachoi_attribute_key_matches(const struct tachoi_attribute_key *key,
                                  const struct tachoi_attribute_set *set);

/** A set of the key's bytes, the caller's to free with tachoi_free; NULL when memory is short. */
struct tachoi_attribute_set *tachoi_attribute_set_create(const struct tachoi_attribute_key *key);

/** Bytes of the packed form, and writing it into memory of that size, for callers that place the
 * bytes in memory of their own (inside a series). */
size_t tachoi_attribute_key_size(const struct tachoi_attribute_key *key);
void tachoi_attribute_key_write(const struct tachoi_attribute_key *key, unsigned char *out);

/** Whether the bytes of a key that is not packed equal those at `bytes`. */
bool tachoi_attribute_key_equals_large(const struct tachoi_attribute_key *key,
                                       const unsigned char *bytes, size_t size);

/** Whether the key's packed bytes equal `size` bytes at `bytes`. Inline, for the recording path. */
static inline bool tachoi_attribute_key_equals(const struct tachoi_attribute_key *key,
                                               const unsigned char *bytes, size_t size) {
    if (key->size != size) {
        return false;
    }
    return key->is_packed ? memcmp(key->scratch, bytes, size) == 0
                          : tachoi_attribute_key_equals_large(key, bytes, size);
}

/**
 * Unpacks bytes into a list sorted by key, in the arena; strings point into `bytes`. False when
 * memory is short.
 */
bool tachoi_attributes_unpack(const unsigned char *bytes, size_t size, struct tachoi_arena *arena,
                              tacho_attributes *out);

#endif
