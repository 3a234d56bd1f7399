/* SPDX-License-Identifier: Apache-2.0 */
/* Owns probing, insertion and growth. */
#include "storage/series_map.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "tacho/status.h"

enum { FIRST_CAPACITY = 8 };

static struct tachoi_series_table *create_table(size_t capacity) {
    size_t size = 0;
    if (!tachoi_size_mul(capacity, sizeof(_Atomic(struct tachoi_series *)), &size) ||
        !tachoi_size_add(size, sizeof(struct tachoi_series_table), &size)) {
        return NULL;
    }
    struct tachoi_series_table *table = tachoi_calloc(1, size);
    if (table != NULL) {
        table->mask = capacity - 1;
    }
    return table;
}

static bool is_series_of(const struct tachoi_series *series,
                         const struct tachoi_attribute_key *key) {
    return series->hash == key->hash &&
           tachoi_attribute_key_equals(key, tachoi_series_attributes(series),
                                       series->attributes_size);
}

/** Only under the lock, or before the table is published. */
static void insert(struct tachoi_series_table *table, struct tachoi_series *series) {
    size_t index = series->hash & table->mask;
    while (atomic_load_explicit(&table->slots[index], memory_order_relaxed) != NULL) {
        index = (index + 1) & table->mask;
    }
    /* release; pairs with the acquire in tachoi_series_map_find: the series is complete */
    atomic_store_explicit(&table->slots[index], series, memory_order_release);
}

struct tachoi_series *tachoi_series_map_find(struct tachoi_series_map *map,
                                             const struct tachoi_attribute_key *key) {
    /* acquire; pairs with the release in grow_locked: the slots are filled */
    struct tachoi_series_table *table = atomic_load_explicit(&map->table, memory_order_acquire);
    for (size_t index = key->hash & table->mask;; index = (index + 1) & table->mask) {
        struct tachoi_series *series =
            atomic_load_explicit(&table->slots[index], memory_order_acquire);
        if (series == NULL || is_series_of(series, key)) {
            return series;
        }
    }
}

size_t tachoi_series_map_count(const struct tachoi_series_map *map) {
    /* acquire; pairs with the release in append_locked: that many are linked */
    return atomic_load_explicit(&map->count, memory_order_acquire);
}

struct tachoi_series *tachoi_series_map_next(const struct tachoi_series *series) {
    /* acquire; pairs with the release in append_locked: the series is complete */
    return atomic_load_explicit(&series->next, memory_order_acquire);
}

/** Makes room for one more; false when memory is short. */
static bool grow_locked(struct tachoi_series_map *map) {
    struct tachoi_series_table *table = atomic_load_explicit(&map->table, memory_order_relaxed);
    const size_t capacity = table->mask + 1;
    if (tachoi_series_map_count(map) < capacity / 4 * 3) {
        return true;
    }
    struct tachoi_series_table *larger =
        capacity <= SIZE_MAX / 2 ? create_table(capacity * 2) : NULL;
    if (larger == NULL) {
        return false;
    }
    for (size_t i = 0; i < capacity; i++) {
        struct tachoi_series *series = atomic_load_explicit(&table->slots[i], memory_order_relaxed);
        if (series != NULL) {
            insert(larger, series);
        }
    }
    larger->previous = table;
    /* release; pairs with the acquire in tachoi_series_map_find */
    atomic_store_explicit(&map->table, larger, memory_order_release);
    return true;
}

/** In this order, so that a child forked between two steps finds no series that it would not
 * collect: linked, counted, then findable, then the limit. */
static void append_locked(struct tachoi_series_map *map, struct tachoi_series *series) {
    if (map->last != NULL) {
        /* release; pairs with the acquire in tachoi_series_map_next */
        atomic_store_explicit(&map->last->next, series, memory_order_release);
    }
    map->last = series;
    const size_t count = atomic_load_explicit(&map->count, memory_order_relaxed) + 1;
    /* release; pairs with the acquire in tachoi_series_map_count */
    atomic_store_explicit(&map->count, count, memory_order_release);
    insert(atomic_load_explicit(&map->table, memory_order_relaxed), series);
    if (count > map->limit) {
        /* release; pairs with the acquire in find_or_create: whoever sees it finds all series */
        atomic_store_explicit(&map->is_full, true, memory_order_release);
    }
}

/** Inserts `candidate` unless another thread has made the same series, or the last one that there
 * is room for, in the meantime. The series that counts, NULL when memory is short. */
static struct tachoi_series *insert_or_find_locked(struct tachoi_series_map *map,
                                                   const struct tachoi_attribute_key *key,
                                                   struct tachoi_series *candidate) {
    struct tachoi_series *existing = tachoi_series_map_find(map, key);
    if (existing != NULL) {
        return existing;
    }
    if (atomic_load_explicit(&map->is_full, memory_order_relaxed)) {
        return map->overflow;
    }
    if (!grow_locked(map)) {
        return NULL;
    }
    append_locked(map, candidate);
    return candidate;
}

static enum tachoi_series_map_result create(struct tachoi_series_map *map,
                                            const struct tachoi_attribute_key *key,
                                            struct tachoi_series **out) {
    if (map->generation != tachoi_fork_generation()) {
        return TACHOI_SERIES_FORKED;
    }
    struct tachoi_series *candidate =
        tachoi_series_create(map->family, key, map->clock->unix_ns(map->clock->user));
    if (candidate == NULL) {
        return TACHOI_SERIES_NO_MEMORY;
    }
    (void)pthread_mutex_lock(&map->lock);
    struct tachoi_series *series = insert_or_find_locked(map, key, candidate);
    (void)pthread_mutex_unlock(&map->lock);
    if (series != candidate) {
        tachoi_series_destroy(candidate);
    }
    if (series == NULL) {
        return TACHOI_SERIES_NO_MEMORY;
    }
    *out = series;
    return TACHOI_SERIES_FOUND;
}

enum tachoi_series_map_result
tachoi_series_map_find_or_create(struct tachoi_series_map *map,
                                 const struct tachoi_attribute_key *key,
                                 struct tachoi_series **out) {
    /* Looked at before the search, so that a set which got its series last of all is found.
     * acquire; pairs with the release in append_locked */
    const bool is_full = atomic_load_explicit(&map->is_full, memory_order_acquire);
    struct tachoi_series *series = tachoi_series_map_find(map, key);
    if (series == NULL && !is_full) {
        return create(map, key, out);
    }
    *out = series != NULL ? series : map->overflow;
    return TACHOI_SERIES_FOUND;
}

/** The series of {otel.metric.overflow = true}; a caller who records this set comes here too. */
static struct tachoi_series *create_overflow(struct tachoi_series_map *map) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", true)));
    return tachoi_series_create(map->family, &key, map->clock->unix_ns(map->clock->user));
}

int tachoi_series_map_init(struct tachoi_series_map *map, struct tachoi_series_family *family,
                           uint32_t limit, const tacho_clock *clock) {
    memset(map, 0, sizeof *map);
    map->family = family;
    map->clock = clock;
    map->limit = limit;
    (void)tachoi_fork_watch(); /* without it a child is taken for its parent: nothing better is left
                                */
    map->generation = tachoi_fork_generation();
    if (pthread_mutex_init(&map->lock, NULL) != 0) {
        return TACHO_E_SYSTEM;
    }
    map->has_lock = true;
    struct tachoi_series_table *table = create_table(FIRST_CAPACITY);
    struct tachoi_series *overflow = create_overflow(map);
    if (table == NULL || overflow == NULL) {
        tachoi_series_destroy(overflow);
        tachoi_free(table);
        tachoi_series_map_fini(map);
        return TACHO_E_NO_MEMORY;
    }
    atomic_store_explicit(&map->table, table, memory_order_relaxed);
    map->overflow = overflow;
    append_locked(map, overflow); /* nobody else knows the map yet */
    return TACHO_OK;
}

void tachoi_series_map_fini(struct tachoi_series_map *map) {
    for (struct tachoi_series *series = map->overflow; series != NULL;) {
        struct tachoi_series *next = tachoi_series_map_next(series);
        tachoi_series_destroy(series);
        series = next;
    }
    for (struct tachoi_series_table *table =
             atomic_load_explicit(&map->table, memory_order_relaxed);
         table != NULL;) {
        struct tachoi_series_table *previous = table->previous;
        tachoi_free(table);
        table = previous;
    }
    if (map->has_lock && map->generation == tachoi_fork_generation()) {
        (void)pthread_mutex_destroy(&map->lock);
    }
    memset(map, 0, sizeof *map);
}
