/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of a synchronous storage: series become points in an arena. Recording goes on
 * meanwhile; cells are read, never emptied, so that a collection which runs out of memory, or a
 * second reader, loses nothing. */
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "storage/sync_storage.h"
#include "tacho/sdk/metric_data.h"

struct collection {
    struct tachoi_sync_storage *storage;
    struct tachoi_arena *arena;
    uint64_t time_unix_nano;
};

static tacho_series_ref ref_of(const struct collection *collection,
                               const struct tachoi_series *series) {
    return (tacho_series_ref){.id = series->id, .generation = collection->storage->map.generation};
}

static bool unpack(const struct collection *collection, const struct tachoi_series *series,
                   tacho_attributes *out) {
    return tachoi_attributes_unpack(tachoi_series_attributes(series), series->attributes_size,
                                    collection->arena, out);
}

/** A series that was made while the collection was already under way began, for all it will ever
 * tell, just before: a start is never later than its point, and never changes once it was told. */
static uint64_t start_time(const struct collection *collection, struct tachoi_series *series) {
    if (series->start_time_unix_nano >= collection->time_unix_nano &&
        collection->time_unix_nano >= TACHOI_NS_PER_MS) {
        series->start_time_unix_nano = collection->time_unix_nano - TACHOI_NS_PER_MS;
    }
    return series->start_time_unix_nano;
}

static bool read_number(const struct collection *collection, struct tachoi_series *series,
                        tacho_number_point *point) {
    const struct tachoi_aggregation *aggregation = &series->family->aggregation;
    *point = (tacho_number_point){.series = ref_of(collection, series),
                                  .time_unix_nano = collection->time_unix_nano};
    if (aggregation->kind == TACHOI_AGGREGATION_SUM) {
        point->start_time_unix_nano = start_time(collection, series);
    }
    if (aggregation->number_type == TACHO_NUMBER_I64) {
        point->value.i64 = tachoi_series_read_i64(series);
    } else {
        point->value.f64 = tachoi_series_read_f64(series);
    }
    return unpack(collection, series, &point->attributes);
}

static bool read_histogram(const struct collection *collection, struct tachoi_series *series,
                           tacho_histogram_point *point) {
    const struct tachoi_aggregation *aggregation = &series->family->aggregation;
    const size_t bucket_count = aggregation->bound_count + 1;
    uint64_t *buckets = tachoi_arena_alloc(collection->arena, bucket_count, sizeof *buckets);
    if (buckets == NULL) {
        return false;
    }
    memset(buckets, 0, bucket_count * sizeof *buckets);
    struct tachoi_histogram_totals totals;
    tachoi_histogram_totals_init(&totals);
    tachoi_series_read_histogram(series, &totals, buckets);
    *point = (tacho_histogram_point){.series = ref_of(collection, series),
                                     .start_time_unix_nano = start_time(collection, series),
                                     .time_unix_nano = collection->time_unix_nano,
                                     .count = tachoi_histogram_count(buckets, bucket_count),
                                     .sum = totals.sum,
                                     .min = totals.min,
                                     .max = totals.max,
                                     .has_sum = true,
                                     .has_min_max = true, /* a recorded series has a value */
                                     .bounds = aggregation->bounds,
                                     .bound_count = aggregation->bound_count,
                                     .bucket_counts = buckets};
    return unpack(collection, series, &point->attributes);
}

static bool read_point(const struct collection *collection, struct tachoi_series *series,
                       void *point) {
    return series->family->aggregation.kind == TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM
               ? read_histogram(collection, series, point)
               : read_number(collection, series, point);
}

/** Milliseconds since the last collection, 0 if the clock stepped back. */
static uint64_t elapsed_ms(struct tachoi_sync_storage *storage, uint64_t time_unix_nano) {
    const uint64_t last = storage->last_collect_unix_nano;
    storage->last_collect_unix_nano = time_unix_nano;
    return time_unix_nano > last ? (time_unix_nano - last) / TACHOI_NS_PER_MS : 0;
}

bool tachoi_sync_storage_collect(struct tachoi_sync_storage *storage, struct tachoi_moment now,
                                 struct tachoi_arena *arena, struct tachoi_points *out) {
    const uint64_t time_unix_nano = now.unix_nano;
    const struct collection collection = {
        .storage = storage, .arena = arena, .time_unix_nano = time_unix_nano};
    const struct tachoi_aggregation *aggregation = &storage->family.aggregation;
    const size_t size = aggregation->kind == TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM
                            ? sizeof(tacho_histogram_point)
                            : sizeof(tacho_number_point);
    if (storage->family.ring != NULL) {
        tachoi_overflow_ring_take(storage->family.ring, tachoi_series_drain);
        (void)tachoi_reserve_refill(&storage->family.reserve, aggregation);
    }
    const uint64_t elapsed = elapsed_ms(storage, time_unix_nano);
    const size_t series_count = tachoi_series_map_count(&storage->map);
    unsigned char *items = tachoi_arena_alloc(arena, series_count, size);
    if (items == NULL) {
        return false;
    }
    size_t count = 0;
    struct tachoi_series *series = storage->map.overflow;
    for (size_t i = 0; i < series_count; i++) {
        tachoi_series_tend(series, elapsed);
        if (tachoi_series_is(series, TACHOI_SERIES_RECORDED)) {
            if (!read_point(&collection, series, items + count * size)) {
                return false;
            }
            count++;
        }
        series = tachoi_series_map_next(series);
    }
    *out = (struct tachoi_points){.items = items, .count = count, .size = size};
    return true;
}
