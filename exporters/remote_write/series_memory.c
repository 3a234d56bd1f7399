/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the table of memories. What is added up in them is in accumulate.c. See series_memory.h. */
#include "remote_write/series_memory.h"

#include <string.h>

#include "base/alloc.h"

#define FIRST_SLOTS ((size_t)64)

static void destroy(struct tachoi_series_memory *memory) {
    tachoi_free(memory->exemplar_ms);
    tachoi_free(memory->buckets);
    tachoi_free(memory);
}

void tachoi_series_memories_fini(struct tachoi_series_memories *memories) {
    for (size_t i = 0; i < memories->slot_count; i++) {
        while (memories->slots[i] != NULL) {
            struct tachoi_series_memory *next = memories->slots[i]->next;
            destroy(memories->slots[i]);
            memories->slots[i] = next;
        }
    }
    tachoi_free(memories->slots);
    *memories = (struct tachoi_series_memories){0};
}

/* The link to the memory, or to NULL where it belongs. */
static struct tachoi_series_memory **link_of(const struct tachoi_series_memories *memories,
                                             tacho_series_ref ref) {
    const uint64_t mixed = (ref.id + ref.generation) * UINT64_C(0x9e3779b97f4a7c15);
    struct tachoi_series_memory **link =
        &memories->slots[(size_t)(mixed >> 32U) & (memories->slot_count - 1)];
    while (*link != NULL &&
           ((*link)->ref.id != ref.id || (*link)->ref.generation != ref.generation)) {
        link = &(*link)->next;
    }
    return link;
}

static bool resize(struct tachoi_series_memories *memories, size_t slot_count) {
    struct tachoi_series_memories larger = {
        .slots = tachoi_calloc(slot_count, sizeof(struct tachoi_series_memory *)),
        .slot_count = slot_count,
        .count = memories->count,
        .swept_ms = memories->swept_ms};
    if (larger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < memories->slot_count; i++) {
        while (memories->slots[i] != NULL) {
            struct tachoi_series_memory *memory = memories->slots[i];
            memories->slots[i] = memory->next;
            memory->next = NULL;
            *link_of(&larger, memory->ref) = memory;
        }
    }
    tachoi_free(memories->slots);
    *memories = larger;
    return true;
}

struct tachoi_series_memory *tachoi_series_memories_get(struct tachoi_series_memories *memories,
                                                        tacho_series_ref ref, int64_t now_ms) {
    if (memories->slot_count == 0 && !resize(memories, FIRST_SLOTS)) {
        return NULL;
    }
    struct tachoi_series_memory **link = link_of(memories, ref);
    if (*link == NULL && memories->count >= memories->slot_count) {
        (void)resize(memories, memories->slot_count * 2); /* else chains are just longer */
        link = link_of(memories, ref);
    }
    if (*link == NULL) {
        *link = tachoi_calloc(1, sizeof **link);
        if (*link != NULL) {
            (*link)->ref = ref;
            memories->count++;
        }
    }
    if (*link != NULL) {
        (*link)->used_ms = now_ms;
    }
    return *link;
}

static void sweep_chain(struct tachoi_series_memories *memories, struct tachoi_series_memory **link,
                        int64_t before_ms) {
    while (*link != NULL) {
        struct tachoi_series_memory *memory = *link;
        if (memory->used_ms < before_ms) {
            *link = memory->next;
            memories->count--;
            destroy(memory);
        } else {
            link = &memory->next;
        }
    }
}

void tachoi_series_memories_sweep(struct tachoi_series_memories *memories, int64_t now_ms) {
    if (memories->count == 0 || now_ms - memories->swept_ms < TACHOI_SERIES_MEMORY_MS / 10) {
        return;
    }
    memories->swept_ms = now_ms;
    for (size_t i = 0; i < memories->slot_count; i++) {
        sweep_chain(memories, &memories->slots[i], now_ms - TACHOI_SERIES_MEMORY_MS);
    }
}

bool tachoi_series_memory_reserve_exemplars(struct tachoi_series_memory *memory, size_t count) {
    if (count > memory->exemplar_capacity) {
        int64_t *times = tachoi_realloc_array(memory->exemplar_ms, count, sizeof times[0]);
        if (times == NULL) {
            return false;
        }
        memset(times + memory->exemplar_capacity, 0,
               (count - memory->exemplar_capacity) * sizeof times[0]);
        memory->exemplar_ms = times;
        memory->exemplar_capacity = count;
    }
    return true;
}
