/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the table of series: entries in an array, and two indexes of their numbers. See
 * series_cache.h. */
#include "remote_write/series_cache.h"

#include <string.h>

#include "base/alloc.h"

#define FIRST_ENTRIES ((size_t)64)
#define NONE SIZE_MAX

/* A collection that finds more than one in so many series by their identity alone puts them in
 * order. */
#define DETOURS_TOLERATED 16

void tachoi_series_cache_fini(struct tachoi_series_cache *cache) {
    for (size_t i = 0; i < cache->count; i++) {
        tachoi_free(cache->entries[i].series);
    }
    tachoi_series_shapes_fini(&cache->shapes);
    tachoi_free(cache->entries);
    tachoi_free(cache->by_id.slots);
    tachoi_free(cache->by_labels.slots);
    *cache = (struct tachoi_series_cache){0};
}

static bool is_visited(const struct tachoi_series_cache *cache,
                       const struct tachoi_cached_series *entry) {
    return entry->visit - cache->first_visit < cache->visits;
}

/* --- the indexes --- */

/* At most four fifths are in use. */
static bool has_room(const struct tachoi_series_index *index, size_t count) {
    return count <= index->slot_count / 5 * 4;
}

/* Slots of an index with room for so many. */
static size_t slots_for(const struct tachoi_series_index *index, size_t count) {
    size_t slot_count = index->slot_count == 0 ? 2 * FIRST_ENTRIES : index->slot_count;
    while (slot_count / 5 * 4 < count) {
        slot_count *= 2; /* count is below UINT32_MAX / 4 */
    }
    return slot_count;
}

/* Empties the index, with the given slots in place of its own unless they are NULL. */
static void index_reset(struct tachoi_series_index *index, uint32_t *slots, size_t slot_count) {
    if (slots != NULL) {
        tachoi_free(index->slots);
        index->slots = slots;
        index->slot_count = slot_count;
    } else {
        memset(index->slots, 0, index->slot_count * sizeof index->slots[0]);
    }
}

/* The slot behind, around the end. */
static size_t next_slot(const struct tachoi_series_index *index, size_t at) {
    return (at + 1) & (index->slot_count - 1);
}

static void put(struct tachoi_series_index *index, size_t at, size_t number) {
    while (index->slots[at] != 0) {
        at = next_slot(index, at);
    }
    index->slots[at] = (uint32_t)number + 1;
}

/* Whoever chose the ids: multiplied by 2^64 over the golden ratio, their upper bits are spread. */
static size_t id_slot(const struct tachoi_series_index *index, uint64_t id, uint32_t generation) {
    const uint64_t mixed = (id + generation) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 32U) & (index->slot_count - 1);
}

static size_t label_slot(const struct tachoi_series_index *index, uint32_t label_hash) {
    return label_hash & (index->slot_count - 1);
}

static size_t find_by_id(const struct tachoi_series_cache *cache, tacho_series_ref ref) {
    const struct tachoi_series_index *index = &cache->by_id;
    if (index->slot_count == 0 || ref.id == TACHOI_NO_SERIES_ID) {
        return NONE;
    }
    for (size_t at = id_slot(index, ref.id, ref.generation); index->slots[at] != 0;
         at = next_slot(index, at)) {
        const size_t number = index->slots[at] - 1;
        const struct tachoi_cached_series *entry = &cache->entries[number];
        if (entry->id == ref.id && entry->generation == ref.generation) {
            return number;
        }
    }
    return NONE;
}

/* Puts an entry into the index of labels, and contests it and those that have labels of it. One
 * that equals another is not put in: whom it contests, the other contests. */
static void claim_labels(struct tachoi_series_cache *cache, size_t number) {
    struct tachoi_cached_series *entry = &cache->entries[number];
    struct tachoi_series_index *index = &cache->by_labels;
    if (entry->series == NULL) {
        return;
    }
    size_t at = label_slot(index, entry->label_hash);
    for (; index->slots[at] != 0; at = next_slot(index, at)) {
        struct tachoi_cached_series *other = &cache->entries[index->slots[at] - 1];
        if (other->label_hash != entry->label_hash ||
            !tachoi_encoded_series_overlaps(entry->series, other->series)) {
            continue;
        }
        entry->is_contested = other->is_contested = true;
        if (tachoi_encoded_series_has_equal_labels(entry->series, other->series)) {
            return;
        }
    }
    put(index, at, number);
}

/* Puts an entry into the index of ids, if it has one. */
static void put_id(struct tachoi_series_cache *cache, size_t number) {
    const struct tachoi_cached_series *entry = &cache->entries[number];
    if (entry->id != TACHOI_NO_SERIES_ID) {
        put(&cache->by_id, id_slot(&cache->by_id, entry->id, entry->generation), number);
    }
}

static void fill_indexes(struct tachoi_series_cache *cache) {
    for (size_t i = 0; i < cache->count; i++) {
        const struct tachoi_cached_series *entry = &cache->entries[i];
        put_id(cache, i);
        if (entry->is_contested) {
            claim_labels(cache, i);
        } else if (entry->series != NULL) {
            put(&cache->by_labels, label_slot(&cache->by_labels, entry->label_hash), i);
        }
    }
}

static void refill_indexes(struct tachoi_series_cache *cache) {
    if (cache->by_id.slot_count > 0) {
        index_reset(&cache->by_id, NULL, 0);
        index_reset(&cache->by_labels, NULL, 0);
        fill_indexes(cache);
    }
}

/* Makes the indexes, which are of one size, large enough for so many. False when memory is short,
 * then they are as they were. */
static bool grow_indexes(struct tachoi_series_cache *cache, size_t count) {
    const size_t slot_count = slots_for(&cache->by_id, count);
    uint32_t *ids = tachoi_calloc(slot_count, sizeof ids[0]);
    uint32_t *labels = tachoi_calloc(slot_count, sizeof labels[0]);
    if (ids == NULL || labels == NULL) {
        tachoi_free(ids);
        tachoi_free(labels);
        return false;
    }
    index_reset(&cache->by_id, ids, slot_count);
    index_reset(&cache->by_labels, labels, slot_count);
    fill_indexes(cache);
    return true;
}

/* --- a collection --- */

void tachoi_series_cache_begin(struct tachoi_series_cache *cache) {
    cache->first_visit += cache->visits;
    cache->visits = cache->detours = cache->without_id = 0;
    cache->expected = 0;
    if (cache->kept != cache->count) { /* some were not retired: they are there again */
        cache->kept = cache->count;
        refill_indexes(cache);
    }
}

struct tachoi_cached_series *tachoi_series_cache_look_up(struct tachoi_series_cache *cache,
                                                         tacho_series_ref ref, bool *is_first) {
    const size_t number = find_by_id(cache, ref);
    if (number == NONE) {
        return NULL;
    }
    struct tachoi_cached_series *entry = &cache->entries[number];
    *is_first = !is_visited(cache, entry);
    if (*is_first) {
        entry->visit = cache->first_visit + cache->visits++;
        cache->detours++;
        cache->expected = number + 1;
    }
    return entry;
}

static bool reserve(struct tachoi_series_cache *cache) {
    const size_t count = cache->count + 1;
    if (count > UINT32_MAX / 4) {
        return false;
    }
    if (count > cache->capacity) {
        const size_t capacity = cache->capacity == 0 ? FIRST_ENTRIES : 2 * cache->capacity;
        struct tachoi_cached_series *entries =
            tachoi_realloc_array(cache->entries, capacity, sizeof *entries);
        if (entries == NULL) {
            return false;
        }
        cache->entries = entries;
        cache->capacity = capacity;
    }
    return has_room(&cache->by_id, count) || grow_indexes(cache, count);
}

struct tachoi_cached_series *
tachoi_series_cache_add(struct tachoi_series_cache *cache, tacho_series_ref ref,
                        enum tachoi_encoded_series_kind kind,
                        const struct tachoi_encoded_series_made *made) {
    if (!reserve(cache)) {
        return NULL;
    }
    const size_t number = cache->count++;
    struct tachoi_cached_series *entry = &cache->entries[number];
    *entry = (struct tachoi_cached_series){
        .id = ref.id,
        .series = made->series,
        .generation = ref.generation,
        .label_hash = made->label_hash & ((UINT32_C(1) << TACHOI_LABEL_HASH_BITS) - 1),
        .kind = (uint32_t)kind & 7U,
        .is_filtered = made->is_filtered ? 1 : 0,
        .visit = cache->first_visit + cache->visits++};
    put_id(cache, number);
    claim_labels(cache, number);
    if (ref.id == TACHOI_NO_SERIES_ID) {
        cache->without_id++;
    }
    if (cache->expected == number) { /* the first one, or one behind all that there were */
        cache->expected++;
    } else {
        cache->detours++;
    }
    cache->kept = cache->count;
    return entry;
}

/* --- afterwards --- */

static void swap(struct tachoi_series_cache *cache, size_t i, size_t j) {
    const struct tachoi_cached_series entry = cache->entries[i];
    cache->entries[i] = cache->entries[j];
    cache->entries[j] = entry;
}

/* Moves what is to be retired behind the others, whose order stays. Returns how many those are. */
static size_t sort_out(struct tachoi_series_cache *cache, bool is_whole) {
    size_t kept = 0;
    for (size_t i = 0; i < cache->count; i++) {
        const struct tachoi_cached_series *entry = &cache->entries[i];
        if (entry->id != TACHOI_NO_SERIES_ID && (is_visited(cache, entry) || !is_whole)) {
            swap(cache, kept++, i);
        }
    }
    return kept;
}

/* Brings the first `cache->kept` entries, of which each was visited, to where their visits say.
 * Those without an id are not among them, so there may be gaps: then it is left to the next one. */
static void order(struct tachoi_series_cache *cache) {
    if (cache->kept != cache->visits) {
        return;
    }
    for (size_t i = 0; i < cache->kept; i++) {
        size_t place = cache->entries[i].visit - cache->first_visit;
        while (place != i) {
            swap(cache, i, place);
            place = cache->entries[i].visit - cache->first_visit;
        }
    }
}

void tachoi_series_cache_finish(struct tachoi_series_cache *cache, bool is_whole) {
    const size_t known = cache->visits - cache->without_id;
    const bool is_complete = is_whole ? known == cache->count : cache->without_id == 0;
    const bool is_in_order = cache->detours <= cache->visits / DETOURS_TOLERATED;
    cache->kept = cache->count;
    if (is_complete && is_in_order) {
        return;
    }
    if (!is_complete) {
        cache->kept = sort_out(cache, is_whole);
    }
    if (!is_in_order) {
        order(cache);
    }
    const size_t count = cache->count;
    cache->count = cache->kept; /* the indexes do without the others */
    refill_indexes(cache);
    cache->count = count;
}

void tachoi_series_cache_retire_locked(struct tachoi_series_cache *cache,
                                       tachoi_series_retire_fn retire, void *user) {
    for (size_t i = cache->kept; i < cache->count; i++) {
        if (cache->entries[i].series != NULL) {
            retire(&cache->entries[i], user);
        }
    }
    cache->count = cache->kept;
}

void tachoi_series_cache_free(struct tachoi_series_cache *cache,
                              struct tachoi_encoded_series *gone) {
    while (gone != NULL) {
        struct tachoi_encoded_series *next = gone->state.next_gone;
        tachoi_encoded_series_destroy(gone, &cache->shapes);
        gone = next;
    }
}
