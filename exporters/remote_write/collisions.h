/* SPDX-License-Identifier: Apache-2.0 */
/* Owns finding time series of equal labels within one collection, by hash and then by bytes
 * (CONV-08, CONV-09): a receiver refuses two samples of one series and one millisecond. */
#ifndef TACHOI_REMOTE_WRITE_COLLISIONS_H
#define TACHOI_REMOTE_WRITE_COLLISIONS_H

#include "remote_write/encoded_series.h"

/** A time series of the collection: a component of the record that begins at word `record_at` of
 * its run. */
struct tachoi_collision_entry {
    const struct tachoi_encoded_series *series;
    size_t record_at;
    uint32_t component;
};

/** Small, so that the table stays in the processor's cache. */
struct tachoi_collision_slot {
    uint32_t tag;   /* upper half of the hash */
    uint32_t entry; /* its index + 1; 0 = free */
};

/** Zero-initialised before use. */
struct tachoi_collisions {
    struct tachoi_collision_entry *entries;
    size_t entry_count;
    size_t entry_capacity;
    struct tachoi_collision_slot *slots; /* open addressing; a power of two, at most half full */
    size_t slot_count;
};

void tachoi_collisions_fini(struct tachoi_collisions *collisions);

/** Forgets the last collection. */
void tachoi_collisions_begin(struct tachoi_collisions *collisions);

/** Makes room for `count` more time series; false when memory is short, then nothing changes. */
bool tachoi_collisions_reserve(struct tachoi_collisions *collisions, size_t count);

/** An entry whose labels equal those of a component of `series`; NULL if there is none. */
const struct tachoi_collision_entry *
tachoi_collisions_find(const struct tachoi_collisions *collisions,
                       const struct tachoi_encoded_series *series);

/** Adds all components of `series`, of which none was found. There must be room. */
void tachoi_collisions_add(struct tachoi_collisions *collisions,
                           const struct tachoi_encoded_series *series, size_t record_at);

#endif
