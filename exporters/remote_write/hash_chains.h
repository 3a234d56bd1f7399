/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of what has its link as its first member: chains of those whose hashes share a slot.
 * It owns the slots; what hangs in them is its owners'. Not thread-safe. */
#ifndef TACHOI_REMOTE_WRITE_HASH_CHAINS_H
#define TACHOI_REMOTE_WRITE_HASH_CHAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tachoi_chained {
    struct tachoi_chained *next; /* in the slot */
    uint64_t hash;
};

/** Zero-initialised before use. */
struct tachoi_hash_chains {
    struct tachoi_chained **slots; /* a power of two, NULL when there was nothing yet */
    size_t slot_count;
    size_t count;
};

/** Frees everything that is in it, with tachoi_free, and the slots. */
void tachoi_hash_chains_fini(struct tachoi_hash_chains *chains);

/** Takes it in. False when memory is short. */
bool tachoi_hash_chains_add(struct tachoi_hash_chains *chains, struct tachoi_chained *item,
                            uint64_t hash);

/** Lets go of what is in it. */
void tachoi_hash_chains_remove(struct tachoi_hash_chains *chains, struct tachoi_chained *item);

/** The first one of this hash, and the next of the same hash; NULL = there is none. */
struct tachoi_chained *tachoi_hash_chains_first(const struct tachoi_hash_chains *chains,
                                                uint64_t hash);
struct tachoi_chained *tachoi_hash_chains_next(const struct tachoi_chained *item);

#endif
