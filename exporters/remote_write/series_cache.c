/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the series that the exporter knows: a hash table with chains. See series_cache.h. */
#include "remote_write/series_cache.h"

#include "base/alloc.h"

#define FIRST_SLOTS ((size_t)64)

/* Ids are dense numbers and come in order: taken as they are, they fill the slots evenly, and a
 * collection walks through the table from one end to the other. */
static size_t slot_of(tacho_series_ref ref, size_t slot_count) {
    return (size_t)(ref.id + ref.generation) & (slot_count - 1);
}

static bool is_same(tacho_series_ref a, tacho_series_ref b) {
    return a.id == b.id && a.generation == b.generation;
}

static void destroy_chain(struct tachoi_encoded_series *series) {
    while (series != NULL) {
        struct tachoi_encoded_series *next = series->next;
        tachoi_encoded_series_destroy(series);
        series = next;
    }
}

void tachoi_series_cache_fini(struct tachoi_series_cache *cache) {
    for (size_t i = 0; i < cache->slot_count; i++) {
        destroy_chain(cache->slots[i]);
    }
    destroy_chain(cache->without_id);
    tachoi_free(cache->slots);
    *cache = (struct tachoi_series_cache){0};
}

struct tachoi_encoded_series *tachoi_series_cache_find(const struct tachoi_series_cache *cache,
                                                       tacho_series_ref ref) {
    if (cache->slot_count == 0 || ref.id == TACHOI_NO_SERIES_ID) {
        return NULL;
    }
    struct tachoi_encoded_series *series = cache->slots[slot_of(ref, cache->slot_count)];
    while (series != NULL && !is_same(series->ref, ref)) {
        series = series->next;
    }
    return series;
}

static bool resize(struct tachoi_series_cache *cache, size_t slot_count) {
    struct tachoi_encoded_series **slots =
        tachoi_calloc(slot_count, sizeof(struct tachoi_encoded_series *));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < cache->slot_count; i++) {
        for (struct tachoi_encoded_series *series = cache->slots[i]; series != NULL;) {
            struct tachoi_encoded_series *next = series->next;
            struct tachoi_encoded_series **slot = &slots[slot_of(series->ref, slot_count)];
            series->next = *slot;
            *slot = series;
            series = next;
        }
    }
    tachoi_free(cache->slots);
    cache->slots = slots;
    cache->slot_count = slot_count;
    return true;
}

bool tachoi_series_cache_add(struct tachoi_series_cache *cache,
                             struct tachoi_encoded_series *series) {
    if (series->ref.id == TACHOI_NO_SERIES_ID) {
        series->next = cache->without_id;
        cache->without_id = series;
        cache->count++;
        return true;
    }
    if (cache->slot_count == 0 && !resize(cache, FIRST_SLOTS)) {
        return false;
    }
    if (cache->count >= cache->slot_count) {
        (void)resize(cache, cache->slot_count * 2); /* without it the chains are just longer */
    }
    struct tachoi_encoded_series **slot = &cache->slots[slot_of(series->ref, cache->slot_count)];
    series->next = *slot;
    *slot = series;
    cache->count++;
    return true;
}

static void sweep_chain(struct tachoi_series_cache *cache, struct tachoi_encoded_series **link,
                        uint64_t number, tachoi_series_unseen_fn unseen, void *user) {
    while (*link != NULL) {
        struct tachoi_encoded_series *series = *link;
        const bool is_measured = series->seen == number && series->ref.id != TACHOI_NO_SERIES_ID;
        if (is_measured || series->pins > 0) {
            if (!is_measured) {
                unseen(series, user);
            }
            link = &series->next;
            continue;
        }
        *link = series->next;
        cache->count--;
        tachoi_encoded_series_destroy(series);
    }
}

void tachoi_series_cache_sweep_locked(struct tachoi_series_cache *cache, uint64_t number,
                                      tachoi_series_unseen_fn unseen, void *user) {
    for (size_t i = 0; i < cache->slot_count; i++) {
        sweep_chain(cache, &cache->slots[i], number, unseen, user);
    }
    sweep_chain(cache, &cache->without_id, number, unseen, user);
}
