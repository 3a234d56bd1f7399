/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of a synchronous storage: which series yield a point, which expire, and which
 * are done with. Recording goes on meanwhile, and between two parts of a reading. (TIME-02..08) */
#include "base/clock.h"
#include "storage/sync_storage.h"

enum { USUAL_ATTRIBUTES_BYTES = 64 };

/* One call that reads. */
struct reader {
    struct tachoi_point_maker maker;
    struct tachoi_sync_reading *reading;
    struct tachoi_points *points;
    size_t limit;
};

/* --- points --- */

/** False when memory is short. */
static bool add_point(struct reader *reader, struct tachoi_series *series) {
    struct tachoi_points *points = reader->points;
    const enum tachoi_point_result result = tachoi_point_make(
        &reader->maker, series, (unsigned char *)points->items + points->count * points->size);
    points->count += result == TACHOI_POINT_MADE;
    return result != TACHOI_POINT_NO_MEMORY;
}

/* --- series --- */

/** Cumulative: ends the series if it has been idle for too long. A series is in use as long as it
 * is bound, and is watched from the first collection on. */
static bool expires(const struct reader *reader, struct tachoi_series *series) {
    struct tachoi_sync_storage *storage = reader->maker.storage;
    const uint64_t now_ns = reader->reading->now.monotonic_ns;
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
static bool is_shown(const struct reader *reader, struct tachoi_series *series) {
    if (expires(reader, series)) {
        return false;
    }
    if (tachoi_series_is(series, TACHOI_SERIES_RECORDED)) {
        return true;
    }
    const uint64_t now = reader->maker.now_unix_nano;
    if (series->start_time_unix_nano < now) {
        series->start_time_unix_nano = now;
    }
    return false;
}

static bool is_due(const struct reader *reader, struct tachoi_series *series) {
    const struct tachoi_series_map *map = &reader->maker.storage->map;
    if (map->family->is_delta) {
        return tachoi_series_is(series, TACHOI_SERIES_TOUCHED) &&
               tachoi_series_round_has(&reader->reading->round, series);
    }
    return tachoi_series_map_has_ended(map, series)
               ? tachoi_series_is(series, TACHOI_SERIES_TOUCHED)
               : is_shown(reader, series);
}

/** Whether it is worth a closer look under the lock: it has ended, or lost its place long ago. */
static inline bool may_be_done_with(const struct tachoi_series_round *round,
                                    const struct tachoi_series *series) {
    const uint32_t place = atomic_load_explicit(&series->place, memory_order_relaxed);
    return place == 0 || (round->is_settled && place != round->interval);
}

/** Leaves a series alone that was not contended. */
static inline void tend(struct tachoi_series *series, uint64_t elapsed_ms) {
    const struct tachoi_cell_head *head = tachoi_series_cell(series);
    if (atomic_load_explicit(&head->contention, memory_order_relaxed) != 0) {
        tachoi_series_tend(series, elapsed_ms);
    }
}

/** Has the first `size` bytes of the next series fetched while this one is read. */
static inline void fetch_next(const struct tachoi_series *series, size_t size) {
    const struct tachoi_series *next = tachoi_series_map_next(series);
    for (size_t at = 0; next != NULL && at < size; at += TACHOI_CACHE_LINE_BYTES) {
        __builtin_prefetch((const unsigned char *)next + at);
    }
}

/* --- reading --- */

/** All series that were there when the round began. */
static enum tachoi_read read_linked(struct reader *reader) {
    struct tachoi_sync_reading *reading = reader->reading;
    struct tachoi_series_map *map = &reader->maker.storage->map;
    const size_t size =
        sizeof(struct tachoi_series) + map->family->cell_size + USUAL_ATTRIBUTES_BYTES;
    while (reading->linked_count != 0) {
        if (reader->points->count == reader->limit) {
            return TACHOI_READ_LIMIT;
        }
        struct tachoi_series *series = reading->series;
        fetch_next(series, size);
        tend(series, reading->elapsed_ms);
        if (is_due(reader, series) && !add_point(reader, series)) {
            return TACHOI_READ_NO_MEMORY;
        }
        if (!may_be_done_with(&reading->round, series) ||
            !tachoi_series_map_unlink(map, &reading->round, reading->previous, series)) {
            reading->previous = series;
        }
        reading->series = tachoi_series_map_next(reading->previous);
        reading->linked_count--;
    }
    return TACHOI_READ_ALL;
}

/** What a visit that was not counted may still leave in a series that is unlinked. */
static enum tachoi_read read_kept(struct reader *reader) {
    struct tachoi_sync_reading *reading = reader->reading;
    for (; reading->kept_count != 0; reading->kept_count--) {
        if (reader->points->count == reader->limit) {
            return TACHOI_READ_LIMIT;
        }
        struct tachoi_series *series = reading->kept;
        if (tachoi_series_is(series, TACHOI_SERIES_TOUCHED) && !add_point(reader, series)) {
            return TACHOI_READ_NO_MEMORY;
        }
        reading->kept = tachoi_series_map_next(series);
    }
    return read_linked(reader);
}

/* --- a collection --- */

/** Milliseconds since the last collection. */
static uint64_t elapsed_ms(struct tachoi_sync_storage *storage, uint64_t now_ns) {
    const uint64_t last_ns = storage->last_collect_ns;
    storage->last_collect_ns = now_ns;
    return now_ns > last_ns ? (now_ns - last_ns) / TACHOI_NS_PER_MS : 0;
}

/** First the epoch advances: what the visits that are over then have put into the ring is drained
 * before anything that they recorded into is unlinked. The interval ends behind that, since what
 * the ring held belongs to it. */
void tachoi_sync_storage_begin(struct tachoi_sync_storage *storage, struct tachoi_moment now) {
    struct tachoi_series_map *map = &storage->map;
    tachoi_series_map_reclaim(map);
    if (storage->family.ring != NULL) {
        tachoi_overflow_ring_take(storage->family.ring, tachoi_series_drain);
        (void)tachoi_reserve_refill(&storage->family.reserve, &storage->family.aggregation);
    }
    storage->reading = (struct tachoi_sync_reading){
        .now = now,
        .interval_start_unix_nano = storage->interval_start_unix_nano,
        .elapsed_ms = elapsed_ms(storage, now.monotonic_ns),
        .kept = map->kept,
        .kept_count = map->kept_count,
        .series = map->overflow,
    };
    tachoi_series_map_roll_over(map, &storage->reading.round);
    storage->reading.linked_count = storage->reading.round.count;
}

size_t tachoi_sync_storage_unread(const struct tachoi_sync_storage *storage) {
    return storage->reading.kept_count + storage->reading.linked_count;
}

enum tachoi_read tachoi_sync_storage_read(struct tachoi_sync_storage *storage,
                                          struct tachoi_arena *arena, size_t limit,
                                          struct tachoi_points *points) {
    const struct tachoi_sync_reading *reading = &storage->reading;
    struct reader reader = {
        .maker = {.storage = storage,
                  .arena = arena,
                  .now_unix_nano = reading->now.unix_nano,
                  .interval_start_unix_nano = reading->interval_start_unix_nano},
        .reading = &storage->reading,
        .points = points,
        .limit = limit,
    };
    const size_t count = points->count;
    const enum tachoi_read result = read_kept(&reader);
    if (result == TACHOI_READ_ALL || points->count != count) {
        storage->interval_start_unix_nano = reading->now.unix_nano;
    }
    return result;
}

bool tachoi_sync_storage_collect(struct tachoi_sync_storage *storage, struct tachoi_moment now,
                                 struct tachoi_arena *arena, struct tachoi_points *out) {
    tachoi_sync_storage_begin(storage, now);
    const size_t unread = tachoi_sync_storage_unread(storage);
    *out = (struct tachoi_points){.size = tachoi_point_size(&storage->family.aggregation)};
    out->items = tachoi_arena_alloc(arena, unread, out->size);
    return out->items != NULL &&
           tachoi_sync_storage_read(storage, arena, SIZE_MAX, out) == TACHOI_READ_ALL;
}
