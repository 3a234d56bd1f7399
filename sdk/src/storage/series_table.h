/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the open-addressing table of a series map: an array of pointers to series, probed linearly.
 * Knows nothing of limits, of lists, or of when memory may be freed.
 *
 * A slot is NULL, a series, or a tombstone where a series was. A series is complete before a slot
 * shows it. Insertion uses tombstones again; erasing leaves one only where the probe goes on behind
 * it. At most three quarters of the slots are not NULL, so every probe ends.
 *
 *             find    insert, erase
 *   find       yes         yes
 *   insert     yes         no (the map's lock)
 *
 * A find that runs together with an insertion of the same set may miss it, and one that began
 * before an erasure may still give the series. Progress: find is wait-free. */
#ifndef TACHOI_STORAGE_SERIES_TABLE_H
#define TACHOI_STORAGE_SERIES_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "attributes/attribute_set.h"
#include "storage/series.h"
#include "storage/visits.h"

struct tachoi_series_table {
    /* immutable after publication */
    size_t mask;
    bool is_freeable; /* published when visits were counted */
    bool has_pages;   /* of its own */
    /* guarded by the map's lock */
    size_t used;                      /* slots that are not NULL */
    struct tachoi_series_table *next; /* retired tables */
    uint64_t retired_epoch;
    /* atomic */
    _Atomic(struct tachoi_series *) slots[];
};

/** At most half full with that many series; NULL when memory is short. */
struct tachoi_series_table *tachoi_series_table_create(size_t series_count);
void tachoi_series_table_destroy(struct tachoi_series_table *table);

/** Gives back the memory of a large table that is not the present one any more. Those who still
 * look at it find NULL, and that the map has another table. */
void tachoi_series_table_forget(struct tachoi_series_table *table);

/* Where a series was; never followed. */
extern struct tachoi_series tachoi_series_tombstone;

/**
 * Finds the series of exactly this set, NULL if there is none. `uncounted`: NULL for a visit that
 * is counted, or under the map's lock; else false, nothing found, if counting has begun meanwhile.
 */
static inline __attribute__((always_inline)) bool
tachoi_series_table_find(struct tachoi_series_table *table, const struct tachoi_attribute_key *key,
                         const struct tachoi_visits *uncounted, struct tachoi_series **out) {
    const uint64_t hash = key->hash;
    const size_t mask = table->mask;
    *out = NULL;
    for (size_t index = hash & mask;; index = (index + 1) & mask) {
        /* seq_cst; pairs with the stores in insert (the series is complete) and in erase (a visit
         * that begins after it does not find the series: visits.h) */
        struct tachoi_series *series =
            atomic_load_explicit(&table->slots[index], memory_order_seq_cst);
        if (uncounted != NULL && tachoi_visits_are_counted(uncounted)) {
            return false; /* the series may be younger than the counting: not ours to look at */
        }
        if (series == NULL) {
            return true;
        }
        if (series->hash == hash && series != &tachoi_series_tombstone &&
            tachoi_attribute_key_equals(key, tachoi_series_attributes(series),
                                        series->attributes_size)) {
            *out = series;
            return true;
        }
    }
}

/**
 * The same by the packed bytes, for the recording path: NULL also where it would be false, and
 * where the first series of this hash is another set's. Nothing that a further step would need is
 * kept while the bytes are compared.
 */
static inline __attribute__((always_inline)) struct tachoi_series *
tachoi_series_table_find_first(const struct tachoi_series_table *table, uint64_t hash,
                               const unsigned char *packed, size_t size,
                               const struct tachoi_visits *uncounted) {
    const size_t mask = table->mask;
    for (size_t index = hash & mask;; index = (index + 1) & mask) {
        /* seq_cst; as above */
        struct tachoi_series *series =
            atomic_load_explicit(&table->slots[index], memory_order_seq_cst);
        if ((uncounted != NULL && tachoi_visits_are_counted(uncounted)) || series == NULL) {
            return NULL;
        }
        if (series->hash == hash && series != &tachoi_series_tombstone) {
            const bool is_same = series->attributes_size == size &&
                                 memcmp(tachoi_series_attributes(series), packed, size) == 0;
            return is_same ? series : NULL;
        }
    }
}

/* --- under the map's lock --- */

static inline bool tachoi_series_table_has_room(const struct tachoi_series_table *table) {
    return table->used < (table->mask + 1) / 4 * 3;
}

/** There is room, and the set is not in the table yet. */
void tachoi_series_table_insert(struct tachoi_series_table *table, struct tachoi_series *series);

/** The series is in the table. */
void tachoi_series_table_erase(struct tachoi_series_table *table,
                               const struct tachoi_series *series);

/** Inserts all series of `from`, for which there is room. */
void tachoi_series_table_insert_all(struct tachoi_series_table *table,
                                    struct tachoi_series_table *from);

#endif
