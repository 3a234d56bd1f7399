/* SPDX-License-Identifier: Apache-2.0 */
/* See hash_chains.h. */
#include "remote_write/hash_chains.h"

#include "base/alloc.h"

#define FIRST_SLOTS ((size_t)64)

static struct tachoi_chained **slot_of(struct tachoi_chained **slots, size_t slot_count,
                                       uint64_t hash) {
    return &slots[hash & (slot_count - 1)];
}

static void push(struct tachoi_chained **slot, struct tachoi_chained *item) {
    item->next = *slot;
    *slot = item;
}

void tachoi_hash_chains_fini(struct tachoi_hash_chains *chains) {
    for (size_t i = 0; i < chains->slot_count; i++) {
        while (chains->slots[i] != NULL) {
            struct tachoi_chained *next = chains->slots[i]->next;
            tachoi_free(chains->slots[i]);
            chains->slots[i] = next;
        }
    }
    tachoi_free(chains->slots);
    *chains = (struct tachoi_hash_chains){0};
}

static bool resize(struct tachoi_hash_chains *chains, size_t slot_count) {
    struct tachoi_chained **slots = tachoi_calloc(slot_count, sizeof(struct tachoi_chained *));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < chains->slot_count; i++) {
        for (struct tachoi_chained *item = chains->slots[i]; item != NULL;) {
            struct tachoi_chained *next = item->next;
            push(slot_of(slots, slot_count, item->hash), item);
            item = next;
        }
    }
    tachoi_free(chains->slots);
    chains->slots = slots;
    chains->slot_count = slot_count;
    return true;
}

bool tachoi_hash_chains_add(struct tachoi_hash_chains *chains, struct tachoi_chained *item,
                            uint64_t hash) {
    if (chains->slot_count == 0 && !resize(chains, FIRST_SLOTS)) {
        return false;
    }
    if (chains->count >= chains->slot_count) {
        (void)resize(chains, chains->slot_count * 2); /* without it the chains are just longer */
    }
    item->hash = hash;
    push(slot_of(chains->slots, chains->slot_count, hash), item);
    chains->count++;
    return true;
}

void tachoi_hash_chains_remove(struct tachoi_hash_chains *chains, struct tachoi_chained *item) {
    struct tachoi_chained **link = slot_of(chains->slots, chains->slot_count, item->hash);
    while (*link != item) {
        link = &(*link)->next;
    }
    *link = item->next;
    chains->count--;
}

static struct tachoi_chained *from(struct tachoi_chained *item, uint64_t hash) {
    while (item != NULL && item->hash != hash) {
        item = item->next;
    }
    return item;
}

struct tachoi_chained *tachoi_hash_chains_first(const struct tachoi_hash_chains *chains,
                                                uint64_t hash) {
    return chains->slot_count == 0 ? NULL
                                   : from(*slot_of(chains->slots, chains->slot_count, hash), hash);
}

struct tachoi_chained *tachoi_hash_chains_next(const struct tachoi_chained *item) {
    return from(item->next, item->hash);
}
