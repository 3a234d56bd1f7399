/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what of the histogram's arithmetic is not on the recording path. */
#include "aggregation/explicit_histogram.h"

#include <math.h>

const double tachoi_default_bounds[TACHOI_DEFAULT_BOUND_COUNT] = {
    0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000};

bool tachoi_bounds_are_valid(const double *bounds, size_t bound_count) {
    for (size_t i = 0; i < bound_count; i++) {
        if (!isfinite(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1])) {
            return false;
        }
    }
    return true;
}

void tachoi_few_bounds_init(struct tachoi_few_bounds *few, const double *bounds,
                            size_t bound_count) {
    for (size_t i = 0; i < TACHOI_BOUNDS_FEW; i++) {
        few->bounds[i] = i < bound_count ? bounds[i] : INFINITY;
    }
}

void tachoi_histogram_totals_init(struct tachoi_histogram_totals *totals) {
    totals->sum = 0;
    totals->min = (double)INFINITY;
    totals->max = -(double)INFINITY;
}

void tachoi_histogram_totals_merge(struct tachoi_histogram_totals *into,
                                   const struct tachoi_histogram_totals *from) {
    into->sum += from->sum;
    into->min = from->min < into->min ? from->min : into->min;
    into->max = from->max > into->max ? from->max : into->max;
}

void tachoi_histogram_merge(struct tachoi_histogram_totals *into, uint64_t *into_buckets,
                            const struct tachoi_histogram_totals *from,
                            const uint64_t *from_buckets, size_t bucket_count) {
    for (size_t i = 0; i < bucket_count; i++) {
        into_buckets[i] += from_buckets[i];
    }
    tachoi_histogram_totals_merge(into, from);
}

uint64_t tachoi_histogram_count(const uint64_t *buckets, size_t bucket_count) {
    uint64_t count = 0;
    for (size_t i = 0; i < bucket_count; i++) {
        count += buckets[i];
    }
    return count;
}
