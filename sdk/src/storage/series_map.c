/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the recorders' side of the map: looking up, places, pins, removal; and the map's life. */
#include "storage/series_map.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "tacho/status.h"

enum { FIRST_INTERVAL = 1 };

bool tachoi_series_map_may_lock(const struct tachoi_series_map *map) {
    return map->generation == tachoi_fork_generation();
}

size_t tachoi_series_map_count(const struct tachoi_series_map *map) {
    /* acquire; pairs with the release in append_locked: that many are linked */
    return atomic_load_explicit(&map->count, memory_order_acquire);
}

struct tachoi_series *tachoi_series_map_next(const struct tachoi_series *series) {
    /* acquire; pairs with the release in append_locked: the series is complete */
    return atomic_load_explicit(&series->next, memory_order_acquire);
}

/* --- places, under the lock --- */

static bool is_full_locked(const struct tachoi_series_map *map) {
    return map->place_count >= map->limit;
}

static uint32_t interval_locked(const struct tachoi_series_map *map) {
    return atomic_load_explicit(&map->interval, memory_order_relaxed);
}

static void set_full_locked(struct tachoi_series_map *map) {
    /* release; pairs with the acquire in look_up: whoever sees it set finds all series with places
     */
    atomic_store_explicit(&map->full_in, is_full_locked(map) ? interval_locked(map) : 0,
                          memory_order_release);
}

/** Gives it a place of this interval; the caller counts it. `earlier` is written before: whoever
 * reads the new place reads it too. */
static void set_place_locked(struct tachoi_series_map *map, struct tachoi_series *series,
                             uint32_t earlier) {
    atomic_store_explicit(&series->earlier, earlier, memory_order_relaxed);
    /* seq_cst; pairs with the loads in has_place and tachoi_series_round_has */
    atomic_store_explicit(&series->place, interval_locked(map), memory_order_seq_cst);
}

static uint32_t place_locked(const struct tachoi_series *series) {
    return atomic_load_explicit(&series->place, memory_order_relaxed);
}

static bool is_bound(const struct tachoi_series *series) {
    /* seq_cst; with the counting of visits: see visits.h */
    return atomic_load_explicit(&series->use, memory_order_seq_cst) >= TACHOI_SERIES_PIN;
}

/** seq_cst: a visit that begins after the place was taken, or the pin, does not see it. */
static bool has_place(const struct tachoi_series_map *map, const struct tachoi_series *series,
                      uint32_t interval) {
    return atomic_load_explicit(&series->place, memory_order_seq_cst) == interval ||
           is_bound(series) || series == map->overflow;
}

/* --- looking up --- */

/* What was found without the lock. */
struct sight {
    struct tachoi_series_table *table;
    struct tachoi_series *series;
    uint32_t interval;
    bool is_full;
};

/** False if visits are counted since the visit began: what it sees may be freed under its eyes. */
static bool try_look_up(struct tachoi_series_map *map, const struct tachoi_attribute_key *key,
                        bool is_counted, struct sight *sight) {
    const struct tachoi_visits *uncounted = is_counted ? NULL : &map->visits;
    /* seq_cst; pairs with the store in roll_over, as do places */
    sight->interval = atomic_load_explicit(&map->interval, memory_order_seq_cst);
    /* Before the search, so that a set which got the last place is found with it.
     * acquire; pairs with the release in set_full_locked */
    sight->is_full = atomic_load_explicit(&map->full_in, memory_order_acquire) == sight->interval;
    /* seq_cst; pairs with the store in grow_locked: the slots are filled */
    sight->table = atomic_load_explicit(&map->table, memory_order_seq_cst);
    if (uncounted != NULL && tachoi_visits_are_counted(uncounted)) {
        return false;
    }
    return tachoi_series_table_find(sight->table, key, uncounted, &sight->series);
}

/** The same. What is not found may have been forgotten with the table; then there is another one.
 */
static bool look_up(struct tachoi_series_map *map, const struct tachoi_attribute_key *key,
                    bool is_counted, struct sight *sight) {
    do {
        if (!try_look_up(map, key, is_counted, sight)) {
            return false;
        }
    } while (sight->series == NULL &&
             atomic_load_explicit(&map->table, memory_order_seq_cst) != sight->table);
    return true;
}

struct tachoi_series *tachoi_series_map_find(struct tachoi_series_map *map,
                                             const struct tachoi_attribute_key *key) {
    struct sight sight;
    (void)look_up(map, key, true, &sight);
    return sight.series;
}

/* --- making series --- */

/** Replaces the table by one that has room again, which may also be a smaller one; false when
 * memory is short. */
static bool grow_locked(struct tachoi_series_map *map) {
    struct tachoi_series_table *table = atomic_load_explicit(&map->table, memory_order_relaxed);
    struct tachoi_series_table *larger =
        tachoi_series_table_create(tachoi_series_map_count(map) + 1);
    if (larger == NULL) {
        return false;
    }
    tachoi_series_table_insert_all(larger, table);
    larger->is_freeable = tachoi_visits_are_counted(&map->visits);
    /* seq_cst; pairs with the load in look_up */
    atomic_store_explicit(&map->table, larger, memory_order_seq_cst);
    table->retired_epoch = tachoi_visits_epoch(&map->visits);
    table->next = map->tables;
    map->tables = table;
    if (!table->is_freeable) {
        tachoi_series_table_forget(table);
    }
    return true;
}

/** In this order, so that a child forked between two steps finds no series that it would not
 * collect: linked, counted, then findable. */
static bool append_locked(struct tachoi_series_map *map, struct tachoi_series *series) {
    struct tachoi_series_table *table = atomic_load_explicit(&map->table, memory_order_relaxed);
    if (!tachoi_series_table_has_room(table) && !grow_locked(map)) {
        return false;
    }
    if (map->last != NULL) {
        /* release; pairs with the acquire in tachoi_series_map_next */
        atomic_store_explicit(&map->last->next, series, memory_order_release);
    }
    map->last = series;
    /* release; pairs with the acquire in tachoi_series_map_count */
    atomic_fetch_add_explicit(&map->count, 1, memory_order_release);
    tachoi_series_table_insert(atomic_load_explicit(&map->table, memory_order_relaxed), series);
    return true;
}

/* What is wanted under the lock. */
struct claim {
    const struct tachoi_attribute_key *key;
    struct tachoi_series *candidate; /* made for the set; NULL once it is linked */
    bool is_uncounted;               /* a visit that is not counted */
    bool is_binding;
};

enum claim_result { CLAIM_DONE, CLAIM_NO_MEMORY, CLAIM_NEEDS_CANDIDATE, CLAIM_NEEDS_COUNTING };

/** Gives the series a place, or the overflow series in its stead. A NULL series: of the candidate.
 */
static enum claim_result give_place_locked(struct tachoi_series_map *map, struct claim *claim,
                                           struct tachoi_series **series) {
    if (*series != NULL && has_place(map, *series, interval_locked(map))) {
        return CLAIM_DONE;
    }
    if (is_full_locked(map)) {
        *series = map->overflow;
        return CLAIM_DONE;
    }
    if (*series == NULL && claim->candidate == NULL) {
        return CLAIM_NEEDS_CANDIDATE;
    }
    if (*series == NULL) {
        *series = claim->candidate;
        set_place_locked(map, *series, 0);
        if (!append_locked(map, *series)) {
            return CLAIM_NO_MEMORY;
        }
        claim->candidate = NULL;
    } else {
        set_place_locked(map, *series, place_locked(*series));
    }
    map->place_count++;
    set_full_locked(map);
    return CLAIM_DONE;
}

static void pin_locked(struct tachoi_series_map *map, struct tachoi_series *series) {
    if (!is_bound(series) && series != map->overflow) {
        map->bound_count++;
    }
    /* seq_cst; pairs with is_bound */
    atomic_fetch_add_explicit(&series->use, TACHOI_SERIES_PIN, memory_order_seq_cst);
}

static enum claim_result claim_locked(struct tachoi_series_map *map, struct claim *claim,
                                      struct tachoi_series **out) {
    /* Counting begins under the lock only: what such a visit gets now is kept, or it begins anew.
     */
    if (claim->is_uncounted && tachoi_visits_are_counted(&map->visits)) {
        return CLAIM_NEEDS_COUNTING;
    }
    struct tachoi_series *series = tachoi_series_map_find(map, claim->key);
    const enum claim_result result = give_place_locked(map, claim, &series);
    if (result == CLAIM_DONE) {
        if (claim->is_binding) {
            pin_locked(map, series);
        }
        *out = series;
    }
    return result;
}

/** The series is made before the lock is taken: no user code (the clock) runs under it. */
static enum claim_result claim_place(struct tachoi_series_map *map, struct claim *claim,
                                     bool is_unknown, struct tachoi_series **out) {
    enum claim_result result = is_unknown ? CLAIM_NEEDS_CANDIDATE : CLAIM_DONE;
    do {
        if (result == CLAIM_NEEDS_CANDIDATE) {
            claim->candidate = tachoi_series_create(map->family, claim->key,
                                                    map->clock->unix_ns(map->clock->user));
            if (claim->candidate == NULL) {
                return CLAIM_NO_MEMORY;
            }
        }
        (void)pthread_mutex_lock(&map->lock);
        result = claim_locked(map, claim, out);
        (void)pthread_mutex_unlock(&map->lock);
    } while (result == CLAIM_NEEDS_CANDIDATE);
    tachoi_series_destroy(claim->candidate);
    return result;
}

/** False if the visit must begin anew, counted. */
static bool try_visit(struct tachoi_series_map *map, const struct tachoi_attribute_key *key,
                      struct tachoi_series_visit *visit, enum tachoi_series_map_result *result) {
    struct sight sight;
    if (!look_up(map, key, visit->running != NULL, &sight)) {
        return false;
    }
    *result = TACHOI_SERIES_FOUND;
    if (sight.series != NULL && has_place(map, sight.series, sight.interval)) {
        visit->series = sight.series;
        return true;
    }
    /* A set that got its place in an interval which has begun since is not beyond the limit. */
    if (sight.is_full &&
        atomic_load_explicit(&map->interval, memory_order_seq_cst) == sight.interval) {
        visit->series = map->overflow;
        return true;
    }
    if (!tachoi_series_map_may_lock(map)) {
        *result = TACHOI_SERIES_FORKED;
        return true;
    }
    struct claim claim = {.key = key, .is_uncounted = visit->running == NULL};
    const enum claim_result claimed =
        claim_place(map, &claim, sight.series == NULL, &visit->series);
    if (claimed == CLAIM_NO_MEMORY) {
        *result = TACHOI_SERIES_NO_MEMORY;
    }
    return claimed != CLAIM_NEEDS_COUNTING;
}

enum tachoi_series_map_result tachoi_series_map_visit(struct tachoi_series_map *map,
                                                      const struct tachoi_attribute_key *key,
                                                      struct tachoi_series_visit *visit) {
    enum tachoi_series_map_result result = TACHOI_SERIES_FOUND;
    visit->series = NULL;
    do { /* at most twice: counting never ends */
        visit->running = tachoi_visit_enter(&map->visits);
    } while (!try_visit(map, key, visit, &result));
    return result;
}

/* --- pins --- */

/** Without the lock, which is enough where nothing ends: a series that has a place keeps it. */
static enum tachoi_series_map_result bind_in_child(struct tachoi_series_map *map,
                                                   const struct tachoi_attribute_key *key,
                                                   struct tachoi_series **out) {
    struct tachoi_series *series = tachoi_series_map_find(map, key);
    const uint32_t interval = interval_locked(map); /* constant there */
    if (series == NULL || !has_place(map, series, interval)) {
        if (atomic_load_explicit(&map->full_in, memory_order_relaxed) != interval) {
            return TACHOI_SERIES_FORKED;
        }
        series = map->overflow;
    }
    atomic_fetch_add_explicit(&series->use, TACHOI_SERIES_PIN, memory_order_seq_cst);
    *out = series;
    return TACHOI_SERIES_FOUND;
}

enum tachoi_series_map_result tachoi_series_map_bind(struct tachoi_series_map *map,
                                                     const struct tachoi_attribute_key *key,
                                                     struct tachoi_series **out) {
    if (!tachoi_series_map_may_lock(map)) {
        return bind_in_child(map, key, out);
    }
    struct claim claim = {.key = key, .is_binding = true};
    return claim_place(map, &claim, false, out) == CLAIM_DONE ? TACHOI_SERIES_FOUND
                                                              : TACHOI_SERIES_NO_MEMORY;
}

static void release_locked(struct tachoi_series_map *map, struct tachoi_series *series) {
    /* The place that it had as a bound one it keeps to the end of the interval. */
    const uint32_t interval = interval_locked(map);
    if (series != map->overflow &&
        atomic_load_explicit(&series->use, memory_order_relaxed) < 2 * TACHOI_SERIES_PIN) {
        map->bound_count--;
        if (place_locked(series) != interval) {
            set_place_locked(map, series, interval - 1);
        }
    }
    /* seq_cst; pairs with is_bound: what was recorded through the handle has happened */
    atomic_fetch_sub_explicit(&series->use, TACHOI_SERIES_PIN, memory_order_seq_cst);
}

void tachoi_series_map_release(struct tachoi_series_map *map, struct tachoi_series *series) {
    if (!tachoi_series_map_may_lock(map)) { /* nothing is counted there either */
        atomic_fetch_sub_explicit(&series->use, TACHOI_SERIES_PIN, memory_order_seq_cst);
        return;
    }
    (void)pthread_mutex_lock(&map->lock);
    release_locked(map, series);
    (void)pthread_mutex_unlock(&map->lock);
}

bool tachoi_series_map_is_bound(struct tachoi_series_map *map,
                                const struct tachoi_attribute_key *key) {
    struct sight sight;
    _Atomic(uint32_t) *running = NULL;
    do { /* as a visit */
        running = tachoi_visit_enter(&map->visits);
    } while (!look_up(map, key, running != NULL, &sight));
    const bool is = sight.series != NULL && is_bound(sight.series);
    tachoi_visit_leave(running);
    return is;
}

/* --- removal --- */

/** From now on the collector clears touches, and what is made can be freed. */
static void start_counting_locked(struct tachoi_series_map *map) {
    /* relaxed; before the counting, so that counted visits see it */
    atomic_store_explicit(&map->family->takes_touches, true, memory_order_relaxed);
    if (tachoi_visits_start(&map->visits)) {
        map->first_freeable_id = tachoi_series_next_id();
    }
}

void tachoi_series_map_end_locked(struct tachoi_series_map *map, struct tachoi_series *series) {
    const bool had_place = place_locked(series) == interval_locked(map);
    /* seq_cst, and before the epoch is read: the visits that still saw a place are of this epoch or
     * before. Pairs with has_place. */
    atomic_store_explicit(&series->place, 0, memory_order_seq_cst);
    atomic_store_explicit(&series->earlier, (uint32_t)tachoi_visits_epoch(&map->visits),
                          memory_order_relaxed);
    if (had_place) {
        map->place_count--;
        set_full_locked(map);
    }
}

static int remove_locked(struct tachoi_series_map *map, const struct tachoi_attribute_key *key) {
    struct tachoi_series *series = tachoi_series_map_find(map, key);
    if (series == NULL || series == map->overflow || tachoi_series_map_has_ended(map, series)) {
        return TACHO_E_NOT_FOUND;
    }
    if (is_bound(series)) {
        return TACHO_E_BUSY;
    }
    start_counting_locked(map);
    tachoi_series_map_end_locked(map, series);
    return TACHO_OK;
}

int tachoi_series_map_remove(struct tachoi_series_map *map,
                             const struct tachoi_attribute_key *key) {
    if (!tachoi_series_map_may_lock(map)) {
        return TACHO_E_FORKED;
    }
    (void)pthread_mutex_lock(&map->lock);
    const int status = remove_locked(map, key);
    (void)pthread_mutex_unlock(&map->lock);
    return status;
}

/* --- life --- */

/** The series of {otel.metric.overflow = true}; a caller who records this set comes here too. */
static struct tachoi_series *create_overflow(struct tachoi_series_map *map) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", true)));
    return tachoi_series_create(map->family, &key, map->clock->unix_ns(map->clock->user));
}

/** Nobody else knows the map yet. */
static bool fill(struct tachoi_series_map *map, bool counts_visits) {
    if (!tachoi_visits_init(&map->visits)) {
        return false;
    }
    if (counts_visits) {
        start_counting_locked(map);
    }
    struct tachoi_series_table *table = tachoi_series_table_create(1);
    struct tachoi_series *overflow = create_overflow(map);
    if (table == NULL || overflow == NULL) {
        tachoi_series_destroy(overflow);
        tachoi_series_table_destroy(table);
        return false;
    }
    table->is_freeable = counts_visits;
    atomic_store_explicit(&map->table, table, memory_order_relaxed);
    atomic_store_explicit(&map->interval, FIRST_INTERVAL, memory_order_relaxed);
    map->overflow = overflow;
    set_full_locked(map); /* a limit of 0 */
    return append_locked(map, overflow);
}

int tachoi_series_map_init(struct tachoi_series_map *map, struct tachoi_series_family *family,
                           uint32_t limit, const tacho_clock *clock, bool counts_visits) {
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
    if (!fill(map, counts_visits)) {
        tachoi_series_map_fini(map);
        return TACHO_E_NO_MEMORY;
    }
    return TACHO_OK;
}

static void destroy_list(struct tachoi_series *series) {
    while (series != NULL) {
        struct tachoi_series *next = tachoi_series_map_next(series);
        tachoi_series_destroy(series);
        series = next;
    }
}

void tachoi_series_map_fini(struct tachoi_series_map *map) {
    destroy_list(map->overflow);
    destroy_list(map->limbo);
    destroy_list(map->kept);
    tachoi_series_table_destroy(atomic_load_explicit(&map->table, memory_order_relaxed));
    while (map->tables != NULL) {
        struct tachoi_series_table *table = map->tables;
        map->tables = table->next;
        tachoi_series_table_destroy(table);
    }
    tachoi_visits_fini(&map->visits);
    if (map->has_lock && tachoi_series_map_may_lock(map)) {
        (void)pthread_mutex_destroy(&map->lock);
    }
    memset(map, 0, sizeof *map);
}
