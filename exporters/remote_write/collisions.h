/* SPDX-License-Identifier: Apache-2.0 */
/* Owns finding time series of equal labels within one batch, by hash and then by bytes (CONV-08,
 * CONV-09): a receiver refuses two samples of one series and one millisecond. */
#ifndef TACHOI_REMOTE_WRITE_COLLISIONS_H
#define TACHOI_REMOTE_WRITE_COLLISIONS_H

#include "remote_write/encoded_series.h"

/** Where a time series of the batch is: a component of the record that begins at word `record_at`
 * of the batch's run. */
struct tachoi_collision_slot {
    const struct tachoi_encoded_series *series; /* NULL = free */
    size_t record_at;
    uint32_t component;
};

/** Zero-initialised before use. */
struct tachoi_collisions {
    struct tachoi_collision_slot *slots; /* open addressing; a power of two, at most half full */
    size_t slot_count;
};

void tachoi_collisions_fini(struct tachoi_collisions *collisions);

/** Forgets the last batch and makes room for `count` time series; false when memory is short. */
bool tachoi_collisions_begin(struct tachoi_collisions *collisions, size_t count);

/** A slot of the batch whose labels equal those of a component of `series`; NULL if there is none.
 */
const struct tachoi_collision_slot *
tachoi_collisions_find(const struct tachoi_collisions *collisions,
                       const struct tachoi_encoded_series *series);

/** Adds all components of `series`. */
void tachoi_collisions_add(struct tachoi_collisions *collisions,
                           const struct tachoi_encoded_series *series, size_t record_at);

#endif
