/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the arithmetic of base-2 exponential histograms: which bucket, updating, downscaling,
 * merging. Knows nothing of threads or memory. Pure. (EXPH-01..23)
 *
 * Bucket `index` of scale s counts base^index < |value| <= base^(index + 1) with base = 2^(2^-s).
 * Each sign has max_size buckets in a circular array: the bucket of `index` lies at
 * (index - base_index), plus max_size if that is negative. base_index is always one of the used
 * indexes, and these span at most max_size: so no two share a place, and a range that grows at
 * either end moves nothing. When a value would widen a range beyond max_size, the scale falls:
 * indexes are halved (rounded down), and buckets that meet add up. The scale never rises but by
 * reset. */
#ifndef TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM_H
#define TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregation/explicit_histogram.h"

#define TACHOI_EXPONENTIAL_MAX_SIZE UINT32_C(160)
#define TACHOI_EXPONENTIAL_MAX_SCALE 20
#define TACHOI_EXPONENTIAL_MIN_SCALE (-10) /* all normal doubles lie in the buckets -1 and 0 */

/** Which buckets of one sign are in use. */
struct tachoi_exponential_range {
    int32_t first;
    int32_t last;       /* below first: none */
    int32_t base_index; /* the index whose bucket lies at the array's beginning */
};

struct tachoi_exponential {
    struct tachoi_histogram_totals totals;
    uint64_t zero_count;
    int32_t scale;
    uint32_t max_size;
    struct tachoi_exponential_range positive;
    struct tachoi_exponential_range negative;
    uint64_t counts[]; /* max_size buckets for positive values, then max_size for negative ones */
};

/** Bytes of a histogram, a multiple of 8. */
size_t tachoi_exponential_size(uint32_t max_size);

/** Makes zeroed memory of that size a histogram without values. */
void tachoi_exponential_init(struct tachoi_exponential *histogram, uint32_t max_size,
                             int32_t max_scale);

/** Empties it and raises the scale again; touches the buckets that were in use alone. */
void tachoi_exponential_reset(struct tachoi_exponential *histogram, int32_t max_scale);

/** The bucket of a positive finite value (subnormals count as the smallest normal value). Exact for
 * powers of two, at scales up to 0, and wherever long double tells on which side of a boundary the
 * value lies (only doubles next to one can be closer). */
int32_t tachoi_exponential_index(double value, int32_t scale);

/** base^index, rounded to a double (subnormal ones included); 0 or infinity where that is beyond
 * all doubles. The upper bound of a bucket is the lower bound of the next. */
double tachoi_exponential_lower_bound(int32_t index, int32_t scale);

/** Adds a finite value. */
void tachoi_exponential_update(struct tachoi_exponential *histogram, double value);

/** Adds all of `from` to `into`, whose max_size is the same: at the larger of the scales that both
 * can have. */
void tachoi_exponential_merge(struct tachoi_exponential *into,
                              const struct tachoi_exponential *from);

/** The number of values. */
uint64_t tachoi_exponential_count(const struct tachoi_exponential *histogram);

/** Number of buckets from first to last, 0 if none are in use. */
size_t tachoi_exponential_range_size(const struct tachoi_exponential_range *range);

/** Writes the counts from first to last of the positive or the negative buckets. */
void tachoi_exponential_copy(const struct tachoi_exponential *histogram, bool is_negative,
                             uint64_t *out);

#endif
