/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the arithmetic of exponential histograms against slow ways of saying the same: logarithms
 * digit by digit, and histograms made from all values at once. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "aggregation/exponential_boundaries.h"
#include "aggregation/exponential_histogram.h"
#include "base/alloc.h"
#include "base/random.h"

#define MAX_SIZE TACHOI_EXPONENTIAL_MAX_SIZE
#define MAX_SCALE TACHOI_EXPONENTIAL_MAX_SCALE
#define MIN_SCALE TACHOI_EXPONENTIAL_MIN_SCALE

/* --- the reference of the index --- */

__extension__ typedef unsigned __int128 u128;

/** x * x of a number in [1, 2), as 1.127 bits in and 2.126 bits out, short of the last bit. */
static u128 square(u128 x) {
    const uint64_t high = (uint64_t)(x >> 64);
    const uint64_t low = (uint64_t)x;
    return (u128)high * high + (((u128)high * low) >> 63);
}

/** The first `count` binary digits of log2(significand): squaring doubles the logarithm, and each
 * carry beyond 2 is its next digit. The error doubles too: after 90 digits it is 2^-36. */
static u128 digits_of_log2(double significand, int count) {
    u128 x = (u128)(uint64_t)ldexp(significand, 52) << 75;
    u128 digits = 0;
    for (int i = 0; i < count; i++) {
        x = square(x);
        const bool carry = (x >> 127) != 0;
        digits = (digits << 1) | carry;
        x = carry ? x : x << 1;
    }
    return digits;
}

struct reference {
    int32_t index;
    bool is_certain; /* false: so near to a boundary that long double cannot tell */
};

static struct reference reference_index(double value, int32_t scale) {
    const int guard = (LDBL_MANT_DIG > 90 ? 90 : LDBL_MANT_DIG) - 4;
    int exponent = 0;
    const double significand = 2 * frexp(value < DBL_MIN ? DBL_MIN : value, &exponent);
    struct reference reference = {.index = exponent - 1, .is_certain = true};
    if (significand == 1) {
        reference.index = scale > 0 ? reference.index * (1 << scale) - 1 : reference.index - 1;
    } else if (scale > 0) {
        const u128 digits = digits_of_log2(significand, guard);
        const u128 rest = digits & (((u128)1 << (guard - scale)) - 1);
        reference.index =
            reference.index * (1 << scale) + (int32_t)(uint32_t)(digits >> (guard - scale));
        reference.is_certain = rest != 0 && rest != ((u128)1 << (guard - scale)) - 1;
    }
    for (int32_t s = 0; s > scale; s--) {
        reference.index = (int32_t)floor(reference.index / 2.0);
    }
    return reference;
}

static void expect_index(double value, int32_t scale) {
    const struct reference expected = reference_index(value, scale);
    const int32_t index = tachoi_exponential_index(value, scale);
    cr_assert(index == expected.index || (!expected.is_certain && abs(index - expected.index) <= 1),
              "%a at scale %d: %d, not %d", value, scale, index, expected.index);
    const double normal = value < DBL_MIN ? DBL_MIN : value;
    const double lower = tachoi_exponential_lower_bound(index, scale);
    const double upper = tachoi_exponential_lower_bound(index + 1, scale);
    /* The bounds are rounded, so that a value may be equal to the lower one. */
    cr_assert(lower <= normal && normal <= upper, "%a at scale %d: %d is %a to %a", value, scale,
              index, lower, upper);
}

static double random_f64(struct tachoi_rng *rng) {
    double value = 0;
    do {
        const uint64_t bits = tachoi_rng_next(rng) >> 1;
        memcpy(&value, &bits, sizeof value);
    } while (!isfinite(value) || value == 0);
    return value;
}

/* --- index and bounds --- */

/* EXPH-02, EXPH-14 */
Test(exponential_index, a_bucket_ends_with_its_upper_bound) {
    cr_assert(eq(i32, tachoi_exponential_index(1, 0), -1));
    cr_assert(eq(i32, tachoi_exponential_index(nextafter(1, 2), 0), 0));
    cr_assert(eq(i32, tachoi_exponential_index(2, 0), 0));
    cr_assert(eq(i32, tachoi_exponential_index(3, 0), 1));
    cr_assert(eq(i32, tachoi_exponential_index(1.4142135623730949, 1), 0));
    cr_assert(eq(i32, tachoi_exponential_index(1.4142135623730951, 1), 1)); /* above the root */
    cr_assert(eq(i32, tachoi_exponential_index(4, -1), 0));
    cr_assert(eq(i32, tachoi_exponential_index(4.5, -1), 1));
}

/* EXPH-16, EXPH-17, EXPH-18, EXPH-20 */
Test(exponential_index, powers_of_two_are_exact_at_every_scale) {
    for (int32_t scale = MIN_SCALE; scale <= MAX_SCALE; scale++) {
        for (int exponent = -1022; exponent <= 1023; exponent++) {
            const double value = ldexp(1, exponent);
            expect_index(value, scale);
            if (scale >= 0) {
                const int32_t index = exponent * (1 << scale) - 1;
                cr_assert(eq(i32, tachoi_exponential_index(value, scale), index));
                cr_assert(eq(dbl, tachoi_exponential_lower_bound(index + 1, scale), value));
            }
        }
    }
}

/* EXPH-05, EXPH-15, EXPH-19, EXPH-20 */
Test(exponential_index, both_ends_of_the_doubles_have_buckets) {
    for (int32_t scale = MIN_SCALE; scale <= MAX_SCALE; scale++) {
        double low = DBL_MIN;
        double high = DBL_MAX;
        for (int i = 0; i < 200; i++) {
            expect_index(low, scale);
            expect_index(high, scale);
            low = nextafter(low, 1);
            high = nextafter(high, 1);
        }
        const int32_t top = tachoi_exponential_index(DBL_MAX, scale);
        cr_assert(isfinite(tachoi_exponential_lower_bound(top, scale)));
        cr_assert(eq(dbl, tachoi_exponential_lower_bound(top + 1, scale), (double)INFINITY));
        const int32_t bottom = tachoi_exponential_index(DBL_MIN, scale);
        cr_assert(gt(dbl, tachoi_exponential_lower_bound(bottom, scale), 0));
    }
    cr_assert(eq(i32, tachoi_exponential_index(DBL_MAX, MAX_SCALE), (INT32_C(1) << 30) - 1));
    cr_assert(eq(dbl, tachoi_exponential_lower_bound(INT32_MAX, MIN_SCALE), (double)INFINITY));
    cr_assert(eq(dbl, tachoi_exponential_lower_bound(INT32_MIN, MIN_SCALE), 0));
    cr_assert(eq(dbl, tachoi_exponential_lower_bound(INT32_MIN, MAX_SCALE), 0));
}

/* EXPH-07, EXPH-08 */
Test(exponential_index, subnormal_values_count_as_the_smallest_normal_one) {
    for (int32_t scale = MIN_SCALE; scale <= MAX_SCALE; scale++) {
        const int32_t smallest = tachoi_exponential_index(DBL_MIN, scale);
        cr_assert(eq(i32, tachoi_exponential_index(0x1p-1074, scale), smallest));
        cr_assert(eq(i32, tachoi_exponential_index(nextafter(DBL_MIN, 0), scale), smallest));
    }
    cr_assert(eq(i32, tachoi_exponential_index(DBL_MIN, MIN_SCALE), -1));
    cr_assert(eq(i32, tachoi_exponential_index(DBL_MAX, MIN_SCALE), 0));
}

/* EXPH-14, EXPH-19 */
Test(exponential_index, values_next_to_boundaries_are_on_their_side) {
    for (int32_t scale = 1; scale <= MAX_SCALE; scale++) {
        struct tachoi_rng rng;
        tachoi_rng_seed(&rng, (uint64_t)scale);
        for (int i = 0; i < 500; i++) {
            const int32_t indexes = INT32_C(1) << scale;
            const int32_t index =
                (int32_t)tachoi_rng_upto(&rng, (uint64_t)indexes * 20) - indexes * 10;
            const double bound = tachoi_exponential_lower_bound(index, scale);
            expect_index(bound, scale);
            expect_index(nextafter(bound, 0), scale);
            expect_index(nextafter(bound, DBL_MAX), scale);
        }
    }
}

/* EXPH-14, EXPH-19: each is the greatest fraction that does not lie above its boundary */
Test(exponential_index, the_table_has_the_boundaries) {
    for (int k = 1; k < TACHOI_TABLE_SIZE; k++) {
        const long double boundary = exp2l((long double)k / TACHOI_TABLE_SIZE);
        const long double fraction = ldexpl(boundary - 1, 52);
        const uint64_t entry = tachoi_exponential_boundaries[k - 1];
        cr_assert(fraction > (long double)entry, "entry %d", k - 1);
        cr_assert(fraction < (long double)entry + 1, "entry %d", k - 1);
    }
    const uint64_t step = UINT64_C(1) << (52 - TACHOI_TABLE_SCALE);
    for (uint64_t i = 0; i < TACHOI_TABLE_SIZE; i++) {
        const uint64_t *next =
            tachoi_exponential_boundaries + tachoi_exponential_boundaries_below[i];
        cr_assert(next == tachoi_exponential_boundaries || next[-1] < i * step, "%d", (int)i);
        cr_assert(next[0] >= i * step, "%d", (int)i);
        cr_assert(next[1] == UINT64_MAX || next[2] >= (i + 1) * step, "two behind %d", (int)i);
    }
}

/* EXPH-14 */
Test(exponential_index, random_values_lie_where_the_reference_says) {
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, 3);
    for (int i = 0; i < 20000; i++) {
        expect_index(random_f64(&rng), MIN_SCALE + i % (MAX_SCALE - MIN_SCALE + 1));
    }
}

/* --- histograms --- */

static struct tachoi_exponential *make(uint32_t max_size, int32_t max_scale) {
    struct tachoi_exponential *histogram = tachoi_calloc(1, tachoi_exponential_size(max_size));
    cr_assert(ne(ptr, histogram, NULL));
    tachoi_exponential_init(histogram, max_size, max_scale);
    return histogram;
}

static const struct tachoi_exponential_range *range_of(const struct tachoi_exponential *histogram,
                                                       bool is_negative) {
    return is_negative ? &histogram->negative : &histogram->positive;
}

/** The counts of one sign; to be freed. */
static uint64_t *counts_of(const struct tachoi_exponential *histogram, bool is_negative) {
    const size_t size = tachoi_exponential_range_size(range_of(histogram, is_negative));
    uint64_t *counts = tachoi_calloc(size + 1, sizeof *counts);
    cr_assert(ne(ptr, counts, NULL));
    tachoi_exponential_copy(histogram, is_negative, counts);
    cr_assert(eq(u64, counts[size], 0));
    return counts;
}

/* EXPH-21 */
Test(exponential, scales_of_160_buckets_are_those_of_the_specification) {
    static const struct {
        double from_s;
        double to_s;
        int32_t scale;
        double base;
        double relative_error;
    } rows[] = {{0.001, 0.004, 6, 1.010889, 0.00542},
                {0.001, 0.020, 5, 1.021897, 0.01083},
                {0.001, 1, 4, 1.044274, 0.02166},
                {0.001, 100, 3, 1.090508, 0.04329},
                {0.000001, 10, 2, 1.189207, 0.08643}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tachoi_exponential *histogram = make(MAX_SIZE, MAX_SCALE);
        tachoi_exponential_update(histogram, rows[i].from_s);
        tachoi_exponential_update(histogram, rows[i].to_s);
        const double base = tachoi_exponential_lower_bound(1, histogram->scale);
        cr_assert(eq(i32, histogram->scale, rows[i].scale));
        cr_assert(epsilon_eq(dbl, base, rows[i].base, 5e-7));
        cr_assert(epsilon_eq(dbl, (base - 1) / (base + 1), rows[i].relative_error, 5e-6));
        tachoi_free(histogram);
    }
}

/* EXPH-09 */
Test(exponential, one_value_however_often_keeps_the_largest_scale) {
    struct tachoi_exponential *histogram = make(MAX_SIZE, MAX_SCALE);
    for (int i = 0; i < 1000; i++) {
        tachoi_exponential_update(histogram, 0.1);
        tachoi_exponential_update(histogram, -DBL_MAX);
    }
    cr_assert(eq(i32, histogram->scale, MAX_SCALE));
    cr_assert(eq(sz, tachoi_exponential_range_size(&histogram->positive), 1));
    cr_assert(eq(sz, tachoi_exponential_range_size(&histogram->negative), 1));
    cr_assert(eq(u64, tachoi_exponential_count(histogram), 2000));
    tachoi_free(histogram);
}

/* EXPH-04, AGG-06 */
Test(exponential, zeros_of_both_signs_are_counted_apart) {
    struct tachoi_exponential *histogram = make(MAX_SIZE, MAX_SCALE);
    tachoi_exponential_update(histogram, 0.0);
    tachoi_exponential_update(histogram, -0.0);
    cr_assert(eq(u64, histogram->zero_count, 2));
    cr_assert(eq(sz, tachoi_exponential_range_size(&histogram->positive), 0));
    cr_assert(eq(sz, tachoi_exponential_range_size(&histogram->negative), 0));
    tachoi_exponential_update(histogram, 5);
    cr_assert(eq(u64, tachoi_exponential_count(histogram), 3));
    cr_assert(eq(dbl, histogram->totals.sum, 5));
    cr_assert(eq(dbl, histogram->totals.min, 0));
    cr_assert(eq(dbl, histogram->totals.max, 5));
    tachoi_free(histogram);
}

/* EXPH-05, EXPH-08 */
Test(exponential, two_buckets_take_all_doubles) {
    struct tachoi_exponential *histogram = make(2, MAX_SCALE);
    const double values[] = {1, 0x1p-1074, DBL_MAX, DBL_MIN, 3};
    for (size_t i = 0; i < 5; i++) {
        tachoi_exponential_update(histogram, values[i]);
        tachoi_exponential_update(histogram, -values[i]);
    }
    cr_assert(eq(i32, histogram->scale, MIN_SCALE));
    for (int sign = 0; sign < 2; sign++) {
        uint64_t *counts = counts_of(histogram, sign == 1);
        cr_assert(eq(i32, range_of(histogram, sign == 1)->first, -1));
        cr_assert(eq(u64, counts[0], 3));
        cr_assert(eq(u64, counts[1], 2));
        tachoi_free(counts);
    }
    tachoi_free(histogram);
}

/* EXPH-12: an offset that is no multiple of what is merged leaves a first bucket of fewer. */
Test(exponential, odd_offsets_are_rounded_down) {
    struct tachoi_exponential *histogram = make(4, 0);
    const double values[] = {0x1.8p-3, 0x1.8p-2, 0x1.8p-1, 0x1.8p0, 0x1.8p1}; /* buckets -3 .. 1 */
    for (size_t i = 0; i < 5; i++) {
        tachoi_exponential_update(histogram, values[i]);
    }
    uint64_t *counts = counts_of(histogram, false);
    cr_assert(eq(i32, histogram->scale, -1));
    cr_assert(eq(i32, histogram->positive.first, -2));
    cr_assert(eq(sz, tachoi_exponential_range_size(&histogram->positive), 3));
    cr_assert(eq(u64, counts[0], 1));
    cr_assert(eq(u64, counts[1], 2));
    cr_assert(eq(u64, counts[2], 2));
    tachoi_free(counts);
    tachoi_free(histogram);
}

/* --- random streams against histograms made at once --- */

enum { VALUES_MAX = 400 };

struct stream {
    uint64_t seed;
    uint32_t max_size;
    int32_t max_scale;
    size_t count;
    double values[VALUES_MAX];
};

static double random_value(struct tachoi_rng *rng, unsigned shape) {
    const double unit = (double)(tachoi_rng_next(rng) >> 11) * 0x1p-53;
    switch (shape) {
    case 0:
        return random_f64(rng); /* all magnitudes */
    case 1:
        return 100 + unit; /* very narrow */
    case 2:
        return exp(unit * 10 - 5);
    case 3:
        return (double)tachoi_rng_upto(rng, 1000); /* zeros and powers of two among them */
    case 4:
        return ldexp(1, (int)tachoi_rng_upto(rng, 2000) - 1000);
    default: /* close to boundaries */
        return tachoi_exponential_lower_bound((int32_t)tachoi_rng_upto(rng, 3000) - 1500, 4);
    }
}

static struct stream random_stream(uint64_t seed) {
    struct stream stream = {.seed = seed};
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, seed);
    stream.max_size = (uint32_t)(2 + tachoi_rng_upto(&rng, seed % 2 == 0 ? 8 : 158));
    stream.max_scale = seed % 3 == 0 ? (int32_t)tachoi_rng_upto(&rng, 30) - 10 : MAX_SCALE;
    stream.count = (size_t)tachoi_rng_upto(&rng, VALUES_MAX);
    const unsigned shape = (unsigned)tachoi_rng_upto(&rng, 6);
    const bool has_signs = tachoi_rng_upto(&rng, 1) == 0;
    for (size_t i = 0; i < stream.count; i++) {
        const double value =
            random_value(&rng, shape == 6 ? (unsigned)tachoi_rng_upto(&rng, 5) : shape);
        stream.values[i] = has_signs && tachoi_rng_upto(&rng, 1) == 0 ? -value : value;
    }
    return stream;
}

/** The first and the last bucket of one sign at a scale; false if it has none. */
static bool span(const struct stream *stream, bool is_negative, int32_t scale, int32_t *first,
                 int32_t *last) {
    bool is_used = false;
    for (size_t i = 0; i < stream->count; i++) {
        const double value = is_negative ? -stream->values[i] : stream->values[i];
        if (value > 0) {
            const int32_t index = tachoi_exponential_index(value, scale);
            *first = !is_used || index < *first ? index : *first;
            *last = !is_used || index > *last ? index : *last;
            is_used = true;
        }
    }
    return is_used;
}

/** The largest scale at which both signs fit. */
static int32_t ideal_scale(const struct stream *stream) {
    for (int32_t scale = stream->max_scale; scale > MIN_SCALE; scale--) {
        bool fits = true;
        for (int sign = 0; sign < 2; sign++) {
            int32_t first = 0;
            int32_t last = 0;
            fits = fits && (!span(stream, sign == 1, scale, &first, &last) ||
                            (int64_t)last - first < stream->max_size);
        }
        if (fits) {
            return scale;
        }
    }
    return MIN_SCALE;
}

/** Whether the buckets of one sign are what counting all values at the final scale gives. */
static void expect_buckets(const struct stream *stream, const struct tachoi_exponential *histogram,
                           bool is_negative) {
    const struct tachoi_exponential_range *range = range_of(histogram, is_negative);
    int32_t first = 0;
    int32_t last = -1;
    (void)span(stream, is_negative, histogram->scale, &first, &last);
    cr_assert(range->first == first && range->last == last, "seed %lu: %d to %d, not %d to %d",
              stream->seed, range->first, range->last, first, last);
    uint64_t *counts = counts_of(histogram, is_negative);
    for (size_t i = 0; i < stream->count; i++) {
        const double value = is_negative ? -stream->values[i] : stream->values[i];
        if (value > 0) {
            counts[tachoi_exponential_index(value, histogram->scale) - first]--;
        }
    }
    for (int32_t i = first; i <= last; i++) {
        cr_assert(counts[i - first] == 0, "seed %lu: bucket %d is off by %ld", stream->seed, i,
                  (int64_t)counts[i - first]);
    }
    tachoi_free(counts);
}

static bool are_same(double a, double b) {
    return a == b || (isnan(a) && isnan(b)); /* sums of values that large overflow */
}

static void expect_histogram(const struct stream *stream,
                             const struct tachoi_exponential *histogram, double sum) {
    double min = (double)INFINITY;
    double max = -(double)INFINITY;
    uint64_t zeros = 0;
    for (size_t i = 0; i < stream->count; i++) {
        min = fmin(min, stream->values[i]);
        max = fmax(max, stream->values[i]);
        zeros += stream->values[i] == 0;
    }
    cr_assert(histogram->scale == ideal_scale(stream), "seed %lu: scale %d, not %d", stream->seed,
              histogram->scale, ideal_scale(stream));
    cr_assert(tachoi_exponential_count(histogram) == stream->count, "seed %lu", stream->seed);
    cr_assert(histogram->zero_count == zeros, "seed %lu", stream->seed);
    cr_assert(histogram->totals.min == min && histogram->totals.max == max, "seed %lu",
              stream->seed);
    cr_assert(are_same(histogram->totals.sum, sum), "seed %lu: %g, not %g", stream->seed,
              histogram->totals.sum, sum);
    expect_buckets(stream, histogram, false);
    expect_buckets(stream, histogram, true);
}

static double add_values(struct tachoi_exponential *histogram, const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        tachoi_exponential_update(histogram, values[i]);
        sum += values[i];
    }
    return sum;
}

/* EXPH-02, EXPH-03, EXPH-10, EXPH-11, EXPH-12, EXPH-13, AGG-06 */
Test(exponential, streams_give_what_counting_at_the_ideal_scale_gives) {
    for (uint64_t seed = 0; seed < 2000; seed++) {
        const struct stream stream = random_stream(seed);
        struct tachoi_exponential *histogram = make(stream.max_size, stream.max_scale);
        const double sum = add_values(histogram, stream.values, stream.count);
        expect_histogram(&stream, histogram, sum);
        tachoi_free(histogram);
    }
}

/* EXPH-11, EXPH-13: with different scales, sizes of parts and empty parts. */
Test(exponential, merging_parts_gives_the_histogram_of_all_values) {
    for (uint64_t seed = 0; seed < 2000; seed++) {
        const struct stream stream = random_stream(seed);
        const size_t cut = stream.count * (seed % 5) / 4;
        struct tachoi_exponential *a = make(stream.max_size, stream.max_scale);
        struct tachoi_exponential *b = make(stream.max_size, stream.max_scale);
        const double sum = add_values(a, stream.values, cut);
        const double rest = add_values(b, stream.values + cut, stream.count - cut);
        tachoi_exponential_merge(a, b);
        expect_histogram(&stream, a, sum + rest);
        tachoi_free(a);
        tachoi_free(b);
    }
}

/* AGG-10, EXPH-13 */
Test(exponential, a_reset_leaves_nothing_and_raises_the_scale) {
    for (uint64_t seed = 0; seed < 300; seed++) {
        const struct stream stream = random_stream(seed);
        struct tachoi_exponential *histogram = make(stream.max_size, stream.max_scale);
        struct tachoi_exponential *fresh = make(stream.max_size, stream.max_scale);
        (void)add_values(histogram, stream.values, stream.count);
        tachoi_exponential_reset(histogram, stream.max_scale);
        cr_assert(memcmp(histogram, fresh, tachoi_exponential_size(stream.max_size)) == 0,
                  "seed %lu", seed);
        tachoi_free(histogram);
        tachoi_free(fresh);
    }
}
