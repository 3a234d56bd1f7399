/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the arithmetic of native histograms. See native_histogram.h.
 *
 * Bucket `index` at a scale holds base^index < |value| <= base^(index + 1), base = 2^(2^-scale).
 * One scale lower two neighbours become one: the new index is half the old one, rounded down, for
 * negative indices too. Indices are 64 bits wide in between, so that no offset overflows. */
#include "prometheus/native_histogram.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Indices so that spans, whose indices are higher by one, have them in 32 bits. */
#define INDEX_END_MAX ((int64_t)INT32_MAX)

/* --- buckets --- */

/* index / 2^shift, rounded down. */
static int64_t halve(int64_t index, unsigned shift) {
    const unsigned by = shift < 63 ? shift : 63;
    return index >= 0 ? index >> by : ~(~index >> by);
}

static int64_t end_of(const tacho_exponential_buckets *buckets) {
    return (int64_t)buckets->offset + (int64_t)buckets->count;
}

/* Without empty buckets at either end. False if the indices cannot be sent. */
static bool trim(const tacho_exponential_buckets *buckets, tacho_exponential_buckets *out) {
    size_t begin = 0;
    size_t end = buckets->count;
    while (begin < end && buckets->counts[begin] == 0) {
        begin++;
    }
    while (end > begin && buckets->counts[end - 1] == 0) {
        end--;
    }
    if (begin == end) {
        *out = (tacho_exponential_buckets){0, NULL, 0};
        return true;
    }
    const uint64_t room = (uint64_t)(INDEX_END_MAX - buckets->offset);
    if (end > room || end - begin > INT32_MAX) {
        return false;
    }
    *out = (tacho_exponential_buckets){.offset = (int32_t)(buckets->offset + (int64_t)begin),
                                       .counts = buckets->counts + begin,
                                       .count = end - begin};
    return true;
}

/* Adds the buckets, merged by `shift`, to counts that begin at `offset`. */
static void add_merged(const tacho_exponential_buckets *from, unsigned shift, uint64_t *counts,
                       int64_t offset) {
    for (size_t i = 0; i < from->count; i++) {
        counts[halve((int64_t)from->offset + (int64_t)i, shift) - offset] += from->counts[i];
    }
}

/* The two, either of which may be empty, each merged by its shift, as one in the arena. */
static bool add_buckets(const tacho_exponential_buckets *a, unsigned a_shift,
                        const tacho_exponential_buckets *b, unsigned b_shift,
                        struct tachoi_arena *arena, tacho_exponential_buckets *out) {
    int64_t begin = INT64_MAX;
    int64_t end = INT64_MIN;
    const tacho_exponential_buckets *both[] = {a, b};
    const unsigned shifts[] = {a_shift, b_shift};
    for (size_t i = 0; i < 2; i++) {
        if (both[i]->count > 0) {
            const int64_t first = halve(both[i]->offset, shifts[i]);
            const int64_t last = halve(end_of(both[i]) - 1, shifts[i]);
            begin = first < begin ? first : begin;
            end = last + 1 > end ? last + 1 : end;
        }
    }
    *out = (tacho_exponential_buckets){0, NULL, 0};
    if (end <= begin) {
        return true;
    }
    const size_t count = (size_t)(end - begin);
    uint64_t *counts = tachoi_arena_alloc(arena, count, sizeof(*counts));
    if (counts == NULL) {
        return false;
    }
    memset(counts, 0, count * sizeof(*counts));
    add_merged(a, a_shift, counts, begin);
    add_merged(b, b_shift, counts, begin);
    *out = (tacho_exponential_buckets){(int32_t)begin, counts, count};
    return true;
}

/* --- from a point --- */

/* Adds without going above INT64_MAX, which is what deltas can carry. */
static bool add_count(uint64_t *sum, uint64_t count) {
    const uint64_t most = (uint64_t)INT64_MAX;
    if (*sum > most || count > most - *sum) {
        return false;
    }
    *sum += count;
    return true;
}

static bool add_counts(uint64_t *sum, const tacho_exponential_buckets *buckets) {
    for (size_t i = 0; i < buckets->count; i++) {
        if (!add_count(sum, buckets->counts[i])) {
            return false;
        }
    }
    return true;
}

/* Receivers compare count and buckets, where the sum is NaN only in one direction (RW2-21). */
static bool does_agree(uint64_t buckets, uint64_t count, double sum) {
    return count <= (uint64_t)INT64_MAX && (isnan(sum) ? buckets <= count : buckets == count);
}

static bool counts_agree(const tacho_exponential_histogram_point *point) {
    uint64_t sum = 0;
    return add_count(&sum, point->zero_count) && add_counts(&sum, &point->positive) &&
           add_counts(&sum, &point->negative) && does_agree(sum, point->count, point->sum);
}

static enum tachoi_native_result merge(struct tachoi_native_histogram *it, unsigned shift,
                                       struct tachoi_arena *arena) {
    static const tacho_exponential_buckets none = {0, NULL, 0};
    struct tachoi_native_histogram merged = *it;
    if (!add_buckets(&it->positive, shift, &none, 0, arena, &merged.positive) ||
        !add_buckets(&it->negative, shift, &none, 0, arena, &merged.negative)) {
        return TACHOI_NATIVE_NO_MEMORY;
    }
    *it = merged;
    return TACHOI_NATIVE_OK;
}

enum tachoi_native_result tachoi_native_histogram_of(const tacho_exponential_histogram_point *point,
                                                     struct tachoi_arena *arena,
                                                     struct tachoi_native_histogram *out) {
    if (!point->has_sum) {
        return TACHOI_NATIVE_NO_SUM;
    }
    if (point->scale < TACHOI_NATIVE_SCHEMA_MIN) {
        return TACHOI_NATIVE_SCALE_TOO_LOW;
    }
    const bool is_unset = point->zero_threshold == 0;
    struct tachoi_native_histogram it = {
        .schema = point->scale,
        .count = point->count,
        .sum = point->sum,
        .zero_count = point->zero_count,
        .zero_threshold = is_unset ? TACHOI_NATIVE_ZERO_THRESHOLD : point->zero_threshold,
    };
    if (!(it.zero_threshold > 0 && it.zero_threshold <= DBL_MAX) || !counts_agree(point) ||
        !trim(&point->positive, &it.positive) || !trim(&point->negative, &it.negative)) {
        return TACHOI_NATIVE_INVALID;
    }
    enum tachoi_native_result result = TACHOI_NATIVE_OK;
    if (it.schema > TACHOI_NATIVE_SCHEMA_MAX) {
        result = tachoi_native_histogram_downscale(&it, TACHOI_NATIVE_SCHEMA_MAX, arena);
    }
    if (result == TACHOI_NATIVE_OK) {
        *out = it;
    }
    return result;
}

enum tachoi_native_result tachoi_native_histogram_downscale(struct tachoi_native_histogram *it,
                                                            int32_t schema,
                                                            struct tachoi_arena *arena) {
    if (schema < TACHOI_NATIVE_SCHEMA_MIN) {
        return TACHOI_NATIVE_SCALE_TOO_LOW;
    }
    if (schema >= it->schema) {
        return schema == it->schema ? TACHOI_NATIVE_OK : TACHOI_NATIVE_INVALID;
    }
    const enum tachoi_native_result result =
        merge(it, (unsigned)((int64_t)it->schema - schema), arena);
    it->schema = result == TACHOI_NATIVE_OK ? schema : it->schema;
    return result;
}

/* --- zero buckets --- */

double tachoi_native_bucket_end(int32_t schema, int64_t index) {
    const int64_t place = index + 1;
    double whole = (double)place;
    double part = 0;
    if (schema <= 0) {
        whole = ldexp(whole, -schema);
    } else {
        const int64_t power = halve(place, (unsigned)schema);
        part = ldexp((double)(place - power * ((int64_t)1 << schema)), -schema);
        whole = (double)power;
    }
    const double most = 5000; /* beyond every exponent of a double */
    const int exponent = (int)(whole > most ? most : whole < -most ? -most : whole);
    const double end = ldexp(exp2(part), exponent);
    return end > DBL_MAX ? DBL_MAX : end;
}

/* Takes the buckets below `*threshold` out, into `*zero_count`. One that is cut and not empty goes
 * along, and the threshold up to its end. */
static void swallow(tacho_exponential_buckets *buckets, int32_t schema, double *threshold,
                    uint64_t *zero_count) {
    size_t taken = 0;
    while (taken < buckets->count) {
        const int64_t index = (int64_t)buckets->offset + (int64_t)taken;
        const uint64_t count = buckets->counts[taken];
        const double end = tachoi_native_bucket_end(schema, index);
        if (tachoi_native_bucket_end(schema, index - 1) >= *threshold ||
            (end > *threshold && count == 0)) {
            break;
        }
        *zero_count += count;
        *threshold = end > *threshold ? end : *threshold;
        taken++;
    }
    if (taken > 0) {
        buckets->offset = (int32_t)(buckets->offset + (int64_t)taken);
        buckets->counts += taken;
        buckets->count -= taken;
        (void)trim(buckets, buckets); /* a part of what fits, fits */
    }
}

/* Widens the zero bucket to `threshold` or a little more. Both signs have their ends at the same
 * values, so what widens it for the second cuts nothing of the first. */
static void widen(struct tachoi_native_histogram *it, double threshold) {
    swallow(&it->positive, it->schema, &threshold, &it->zero_count);
    swallow(&it->negative, it->schema, &threshold, &it->zero_count);
    it->zero_threshold = threshold;
}

/* Each step widens one of both to the end of one more bucket, or ends it. */
static void reconcile_zeros(struct tachoi_native_histogram *a, struct tachoi_native_histogram *b) {
    while (a->zero_threshold != b->zero_threshold) {
        if (a->zero_threshold < b->zero_threshold) {
            widen(a, b->zero_threshold);
        } else {
            widen(b, a->zero_threshold);
        }
    }
}

/* --- adding --- */

static int64_t most_buckets(const tacho_exponential_buckets *a,
                            const tacho_exponential_buckets *b) {
    const size_t more = a->count > b->count ? a->count : b->count;
    return more > TACHOI_NATIVE_BUCKETS_MAX ? (int64_t)more : TACHOI_NATIVE_BUCKETS_MAX;
}

/* Whether both fit together into what is allowed at a schema not above their own. */
static bool fits(const tacho_exponential_buckets *a, int32_t a_schema,
                 const tacho_exponential_buckets *b, int32_t b_schema, int32_t schema) {
    const unsigned a_shift = (unsigned)(a_schema - schema);
    const unsigned b_shift = (unsigned)(b_schema - schema);
    if (a->count == 0 || b->count == 0) {
        return true;
    }
    const int64_t a_first = halve(a->offset, a_shift);
    const int64_t b_first = halve(b->offset, b_shift);
    const int64_t a_last = halve(end_of(a) - 1, a_shift);
    const int64_t b_last = halve(end_of(b) - 1, b_shift);
    const int64_t first = a_first < b_first ? a_first : b_first;
    const int64_t last = a_last > b_last ? a_last : b_last;
    return last - first < most_buckets(a, b);
}

/* The highest schema at which they fit; INVALID below the lowest: no doubles are so far apart. */
static enum tachoi_native_result common_schema(const struct tachoi_native_histogram *a,
                                               const struct tachoi_native_histogram *b,
                                               int32_t *out) {
    int32_t schema = a->schema < b->schema ? a->schema : b->schema;
    while (schema >= TACHOI_NATIVE_SCHEMA_MIN &&
           !(fits(&a->positive, a->schema, &b->positive, b->schema, schema) &&
             fits(&a->negative, a->schema, &b->negative, b->schema, schema))) {
        schema--;
    }
    *out = schema;
    return schema >= TACHOI_NATIVE_SCHEMA_MIN ? TACHOI_NATIVE_OK : TACHOI_NATIVE_INVALID;
}

enum tachoi_native_result tachoi_native_histogram_add(struct tachoi_native_histogram *into,
                                                      const struct tachoi_native_histogram *from,
                                                      struct tachoi_arena *arena) {
    struct tachoi_native_histogram a = *into;
    struct tachoi_native_histogram b = *from;
    struct tachoi_native_histogram sum = a;
    reconcile_zeros(&a, &b);
    if (!add_count(&sum.count, b.count) || common_schema(&a, &b, &sum.schema) != TACHOI_NATIVE_OK) {
        return TACHOI_NATIVE_INVALID;
    }
    const unsigned a_shift = (unsigned)(a.schema - sum.schema);
    const unsigned b_shift = (unsigned)(b.schema - sum.schema);
    sum.sum = a.sum + b.sum;
    sum.zero_count = a.zero_count + b.zero_count;
    sum.zero_threshold = a.zero_threshold;
    if (!add_buckets(&a.positive, a_shift, &b.positive, b_shift, arena, &sum.positive) ||
        !add_buckets(&a.negative, a_shift, &b.negative, b_shift, arena, &sum.negative)) {
        return TACHOI_NATIVE_NO_MEMORY;
    }
    *into = sum;
    return TACHOI_NATIVE_OK;
}

/* --- spans --- */

static void append_delta(struct tachoi_native_spans *out, uint64_t count, uint64_t *before) {
    out->deltas[out->delta_count++] = (int64_t)count - (int64_t)*before;
    *before = count;
    out->spans[out->span_count - 1].length++;
}

void tachoi_native_spans_of(const uint64_t *counts, size_t count, int32_t offset,
                            int32_t index_shift, struct tachoi_native_spans *out) {
    uint64_t before = 0;
    size_t next = 0; /* behind the last bucket written */
    out->span_count = 0;
    out->delta_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (counts[i] == 0) {
            continue;
        }
        const size_t gap = i - next;
        if (out->span_count == 0) {
            const int64_t first = (int64_t)offset + (int64_t)i + index_shift;
            out->spans[out->span_count++] = (struct tachoi_native_span){(int32_t)first, 0};
        } else if (gap == 1) {
            append_delta(out, 0, &before);
        } else if (gap > 1) {
            out->spans[out->span_count++] = (struct tachoi_native_span){(int32_t)gap, 0};
        }
        append_delta(out, counts[i], &before);
        next = i + 1;
    }
}

bool tachoi_native_counts_agree(const uint64_t *buckets, size_t bucket_count, uint64_t count,
                                double sum) {
    uint64_t all = 0;
    for (size_t i = 0; i < bucket_count; i++) {
        if (!add_count(&all, buckets[i])) {
            return false;
        }
    }
    return does_agree(all, count, sum);
}

bool tachoi_native_bounds_are_valid(const double *bounds, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(bounds[i]) || (i > 0 && !(bounds[i - 1] < bounds[i]))) {
            return false;
        }
    }
    return true;
}
