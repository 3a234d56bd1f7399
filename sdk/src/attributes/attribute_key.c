/* SPDX-License-Identifier: Apache-2.0 */
/* Owns keys and sets: what is packed into memory of their own, hashed and compared. A key whose
 * bytes do not fit into its scratch is packed anew for each purpose, piece by piece. */
#include <stddef.h>
#include <string.h>

#include "attributes/attribute_expected.h"
#include "attributes/attribute_pack.h"
#include "attributes/attribute_set.h"
#include "attributes/attribute_short.h"
#include "base/alloc.h"
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define COMPARE_BYTES 512

static inline unsigned char *pack(struct tachoi_pack_window *window, tacho_attributes attributes,
                                  const struct tachoi_attribute_filter *filter) {
    return filter == NULL ? tachoi_attributes_pack(window, attributes)
                          : tachoi_attributes_pack_kept(window, attributes, filter);
}

struct hash_window {
    struct tachoi_pack_window window; /* first */
    XXH3_state_t *state;
    size_t size; /* of what was hashed */
};

static void hash_bytes(struct hash_window *hashed, size_t size) {
    (void)XXH3_64bits_update(hashed->state, hashed->window.begin, size);
    hashed->size += size;
}

static unsigned char *hash_full(struct tachoi_pack_window *window) {
    hash_bytes((struct hash_window *)window, (size_t)(window->end - window->begin));
    return window->begin;
}

/* Out of line: the state is large, and sets of this size are rare. */
static __attribute__((noinline)) void init_large(struct tachoi_attribute_key *key) {
    XXH3_state_t state;
    XXH3_INITSTATE(&state); /* else what the stack held may pass for the secret of this seed */
    (void)XXH3_64bits_reset_withSeed(&state, tachoi_hash_seed());
    struct hash_window hashed = {.window = {.begin = key->scratch,
                                            .end = key->scratch + sizeof key->scratch,
                                            .make_room = hash_full},
                                 .state = &state};
    const unsigned char *end = pack(&hashed.window, key->source, key->filter);
    hash_bytes(&hashed, (size_t)(end - key->scratch));
    key->hash = XXH3_64bits_digest(&state);
    key->size = hashed.size;
    key->is_packed = false;
}

static inline void hash_scratch(struct tachoi_attribute_key *key, const unsigned char *end) {
    key->size = (size_t)(end - key->scratch);
    key->hash = XXH3_64bits_withSeed(key->scratch, key->size, tachoi_hash_seed());
    key->is_packed = true;
}

/* Out of line, as above, for what is not short. */
static __attribute__((noinline)) void init_any(struct tachoi_attribute_key *key) {
    struct tachoi_pack_window window = {.begin = key->scratch,
                                        .end = key->scratch + sizeof key->scratch,
                                        .make_room = tachoi_pack_stop};
    const unsigned char *end = pack(&window, key->source, key->filter);
    if (end == NULL) {
        init_large(key);
        return;
    }
    hash_scratch(key, end);
}

/* Out of line: a list in another order than the expected one. */
__attribute__((noinline)) void
tachoi_attribute_key_init_unexpected(struct tachoi_attribute_key *key,
                                     tacho_attributes attributes) {
    key->source = attributes;
    key->filter = NULL;
    const unsigned char *end =
        tachoi_short_pack(key->scratch, key->scratch + sizeof key->scratch, key->source);
    if (end == NULL) {
        init_any(key);
        return;
    }
    hash_scratch(key, end);
}

void tachoi_attribute_key_init_expecting(struct tachoi_attribute_key *key,
                                         tacho_attributes attributes, uint64_t order) {
    const size_t size = tachoi_attribute_key_pack_expected(key, attributes, order);
    if (size == 0) {
        tachoi_attribute_key_init_unexpected(key, attributes);
        return;
    }
    tachoi_attribute_key_complete(key, attributes, size,
                                  XXH3_64bits_withSeed(key->scratch, size, tachoi_hash_seed()));
}

void tachoi_attribute_key_init(struct tachoi_attribute_key *key, tacho_attributes attributes) {
    tachoi_attribute_key_init_expecting(key, attributes, TACHOI_ORDER_AS_GIVEN);
}

void tachoi_attribute_key_init_filtered(struct tachoi_attribute_key *key,
                                        tacho_attributes attributes,
                                        const struct tachoi_attribute_filter *filter) {
    if (filter == NULL) {
        tachoi_attribute_key_init(key, attributes);
        return;
    }
    key->source = attributes;
    key->filter = filter;
    init_any(key);
}

size_t tachoi_attribute_key_size(const struct tachoi_attribute_key *key) {
    return key->size;
}

void tachoi_attribute_key_write(const struct tachoi_attribute_key *key, unsigned char *out) {
    if (key->is_packed) {
        memcpy(out, key->scratch, key->size);
        return;
    }
    struct tachoi_pack_window window = {
        .begin = out, .end = out + key->size, .make_room = tachoi_pack_stop};
    (void)pack(&window, key->source, key->filter);
}

struct compare_window {
    struct tachoi_pack_window window; /* first */
    const unsigned char *expected;
    size_t left;
};

static bool compare_bytes(struct compare_window *compared, size_t size) {
    if (size > compared->left || memcmp(compared->window.begin, compared->expected, size) != 0) {
        return false;
    }
    compared->expected += size;
    compared->left -= size;
    return true;
}

static unsigned char *compare_full(struct tachoi_pack_window *window) {
    size_t size = (size_t)(window->end - window->begin);
    return compare_bytes((struct compare_window *)window, size) ? window->begin : NULL;
}

bool tachoi_attribute_key_equals_large(const struct tachoi_attribute_key *key,
                                       const unsigned char *bytes, size_t size) {
    unsigned char buffer[COMPARE_BYTES];
    struct compare_window compared = {
        .window = {.begin = buffer, .end = buffer + sizeof buffer, .make_room = compare_full},
        .expected = bytes,
        .left = size};
    const unsigned char *end = pack(&compared.window, key->source, key->filter);
    return end != NULL && compare_bytes(&compared, (size_t)(end - buffer)) && compared.left == 0;
}

bool tachoi_attribute_key_matches(const struct tachoi_attribute_key *key,
                                  const struct tachoi_attribute_set *set) {
    return key->hash == set->hash && tachoi_attribute_key_equals(key, set->bytes, set->size);
}

struct tachoi_attribute_set *tachoi_attribute_set_create(const struct tachoi_attribute_key *key) {
    size_t size;
    if (!tachoi_size_add(sizeof(struct tachoi_attribute_set), key->size, &size)) {
        return NULL;
    }
    struct tachoi_attribute_set *set = tachoi_malloc(size);
    if (set != NULL) {
        set->hash = key->hash;
        set->size = key->size;
        tachoi_attribute_key_write(key, set->bytes);
    }
    return set;
}
