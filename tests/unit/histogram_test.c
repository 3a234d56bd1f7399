/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the arithmetic of explicit-bucket histograms and of integer sums. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#include "aggregation/explicit_histogram.h"
#include "aggregation/sum.h"
#include "base/random.h"

/* AGG-08 */
Test(histogram, default_bounds_are_those_of_the_specification) {
    const double expected[] = {0,   5,   10,   25,   50,   75,   100,  250,
                               500, 750, 1000, 2500, 5000, 7500, 10000};
    cr_assert(eq(sz, TACHOI_DEFAULT_BOUND_COUNT, sizeof expected / sizeof *expected));
    for (size_t i = 0; i < TACHOI_DEFAULT_BOUND_COUNT; i++) {
        cr_assert(eq(dbl, tachoi_default_bounds[i], expected[i]));
    }
    cr_assert(tachoi_bounds_are_valid(tachoi_default_bounds, TACHOI_DEFAULT_BOUND_COUNT));
}

static size_t default_bucket(double value) {
    return tachoi_histogram_bucket(tachoi_default_bounds, TACHOI_DEFAULT_BOUND_COUNT, value);
}

/* AGG-09 */
Test(histogram, a_value_on_a_bound_belongs_to_the_bucket_below) {
    for (size_t i = 0; i < TACHOI_DEFAULT_BOUND_COUNT; i++) {
        const double bound = tachoi_default_bounds[i];
        cr_assert(eq(sz, default_bucket(bound), i));
        cr_assert(eq(sz, default_bucket(nextafter(bound, (double)INFINITY)), i + 1));
        cr_assert(eq(sz, default_bucket(nextafter(bound, -(double)INFINITY)), i));
    }
}

/* AGG-09, SDK-19 */
Test(histogram, extreme_values_have_a_bucket) {
    cr_assert(eq(sz, default_bucket(-(double)INFINITY), 0));
    cr_assert(eq(sz, default_bucket(-1), 0));
    cr_assert(eq(sz, default_bucket(-0.0), 0));
    cr_assert(eq(sz, default_bucket(1e308), TACHOI_DEFAULT_BOUND_COUNT));
    cr_assert(eq(sz, default_bucket((double)INFINITY), TACHOI_DEFAULT_BOUND_COUNT));
    cr_assert(eq(sz, default_bucket((double)NAN), 0));
}

/* AGG-09 */
Test(histogram, without_bounds_there_is_one_bucket) {
    cr_assert(eq(sz, tachoi_histogram_bucket(NULL, 0, -5), 0));
    cr_assert(eq(sz, tachoi_histogram_bucket(NULL, 0, (double)INFINITY), 0));
}

static size_t bucket_by_walking(const double *bounds, size_t bound_count, double value) {
    size_t i = 0;
    while (i < bound_count && !(bounds[i] >= value)) {
        i++;
    }
    return i;
}

Test(histogram, the_search_agrees_with_walking_for_every_number_of_bounds) {
    double bounds[40];
    for (size_t i = 0; i < 40; i++) {
        bounds[i] = (double)i * 2;
    }
    for (size_t bound_count = 0; bound_count <= 40; bound_count++) {
        for (int value = -3; value <= 83; value++) {
            cr_assert(eq(sz, tachoi_histogram_bucket(bounds, bound_count, value),
                         bucket_by_walking(bounds, bound_count, value)),
                      "%zu bounds, value %d", bound_count, value);
        }
    }
}

Test(histogram, few_bounds_compared_at_once_agree_with_walking) {
    double bounds[TACHOI_BOUNDS_FEW];
    for (size_t i = 0; i < TACHOI_BOUNDS_FEW; i++) {
        bounds[i] = (double)i * 2;
    }
    for (size_t bound_count = 0; bound_count <= TACHOI_BOUNDS_FEW; bound_count++) {
        struct tachoi_few_bounds few;
        tachoi_few_bounds_init(&few, bounds, bound_count);
        for (int value = -3; value <= 35; value++) {
            cr_assert(eq(sz, tachoi_few_bounds_bucket(&few, value),
                         bucket_by_walking(bounds, bound_count, value)),
                      "%zu bounds, value %d", bound_count, value);
        }
        cr_assert(eq(sz, tachoi_few_bounds_bucket(&few, (double)INFINITY), bound_count));
        cr_assert(eq(sz, tachoi_few_bounds_bucket(&few, -(double)INFINITY), 0));
    }
}

Test(histogram, bounds_must_be_finite_and_strictly_increasing) {
    const double equal[] = {1, 1};
    const double falling[] = {2, 1};
    const double infinite[] = {1, (double)INFINITY};
    const double nan[] = {(double)NAN};
    const double valid[] = {-3.5, 0, 1e300};
    cr_assert(not(tachoi_bounds_are_valid(equal, 2)));
    cr_assert(not(tachoi_bounds_are_valid(falling, 2)));
    cr_assert(not(tachoi_bounds_are_valid(infinite, 2)));
    cr_assert(not(tachoi_bounds_are_valid(nan, 1)));
    cr_assert(tachoi_bounds_are_valid(valid, 3));
    cr_assert(tachoi_bounds_are_valid(NULL, 0));
}

struct sample {
    struct tachoi_histogram_totals totals;
    uint64_t buckets[TACHOI_DEFAULT_BOUND_COUNT + 1];
};

static struct sample sample_of(const double *values, size_t count) {
    struct sample sample = {0};
    tachoi_histogram_totals_init(&sample.totals);
    for (size_t i = 0; i < count; i++) {
        tachoi_histogram_update(&sample.totals, sample.buckets, default_bucket(values[i]),
                                values[i]);
    }
    return sample;
}

/* AGG-06 */
Test(histogram, merging_parts_equals_updating_one) {
    double values[200];
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, 42);
    for (size_t i = 0; i < 200; i++) {
        values[i] = (double)tachoi_rng_upto(&rng, 20000) - 100; /* integers: sums are exact */
    }
    const struct sample whole = sample_of(values, 200);
    for (size_t cut = 0; cut <= 200; cut += 20) {
        struct sample merged = sample_of(values, cut);
        const struct sample rest = sample_of(values + cut, 200 - cut);
        tachoi_histogram_merge(&merged.totals, merged.buckets, &rest.totals, rest.buckets,
                               TACHOI_DEFAULT_BOUND_COUNT + 1);
        cr_assert(eq(dbl, merged.totals.sum, whole.totals.sum));
        cr_assert(eq(dbl, merged.totals.min, whole.totals.min));
        cr_assert(eq(dbl, merged.totals.max, whole.totals.max));
        for (size_t i = 0; i <= TACHOI_DEFAULT_BOUND_COUNT; i++) {
            cr_assert(eq(u64, merged.buckets[i], whole.buckets[i]));
        }
        cr_assert(
            eq(u64, tachoi_histogram_count(merged.buckets, TACHOI_DEFAULT_BOUND_COUNT + 1), 200));
    }
}

Test(histogram, min_and_max_take_the_first_value_whatever_it_is) {
    const double below_zero[] = {-7};
    const double infinite[] = {(double)INFINITY};
    cr_assert(eq(dbl, sample_of(below_zero, 1).totals.max, -7));
    cr_assert(eq(dbl, sample_of(below_zero, 1).totals.min, -7));
    cr_assert(eq(dbl, sample_of(infinite, 1).totals.min, (double)INFINITY));
}

/* SDK-19 */
Test(sum, integers_wrap_round_without_undefined_behaviour) {
    cr_assert(eq(i64, tachoi_sum_add_i64(INT64_MAX, 1), INT64_MIN));
    cr_assert(eq(i64, tachoi_sum_add_i64(INT64_MIN, -1), INT64_MAX));
    cr_assert(eq(i64, tachoi_sum_add_i64(5, -7), -2));
}
