/* SPDX-License-Identifier: Apache-2.0 */
/* Owns Prometheus' native histograms as data: from an exponential point, into spans and deltas, and
 * whether a receiver would take them (PROM-27..36, CONV-14, RW2-20, RW2-21). Pure: no I/O, no
 * clock; memory is the caller's. Knows nothing of remote write or pull.
 *
 * The neutral form is OpenTelemetry's with Prometheus' limits: `schema` is the scale, -4 to 8, and
 * the buckets are those of metric_data.h; only encoding shifts the index by one (PROM-34). */
#ifndef TACHOI_PROMETHEUS_NATIVE_HISTOGRAM_H
#define TACHOI_PROMETHEUS_NATIVE_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "tacho/sdk/metric_data.h"

#define TACHOI_NATIVE_SCHEMA_MIN (-4)
#define TACHOI_NATIVE_SCHEMA_MAX 8
#define TACHOI_NATIVE_SCHEMA_CUSTOM (-53)

/** What OpenTelemetry's point without a threshold gets (PROM-32). */
#define TACHOI_NATIVE_ZERO_THRESHOLD 1e-128

struct tachoi_native_histogram {
    int32_t schema;
    uint64_t count;
    double sum;
    uint64_t zero_count;
    double zero_threshold;
    tacho_exponential_buckets positive; /* borrowed, from the point or the arena */
    tacho_exponential_buckets negative;
};

enum tachoi_native_result {
    TACHOI_NATIVE_OK,
    TACHOI_NATIVE_SCALE_TOO_LOW, /* below -4: no receiver knows it */
    TACHOI_NATIVE_NO_SUM,        /* PROM-33 */
    TACHOI_NATIVE_INVALID,       /* count and buckets disagree, bad threshold, index out of range */
    TACHOI_NATIVE_NO_MEMORY
};

/** Buckets of one sign that adding makes at most, unless one of both has more. */
#define TACHOI_NATIVE_BUCKETS_MAX 160

/** Converts a point; a scale above 8 is merged down to 8. Buckets of the result are without zeros
 * at either end. `out` is written on OK alone. */
enum tachoi_native_result tachoi_native_histogram_of(const tacho_exponential_histogram_point *point,
                                                     struct tachoi_arena *arena,
                                                     struct tachoi_native_histogram *out);

/** Merges buckets down to a schema not above its own (else INVALID). Results lie in the arena, or
 * where they were if nothing is merged; `it` is as it was unless OK. */
enum tachoi_native_result tachoi_native_histogram_downscale(struct tachoi_native_histogram *it,
                                                            int32_t schema,
                                                            struct tachoi_arena *arena);

/**
 * `into` += `from`, both as the functions above make them. Results lie in the arena; `into` is as
 * it was unless OK. INVALID where the counts exceed INT64_MAX.
 *
 * The wider zero bucket counts: what of the other's buckets lies in it goes there, and where it
 * would cut one that is not empty it is widened to that one's end, as Prometheus does. The schema
 * is the lower one, or the highest below at which the buckets are no more than allowed, so that
 * what is accumulated for long does not grow for ever.
 */
enum tachoi_native_result tachoi_native_histogram_add(struct tachoi_native_histogram *into,
                                                      const struct tachoi_native_histogram *from,
                                                      struct tachoi_arena *arena);

/** `length` buckets in a row, `offset` after the end of the span before. */
struct tachoi_native_span {
    int32_t offset;
    uint32_t length;
};

/** Spans and deltas of one sign, in room that the caller has: at most as many of each as
 * tachoi_native_spans_room tells. A gap of one empty bucket is filled, a larger one begins a new
 * span (PROM-28, PROM-34). */
struct tachoi_native_spans {
    struct tachoi_native_span *spans;
    size_t span_count;
    int64_t *deltas;
    size_t delta_count;
};

static inline size_t tachoi_native_spans_room(size_t bucket_count) {
    return bucket_count;
}

/** `index_shift` is 1 for exponential buckets, and 0 for custom ones, whose offset is 0. Counts are
 * at most INT64_MAX. */
void tachoi_native_spans_of(const uint64_t *counts, size_t count, int32_t offset,
                            int32_t index_shift, struct tachoi_native_spans *out);

/** The upper end of a bucket: base^(index + 1), at most DBL_MAX; its lower end is that of index
 * - 1.
 */
double tachoi_native_bucket_end(int32_t schema, int64_t index);

/** Whether buckets are what `count` says, as receivers compare them: where the sum is NaN, not more
 * (RW2-20, RW2-21). */
bool tachoi_native_counts_agree(const uint64_t *buckets, size_t bucket_count, uint64_t count,
                                double sum);

/** Whether bounds can be those of custom buckets: finite, strictly increasing (RW2-20). */
bool tachoi_native_bounds_are_valid(const double *bounds, size_t count);

#endif
