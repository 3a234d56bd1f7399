/* SPDX-License-Identifier: Apache-2.0 */
/* Owns where buckets lie, and what makes the scale fall. Which bucket a value belongs to is in
 * exponential_index.c. Everything but tachoi_exponential_count and _copy may run in a signal
 * handler. */
#include "aggregation/exponential_histogram.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const struct tachoi_exponential_range nothing = {.first = 0, .last = -1};

size_t tachoi_exponential_size(uint32_t max_size) {
    return sizeof(struct tachoi_exponential) + 2 * (size_t)max_size * sizeof(uint64_t);
}

void tachoi_exponential_init(struct tachoi_exponential *histogram, uint32_t max_size,
                             int32_t max_scale) {
    assert(max_size >= 2);
    assert(max_scale >= TACHOI_EXPONENTIAL_MIN_SCALE);
    assert(max_scale <= TACHOI_EXPONENTIAL_MAX_SCALE);
    tachoi_histogram_totals_init(&histogram->totals);
    histogram->zero_count = 0;
    histogram->scale = max_scale;
    histogram->max_size = max_size;
    histogram->positive = nothing;
    histogram->negative = nothing;
}

/* --- ranges --- */

static bool is_empty(const struct tachoi_exponential_range *range) {
    return range->last < range->first;
}

size_t tachoi_exponential_range_size(const struct tachoi_exponential_range *range) {
    return is_empty(range) ? 0 : (size_t)((int64_t)range->last - range->first) + 1;
}

static const struct tachoi_exponential_range *range_of(const struct tachoi_exponential *histogram,
                                                       bool is_negative) {
    return is_negative ? &histogram->negative : &histogram->positive;
}

/** Where the buckets of one sign begin. */
static size_t start_of(const struct tachoi_exponential *histogram, bool is_negative) {
    return is_negative ? histogram->max_size : 0;
}

/** The place of a bucket in the array of its sign. */
static size_t place_of(const struct tachoi_exponential_range *range, int32_t index,
                       uint32_t max_size) {
    const int64_t offset = (int64_t)index - range->base_index;
    return (size_t)(offset < 0 ? offset + max_size : offset);
}

/** The range widened by [first, last]. */
static struct tachoi_exponential_range widened(const struct tachoi_exponential_range *range,
                                               int32_t first, int32_t last) {
    if (is_empty(range)) {
        return (struct tachoi_exponential_range){.first = first, .last = last, .base_index = first};
    }
    return (struct tachoi_exponential_range){.first = first < range->first ? first : range->first,
                                             .last = last > range->last ? last : range->last,
                                             .base_index = range->base_index};
}

/** The range as it is when indexes are halved `halvings` times. */
static struct tachoi_exponential_range lowered(const struct tachoi_exponential_range *range,
                                               int32_t halvings) {
    if (is_empty(range)) {
        return nothing;
    }
    return (struct tachoi_exponential_range){.first = range->first >> halvings,
                                             .last = range->last >> halvings,
                                             .base_index = range->base_index >> halvings};
}

/* --- scale --- */

/** How often indexes must be halved until the range fits. (EXPH-11, EXPH-12) */
static int32_t halvings_to_fit(const struct tachoi_exponential_range *range, uint32_t max_size) {
    int64_t first = range->first;
    int64_t last = range->last;
    int32_t halvings = 0;
    for (; last - first >= max_size; halvings++) {
        first >>= 1; /* floor: both compilers shift the sign in */
        last >>= 1;
    }
    return halvings;
}

static void move(uint64_t *counts, size_t from, size_t to) {
    const uint64_t count = counts[from];
    counts[from] = 0;
    counts[to] += count;
}

/** Buckets from the base upwards move down to it, those below move up to the array's end, each set
 * beginning nearest to the base: so none moves to where one lies that has not moved yet. */
static void lower_buckets(struct tachoi_exponential_range *range, uint64_t *counts,
                          uint32_t max_size, int32_t halvings) {
    const struct tachoi_exponential_range after = lowered(range, halvings);
    for (int32_t i = range->base_index; i <= range->last; i++) {
        move(counts, place_of(range, i, max_size), place_of(&after, i >> halvings, max_size));
    }
    for (int32_t i = range->base_index; i-- > range->first;) {
        move(counts, place_of(range, i, max_size), place_of(&after, i >> halvings, max_size));
    }
    *range = after;
}

static void lower_scale(struct tachoi_exponential *histogram, int32_t halvings) {
    if (halvings > 0) {
        uint64_t *counts = histogram->counts;
        const uint32_t max_size = histogram->max_size;
        if (!is_empty(&histogram->positive)) {
            lower_buckets(&histogram->positive, counts, max_size, halvings);
        }
        if (!is_empty(&histogram->negative)) {
            lower_buckets(&histogram->negative, counts + max_size, max_size, halvings);
        }
        histogram->scale -= halvings;
    }
}

/* --- adding --- */

/** Makes the range hold `index`; the index that this is then. */
static int32_t make_room(struct tachoi_exponential *histogram,
                         struct tachoi_exponential_range *range, int32_t index) {
    const struct tachoi_exponential_range wanted = widened(range, index, index);
    const int32_t halvings = halvings_to_fit(&wanted, histogram->max_size);
    lower_scale(histogram, halvings);
    *range = lowered(&wanted, halvings);
    return index >> halvings;
}

void tachoi_exponential_update(struct tachoi_exponential *histogram, double value) {
    tachoi_histogram_totals_update(&histogram->totals, value);
    if (value == 0) {
        histogram->zero_count++;
        return;
    }
    const bool is_negative = value < 0;
    struct tachoi_exponential_range *range =
        is_negative ? &histogram->negative : &histogram->positive;
    int32_t index = tachoi_exponential_index(fabs(value), histogram->scale);
    if (index < range->first || index > range->last) {
        index = make_room(histogram, range, index);
    }
    histogram
        ->counts[start_of(histogram, is_negative) + place_of(range, index, histogram->max_size)]++;
}

/* --- merging --- */

/** How far the scale of `into` must fall so that `from`, `shift` scales finer, fits in beside. */
static int32_t halvings_to_join(const struct tachoi_exponential_range *into,
                                const struct tachoi_exponential_range *from, int32_t from_halvings,
                                uint32_t max_size) {
    if (is_empty(from)) {
        return 0;
    }
    const struct tachoi_exponential_range joined =
        widened(into, from->first >> from_halvings, from->last >> from_halvings);
    return halvings_to_fit(&joined, max_size);
}

/** Adds the buckets of one sign, whose indexes are to be halved. They fit. */
static void add_buckets(struct tachoi_exponential *into, const struct tachoi_exponential *from,
                        bool is_negative, int32_t halvings) {
    const struct tachoi_exponential_range *source = range_of(from, is_negative);
    struct tachoi_exponential_range *target = is_negative ? &into->negative : &into->positive;
    if (is_empty(source)) {
        return;
    }
    *target = widened(target, source->first >> halvings, source->last >> halvings);
    const uint64_t *counts = from->counts + start_of(from, is_negative);
    uint64_t *sums = into->counts + start_of(into, is_negative);
    for (int32_t i = source->first; i <= source->last; i++) {
        sums[place_of(target, i >> halvings, into->max_size)] +=
            counts[place_of(source, i, from->max_size)];
    }
}

void tachoi_exponential_merge(struct tachoi_exponential *into,
                              const struct tachoi_exponential *from) {
    assert(into->max_size == from->max_size);
    const uint32_t max_size = into->max_size;
    if (into->scale > from->scale) {
        lower_scale(into, into->scale - from->scale);
    }
    const int32_t finer = from->scale - into->scale;
    const int32_t positive = halvings_to_join(&into->positive, &from->positive, finer, max_size);
    const int32_t negative = halvings_to_join(&into->negative, &from->negative, finer, max_size);
    lower_scale(into, positive > negative ? positive : negative);
    add_buckets(into, from, false, from->scale - into->scale);
    add_buckets(into, from, true, from->scale - into->scale);
    into->zero_count += from->zero_count;
    tachoi_histogram_totals_merge(&into->totals, &from->totals);
}

/* --- emptying, reading --- */

/** Zeroes the buckets in use: those from the base on, and those below it at the array's end. */
static void clear_buckets(const struct tachoi_exponential_range *range, uint64_t *counts,
                          uint32_t max_size) {
    if (!is_empty(range)) {
        const size_t above = (size_t)((int64_t)range->last - range->base_index) + 1;
        const size_t below = (size_t)((int64_t)range->base_index - range->first);
        memset(counts, 0, above * sizeof *counts);
        memset(counts + (max_size - below), 0, below * sizeof *counts);
    }
}

void tachoi_exponential_reset(struct tachoi_exponential *histogram, int32_t max_scale) {
    const uint32_t max_size = histogram->max_size;
    clear_buckets(&histogram->positive, histogram->counts, max_size);
    clear_buckets(&histogram->negative, histogram->counts + max_size, max_size);
    tachoi_exponential_init(histogram, max_size, max_scale);
}

void tachoi_exponential_copy(const struct tachoi_exponential *histogram, bool is_negative,
                             uint64_t *out) {
    const struct tachoi_exponential_range *range = range_of(histogram, is_negative);
    const uint64_t *counts = histogram->counts + start_of(histogram, is_negative);
    for (int32_t i = range->first; i <= range->last; i++) {
        *out++ = counts[place_of(range, i, histogram->max_size)];
    }
}

static uint64_t count_of(const struct tachoi_exponential *histogram, bool is_negative) {
    const struct tachoi_exponential_range *range = range_of(histogram, is_negative);
    const uint64_t *counts = histogram->counts + start_of(histogram, is_negative);
    uint64_t count = 0;
    for (int32_t i = range->first; i <= range->last; i++) {
        count += counts[place_of(range, i, histogram->max_size)];
    }
    return count;
}

uint64_t tachoi_exponential_count(const struct tachoi_exponential *histogram) {
    return histogram->zero_count + count_of(histogram, false) + count_of(histogram, true);
}
