/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way from attributes to a series, and the cardinality limit. Knows nothing of
 * measurements. (CARD-01..09)
 *
 * An open-addressing table of pointers to series, at most three quarters full, probed linearly and
 * published by one atomic pointer. Readers take no lock: a slot goes from NULL to a series once
 * and never changes again, and a series is complete before its slot shows it. Growing makes a new
 * table and publishes it; the old ones are kept until the map ends, since readers may still walk
 * them (together they are smaller than the present one). Nothing is ever removed.
 *
 *                        find   find_or_create   first/next, count   fini
 *     find               yes         yes                yes           no
 *     find_or_create     yes         yes                yes           no
 *     first/next, count  yes         yes                yes           no
 *
 * Progress: find is wait-free. find_or_create takes the lock for an unknown set as long as the map
 * has room; once it is full, never. In a forked child it never takes the lock: its holder may not
 * exist there. The lock is held for the insertion alone: the series is made before it. */
#ifndef TACHOI_STORAGE_SERIES_MAP_H
#define TACHOI_STORAGE_SERIES_MAP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/series.h"
#include "tacho/sdk/clock.h"

struct tachoi_series_table {
    struct tachoi_series_table *previous; /* immutable after publication */
    size_t mask;                          /* immutable after publication */
    _Atomic(struct tachoi_series *) slots[];
};

struct tachoi_series_map {
    /* immutable after init */
    struct tachoi_series_family *family;
    const tacho_clock *clock;
    struct tachoi_series *overflow; /* in the table too, but not of those that the limit counts */
    uint32_t limit;
    uint32_t generation; /* the process that may use the lock */
    bool has_lock;
    /* atomic */
    _Atomic(struct tachoi_series_table *) table;
    _Atomic(size_t) count; /* all series, the overflow series included */
    _Atomic(bool) is_full;
    /* guarded by lock */
    pthread_mutex_t lock;
    struct tachoi_series *last; /* the end of the list that `overflow` begins */
};

enum tachoi_series_map_result {
    TACHOI_SERIES_FOUND,     /* or made, or the overflow series */
    TACHOI_SERIES_NO_MEMORY, /* unknown, and could not be made */
    TACHOI_SERIES_FORKED     /* unknown, in a process that may not make one */
};

/**
 * Makes a map with its overflow series. Up to `limit` sets get a series of their own; the
 * overflow series takes all others. Borrows all arguments until fini. TACHO_OK, TACHO_E_NO_MEMORY
 * or TACHO_E_SYSTEM (no mutex).
 */
int tachoi_series_map_init(struct tachoi_series_map *map, struct tachoi_series_family *family,
                           uint32_t limit, const tacho_clock *clock);
/** Frees all series. Of a zeroed map, nothing. */
void tachoi_series_map_fini(struct tachoi_series_map *map);

/** The series of exactly this set, NULL if it has none. */
struct tachoi_series *tachoi_series_map_find(struct tachoi_series_map *map,
                                             const struct tachoi_attribute_key *key);

/** The series that takes this set's measurements, made if need be; `*out` is written when found. */
enum tachoi_series_map_result
tachoi_series_map_find_or_create(struct tachoi_series_map *map,
                                 const struct tachoi_attribute_key *key,
                                 struct tachoi_series **out);

/** Number of series in the list that begins with map->overflow, in the order of their making; that
 * many may be walked with tachoi_series_map_next. */
size_t tachoi_series_map_count(const struct tachoi_series_map *map);
struct tachoi_series *tachoi_series_map_next(const struct tachoi_series *series);

#endif
