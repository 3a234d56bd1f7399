/* SPDX-License-Identifier: Apache-2.0 */
/* Owns finding time series of equal labels within one batch. See collisions.h. */
#include "remote_write/collisions.h"

#include <string.h>

#include "base/alloc.h"

void tachoi_collisions_fini(struct tachoi_collisions *collisions) {
    tachoi_free(collisions->slots);
    *collisions = (struct tachoi_collisions){0};
}

bool tachoi_collisions_begin(struct tachoi_collisions *collisions, size_t count) {
    size_t slot_count = 64;
    while (slot_count / 2 < count) {
        if (slot_count > SIZE_MAX / 2) {
            return false;
        }
        slot_count *= 2;
    }
    if (slot_count <= collisions->slot_count) {
        memset(collisions->slots, 0, collisions->slot_count * sizeof collisions->slots[0]);
        return true;
    }
    tachoi_collisions_fini(collisions);
    collisions->slots = tachoi_calloc(slot_count, sizeof collisions->slots[0]);
    collisions->slot_count = collisions->slots != NULL ? slot_count : 0;
    return collisions->slots != NULL;
}

/* The slot that holds equal labels, else the free one where they belong. */
static struct tachoi_collision_slot *probe(const struct tachoi_collisions *collisions,
                                           const struct tachoi_encoded_series *series,
                                           uint32_t component) {
    size_t mask = collisions->slot_count - 1;
    size_t at = (size_t)series->blocks[component].hash & mask;
    while (collisions->slots[at].series != NULL &&
           !tachoi_encoded_series_is_equal_block(
               collisions->slots[at].series, collisions->slots[at].component, series, component)) {
        at = (at + 1) & mask;
    }
    return &collisions->slots[at];
}

const struct tachoi_collision_slot *
tachoi_collisions_find(const struct tachoi_collisions *collisions,
                       const struct tachoi_encoded_series *series) {
    for (uint32_t i = 0; i < series->component_count; i++) {
        const struct tachoi_collision_slot *slot = probe(collisions, series, i);
        if (slot->series != NULL) {
            return slot;
        }
    }
    return NULL;
}

void tachoi_collisions_add(struct tachoi_collisions *collisions,
                           const struct tachoi_encoded_series *series, size_t record_at) {
    for (uint32_t i = 0; i < series->component_count; i++) {
        *probe(collisions, series, i) = (struct tachoi_collision_slot){
            .series = series, .record_at = record_at, .component = i};
    }
}
