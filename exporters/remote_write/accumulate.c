/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the totals of delta points. See series_memory.h. A point continues the total if it begins
 * where the last one ended, or later: what a gap might have held is not there to be counted. One
 * that begins before that would be counted twice, and is refused. The total began with its first
 * point. */
#include <string.h>

#include "base/alloc.h"
#include "remote_write/series_memory.h"

static bool is_in_order(const struct tachoi_series_memory *memory, uint64_t start_ns,
                        uint64_t end_ns) {
    return start_ns <= end_ns && (memory->end_ns == 0 || start_ns >= memory->end_ns);
}

/* The point is in the total. */
static void advance(struct tachoi_series_memory *memory, uint64_t *start_ns, uint64_t end_ns) {
    if (memory->end_ns == 0) {
        memory->start_ns = *start_ns;
    }
    memory->end_ns = end_ns;
    *start_ns = memory->start_ns;
}

static int64_t add_saturating(int64_t a, int64_t b) {
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        sum = b > 0 ? INT64_MAX : INT64_MIN;
    }
    return sum;
}

enum tachoi_accumulate_result tachoi_accumulate_number(struct tachoi_series_memory *memory,
                                                       tacho_number_type type,
                                                       tacho_number_point *point) {
    if (!is_in_order(memory, point->start_time_unix_nano, point->time_unix_nano)) {
        return TACHOI_ACCUMULATE_OUT_OF_ORDER;
    }
    if (type == TACHO_NUMBER_I64) {
        point->value.i64 = memory->sum_i64 = add_saturating(memory->sum_i64, point->value.i64);
    } else {
        point->value.f64 = memory->sum += point->value.f64;
    }
    advance(memory, &point->start_time_unix_nano, point->time_unix_nano);
    return TACHOI_ACCUMULATE_OK;
}

/* Room for so many buckets, of which none is lost; false when memory is short. */
static bool reserve_buckets(struct tachoi_series_memory *memory, size_t count) {
    if (count > memory->bucket_count) {
        uint64_t *buckets = tachoi_realloc_array(memory->buckets, count, sizeof buckets[0]);
        if (buckets == NULL) {
            return false;
        }
        memset(buckets + memory->bucket_count, 0,
               (count - memory->bucket_count) * sizeof buckets[0]);
        memory->buckets = buckets;
        memory->bucket_count = count;
    }
    return true;
}

enum tachoi_accumulate_result tachoi_accumulate_histogram(struct tachoi_series_memory *memory,
                                                          tacho_histogram_point *point) {
    const size_t count = point->bound_count + 1;
    if (!is_in_order(memory, point->start_time_unix_nano, point->time_unix_nano)) {
        return TACHOI_ACCUMULATE_OUT_OF_ORDER;
    }
    if (memory->end_ns != 0 && memory->bucket_count != count) {
        return TACHOI_ACCUMULATE_UNFIT;
    }
    if (!reserve_buckets(memory, count)) {
        return TACHOI_ACCUMULATE_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        memory->buckets[i] += point->bucket_counts[i];
    }
    memory->has_sum = point->has_sum && (memory->end_ns == 0 || memory->has_sum);
    memory->sum += point->has_sum ? point->sum : 0;
    memory->count += point->count;
    point->bucket_counts = memory->buckets;
    point->count = memory->count;
    point->has_sum = memory->has_sum;
    point->sum = memory->sum;
    point->has_min_max = false; /* of the last interval alone */
    advance(memory, &point->start_time_unix_nano, point->time_unix_nano);
    return TACHOI_ACCUMULATE_OK;
}

static void copy_counts(uint64_t *to, const tacho_exponential_buckets *from) {
    if (from->count > 0) {
        memcpy(to, from->counts, from->count * sizeof to[0]);
    }
}

/* Takes the counts of both signs, positive ones first, into the memory, and makes them `it`'s. They
 * may be the memory's already, elsewhere: so they are put aside first. */
static bool keep_counts(struct tachoi_series_memory *memory, struct tachoi_native_histogram *it,
                        struct tachoi_arena *arena) {
    const size_t positive = it->positive.count;
    const size_t count = positive + it->negative.count;
    uint64_t *aside = tachoi_arena_alloc(arena, count + 1, sizeof aside[0]);
    if (aside == NULL) {
        return false;
    }
    copy_counts(aside, &it->positive);
    copy_counts(aside + positive, &it->negative);
    if (!reserve_buckets(memory, count)) {
        return false;
    }
    if (count > 0) {
        memcpy(memory->buckets, aside, count * sizeof aside[0]);
    }
    it->positive.counts = memory->buckets;
    it->negative.counts = memory->buckets + positive;
    return true;
}

enum tachoi_accumulate_result
tachoi_accumulate_exponential(struct tachoi_series_memory *memory,
                              tacho_exponential_histogram_point *point,
                              struct tachoi_native_histogram *it, struct tachoi_arena *arena) {
    if (!is_in_order(memory, point->start_time_unix_nano, point->time_unix_nano)) {
        return TACHOI_ACCUMULATE_OUT_OF_ORDER;
    }
    struct tachoi_native_histogram total = *it;
    if (memory->end_ns != 0) {
        total = memory->exponential;
        const enum tachoi_native_result result = tachoi_native_histogram_add(&total, it, arena);
        if (result != TACHOI_NATIVE_OK) {
            return result == TACHOI_NATIVE_NO_MEMORY ? TACHOI_ACCUMULATE_NO_MEMORY
                                                     : TACHOI_ACCUMULATE_UNFIT;
        }
    }
    if (!keep_counts(memory, &total, arena)) {
        return TACHOI_ACCUMULATE_NO_MEMORY;
    }
    memory->exponential = total;
    *it = total;
    advance(memory, &point->start_time_unix_nano, point->time_unix_nano);
    return TACHOI_ACCUMULATE_OK;
}
