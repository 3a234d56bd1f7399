/* SPDX-License-Identifier: Apache-2.0 */
/* Owns finding time series of equal labels within one collection, by hash and then by labels
 * (CONV-08, CONV-09): a receiver refuses two samples of one series and one millisecond. Only
 * records of contested series come here (series_cache.h), so as a rule none. */
#ifndef TACHOI_REMOTE_WRITE_COLLISIONS_H
#define TACHOI_REMOTE_WRITE_COLLISIONS_H

#include "remote_write/record.h"

/** A time series of the collection: a component of a record. */
struct tachoi_collision_entry {
    struct tachoi_record *record;
    uint64_t hash;
    uint32_t component;
};

/** Zero-initialised before use. */
struct tachoi_collisions {
    struct tachoi_collision_entry *entries;
    size_t entry_count;
    size_t entry_capacity;
    uint32_t *slots; /* an entry's index + 1; 0 = free; a power of two, at most half full */
    size_t slot_count;
};

void tachoi_collisions_fini(struct tachoi_collisions *collisions);

/** Forgets the last collection. */
void tachoi_collisions_begin(struct tachoi_collisions *collisions);

/** Makes room for `count` more time series; false when memory is short, then nothing changes. */
bool tachoi_collisions_reserve(struct tachoi_collisions *collisions, size_t count);

/** The record of which a time series has the labels of one of `series`; NULL if there is none. */
struct tachoi_record *tachoi_collisions_find(const struct tachoi_collisions *collisions,
                                             const struct tachoi_encoded_series *series);

/** Adds all components of the record, of which none was found. There must be room. The record must
 * stay where it is. */
void tachoi_collisions_add(struct tachoi_collisions *collisions, struct tachoi_record *record);

#endif
