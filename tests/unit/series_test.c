/* SPDX-License-Identifier: Apache-2.0 */
/* Tests a series alone: what is recorded into its cells, what the collector reads or takes out of
 * them, and the bits that tell the collector of it. */
#include "storage_fixture.h"

#include <math.h>
#include <pthread.h>

#include "storage/series.h"

static struct tachoi_series_family family;
static struct tachoi_overflow_ring ring;
static struct tachoi_series *series;

static void start(const struct tachoi_aggregation *aggregation, bool is_delta) {
    struct tachoi_attribute_key key;
    family = (struct tachoi_series_family){.aggregation = *aggregation,
                                           .cell_size = tachoi_cell_size(aggregation),
                                           .ring = &ring,
                                           .is_delta = is_delta};
    tachoi_attribute_key_init(&key, SET(1));
    series = tachoi_series_create(&family, &key, 1);
    cr_assert(ne(ptr, series, NULL));
}

static void stop(void) {
    tachoi_series_destroy(series);
    tachoi_reserve_fini(&family.reserve);
}

/* What is read of a histogram of either kind. */
struct reading {
    struct tachoi_histogram_totals totals;
    uint64_t count;
    int32_t scale;
};

static struct reading read_explicit(void) {
    struct reading reading = {0};
    uint64_t buckets[TACHOI_DEFAULT_BOUND_COUNT + 1] = {0};
    tachoi_histogram_totals_init(&reading.totals);
    tachoi_series_read_histogram(series, &reading.totals, buckets);
    reading.count = tachoi_histogram_count(buckets, TACHOI_DEFAULT_BOUND_COUNT + 1);
    return reading;
}

static struct reading read_exponential(void) {
    struct tachoi_exponential *into = tachoi_calloc(1, tachoi_exponential_size(160));
    cr_assert(ne(ptr, into, NULL));
    tachoi_exponential_init(into, 160, 20);
    tachoi_series_read_exponential(series, into);
    const struct reading reading = {
        .totals = into->totals, .count = tachoi_exponential_count(into), .scale = into->scale};
    tachoi_free(into);
    return reading;
}

static struct reading read_either(void) {
    return family.aggregation.kind == TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM ? read_explicit()
                                                                            : read_exponential();
}

/** Writes the lock word of all cells. */
static void set_locks(uint32_t word) {
    struct tachoi_stripes *stripes = tachoi_series_stripes(series);
    atomic_store(&tachoi_histogram_cell_of(tachoi_series_cell(series))->lock, word);
    for (size_t i = 0; stripes != NULL && i < tachoi_stripes_size(stripes); i++) {
        atomic_store(&tachoi_histogram_cell_of(tachoi_stripes_cell(stripes, i))->lock, word);
    }
}

static uint32_t held(void) {
    return tachoi_lock_word_of(tachoi_fork_generation(), TACHOI_HOLDER_RECORDER);
}

/* --- reading --- */

/* TIME-01, AGG-10: the inline cell and the stripes are emptied. */
Test(series, delta_reading_takes_what_cumulative_reading_leaves, .fini = stop) {
    for (int is_delta = 0; is_delta < 2; is_delta++) {
        start(&sum_i64, is_delta == 1);
        tachoi_series_record_i64(series, 5);
        cr_assert(tachoi_series_promote(series));
        tachoi_series_record_i64(series, 7);
        cr_assert(eq(i64, tachoi_series_read_i64(series), 12));
        cr_assert(eq(i64, tachoi_series_read_i64(series), is_delta == 1 ? 0 : 12));
        tachoi_series_destroy(series);

        start(&sum_f64, is_delta == 1);
        tachoi_series_record_f64(series, 0.5);
        cr_assert(tachoi_series_promote(series));
        tachoi_series_record_f64(series, 0.25);
        cr_assert(eq(dbl, tachoi_series_read_f64(series), 0.75));
        cr_assert(eq(dbl, tachoi_series_read_f64(series), is_delta == 1 ? 0 : 0.75));
        if (is_delta == 0) {
            tachoi_series_destroy(series);
        }
    }
}

/* AGG-06, AGG-10, EXPH-13 */
Test(series, delta_reading_empties_histograms_of_both_kinds, .fini = stop) {
    const struct tachoi_aggregation *kinds[] = {&histogram, &exponential};
    for (int i = 0; i < 4; i++) {
        const bool is_delta = i % 2 == 1;
        start(kinds[i / 2], is_delta);
        tachoi_series_record_f64(series, 1e-9);
        cr_assert(tachoi_series_promote(series));
        tachoi_series_record_f64(series, 1e9);
        const struct reading first = read_either();
        cr_assert(eq(u64, first.count, 2));
        cr_assert(eq(dbl, first.totals.min, 1e-9));
        cr_assert(eq(dbl, first.totals.max, 1e9));
        const struct reading second = read_either();
        cr_assert(eq(u64, second.count, is_delta ? 0 : 2));
        tachoi_series_record_f64(series, 3);
        const struct reading third = read_either();
        cr_assert(eq(u64, third.count, is_delta ? 1 : 3));
        cr_assert(eq(dbl, third.totals.max, is_delta ? 3 : 1e9));
        if (kinds[i / 2] == &exponential) {
            cr_assert(lt(i32, first.scale, 3));
            cr_assert(eq(i32, third.scale, is_delta ? 20 : first.scale));
        }
        if (i < 3) {
            tachoi_series_destroy(series);
        }
    }
}

Test(series, a_last_value_stays_when_it_is_read, .fini = stop) {
    start(&last_f64, true);
    tachoi_series_record_f64(series, -0.0);
    for (int i = 0; i < 2; i++) {
        cr_assert(
            eq(u64, tachoi_bits_of_f64(tachoi_series_read_f64(series)), tachoi_bits_of_f64(-0.0)));
    }
    tachoi_series_destroy(series);
    start(&last_i64, true);
    tachoi_series_record_i64(series, INT64_MIN);
    cr_assert(eq(i64, tachoi_series_read_i64(series), INT64_MIN));
    cr_assert(eq(i64, tachoi_series_read_i64(series), INT64_MIN));
}

/* EXPH-10: cells of different scales, which what is read brings together. */
Test(series, an_exponential_series_is_read_at_the_ideal_scale_of_all_cells, .fini = stop) {
    start(&exponential, false);
    tachoi_series_record_f64(series, 0.001);
    cr_assert(tachoi_series_promote(series));
    tachoi_series_record_f64(series, 0.004);
    const struct reading reading = read_exponential();
    cr_assert(eq(u64, reading.count, 2));
    cr_assert(eq(i32, reading.scale, 6));
}

Test(series, without_memory_there_is_no_series, .fini = stop) {
    struct tachoi_attribute_key key;
    start(&exponential, false);
    tachoi_attribute_key_init(&key, SET(2));
    tachoi_alloc_fail_at(1);
    cr_assert(eq(ptr, tachoi_series_create(&family, &key, 1), NULL));
    tachoi_alloc_fail_at(1);
    cr_assert(not(tachoi_series_promote(series)));
    tachoi_alloc_fail_at(0);
    tachoi_series_record_f64(series, 1);
    cr_assert(eq(u64, read_exponential().count, 1));
}

/* --- the bits --- */

static void record_one(void) {
    if (family.aggregation.number_type == TACHO_NUMBER_I64) {
        tachoi_series_record_i64(series, 1);
    } else {
        tachoi_series_record_f64(series, 1);
    }
}

/* TIME-02, TIME-03 */
Test(series, a_measurement_of_any_kind_touches_it_until_the_touch_is_taken, .fini = stop) {
    static const struct tachoi_aggregation *const kinds[] = {&sum_i64,  &sum_f64,   &last_i64,
                                                             &last_f64, &histogram, &exponential};
    for (size_t i = 0; i < 2 * sizeof kinds / sizeof *kinds; i++) {
        start(kinds[i / 2], i % 2 == 1);
        cr_assert(not(tachoi_series_take_touch(series)));
        for (int round = 0; round < 3; round++) {
            if (round == 1) {
                cr_assert(tachoi_series_promote(series));
            }
            atomic_store(&family.takes_touches, round == 2);
            record_one();
            record_one();
            cr_assert(tachoi_series_is(series, TACHOI_SERIES_RECORDED | TACHOI_SERIES_TOUCHED));
            cr_assert(tachoi_series_take_touch(series));
            cr_assert(not(tachoi_series_take_touch(series)));
            cr_assert(tachoi_series_is(series, TACHOI_SERIES_RECORDED));
        }
        if (i + 1 < 2 * sizeof kinds / sizeof *kinds) {
            tachoi_series_destroy(series);
        }
    }
}

Test(series, taking_the_touch_leaves_all_other_bits, .fini = stop) {
    start(&sum_i64, true);
    const uint32_t others = TACHOI_SERIES_RECORDED | 3 * TACHOI_SERIES_PIN;
    atomic_store(&series->use, others | TACHOI_SERIES_TOUCHED);
    cr_assert(tachoi_series_take_touch(series));
    cr_assert(eq(u32, atomic_load(&series->use), others));
}

/* --- cells that are held --- */

Test(series, an_exponential_measurement_waits_in_the_ring_and_touches_when_drained, .fini = stop) {
    start(&exponential, false);
    set_locks(held());
    tachoi_series_record_f64(series, 2);
    tachoi_series_record_f64(series, 0);
    set_locks(0);
    cr_assert(not(tachoi_series_is(series, TACHOI_SERIES_RECORDED)));
    cr_assert(eq(u64, read_exponential().count, 0));
    tachoi_overflow_ring_take(&ring, tachoi_series_drain);
    cr_assert(tachoi_series_take_touch(series));
    cr_assert(eq(u64, read_exponential().count, 2));
    cr_assert(eq(dbl, read_exponential().totals.sum, 2));
    cr_assert(eq(u64, atomic_load(&family.contended), 0));
}

Test(series, an_exponential_series_whose_cell_stays_held_gets_stripes_of_the_reserve,
     .fini = stop) {
    start(&exponential, false);
    cr_assert(tachoi_reserve_refill(&family.reserve, &exponential));
    set_locks(held());
    for (int i = 0; i < 1000; i++) {
        tachoi_series_record_f64(series, i);
    }
    cr_assert(ne(ptr, tachoi_series_stripes(series), NULL));
    set_locks(0);
    cr_assert(eq(u64, read_exponential().count, 1000));
}

/* --- races --- */

enum { RECORDERS = 3, EACH = 20000 };

static void *record_many(void *argument) {
    _Atomic(int) *running = argument;
    for (int i = 0; i < EACH; i++) {
        record_one();
    }
    atomic_fetch_sub(running, 1);
    return NULL;
}

/** What one taking yields, as a number of measurements of 1. */
static uint64_t take_count(void) {
    switch (family.aggregation.kind) {
    case TACHOI_AGGREGATION_SUM:
        return family.aggregation.number_type == TACHO_NUMBER_I64
                   ? (uint64_t)tachoi_series_read_i64(series)
                   : (uint64_t)tachoi_series_read_f64(series);
    case TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM:
    case TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM: {
        const struct reading reading = read_either();
        cr_assert(eq(dbl, reading.totals.sum, (double)reading.count));
        return reading.count;
    }
    case TACHOI_AGGREGATION_LAST_VALUE:
        break;
    }
    return 0;
}

/** As a collector of deltas does: only a series that was touched is read. */
static uint64_t collect_if_touched(void) {
    tachoi_overflow_ring_take(&ring, tachoi_series_drain);
    return tachoi_series_take_touch(series) ? take_count() : 0;
}

static void race_with_collector(const struct tachoi_aggregation *aggregation) {
    _Atomic(int) running = RECORDERS;
    pthread_t threads[RECORDERS];
    uint64_t taken = 0;
    start(aggregation, true);
    for (int i = 0; i < RECORDERS; i++) {
        cr_assert(eq(int, pthread_create(&threads[i], NULL, record_many, &running), 0));
    }
    for (int rounds = 0; atomic_load(&running) > 0; rounds++) {
        taken += collect_if_touched();
        if (rounds == 100) {
            cr_assert(tachoi_series_promote(series));
        }
    }
    for (int i = 0; i < RECORDERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    taken += collect_if_touched();
    cr_assert(eq(u64, taken + atomic_load(&family.contended), RECORDERS * EACH));
}

/* Each measurement is in one reading. */
Test(series_race, deltas_of_integer_sums_add_up_to_what_was_recorded, .fini = stop) {
    race_with_collector(&sum_i64);
}

Test(series_race, deltas_of_double_sums_add_up_to_what_was_recorded, .fini = stop) {
    race_with_collector(&sum_f64);
}

Test(series_race, deltas_of_explicit_histograms_add_up_to_what_was_recorded, .fini = stop) {
    race_with_collector(&histogram);
}

Test(series_race, deltas_of_exponential_histograms_add_up_to_what_was_recorded, .fini = stop) {
    race_with_collector(&exponential);
}
