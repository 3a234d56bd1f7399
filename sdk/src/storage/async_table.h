/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the sets of attributes that one observable stream knows: finding, adding and forgetting
 * them, and the memory of an entry. Knows nothing of limits or of what values mean. One thread, but
 * for the count. It shares nothing with the synchronous map on purpose: here sets are forgotten
 * when they are no longer observed, and nobody else reads. */
#ifndef TACHOI_STORAGE_ASYNC_TABLE_H
#define TACHOI_STORAGE_ASYNC_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes/attribute_set.h"
#include "storage/exemplars.h"

struct tachoi_async_entry {
    struct tachoi_async_entry *next; /* in the order of making */
    uint64_t hash;
    uint64_t id;
    uint64_t start_time_unix_nano; /* of a cumulative point */
    uint64_t collection;           /* the last one that observed it */
    uint64_t bits;                 /* the value, int64_t or double */
    uint64_t reported_bits; /* deltas: the value when it last yielded a point; 0 at the beginning */
    struct tachoi_series_exemplars exemplars;
    size_t size;
    unsigned char bytes[]; /* packed attributes */
};

struct tachoi_async_table {
    const struct tachoi_exemplar_policy *exemplars; /* immutable; NULL = none */
    struct tachoi_async_entry *overflow;            /* in the table too, but never forgotten */
    struct tachoi_async_entry *first;               /* the others */
    struct tachoi_async_entry **last_link;
    struct tachoi_async_entry **slots; /* open addressing, at most half full */
    size_t capacity;
    _Atomic(size_t) count; /* of the others; written by the collecting thread, read by any */
};

/** Makes the overflow series. False when memory is short; fini is due in any case. `exemplars` is
 * borrowed for the table's life. */
bool tachoi_async_table_init(struct tachoi_async_table *table,
                             const struct tachoi_exemplar_policy *exemplars);
/** Takes a zeroed table too. */
void tachoi_async_table_fini(struct tachoi_async_table *table);

/** The set's entry, which may be the overflow series; NULL if there is none. */
struct tachoi_async_entry *tachoi_async_table_find(const struct tachoi_async_table *table,
                                                   const struct tachoi_attribute_key *key);

/** A zeroed entry for a set that is not there; NULL when memory is short. */
struct tachoi_async_entry *tachoi_async_table_add(struct tachoi_async_table *table,
                                                  const struct tachoi_attribute_key *key);

/** Forgets the sets, but for the overflow series, that were not observed in `collection`. */
void tachoi_async_table_forget(struct tachoi_async_table *table, uint64_t collection);

/** Sets beside the overflow series. Any thread. */
size_t tachoi_async_table_count(const struct tachoi_async_table *table);

#endif
