/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of a synchronous storage: which series yield a point, which expire, and which
 * are done with. Recording goes on meanwhile. (TIME-02..08) */
#include <assert.h>

#include "base/clock.h"
#include "storage/sync_storage.h"

struct collection {
    struct tachoi_point_maker maker;
    struct tachoi_series_round round;
    uint64_t elapsed_ms;
    unsigned char *items;
    size_t count;
    size_t capacity; /* all series that are looked at */
    size_t size;     /* of a point */
};

/** False when memory is short. */
static bool add_point(struct collection *collection, struct tachoi_series *series) {
    assert(collection->count < collection->capacity);
    const enum tachoi_point_result result = tachoi_point_make(
        &collection->maker, series, collection->items + collection->count * collection->size);
    collection->count += result == TACHOI_POINT_MADE;
    return result != TACHOI_POINT_NO_MEMORY;
}

/** Cumulative: ends the series if it has been idle for too long. A series is in use as long as it
 * is bound, and is watched from the first collection on. */
static bool expires(const struct collection *collection, struct tachoi_series *series) {
    struct tachoi_sync_storage *storage = collection->maker.storage;
    const uint64_t now_ns = collection->maker.now.monotonic_ns;
    if (storage->idle_ns == 0) {
        return false;
    }
    uint64_t *seen_ns = tachoi_series_seen_ns(series);
    if (*seen_ns == 0 || tachoi_series_is_bound(series) ||
        tachoi_series_is(series, TACHOI_SERIES_TOUCHED)) {
        *seen_ns = now_ns;
        return false;
    }
    return now_ns >= *seen_ns && now_ns - *seen_ns >= storage->idle_ns &&
           tachoi_series_map_expire(&storage->map, series);
}

/** A cumulative series that goes on is shown from its first measurement on; what has not been
 * measured by now begins now at the earliest. */
static bool is_shown(const struct collection *collection, struct tachoi_series *series) {
    if (expires(collection, series)) {
        return false;
    }
    if (tachoi_series_is(series, TACHOI_SERIES_RECORDED)) {
        return true;
    }
    const uint64_t now = collection->maker.now.unix_nano;
    if (series->start_time_unix_nano < now) {
        series->start_time_unix_nano = now;
    }
    return false;
}

static bool is_due(const struct collection *collection, struct tachoi_series *series) {
    const struct tachoi_series_map *map = &collection->maker.storage->map;
    if (map->family->is_delta) {
        return tachoi_series_is(series, TACHOI_SERIES_TOUCHED) &&
               tachoi_series_round_has(&collection->round, series);
    }
    return tachoi_series_map_has_ended(map, series)
               ? tachoi_series_is(series, TACHOI_SERIES_TOUCHED)
               : is_shown(collection, series);
}

/** All series that were there when the round began. */
static bool collect_linked(struct collection *collection) {
    struct tachoi_series_map *map = &collection->maker.storage->map;
    struct tachoi_series *previous = NULL;
    struct tachoi_series *series = map->overflow;
    for (size_t i = 0; i < collection->round.count; i++) {
        tachoi_series_tend(series, collection->elapsed_ms);
        if (is_due(collection, series) && !add_point(collection, series)) {
            return false;
        }
        if (!tachoi_series_map_unlink(map, &collection->round, previous, series)) {
            previous = series;
        }
        series = tachoi_series_map_next(previous);
    }
    return true;
}

/** What a visit that was not counted may still leave in a series that is unlinked. */
static bool collect_kept(struct collection *collection) {
    struct tachoi_series *series = collection->maker.storage->map.kept;
    for (; series != NULL; series = tachoi_series_map_next(series)) {
        if (tachoi_series_is(series, TACHOI_SERIES_TOUCHED) && !add_point(collection, series)) {
            return false;
        }
    }
    return true;
}

/** Milliseconds since the last collection. */
static uint64_t elapsed_ms(struct tachoi_sync_storage *storage, uint64_t now_ns) {
    const uint64_t last_ns = storage->last_collect_ns;
    storage->last_collect_ns = now_ns;
    return now_ns > last_ns ? (now_ns - last_ns) / TACHOI_NS_PER_MS : 0;
}

/** First the epoch advances: what the visits that are over then have put into the ring is drained
 * before anything that they recorded into is unlinked. The interval ends behind that, since what
 * the ring held belongs to it. */
static void begin(struct tachoi_sync_storage *storage, struct tachoi_series_round *round) {
    tachoi_series_map_reclaim(&storage->map);
    if (storage->family.ring != NULL) {
        tachoi_overflow_ring_take(storage->family.ring, tachoi_series_drain);
        (void)tachoi_reserve_refill(&storage->family.reserve, &storage->family.aggregation);
    }
    tachoi_series_map_roll_over(&storage->map, round);
}

bool tachoi_sync_storage_collect(struct tachoi_sync_storage *storage, struct tachoi_moment now,
                                 struct tachoi_arena *arena, struct tachoi_points *out) {
    struct collection collection = {
        .maker = {.storage = storage,
                  .arena = arena,
                  .now = now,
                  .interval_start_unix_nano = storage->interval_start_unix_nano},
        .elapsed_ms = elapsed_ms(storage, now.monotonic_ns),
        .size = tachoi_point_size(&storage->family.aggregation)};
    begin(storage, &collection.round);
    collection.capacity = collection.round.count + storage->map.kept_count;
    collection.items = tachoi_arena_alloc(arena, collection.capacity, collection.size);
    const bool is_complete =
        collection.items != NULL && collect_kept(&collection) && collect_linked(&collection);
    if (is_complete || collection.count != 0) {
        storage->interval_start_unix_nano = now.unix_nano;
    }
    *out = (struct tachoi_points){
        .items = collection.items, .count = collection.count, .size = collection.size};
    return is_complete;
}
