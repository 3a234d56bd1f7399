/* SPDX-License-Identifier: Apache-2.0 */
/* Owns finding time series of equal labels within one batch. See collisions.h. */
#include "remote_write/collisions.h"

#include <string.h>

#include "base/alloc.h"

#define FIRST_SLOTS ((size_t)64)

void tachoi_collisions_fini(struct tachoi_collisions *collisions) {
    tachoi_free(collisions->entries);
    tachoi_free(collisions->slots);
    *collisions = (struct tachoi_collisions){0};
}

static bool reserve(struct tachoi_collisions *collisions, size_t count) {
    size_t slot_count = FIRST_SLOTS;
    while (slot_count / 2 < count) {
        slot_count *= 2; /* count is below UINT32_MAX */
    }
    tachoi_collisions_fini(collisions);
    collisions->entries = tachoi_calloc(slot_count / 2, sizeof collisions->entries[0]);
    collisions->slots = tachoi_calloc(slot_count, sizeof collisions->slots[0]);
    if (collisions->entries == NULL || collisions->slots == NULL) {
        tachoi_collisions_fini(collisions);
        return false;
    }
    collisions->entry_capacity = slot_count / 2;
    collisions->slot_count = slot_count;
    return true;
}

bool tachoi_collisions_begin(struct tachoi_collisions *collisions, size_t count) {
    if (count > UINT32_MAX / 4) {
        return false;
    }
    collisions->entry_count = 0;
    if (collisions->slot_count == 0 || count > collisions->entry_capacity) {
        return reserve(collisions, count);
    }
    memset(collisions->slots, 0, collisions->slot_count * sizeof collisions->slots[0]);
    return true;
}

/* The slot of an entry with equal labels, else the free one where they belong. */
static struct tachoi_collision_slot *probe(const struct tachoi_collisions *collisions,
                                           const struct tachoi_encoded_series *series,
                                           uint32_t component) {
    uint64_t hash = series->blocks[component].hash;
    uint32_t tag = (uint32_t)(hash >> 32);
    size_t mask = collisions->slot_count - 1;
    for (size_t at = (size_t)hash & mask;; at = (at + 1) & mask) {
        struct tachoi_collision_slot *slot = &collisions->slots[at];
        if (slot->entry == 0) {
            return slot;
        }
        const struct tachoi_collision_entry *entry = &collisions->entries[slot->entry - 1];
        if (slot->tag == tag && tachoi_encoded_series_is_equal_block(
                                    entry->series, entry->component, series, component)) {
            return slot;
        }
    }
}

const struct tachoi_collision_entry *
tachoi_collisions_find(const struct tachoi_collisions *collisions,
                       const struct tachoi_encoded_series *series) {
    for (uint32_t i = 0; i < series->component_count; i++) {
        const struct tachoi_collision_slot *slot = probe(collisions, series, i);
        if (slot->entry != 0) {
            return &collisions->entries[slot->entry - 1];
        }
    }
    return NULL;
}

void tachoi_collisions_add(struct tachoi_collisions *collisions,
                           const struct tachoi_encoded_series *series, size_t record_at) {
    for (uint32_t i = 0; i < series->component_count; i++) {
        struct tachoi_collision_slot *slot = probe(collisions, series, i);
        collisions->entries[collisions->entry_count++] = (struct tachoi_collision_entry){
            .series = series, .record_at = record_at, .component = i};
        slot->tag = (uint32_t)(series->blocks[i].hash >> 32);
        slot->entry = (uint32_t)collisions->entry_count;
    }
}
