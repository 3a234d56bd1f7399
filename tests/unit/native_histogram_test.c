/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the tests of native histograms' arithmetic: golden values, limits, and random ones against
 * a model that knows no offsets: pairs of index and count. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/alloc.h"
#include "base/random.h"
#include "prometheus/native_histogram.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static struct tachoi_arena arena;

static void begin(void) {
    tachoi_arena_init(&arena, 0);
}

static void end(void) {
    tachoi_arena_fini(&arena);
}

TestSuite(native_histogram, .init = begin, .fini = end);

#define COUNTS(...)                                                                                \
    (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)
#define BUCKETS(offset, ...) ((tacho_exponential_buckets){offset, COUNTS(__VA_ARGS__)})

/* --- spans --- */

/* "{offset,length}... deltas" */
static const char *spans_text(const uint64_t *counts, size_t count, int32_t offset,
                              int32_t index_shift) {
    static char text[512];
    struct tachoi_native_span spans[64];
    int64_t deltas[64];
    struct tachoi_native_spans out = {.spans = spans, .deltas = deltas};
    cr_assert(le(sz, tachoi_native_spans_room(count), 64));
    tachoi_native_spans_of(counts, count, offset, index_shift, &out);
    cr_assert(le(sz, out.span_count, tachoi_native_spans_room(count)));
    cr_assert(le(sz, out.delta_count, tachoi_native_spans_room(count)));
    int length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < out.span_count; i++) {
        length += snprintf(text + length, sizeof(text) - (size_t)length,
                           "{%" PRId32 ",%" PRIu32 "}", spans[i].offset, spans[i].length);
    }
    for (size_t i = 0; i < out.delta_count; i++) {
        length += snprintf(text + length, sizeof(text) - (size_t)length, " %" PRId64, deltas[i]);
    }
    return text;
}

static void check_spans(const uint64_t *counts, size_t count, int32_t offset, int32_t index_shift,
                        const char *expected) {
    cr_expect(eq(str, (char *)spans_text(counts, count, offset, index_shift), (char *)expected));
}

/* PROM-28 */
Test(native_histogram, spans_of_custom_buckets_have_the_golden_values) {
    check_spans(COUNTS(10, 0, 0, 20, 5, 2), 0, 0, "{0,1}{2,3} 10 10 -15 -3");
}

/* PROM-34, PROM-35, CONV-14 */
Test(native_histogram, spans_of_exponential_buckets_have_the_golden_values) {
    check_spans(COUNTS(10, 0, 0, 20, 5, 2), 3, 1, "{4,1}{2,3} 10 10 -15 -3");
}

/* CONV-14 */
Test(native_histogram, a_gap_of_one_is_filled_and_a_larger_one_begins_a_span) {
    check_spans(COUNTS(3, 0, 4), 0, 1, "{1,3} 3 -3 4");
    check_spans(COUNTS(3, 0, 0, 4), 0, 1, "{1,1}{2,1} 3 1");
    check_spans(COUNTS(3, 0, 0, 0, 4, 0, 1), -2, 1, "{-1,1}{3,3} 3 1 -4 1");
    check_spans(COUNTS(1, 0, 1, 0, 1, 0, 0, 1, 1), 5, 0, "{5,5}{2,2} 1 -1 1 -1 1 0 0");
}

Test(native_histogram, empty_buckets_at_the_ends_are_left_out) {
    check_spans(COUNTS(0, 0, 7, 0, 0), -10, 1, "{-7,1} 7");
    check_spans(COUNTS(0, 7), 0, 0, "{1,1} 7");
    check_spans(COUNTS(0, 0), 4, 1, "");
    check_spans(NULL, 0, 4, 1, "");
}

Test(native_histogram, spans_reach_the_ends_of_their_types) {
    check_spans(COUNTS(INT64_MAX, 0, 1), INT32_MAX - 3, 1,
                "{2147483645,3} 9223372036854775807 -9223372036854775807 1");
    check_spans(COUNTS(1), INT32_MIN, 1, "{-2147483647,1} 1");
}

/* --- from a point --- */

static tacho_exponential_histogram_point point_of(int32_t scale, tacho_exponential_buckets positive,
                                                  tacho_exponential_buckets negative) {
    tacho_exponential_histogram_point point = {
        .scale = scale, .has_sum = true, .sum = 4.5, .positive = positive, .negative = negative};
    for (size_t i = 0; i < positive.count; i++) {
        point.count += positive.counts[i];
    }
    for (size_t i = 0; i < negative.count; i++) {
        point.count += negative.counts[i];
    }
    return point;
}

static const tacho_exponential_buckets no_buckets;

static struct tachoi_native_histogram of(const tacho_exponential_histogram_point *point) {
    struct tachoi_native_histogram out;
    memset(&out, 0, sizeof(out));
    cr_assert(eq(int, (int)tachoi_native_histogram_of(point, &arena, &out), TACHOI_NATIVE_OK));
    return out;
}

static const char *buckets_text(tacho_exponential_buckets buckets) {
    static char text[4][512];
    static size_t turn;
    char *out = text[turn++ % 4];
    int length = snprintf(out, sizeof(text[0]), "%" PRId32 ":", buckets.offset);
    for (size_t i = 0; i < buckets.count; i++) {
        length += snprintf(out + length, sizeof(text[0]) - (size_t)length, " %" PRIu64,
                           buckets.counts[i]);
    }
    return out;
}

#define expect_buckets(buckets, expected)                                                          \
    cr_expect(eq(str, (char *)buckets_text(buckets), (char *)(expected)))

/* PROM-30, PROM-31 */
Test(native_histogram, keeps_what_a_point_has) {
    tacho_exponential_histogram_point point =
        point_of(3, BUCKETS(-2, 0, 1, 0, 2, 0, 0), BUCKETS(5, 4));
    point.zero_count = 6;
    point.count += 6;
    point.zero_threshold = 0.25;
    const struct tachoi_native_histogram it = of(&point);
    cr_expect(eq(i32, it.schema, 3));
    cr_expect(eq(u64, it.count, 13));
    cr_expect(eq(dbl, it.sum, 4.5));
    cr_expect(eq(u64, it.zero_count, 6));
    cr_expect(eq(dbl, it.zero_threshold, 0.25));
    expect_buckets(it.positive, "-1: 1 0 2");
    expect_buckets(it.negative, "5: 4");
}

/* PROM-32 */
Test(native_histogram, a_point_without_a_threshold_gets_one) {
    const tacho_exponential_histogram_point point = point_of(0, no_buckets, no_buckets);
    const struct tachoi_native_histogram it = of(&point);
    cr_expect(eq(dbl, it.zero_threshold, 1e-128));
    expect_buckets(it.positive, "0:");
    expect_buckets(it.negative, "0:");
}

static void expect_result(const tacho_exponential_histogram_point *point,
                          enum tachoi_native_result expected, const char *what) {
    struct tachoi_native_histogram out = {.schema = 77};
    cr_expect(eq(int, (int)tachoi_native_histogram_of(point, &arena, &out), (int)expected), "%s",
              what);
    cr_expect(eq(int, out.schema == 77, expected != TACHOI_NATIVE_OK), "%s", what);
}

/* PROM-31, PROM-33 */
Test(native_histogram, refuses_low_scales_and_missing_sums) {
    tacho_exponential_histogram_point point = point_of(-4, BUCKETS(0, 1), no_buckets);
    expect_result(&point, TACHOI_NATIVE_OK, "-4");
    point.scale = -5;
    expect_result(&point, TACHOI_NATIVE_SCALE_TOO_LOW, "-5");
    point.scale = INT32_MIN;
    expect_result(&point, TACHOI_NATIVE_SCALE_TOO_LOW, "INT32_MIN");
    point.scale = 0;
    point.has_sum = false;
    expect_result(&point, TACHOI_NATIVE_NO_SUM, "no sum");
}

/* RW2-21 */
Test(native_histogram, refuses_counts_that_disagree) {
    tacho_exponential_histogram_point point = point_of(0, BUCKETS(0, 2, 3), BUCKETS(0, 4));
    point.count++;
    expect_result(&point, TACHOI_NATIVE_INVALID, "one too many");
    point.sum = NAN;
    expect_result(&point, TACHOI_NATIVE_OK, "NaN is in no bucket");
    point.count -= 2;
    expect_result(&point, TACHOI_NATIVE_INVALID, "one too few");
    point = point_of(0, BUCKETS(0, INT64_MAX), no_buckets);
    expect_result(&point, TACHOI_NATIVE_OK, "INT64_MAX");
    point = point_of(0, BUCKETS(0, INT64_MAX, 1), no_buckets);
    expect_result(&point, TACHOI_NATIVE_INVALID, "above INT64_MAX");
    point = point_of(0, BUCKETS(0, UINT64_MAX, 3), no_buckets);
    expect_result(&point, TACHOI_NATIVE_INVALID, "overflow");
}

Test(native_histogram, refuses_impossible_thresholds) {
    tacho_exponential_histogram_point point = point_of(0, BUCKETS(0, 2), no_buckets);
    const double bad[] = {NAN, INFINITY, -INFINITY, -1e-300};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        point.zero_threshold = bad[i];
        expect_result(&point, TACHOI_NATIVE_INVALID, "threshold");
    }
    point.zero_threshold = -0.0;
    expect_result(&point, TACHOI_NATIVE_OK, "-0");
    point.zero_threshold = DBL_MAX;
    expect_result(&point, TACHOI_NATIVE_OK, "DBL_MAX");
}

Test(native_histogram, indices_fit_into_32_bits) {
    tacho_exponential_histogram_point point = point_of(0, BUCKETS(INT32_MAX - 2, 1, 1), no_buckets);
    expect_result(&point, TACHOI_NATIVE_OK, "the last index");
    point = point_of(0, BUCKETS(INT32_MAX - 2, 1, 1, 1), no_buckets);
    expect_result(&point, TACHOI_NATIVE_INVALID, "one behind it");
    point = point_of(0, no_buckets, BUCKETS(INT32_MAX, 1));
    expect_result(&point, TACHOI_NATIVE_INVALID, "negative values, too");
    point = point_of(0, BUCKETS(INT32_MAX - 2, 1, 1, 0, 0, 0), BUCKETS(INT32_MAX, 0));
    expect_result(&point, TACHOI_NATIVE_OK, "empty ones count for nothing");
    point = point_of(0, BUCKETS(INT32_MIN, 1), no_buckets);
    expect_result(&point, TACHOI_NATIVE_OK, "the first index");
}

/* --- merging --- */

/* PROM-31, CONV-14 */
Test(native_histogram, merges_down_rounding_towards_minus_infinity) {
    tacho_exponential_histogram_point point =
        point_of(9, BUCKETS(-3, 1, 2, 4, 8, 16, 32), BUCKETS(-1, 1, 2));
    const struct tachoi_native_histogram it = of(&point);
    cr_expect(eq(i32, it.schema, 8));
    expect_buckets(it.positive, "-2: 1 6 24 32");
    expect_buckets(it.negative, "-1: 1 2");
}

Test(native_histogram, merges_over_any_distance) {
    tacho_exponential_histogram_point point =
        point_of(INT32_MAX, BUCKETS(-2, 1, 2, 4, 8), BUCKETS(INT32_MIN, 5));
    struct tachoi_native_histogram it = of(&point);
    expect_buckets(it.positive, "-1: 3 12");
    expect_buckets(it.negative, "-1: 5");
    point = point_of(20, BUCKETS(INT32_MIN, 5), BUCKETS(INT32_MAX - 1, 6));
    it = of(&point);
    expect_buckets(it.positive, "-524288: 5");
    expect_buckets(it.negative, "524287: 6");
}

Test(native_histogram, merges_down_only) {
    const tacho_exponential_histogram_point point = point_of(2, BUCKETS(-1, 1, 2), no_buckets);
    struct tachoi_native_histogram it = of(&point);
    cr_expect(
        eq(int, (int)tachoi_native_histogram_downscale(&it, 3, &arena), TACHOI_NATIVE_INVALID));
    cr_expect(eq(int, (int)tachoi_native_histogram_downscale(&it, -5, &arena),
                 TACHOI_NATIVE_SCALE_TOO_LOW));
    cr_expect(eq(i32, it.schema, 2));
    cr_expect(eq(int, (int)tachoi_native_histogram_downscale(&it, 2, &arena), TACHOI_NATIVE_OK));
    expect_buckets(it.positive, "-1: 1 2");
    cr_expect(eq(int, (int)tachoi_native_histogram_downscale(&it, -4, &arena), TACHOI_NATIVE_OK));
    cr_expect(eq(i32, it.schema, -4));
    expect_buckets(it.positive, "-1: 1 2");
}

/* --- ends of buckets --- */

Test(native_histogram, ends_of_buckets_are_powers_of_the_base) {
    cr_expect(eq(dbl, tachoi_native_bucket_end(0, -1), 1));
    cr_expect(eq(dbl, tachoi_native_bucket_end(0, 9), 1024));
    cr_expect(eq(dbl, tachoi_native_bucket_end(-4, 0), 65536));
    cr_expect(eq(dbl, tachoi_native_bucket_end(-2, -2), 1. / 16));
    cr_expect(eq(dbl, tachoi_native_bucket_end(1, 0), sqrt(2)));
    cr_expect(eq(dbl, tachoi_native_bucket_end(8, -257), 0.5));
    cr_expect(eq(dbl, tachoi_native_bucket_end(0, -1075), ldexp(1, -1074)));
    cr_expect(eq(dbl, tachoi_native_bucket_end(0, 1023), DBL_MAX));
    cr_expect(eq(dbl, tachoi_native_bucket_end(8, INT32_MAX), DBL_MAX));
    cr_expect(eq(dbl, tachoi_native_bucket_end(8, INT32_MIN), 0));
    for (int32_t schema = -4; schema <= 8; schema++) {
        for (int64_t index = -40; index < 40; index++) {
            const double expected = pow(2, (double)(index + 1) * pow(2, -schema));
            const double got = tachoi_native_bucket_end(schema, index);
            cr_expect(le(dbl, fabs(got - expected), expected * 4e-16), "%d %d", schema, (int)index);
        }
    }
}

/* --- adding --- */

static struct tachoi_native_histogram native(int32_t schema, double threshold, uint64_t zero_count,
                                             tacho_exponential_buckets positive,
                                             tacho_exponential_buckets negative) {
    tacho_exponential_histogram_point point = point_of(schema, positive, negative);
    point.zero_threshold = threshold;
    point.zero_count = zero_count;
    point.count += zero_count;
    return of(&point);
}

static enum tachoi_native_result add(struct tachoi_native_histogram *into,
                                     struct tachoi_native_histogram from) {
    return tachoi_native_histogram_add(into, &from, &arena);
}

/* PROM-30 */
Test(native_histogram, adds_at_the_lower_scale) {
    struct tachoi_native_histogram it = native(2, 0, 1, BUCKETS(-4, 1, 2, 4, 8, 16), BUCKETS(0, 1));
    cr_assert(eq(int, (int)add(&it, native(1, 0, 2, BUCKETS(0, 32, 64), BUCKETS(-3, 7))),
                 TACHOI_NATIVE_OK));
    cr_expect(eq(i32, it.schema, 1));
    cr_expect(eq(u64, it.zero_count, 3));
    cr_expect(eq(u64, it.count, 1 + 31 + 1 + 2 + 96 + 7));
    cr_expect(eq(dbl, it.sum, 9));
    expect_buckets(it.positive, "-2: 3 12 48 64");
    expect_buckets(it.negative, "-3: 7 0 0 1");
}

Test(native_histogram, adds_to_and_from_nothing_in_the_arena) {
    uint64_t counts[] = {3, 4};
    const tacho_exponential_buckets borrowed = {7, counts, 2};
    struct tachoi_native_histogram it = native(0, 0, 0, no_buckets, no_buckets);
    cr_assert(eq(int, (int)add(&it, native(0, 0, 0, borrowed, no_buckets)), TACHOI_NATIVE_OK));
    cr_assert(eq(int, (int)add(&it, native(0, 0, 0, no_buckets, no_buckets)), TACHOI_NATIVE_OK));
    counts[0] = 99;
    expect_buckets(it.positive, "7: 3 4");
    expect_buckets(it.negative, "0:");
    cr_expect(eq(u64, it.count, 7));
}

/* Buckets at scale 0 end at 1, 2, 4, ...: index -1 is (0.5, 1]. */
Test(native_histogram, the_wider_zero_bucket_takes_what_lies_in_it) {
    struct tachoi_native_histogram it =
        native(0, 0, 5, BUCKETS(-3, 1, 2, 4, 8), BUCKETS(-2, 16, 0, 32));
    cr_assert(
        eq(int, (int)add(&it, native(0, 0.5, 100, BUCKETS(3, 7), no_buckets)), TACHOI_NATIVE_OK));
    cr_expect(eq(dbl, it.zero_threshold, 0.5));
    cr_expect(eq(u64, it.zero_count, 5 + 100 + 1 + 2 + 16));
    expect_buckets(it.positive, "-1: 4 8 0 0 7");
    expect_buckets(it.negative, "0: 32");
}

Test(native_histogram, a_bucket_that_would_be_cut_widens_the_zero_bucket) {
    const struct tachoi_native_histogram wide = native(0, 0.75, 1, BUCKETS(3, 7), BUCKETS(0, 1));
    struct tachoi_native_histogram it = native(0, 0, 0, BUCKETS(-1, 4, 8), BUCKETS(0, 2));
    cr_assert(eq(int, (int)add(&it, wide), TACHOI_NATIVE_OK));
    cr_expect(eq(dbl, it.zero_threshold, 1));
    cr_expect(eq(u64, it.zero_count, 5));
    expect_buckets(it.positive, "0: 8 0 0 7");
    expect_buckets(it.negative, "0: 3");

    it = native(0, 0, 0, BUCKETS(-2, 4, 0, 8), no_buckets);
    cr_assert(eq(int, (int)add(&it, wide), TACHOI_NATIVE_OK));
    cr_expect(eq(dbl, it.zero_threshold, 0.75), "an empty one is not cut");
    cr_expect(eq(u64, it.zero_count, 5));

    it = wide;
    cr_assert(
        eq(int, (int)add(&it, native(0, 0, 0, no_buckets, BUCKETS(-1, 2))), TACHOI_NATIVE_OK));
    cr_expect(eq(dbl, it.zero_threshold, 1), "whichever has it, whatever its sign");
    cr_expect(eq(u64, it.zero_count, 3));
    expect_buckets(it.negative, "0: 1");
}

/* Each widens the other's by one more, at scales that differ. */
Test(native_histogram, zero_buckets_widen_each_other_until_they_agree) {
    struct tachoi_native_histogram it = native(0, 0.75, 1, BUCKETS(1, 2, 4), no_buckets);
    cr_assert(eq(int, (int)add(&it, native(-1, 0.5, 1, BUCKETS(-1, 8, 16), BUCKETS(0, 32))),
                 TACHOI_NATIVE_OK));
    /* (0.25, 1] is cut by 0.75: to 1, where nothing of the other is cut */
    cr_expect(eq(dbl, it.zero_threshold, 1));
    cr_expect(eq(u64, it.zero_count, 10));
    it = native(0, 3, 1, BUCKETS(2, 2, 4), no_buckets);
    cr_assert(eq(int, (int)add(&it, native(-2, 0.5, 1, BUCKETS(0, 8, 16), no_buckets)),
                 TACHOI_NATIVE_OK));
    /* (1, 16] is cut by 3: to 16, which takes (4, 8] and (8, 16] of the other */
    cr_expect(eq(dbl, it.zero_threshold, 16));
    cr_expect(eq(u64, it.zero_count, 1 + 1 + 8 + 6));
    expect_buckets(it.positive, "1: 16");
}

Test(native_histogram, what_is_accumulated_stays_bounded) {
    struct tachoi_native_histogram it = native(8, 0, 0, BUCKETS(-20, 1), no_buckets);
    cr_assert(
        eq(int, (int)add(&it, native(8, 0, 0, BUCKETS(139, 1), no_buckets)), TACHOI_NATIVE_OK));
    cr_expect(eq(i32, it.schema, 8));
    cr_expect(eq(sz, it.positive.count, 160));
    cr_assert(
        eq(int, (int)add(&it, native(8, 0, 0, BUCKETS(140, 1), no_buckets)), TACHOI_NATIVE_OK));
    cr_expect(eq(i32, it.schema, 7));
    cr_expect(eq(sz, it.positive.count, 81));
    cr_assert(eq(int, (int)add(&it, native(8, 0, 0, BUCKETS(1 << 17, 1), BUCKETS(-1, 1))),
                 TACHOI_NATIVE_OK));
    cr_expect(le(sz, it.positive.count, 160));
    cr_expect(eq(u64, it.count, 5));

    uint64_t many[500];
    for (size_t i = 0; i < 500; i++) {
        many[i] = 1;
    }
    const tacho_exponential_buckets wide = {0, many, 500};
    it = native(8, 0, 0, wide, no_buckets);
    cr_assert(eq(int, (int)add(&it, native(8, 0, 0, wide, no_buckets)), TACHOI_NATIVE_OK));
    cr_expect(eq(i32, it.schema, 8), "who has more may keep it");
    cr_expect(eq(sz, it.positive.count, 500));
}

Test(native_histogram, what_cannot_be_added_changes_nothing) {
    struct tachoi_native_histogram it = native(0, 0, 0, BUCKETS(0, INT64_MAX), no_buckets);
    cr_expect(
        eq(int, (int)add(&it, native(0, 0, 0, BUCKETS(0, 1), no_buckets)), TACHOI_NATIVE_INVALID));
    expect_buckets(it.positive, "0: 9223372036854775807");
    it = native(-4, 0, 0, BUCKETS(INT32_MIN, 1), no_buckets);
    cr_expect(eq(int, (int)add(&it, native(-4, 1e-100, 0, BUCKETS(INT32_MAX - 1, 1), no_buckets)),
                 TACHOI_NATIVE_OK),
              "below all doubles is zero");
    cr_expect(eq(u64, it.zero_count, 1));
    it = native(-4, 1e-128, 0, BUCKETS(200, 1), no_buckets);
    cr_expect(eq(int, (int)add(&it, native(-4, 1e-128, 0, BUCKETS(INT32_MAX - 1, 1), no_buckets)),
                 TACHOI_NATIVE_INVALID));
    expect_buckets(it.positive, "200: 1");
}

/* --- against the model --- */

#define MODEL_MAX 512

struct model {
    struct {
        int64_t index; /* negative values: counted under their sign */
        bool is_negative;
        uint64_t count;
    } items[MODEL_MAX];
    size_t size;
};

static void model_put(struct model *model, bool is_negative, int64_t index, uint64_t count) {
    for (size_t i = 0; i < model->size; i++) {
        if (model->items[i].index == index && model->items[i].is_negative == is_negative) {
            model->items[i].count += count;
            return;
        }
    }
    cr_assert(lt(sz, model->size, MODEL_MAX));
    if (count > 0) {
        model->items[model->size].index = index;
        model->items[model->size].is_negative = is_negative;
        model->items[model->size++].count = count;
    }
}

static uint64_t model_get(const struct model *model, bool is_negative, int64_t index) {
    for (size_t i = 0; i < model->size; i++) {
        if (model->items[i].index == index && model->items[i].is_negative == is_negative) {
            return model->items[i].count;
        }
    }
    return 0;
}

/* One scale lower, by the rounding of doubles. */
static void model_halve(struct model *model) {
    struct model halved = {.size = 0};
    for (size_t i = 0; i < model->size; i++) {
        model_put(&halved, model->items[i].is_negative,
                  (int64_t)floor((double)model->items[i].index / 2), model->items[i].count);
    }
    *model = halved;
}

static void model_take(struct model *model, const tacho_exponential_buckets *buckets,
                       bool is_negative) {
    for (size_t i = 0; i < buckets->count; i++) {
        model_put(model, is_negative, buckets->offset + (int64_t)i, buckets->counts[i]);
    }
}

static uint64_t check_sign(const struct model *model, const tacho_exponential_buckets *buckets,
                           bool is_negative) {
    uint64_t sum = 0;
    for (size_t i = 0; i < buckets->count; i++) {
        const int64_t index = buckets->offset + (int64_t)i;
        cr_assert(eq(u64, buckets->counts[i], model_get(model, is_negative, index)), "index %d",
                  (int)index);
        sum += buckets->counts[i];
    }
    cr_assert(buckets->count == 0 ||
              (buckets->counts[0] != 0 && buckets->counts[buckets->count - 1] != 0));
    return sum;
}

/* All of the model is there, and nothing else. */
static void check_model(const struct model *model, const struct tachoi_native_histogram *it) {
    uint64_t sum = it->zero_count;
    uint64_t expected = it->zero_count;
    sum += check_sign(model, &it->positive, false);
    sum += check_sign(model, &it->negative, true);
    for (size_t i = 0; i < model->size; i++) {
        expected += model->items[i].count;
    }
    cr_assert(eq(u64, sum, expected));
    cr_assert(eq(u64, it->count, expected));
}

struct random_point {
    uint64_t positive[40];
    uint64_t negative[40];
    tacho_exponential_histogram_point point;
};

static int32_t random_between(struct tachoi_rng *rng, int32_t low, int32_t high) {
    return low + (int32_t)tachoi_rng_upto(rng, (uint64_t)(high - low));
}

static tacho_exponential_buckets random_buckets(struct tachoi_rng *rng, uint64_t *counts) {
    const size_t count = tachoi_rng_upto(rng, 40);
    for (size_t i = 0; i < count; i++) {
        counts[i] = tachoi_rng_upto(rng, 2) == 0 ? tachoi_rng_upto(rng, 1000) : 0;
    }
    return (tacho_exponential_buckets){random_between(rng, -60, 30), counts, count};
}

static void random_point(struct tachoi_rng *rng, struct random_point *out) {
    const tacho_exponential_buckets positive = random_buckets(rng, out->positive);
    const tacho_exponential_buckets negative = random_buckets(rng, out->negative);
    out->point = point_of(random_between(rng, -4, 12), positive, negative);
    out->point.zero_count = tachoi_rng_upto(rng, 9);
    out->point.count += out->point.zero_count;
}

Test(native_histogram, merging_agrees_with_the_model) {
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, 5);
    for (int round = 0; round < 2000; round++) {
        struct random_point random;
        struct model model = {.size = 0};
        random_point(&rng, &random);
        struct tachoi_native_histogram it = of(&random.point);
        const int32_t schema = random_between(&rng, -4, it.schema);
        cr_assert(
            eq(int, (int)tachoi_native_histogram_downscale(&it, schema, &arena), TACHOI_NATIVE_OK));
        model_take(&model, &random.point.positive, false);
        model_take(&model, &random.point.negative, true);
        for (int32_t scale = random.point.scale; scale > schema; scale--) {
            model_halve(&model);
        }
        cr_assert(eq(i32, it.schema, schema));
        check_model(&model, &it);
        tachoi_arena_reset(&arena);
    }
}

Test(native_histogram, adding_agrees_with_the_model) {
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, 6);
    for (int round = 0; round < 500; round++) {
        struct random_point first;
        struct random_point random;
        struct model model = {.size = 0};
        uint64_t zeros = 0;
        random_point(&rng, &first);
        random = first; /* its buckets are those of `first`, which the sum borrows */
        struct tachoi_native_histogram sum = of(&random.point);
        int32_t scale = random.point.scale;
        for (int part = 0; part < 6; part++) {
            struct model next = {.size = 0};
            if (part > 0) {
                random_point(&rng, &random);
                cr_assert(eq(int, (int)add(&sum, of(&random.point)), TACHOI_NATIVE_OK));
            }
            model_take(&next, &random.point.positive, false);
            model_take(&next, &random.point.negative, true);
            zeros += random.point.zero_count;
            for (int32_t at = random.point.scale; at > sum.schema; at--) {
                model_halve(&next);
            }
            for (; scale > sum.schema; scale--) {
                model_halve(&model);
            }
            for (size_t i = 0; i < next.size; i++) {
                model_put(&model, next.items[i].is_negative, next.items[i].index,
                          next.items[i].count);
            }
            check_model(&model, &sum);
            cr_assert(eq(u64, sum.zero_count, zeros));
        }
        tachoi_arena_reset(&arena);
    }
}

/* Whatever the thresholds: nothing is lost, and no bucket lies in the zero bucket. */
Test(native_histogram, adding_with_any_thresholds_loses_nothing) {
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, 7);
    for (int round = 0; round < 3000; round++) {
        struct random_point a;
        struct random_point b;
        random_point(&rng, &a);
        random_point(&rng, &b);
        a.point.zero_threshold =
            ldexp(1 + (double)tachoi_rng_upto(&rng, 9) / 10, random_between(&rng, -40, 20));
        b.point.zero_threshold =
            ldexp(1 + (double)tachoi_rng_upto(&rng, 9) / 10, random_between(&rng, -40, 20));
        struct tachoi_native_histogram sum = of(&a.point);
        cr_assert(eq(int, (int)add(&sum, of(&b.point)), TACHOI_NATIVE_OK));
        uint64_t total = sum.zero_count;
        const tacho_exponential_buckets *signs[] = {&sum.positive, &sum.negative};
        for (size_t sign = 0; sign < 2; sign++) {
            for (size_t i = 0; i < signs[sign]->count; i++) {
                total += signs[sign]->counts[i];
            }
        }
        cr_assert(eq(u64, total, a.point.count + b.point.count));
        cr_assert(eq(u64, sum.count, total));
        cr_assert(
            ge(dbl, sum.zero_threshold, fmax(a.point.zero_threshold, b.point.zero_threshold)));
        tachoi_arena_reset(&arena);
    }
}

/* The deltas, summed up, are the counts; the spans tell where. */
Test(native_histogram, spans_can_be_undone) {
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, 8);
    for (int round = 0; round < 3000; round++) {
        uint64_t counts[40];
        struct tachoi_native_span spans[40];
        int64_t deltas[40];
        struct tachoi_native_spans out = {.spans = spans, .deltas = deltas};
        struct model model = {.size = 0};
        struct model undone = {.size = 0};
        const tacho_exponential_buckets buckets = random_buckets(&rng, counts);
        model_take(&model, &buckets, false);
        tachoi_native_spans_of(counts, buckets.count, buckets.offset, 1, &out);
        int64_t index = 0;
        int64_t count = 0;
        size_t delta = 0;
        for (size_t span = 0; span < out.span_count; span++) {
            cr_assert(span == 0 || spans[span].offset >= 2);
            index += spans[span].offset;
            for (uint32_t i = 0; i < spans[span].length; i++) {
                count += deltas[delta++];
                model_put(&undone, false, index++ - 1, (uint64_t)count);
            }
        }
        cr_assert(eq(sz, delta, out.delta_count));
        cr_assert(eq(sz, undone.size, model.size));
        for (size_t i = 0; i < model.size; i++) {
            cr_assert(
                eq(u64, model_get(&undone, false, model.items[i].index), model.items[i].count));
        }
    }
}

/* --- memory --- */

Test(native_histogram, lack_of_memory_changes_nothing) {
    const tacho_exponential_histogram_point point =
        point_of(9, BUCKETS(-3, 1, 2, 4), BUCKETS(0, 8, 16));
    enum tachoi_native_result result = TACHOI_NATIVE_NO_MEMORY;
    uint64_t k = 0;
    while (result != TACHOI_NATIVE_OK) {
        struct tachoi_arena small;
        tachoi_arena_init(&small, 0);
        struct tachoi_native_histogram out = {.schema = 77};
        tachoi_alloc_fail_at(++k);
        result = tachoi_native_histogram_of(&point, &small, &out);
        const bool has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, (int)result, has_failed ? TACHOI_NATIVE_NO_MEMORY : TACHOI_NATIVE_OK));
        cr_assert(eq(i32, out.schema, has_failed ? 77 : 8));
        tachoi_arena_fini(&small);
    }
    cr_expect(ge(u64, k, 2));
    struct tachoi_arena full;
    tachoi_arena_init(&full, 1);
    struct tachoi_native_histogram it = of(&point);
    const struct tachoi_native_histogram from = it;
    cr_expect(
        eq(int, (int)tachoi_native_histogram_add(&it, &from, &full), TACHOI_NATIVE_NO_MEMORY));
    cr_expect(
        eq(int, (int)tachoi_native_histogram_downscale(&it, 0, &full), TACHOI_NATIVE_NO_MEMORY));
    cr_expect(eq(i32, it.schema, 8));
    cr_expect(eq(u64, it.count, 31));
    expect_buckets(it.positive, "-2: 1 6");
    tachoi_arena_fini(&full);
}

/* --- bounds --- */

/* RW2-20 */
Test(native_histogram, custom_bounds_are_finite_and_increase) {
    const double good[] = {-DBL_MAX, -1, -0.0, DBL_MIN, 1, DBL_MAX};
    cr_expect(tachoi_native_bounds_are_valid(good, 6));
    cr_expect(tachoi_native_bounds_are_valid(NULL, 0));
    const double bad[][2] = {{1, 1},         {2, 1},   {0, -0.0}, {1, INFINITY},
                             {-INFINITY, 1}, {NAN, 1}, {1, NAN}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect(not(tachoi_native_bounds_are_valid(bad[i], 2)), "%g %g", bad[i][0], bad[i][1]);
    }
}
