/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the arithmetic of explicit-bucket histograms: which bucket, updating, merging. Knows nothing
 * of threads or memory. Pure. (AGG-06, AGG-08, AGG-09)
 *
 * Of n bounds there are n + 1 buckets; bucket i counts bounds[i-1] < value <= bounds[i], the last
 * one everything above. There is no separate count: it is the sum of the buckets, so that the two
 * cannot disagree. */
#ifndef TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM_H
#define TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** OpenTelemetry's default bounds, made for milliseconds. */
#define TACHOI_DEFAULT_BOUND_COUNT ((size_t)15)
extern const double tachoi_default_bounds[TACHOI_DEFAULT_BOUND_COUNT];

/** Whether all are finite and each is greater than the one before. No bounds at all are valid. */
bool tachoi_bounds_are_valid(const double *bounds, size_t bound_count);

/** What is kept beside the buckets. min > max as long as there is no value. */
struct tachoi_histogram_totals {
    double sum;
    double min;
    double max;
};

void tachoi_histogram_totals_init(struct tachoi_histogram_totals *totals);

/** Bounds that are compared with a value one by one. */
#define TACHOI_BOUNDS_COUNTED 16

/**
 * How many bounds lie below the value, which is the number of its bucket; 0 for NaN. Halving until
 * few are left, then counting: comparisons that do not wait for each other are faster than a search
 * that has to know where it goes on, and neither has a branch that depends on the value, which no
 * predictor can guess. Two at a time, as all processors can.
 */
static inline size_t tachoi_histogram_bucket(const double *bounds, size_t bound_count,
                                             double value) {
    typedef double pair __attribute__((vector_size(16)));
    typedef int64_t counts __attribute__((vector_size(16)));
    size_t bucket = 0;
    size_t left = bound_count;
    while (left > TACHOI_BOUNDS_COUNTED) {
        const size_t half = left / 2;
        bucket += bounds[bucket + half - 1] < value ? half : 0;
        left -= half;
    }
    bounds += bucket;
    const pair values = {value, value};
    counts below = {0, 0};
    size_t i = 0;
    for (; i + 4 <= left; i += 4) {
        pair two;
        pair two_more;
        memcpy(&two, bounds + i, sizeof two);
        memcpy(&two_more, bounds + i + 2, sizeof two_more);
        below -= (counts)(two < values); /* true is -1 */
        below -= (counts)(two_more < values);
    }
    bucket += (size_t)(below[0] + below[1]);
    for (; i < left; i++) {
        bucket += bounds[i] < value;
    }
    return bucket;
}

/** Bounds that can be compared with a value all at once, filled up with infinity to a number that
 * is known when this is compiled. */
#define TACHOI_BOUNDS_FEW ((size_t)16)

struct tachoi_few_bounds {
    _Alignas(16) double bounds[TACHOI_BOUNDS_FEW];
};

/** Of at most TACHOI_BOUNDS_FEW. */
void tachoi_few_bounds_init(struct tachoi_few_bounds *few, const double *bounds,
                            size_t bound_count);

/** As tachoi_histogram_bucket, of a value that is not NaN, without a loop: those that do not lie
 * below the value are counted, so that the result needs no negation. */
static inline size_t tachoi_few_bounds_bucket(const struct tachoi_few_bounds *few, double value) {
    typedef double pair __attribute__((vector_size(16), may_alias));
    typedef int64_t counts __attribute__((vector_size(16)));
    const pair *bounds = (const pair *)(const void *)few->bounds;
    const pair values = {value, value};
    /* true is -1 */
    const counts low = ((counts)(bounds[0] >= values) + (counts)(bounds[1] >= values)) +
                       ((counts)(bounds[2] >= values) + (counts)(bounds[3] >= values));
    const counts high = ((counts)(bounds[4] >= values) + (counts)(bounds[5] >= values)) +
                        ((counts)(bounds[6] >= values) + (counts)(bounds[7] >= values));
    const counts all = low + high;
    return TACHOI_BOUNDS_FEW + (size_t)(all[0] + all[1]);
}

static inline void tachoi_histogram_totals_update(struct tachoi_histogram_totals *totals,
                                                  double value) {
    totals->sum += value;
    if (value < totals->min) {
        totals->min = value;
    }
    if (value > totals->max) {
        totals->max = value;
    }
}

/** Adds one value, whose bucket the caller has looked up. */
static inline void tachoi_histogram_update(struct tachoi_histogram_totals *totals,
                                           uint64_t *buckets, size_t bucket, double value) {
    buckets[bucket]++;
    tachoi_histogram_totals_update(totals, value);
}

void tachoi_histogram_totals_merge(struct tachoi_histogram_totals *into,
                                   const struct tachoi_histogram_totals *from);

/** Adds all of `from` to `into`; both have bucket_count buckets. */
void tachoi_histogram_merge(struct tachoi_histogram_totals *into, uint64_t *into_buckets,
                            const struct tachoi_histogram_totals *from,
                            const uint64_t *from_buckets, size_t bucket_count);

/** The number of values. */
uint64_t tachoi_histogram_count(const uint64_t *buckets, size_t bucket_count);

#endif
