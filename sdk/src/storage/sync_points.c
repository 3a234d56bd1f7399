/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the making of a point: all memory first, then the touch, then the cells; so that a shortage
 * of memory leaves the measurements where they are. */
#include <string.h>

#include "storage/start_time.h"
#include "storage/sync_storage.h"
#include "tacho/sdk/metric_data.h"

/* Buckets are allocated for several points at once, since their number is known only when the cells
 * have been taken. */
enum { BUCKET_SUPPLY_POINTS = 4 };

size_t tachoi_point_size(const struct tachoi_aggregation *aggregation) {
    switch (aggregation->kind) {
    case TACHOI_AGGREGATION_SUM:
    case TACHOI_AGGREGATION_LAST_VALUE:
        break;
    case TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM:
        return sizeof(tacho_histogram_point);
    case TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        return sizeof(tacho_exponential_histogram_point);
    }
    return sizeof(tacho_number_point);
}

static tacho_series_ref ref_of(const struct tachoi_point_maker *maker,
                               const struct tachoi_series *series) {
    return (tacho_series_ref){.id = series->id, .generation = maker->storage->map.generation};
}

static bool unpack(const struct tachoi_point_maker *maker, const struct tachoi_series *series,
                   tacho_attributes *out) {
    return tachoi_attributes_unpack(tachoi_series_attributes(series), series->attributes_size,
                                    maker->arena, out);
}

/** Of a cumulative series it does not change once it was told, unless the clock steps back behind
 * it. (TIME-04..08) */
static uint64_t start_time(const struct tachoi_point_maker *maker, struct tachoi_series *series) {
    const uint64_t now = maker->now_unix_nano;
    if (series->family->is_delta) {
        return tachoi_start_before(maker->interval_start_unix_nano, now);
    }
    series->start_time_unix_nano = tachoi_start_before(series->start_time_unix_nano, now);
    return series->start_time_unix_nano;
}

/** Before the cells are read: see series.h. */
static void take_touch(struct tachoi_series *series) {
    /* relaxed: where it has just been set, the touch stays for the next collection */
    if (atomic_load_explicit(&series->family->takes_touches, memory_order_relaxed)) {
        (void)tachoi_series_take_touch(series);
    }
}

static void collect_exemplars(const struct tachoi_point_maker *maker, struct tachoi_series *series,
                              tacho_exemplars *out) {
    /* relaxed: whether there are any at all; who reads them acquires them */
    if (atomic_load_explicit(&series->exemplars.reservoir, memory_order_relaxed) != NULL) {
        tachoi_exemplars_collect(series->family->exemplars, &series->exemplars, maker->arena, out);
    }
}

/** Everything but the value; false when memory is short. Member by member: to clear the point first
 * takes as long as to read the series. */
static bool begin_number(const struct tachoi_point_maker *maker, struct tachoi_series *series,
                         tacho_number_point *point) {
    point->series = ref_of(maker, series);
    point->start_time_unix_nano = start_time(maker, series);
    point->time_unix_nano = maker->now_unix_nano;
    point->exemplars = (tacho_exemplars){0};
    point->flags = 0;
    return unpack(maker, series, &point->attributes);
}

static enum tachoi_point_result make_number(const struct tachoi_point_maker *maker,
                                            struct tachoi_series *series,
                                            tacho_number_point *point) {
    if (!begin_number(maker, series, point)) {
        return TACHOI_POINT_NO_MEMORY;
    }
    take_touch(series);
    if (series->family->aggregation.number_type == TACHO_NUMBER_I64) {
        point->value.i64 = tachoi_series_read_i64(series);
    } else {
        point->value.f64 = tachoi_series_read_f64(series);
    }
    collect_exemplars(maker, series, &point->exemplars);
    return TACHOI_POINT_MADE;
}

static enum tachoi_point_result make_histogram(const struct tachoi_point_maker *maker,
                                               struct tachoi_series *series,
                                               tacho_histogram_point *point) {
    const struct tachoi_aggregation *aggregation = &series->family->aggregation;
    const size_t bucket_count = aggregation->bound_count + 1;
    *point = (tacho_histogram_point){.series = ref_of(maker, series),
                                     .start_time_unix_nano = start_time(maker, series),
                                     .time_unix_nano = maker->now_unix_nano,
                                     .has_sum = !aggregation->omits_sum,
                                     .has_min_max = !aggregation->omits_min_max,
                                     .bounds = aggregation->bounds,
                                     .bound_count = aggregation->bound_count};
    uint64_t *buckets = tachoi_arena_alloc(maker->arena, bucket_count, sizeof *buckets);
    if (buckets == NULL || !unpack(maker, series, &point->attributes)) {
        return TACHOI_POINT_NO_MEMORY;
    }
    memset(buckets, 0, bucket_count * sizeof *buckets);
    struct tachoi_histogram_totals totals;
    tachoi_histogram_totals_init(&totals);
    take_touch(series);
    tachoi_series_read_histogram(series, &totals, buckets);
    point->count = tachoi_histogram_count(buckets, bucket_count);
    point->sum = aggregation->omits_sum ? 0 : totals.sum;
    point->min = aggregation->omits_min_max ? 0 : totals.min;
    point->max = aggregation->omits_min_max ? 0 : totals.max;
    point->bucket_counts = buckets;
    collect_exemplars(maker, series, &point->exemplars);
    return point->count != 0 ? TACHOI_POINT_MADE : TACHOI_POINT_EMPTY;
}

/** Makes sure of the scratch histogram, and of memory for as many buckets as a point can have. */
static bool supply(struct tachoi_point_maker *maker, uint32_t max_size) {
    const size_t most = (size_t)2 * max_size;
    if (maker->scratch == NULL) {
        maker->scratch = tachoi_arena_alloc(maker->arena, 1, tachoi_exponential_size(max_size));
    }
    if (maker->bucket_count < most) {
        maker->bucket_count = most * BUCKET_SUPPLY_POINTS;
        maker->buckets =
            tachoi_arena_alloc(maker->arena, maker->bucket_count, sizeof *maker->buckets);
    }
    if (maker->buckets == NULL) { /* for one point it may do */
        maker->bucket_count = most;
        maker->buckets = tachoi_arena_alloc(maker->arena, most, sizeof *maker->buckets);
    }
    if (maker->buckets == NULL) {
        maker->bucket_count = 0;
    }
    return maker->scratch != NULL && maker->buckets != NULL;
}

static tacho_exponential_buckets copy_buckets(struct tachoi_point_maker *maker, bool is_negative) {
    const struct tachoi_exponential_range *range =
        is_negative ? &maker->scratch->negative : &maker->scratch->positive;
    const size_t count = tachoi_exponential_range_size(range);
    if (count == 0) {
        return (tacho_exponential_buckets){0};
    }
    const tacho_exponential_buckets buckets = {
        .offset = range->first, .counts = maker->buckets, .count = count};
    tachoi_exponential_copy(maker->scratch, is_negative, maker->buckets);
    maker->buckets += count;
    maker->bucket_count -= count;
    return buckets;
}

static void fill_exponential(struct tachoi_point_maker *maker,
                             const struct tachoi_aggregation *aggregation,
                             tacho_exponential_histogram_point *point) {
    const struct tachoi_exponential *scratch = maker->scratch;
    point->count = tachoi_exponential_count(scratch);
    point->sum = aggregation->omits_sum ? 0 : scratch->totals.sum;
    point->min = aggregation->omits_min_max ? 0 : scratch->totals.min;
    point->max = aggregation->omits_min_max ? 0 : scratch->totals.max;
    point->scale = scratch->scale;
    point->zero_count = scratch->zero_count;
    point->positive = copy_buckets(maker, false);
    point->negative = copy_buckets(maker, true);
}

static enum tachoi_point_result make_exponential(struct tachoi_point_maker *maker,
                                                 struct tachoi_series *series,
                                                 tacho_exponential_histogram_point *point) {
    const struct tachoi_aggregation *aggregation = &series->family->aggregation;
    *point = (tacho_exponential_histogram_point){.series = ref_of(maker, series),
                                                 .start_time_unix_nano = start_time(maker, series),
                                                 .time_unix_nano = maker->now_unix_nano,
                                                 .has_sum = !aggregation->omits_sum,
                                                 .has_min_max = !aggregation->omits_min_max};
    if (!supply(maker, aggregation->max_size) || !unpack(maker, series, &point->attributes)) {
        return TACHOI_POINT_NO_MEMORY;
    }
    memset(maker->scratch, 0, tachoi_exponential_size(aggregation->max_size));
    tachoi_exponential_init(maker->scratch, aggregation->max_size, aggregation->max_scale);
    take_touch(series);
    tachoi_series_read_exponential(series, maker->scratch);
    fill_exponential(maker, aggregation, point);
    collect_exemplars(maker, series, &point->exemplars);
    return point->count != 0 ? TACHOI_POINT_MADE : TACHOI_POINT_EMPTY;
}

enum tachoi_point_result tachoi_point_make(struct tachoi_point_maker *maker,
                                           struct tachoi_series *series, void *point) {
    switch (series->family->aggregation.kind) {
    case TACHOI_AGGREGATION_SUM:
    case TACHOI_AGGREGATION_LAST_VALUE:
        break;
    case TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM:
        return make_histogram(maker, series, point);
    case TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        return make_exponential(maker, series, point);
    }
    return make_number(maker, series, point);
}
