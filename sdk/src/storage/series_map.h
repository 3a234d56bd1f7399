/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way from attributes to a series, the cardinality limit, and the end of series. Knows
 * nothing of measurements. (CARD-01..09, design record 0006)
 *
 * Readers take no lock: they probe a table (series_table.h) that one atomic pointer publishes. A
 * growth publishes a new table.
 *
 * Places. Up to `limit` sets have a place under the limit, all others share the overflow series. A
 * place is given for an interval, the time between two collections of a delta stream; streams of
 * cumulative temporality have one interval, which never ends. A series has a place if its `place`
 * is the present interval, or if it is bound; whoever finds a series without one must get it one
 * under the lock. So one addition takes all places back when an interval ends, however many series
 * there are. `place` 0 is that of a series that was ended: removed, or idle for too long; `earlier`
 * then holds the epoch (visits.h) of that, else the place before.
 *
 * The end of a series takes three steps, each when the visits that could object are over:
 *   - it has lost its place: no visit that begins from now on records into it. It can still be
 *     found, and go on with a new place.
 *   - all visits that saw it with a place are over, and the collector has read what they left:
 *     it is unlinked from the table and the list. So nothing is ever recorded into an unlinked
 *     series, but for the one exception: visits that were not counted (visits.h) are never known to
 *     be over. What existed when counting began is therefore kept, and watched, to the very end.
 *   - all visits that could have found it are over, and so is the batch that refers to it: freed.
 * A retired table waits for its visits too.
 *
 *                  visit   bind, release   remove   collector's   fini
 *   visit           yes        yes          yes        yes         no
 *   bind, release   yes        yes          yes        yes         no
 *   remove          yes        yes          yes        yes         no
 *   collector's     yes        yes          yes        no*         no
 *
 * (*) collections are serialised. Progress: visiting a series that has a place is wait-free, and so
 * is a set beyond a full limit. All else takes the lock, which is held for a few steps (or for
 * filling a larger table), never while user code runs. In a forked child nobody takes it: its
 * holder may not exist there; nothing is unlinked or freed there either. */
#ifndef TACHOI_STORAGE_SERIES_MAP_H
#define TACHOI_STORAGE_SERIES_MAP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/series.h"
#include "storage/series_table.h"
#include "storage/visits.h"
#include "tacho/sdk/clock.h"

struct tachoi_series_map {
    /* immutable after init */
    struct tachoi_series_family *family;
    const tacho_clock *clock;
    struct tachoi_series *overflow; /* in the table too, but not of those that the limit counts */
    uint32_t limit;
    uint32_t generation; /* the process that may use the lock */
    bool has_lock;
    /* as its header says; started under the lock */
    struct tachoi_visits visits;
    /* atomic; written under the lock */
    _Atomic(struct tachoi_series_table *) table;
    _Atomic(size_t) count; /* of linked series, the overflow series included */
    _Atomic(uint32_t) interval;
    _Atomic(uint32_t) full_in; /* the interval whose places are all given; 0 = none */
    /* guarded by lock */
    pthread_mutex_t lock;
    struct tachoi_series *last;         /* the end of the list that `overflow` begins */
    size_t place_count;                 /* series with a place, without the overflow series */
    size_t bound_count;                 /* series that are bound, without the overflow series */
    uint64_t first_freeable_id;         /* series before it are kept when they are unlinked */
    struct tachoi_series_table *tables; /* retired */
    /* collector only */
    uint64_t roll_over_epoch;
    struct tachoi_series *limbo; /* unlinked, to be freed; linked by `next` */
    struct tachoi_series *kept;  /* unlinked, but existed when counting began */
    size_t kept_count;
};

enum tachoi_series_map_result {
    TACHOI_SERIES_FOUND,     /* or made, or the overflow series */
    TACHOI_SERIES_NO_MEMORY, /* unknown, and could not be made */
    TACHOI_SERIES_FORKED     /* unknown or without a place, in a process that may not change that */
};

/**
 * Makes a map with its overflow series. Borrows all arguments until fini. `counts_visits`: from the
 * beginning, so that all series can be freed; else from the first removal on. TACHO_OK,
 * TACHO_E_NO_MEMORY or TACHO_E_SYSTEM (no mutex).
 */
int tachoi_series_map_init(struct tachoi_series_map *map, struct tachoi_series_family *family,
                           uint32_t limit, const tacho_clock *clock, bool counts_visits);
/** Frees all series. Of a zeroed map, nothing. */
void tachoi_series_map_fini(struct tachoi_series_map *map);

/** A series that may be used until it is left. */
struct tachoi_series_visit {
    struct tachoi_series *series;
    _Atomic(uint32_t) *running; /* of tachoi_visit_enter */
};

/** The series that takes this set's measurements, made if need be; visit->series is NULL if it is
 * not FOUND. To be left in any case. */
enum tachoi_series_map_result tachoi_series_map_visit(struct tachoi_series_map *map,
                                                      const struct tachoi_attribute_key *key,
                                                      struct tachoi_series_visit *visit);

/** The same by the packed bytes and their hash, for a series that is known and has a place, without
 * a call; visit.series is NULL, and nothing is to be left, if that is not so, if visits are counted
 * since this one began, or if another set has the same hash. */
static inline __attribute__((always_inline)) struct tachoi_series_visit
tachoi_series_map_visit_known(struct tachoi_series_map *map, uint64_t hash,
                              const unsigned char *packed, size_t size) {
    struct tachoi_series_visit visit = {NULL, tachoi_visit_enter(&map->visits)};
    const struct tachoi_visits *uncounted = visit.running == NULL ? &map->visits : NULL;
    /* seq_cst, as in tachoi_series_map_visit, of which these are the steps */
    const uint32_t interval = atomic_load_explicit(&map->interval, memory_order_seq_cst);
    struct tachoi_series_table *table = atomic_load_explicit(&map->table, memory_order_seq_cst);
    if (uncounted == NULL || !tachoi_visits_are_counted(uncounted)) {
        visit.series = tachoi_series_table_find_first(table, hash, packed, size, uncounted);
        if (visit.series != NULL &&
            atomic_load_explicit(&visit.series->place, memory_order_seq_cst) == interval) {
            return visit;
        }
    }
    tachoi_visit_leave(visit.running);
    return (struct tachoi_series_visit){NULL, NULL};
}

static inline void tachoi_series_map_leave(const struct tachoi_series_visit *visit) {
    tachoi_visit_leave(visit->running);
}

/** The same, and pins it: it keeps its place until it is released. In a forked child only what has
 * a place can be bound. */
enum tachoi_series_map_result tachoi_series_map_bind(struct tachoi_series_map *map,
                                                     const struct tachoi_attribute_key *key,
                                                     struct tachoi_series **out);
void tachoi_series_map_release(struct tachoi_series_map *map, struct tachoi_series *series);

/** Takes the series' place; the collector unlinks it. TACHO_OK, TACHO_E_NOT_FOUND (also the
 * overflow series, and one that has been ended), TACHO_E_BUSY (bound) or TACHO_E_FORKED. */
int tachoi_series_map_remove(struct tachoi_series_map *map, const struct tachoi_attribute_key *key);

/** Whether the set has a series and that is bound. */
bool tachoi_series_map_is_bound(struct tachoi_series_map *map,
                                const struct tachoi_attribute_key *key);

/** The linked series of exactly this set, NULL if it has none. For who can exclude that it is freed
 * meanwhile. */
struct tachoi_series *tachoi_series_map_find(struct tachoi_series_map *map,
                                             const struct tachoi_attribute_key *key);

/** Number of series in the list that begins with map->overflow, in the order of their making; that
 * many can be walked with next. Any thread. */
size_t tachoi_series_map_count(const struct tachoi_series_map *map);
struct tachoi_series *tachoi_series_map_next(const struct tachoi_series *series);

/** Whether this process may take the lock. */
bool tachoi_series_map_may_lock(const struct tachoi_series_map *map);

/* --- the collector's calls: series_round.c --- */

/** What one collection looks at. */
struct tachoi_series_round {
    size_t count;      /* series, from map->overflow on */
    uint32_t interval; /* the present one */
    uint32_t ended;    /* delta: the one that has just ended; 0 = none */
    bool is_settled;   /* delta: nobody records for an interval before the ended one any more */
};

/** Begins: advances the epoch, then frees what waited for that. What the last batch referred to may
 * be gone then. The overflow ring must be drained between this and roll_over. */
void tachoi_series_map_reclaim(struct tachoi_series_map *map);

/** Says which series the collection looks at; of a delta stream it ends the interval. */
void tachoi_series_map_roll_over(struct tachoi_series_map *map, struct tachoi_series_round *round);

/** Delta: whether what has been recorded into the series belongs into this collection, not only
 * into the interval that has just begun. */
bool tachoi_series_round_has(const struct tachoi_series_round *round,
                             const struct tachoi_series *series);

/** Whether the series was ended: it goes on only if it is recorded again. */
static inline bool tachoi_series_map_has_ended(const struct tachoi_series_map *map,
                                               const struct tachoi_series *series) {
    return series != map->overflow &&
           atomic_load_explicit(&series->place, memory_order_relaxed) == 0;
}

/** Takes the place of a series that is linked and not bound. Under the lock. */
void tachoi_series_map_end_locked(struct tachoi_series_map *map, struct tachoi_series *series);

/** Ends a series that has not been touched, unless it is bound or is touched after all. */
bool tachoi_series_map_expire(struct tachoi_series_map *map, struct tachoi_series *series);

/** Unlinks the series that follows `previous` if it has ended, or its set has not been recorded for
 * an interval, and nobody can record into it any more; and it has no measurement that is not read.
 * True if so. */
bool tachoi_series_map_unlink(struct tachoi_series_map *map,
                              const struct tachoi_series_round *round,
                              struct tachoi_series *previous, struct tachoi_series *series);

#endif
