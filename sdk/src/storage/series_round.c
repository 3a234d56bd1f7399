/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the collector's side of the map: the end of an interval, unlinking, and giving memory back
 * when nobody can hold it any more. */
#include "base/alloc.h"
#include "storage/series_map.h"

/** Whether all visits that ran in the epoch that `tag` is the lower half of are over. */
static bool is_over(const struct tachoi_series_map *map, uint32_t tag) {
    return (uint32_t)((uint32_t)tachoi_visits_epoch(&map->visits) - tag) >= TACHOI_GRACE_EPOCHS;
}

/* --- memory --- */

/** Takes the tables out whose visits are over. */
static struct tachoi_series_table *take_tables_locked(struct tachoi_series_map *map) {
    struct tachoi_series_table *taken = NULL;
    for (struct tachoi_series_table **where = &map->tables; *where != NULL;) {
        struct tachoi_series_table *table = *where;
        if (table->is_freeable && tachoi_visits_are_over(&map->visits, table->retired_epoch)) {
            *where = table->next;
            table->next = taken;
            taken = table;
        } else {
            where = &table->next;
        }
    }
    return taken;
}

static void free_tables(struct tachoi_series_table *table) {
    while (table != NULL) {
        struct tachoi_series_table *next = table->next;
        tachoi_series_table_destroy(table);
        table = next;
    }
}

static void free_series(struct tachoi_series_map *map) {
    struct tachoi_series *waiting = NULL;
    for (struct tachoi_series *series = map->limbo; series != NULL;) {
        struct tachoi_series *next = tachoi_series_map_next(series);
        if (tachoi_visits_are_over(&map->visits, series->start_time_unix_nano)) {
            tachoi_series_destroy(series);
        } else {
            atomic_store_explicit(&series->next, waiting, memory_order_relaxed); /* ours alone */
            waiting = series;
        }
        series = next;
    }
    map->limbo = waiting;
}

void tachoi_series_map_reclaim(struct tachoi_series_map *map) {
    if (!tachoi_visits_are_counted(&map->visits) || !tachoi_series_map_may_lock(map)) {
        return;
    }
    tachoi_visits_advance(&map->visits);
    free_series(map);
    (void)pthread_mutex_lock(&map->lock);
    struct tachoi_series_table *tables = take_tables_locked(map);
    (void)pthread_mutex_unlock(&map->lock);
    free_tables(tables);
}

/* --- intervals --- */

/** From here on every series but the bound ones is without a place. */
static void begin_interval_locked(struct tachoi_series_map *map,
                                  struct tachoi_series_round *round) {
    round->ended = atomic_load_explicit(&map->interval, memory_order_relaxed);
    round->interval = round->ended == UINT32_MAX ? 1 : round->ended + 1;
    round->is_settled = tachoi_visits_are_over(&map->visits, map->roll_over_epoch);
    map->place_count = map->bound_count;
    /* seq_cst, and before the epoch is read; pairs with the loads in look_up */
    atomic_store_explicit(&map->interval, round->interval, memory_order_seq_cst);
    map->roll_over_epoch = tachoi_visits_epoch(&map->visits);
    /* release; pairs with the acquire in look_up, which compares it with the interval */
    atomic_store_explicit(&map->full_in, map->place_count >= map->limit ? round->interval : 0,
                          memory_order_release);
}

void tachoi_series_map_roll_over(struct tachoi_series_map *map, struct tachoi_series_round *round) {
    *round = (struct tachoi_series_round){
        .interval = atomic_load_explicit(&map->interval, memory_order_relaxed)};
    if (!map->family->is_delta || !tachoi_series_map_may_lock(map)) {
        round->count = tachoi_series_map_count(map);
        return;
    }
    (void)pthread_mutex_lock(&map->lock);
    round->count = tachoi_series_map_count(map);
    begin_interval_locked(map, round);
    (void)pthread_mutex_unlock(&map->lock);
}

bool tachoi_series_round_has(const struct tachoi_series_round *round,
                             const struct tachoi_series *series) {
    /* seq_cst; pairs with the store in set_place_locked: `earlier` belongs to it, or is newer */
    return atomic_load_explicit(&series->place, memory_order_seq_cst) != round->interval ||
           atomic_load_explicit(&series->earlier, memory_order_relaxed) == round->ended ||
           round->ended == 0;
}

/* --- the end of series --- */

/** Whether nobody can record into it any more unless it gets a new place; and nobody has. The
 * order matters: what was recorded by visits that are over is seen. */
static bool is_done_with(const struct tachoi_series_map *map,
                         const struct tachoi_series_round *round,
                         const struct tachoi_series *series) {
    const uint32_t place = atomic_load_explicit(&series->place, memory_order_seq_cst);
    const bool is_left =
        place == 0 ? is_over(map, atomic_load_explicit(&series->earlier, memory_order_relaxed))
                   : round->is_settled && place != round->interval && place != round->ended;
    return is_left && series != map->overflow && !tachoi_series_is_bound(series) &&
           !tachoi_series_is(series, TACHOI_SERIES_TOUCHED);
}

/** The collector keeps those that existed when counting began, and waits for the others' visits. */
static void put_away(struct tachoi_series_map *map, struct tachoi_series *series) {
    const bool is_kept = series->id < map->first_freeable_id;
    struct tachoi_series **list = is_kept ? &map->kept : &map->limbo;
    map->kept_count += is_kept;
    if (!is_kept) { /* no more points are made of it, so nobody asks when it began */
        series->start_time_unix_nano = tachoi_visits_epoch(&map->visits);
    }
    atomic_store_explicit(&series->next, *list, memory_order_relaxed); /* the collector's alone */
    *list = series;
}

/** In this order, so that a child forked between two steps does not walk beyond the end of the
 * list: not findable, not counted, then not linked. */
static void unlink_locked(struct tachoi_series_map *map, struct tachoi_series *previous,
                          struct tachoi_series *series) {
    tachoi_series_table_erase(atomic_load_explicit(&map->table, memory_order_relaxed), series);
    /* release; pairs with the acquire in tachoi_series_map_count */
    atomic_fetch_sub_explicit(&map->count, 1, memory_order_release);
    /* relaxed: only the collector follows these links, and it is at this line */
    atomic_store_explicit(&previous->next,
                          atomic_load_explicit(&series->next, memory_order_relaxed),
                          memory_order_relaxed);
    if (map->last == series) {
        map->last = previous;
    }
    put_away(map, series);
}

bool tachoi_series_map_unlink(struct tachoi_series_map *map,
                              const struct tachoi_series_round *round,
                              struct tachoi_series *previous, struct tachoi_series *series) {
    if (!is_done_with(map, round, series) || !tachoi_series_map_may_lock(map)) {
        return false;
    }
    (void)pthread_mutex_lock(&map->lock);
    const bool is_unlinked = is_done_with(map, round, series); /* nobody has claimed it meanwhile */
    if (is_unlinked) {
        unlink_locked(map, previous, series);
    }
    (void)pthread_mutex_unlock(&map->lock);
    return is_unlinked;
}

bool tachoi_series_map_expire(struct tachoi_series_map *map, struct tachoi_series *series) {
    if (!tachoi_series_map_may_lock(map)) {
        return false;
    }
    (void)pthread_mutex_lock(&map->lock);
    const bool is_idle = series != map->overflow && !tachoi_series_is_bound(series) &&
                         !tachoi_series_is(series, TACHOI_SERIES_TOUCHED);
    if (is_idle) {
        tachoi_series_map_end_locked(map, series);
    }
    (void)pthread_mutex_unlock(&map->lock);
    return is_idle;
}
