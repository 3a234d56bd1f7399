/* SPDX-License-Identifier: Apache-2.0 */
/* Owns finding time series of equal labels within one collection. See collisions.h. */
#include "remote_write/collisions.h"

#include <string.h>

#include "base/alloc.h"

#define FIRST_SLOTS ((size_t)64)

void tachoi_collisions_fini(struct tachoi_collisions *collisions) {
    tachoi_free(collisions->entries);
    tachoi_free(collisions->slots);
    *collisions = (struct tachoi_collisions){0};
}

/* The slot of an entry with equal labels, else the free one where they belong. */
static uint32_t *probe(const struct tachoi_collisions *collisions,
                       const struct tachoi_encoded_series *series, uint32_t component,
                       uint64_t hash) {
    size_t mask = collisions->slot_count - 1;
    for (size_t at = (size_t)hash & mask;; at = (at + 1) & mask) {
        uint32_t *slot = &collisions->slots[at];
        if (*slot == 0) {
            return slot;
        }
        const struct tachoi_collision_entry *entry = &collisions->entries[*slot - 1];
        if (entry->hash == hash &&
            tachoi_encoded_series_is_equal_block(entry->record->series, entry->component, series,
                                                 component)) {
            return slot;
        }
    }
}

struct tachoi_record *tachoi_collisions_find(const struct tachoi_collisions *collisions,
                                             const struct tachoi_encoded_series *series) {
    for (uint32_t i = 0; i < series->shape->component_count; i++) {
        const uint64_t hash = tachoi_encoded_series_block_hash(series, i);
        const uint32_t *slot = probe(collisions, series, i, hash);
        if (*slot != 0) {
            return collisions->entries[*slot - 1].record;
        }
    }
    return NULL;
}

static void add_entry(struct tachoi_collisions *collisions,
                      const struct tachoi_collision_entry *entry) {
    uint32_t *slot = probe(collisions, entry->record->series, entry->component, entry->hash);
    collisions->entries[collisions->entry_count++] = *entry;
    *slot = (uint32_t)collisions->entry_count;
}

void tachoi_collisions_add(struct tachoi_collisions *collisions, struct tachoi_record *record) {
    for (uint32_t i = 0; i < record->series->shape->component_count; i++) {
        add_entry(collisions, &(const struct tachoi_collision_entry){
                                  .record = record,
                                  .hash = tachoi_encoded_series_block_hash(record->series, i),
                                  .component = i});
    }
}

void tachoi_collisions_begin(struct tachoi_collisions *collisions) {
    if (collisions->entry_count > 0) {
        memset(collisions->slots, 0, collisions->slot_count * sizeof collisions->slots[0]);
    }
    collisions->entry_count = 0;
}

/* Moves the entries into larger memory. */
static bool grow(struct tachoi_collisions *collisions, size_t entry_count) {
    struct tachoi_collisions larger = {.slot_count = FIRST_SLOTS};
    while (larger.slot_count / 2 < entry_count) {
        larger.slot_count *= 2; /* entry_count is below UINT32_MAX / 4 */
    }
    larger.entry_capacity = larger.slot_count / 2;
    larger.entries = tachoi_calloc(larger.entry_capacity, sizeof larger.entries[0]);
    larger.slots = tachoi_calloc(larger.slot_count, sizeof larger.slots[0]);
    if (larger.entries == NULL || larger.slots == NULL) {
        tachoi_collisions_fini(&larger);
        return false;
    }
    for (size_t i = 0; i < collisions->entry_count; i++) {
        add_entry(&larger, &collisions->entries[i]);
    }
    tachoi_collisions_fini(collisions);
    *collisions = larger;
    return true;
}

bool tachoi_collisions_reserve(struct tachoi_collisions *collisions, size_t count) {
    if (count > UINT32_MAX / 4 - collisions->entry_count) {
        return false;
    }
    count += collisions->entry_count;
    return count <= collisions->entry_capacity || grow(collisions, count);
}
