/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what a measurement meets at the end of its way: lock words, cells, stripes, the ring. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "storage/cell.h"
#include "storage/overflow_ring.h"
#include "storage/stripes.h"

static const double bounds[] = {1, 10};
static const struct tachoi_aggregation histogram_aggregation = {
    .kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM, .bounds = bounds, .bound_count = 2};
static const struct tachoi_aggregation exponential_aggregation = {
    .kind = TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM, .max_size = 4, .max_scale = 20};
static const struct tachoi_aggregation sum_aggregation = {
    .kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_I64, .is_monotonic = true};

/* --- lock words --- */

Test(try_lock, a_held_word_tells_who_holds_it) {
    tachoi_lock_word word = 0;
    cr_assert(eq(int, tachoi_try_lock(&word, TACHOI_HOLDER_RECORDER), TACHOI_HOLDER_NONE));
    cr_assert(eq(int, tachoi_try_lock(&word, TACHOI_HOLDER_COLLECTOR), TACHOI_HOLDER_RECORDER));
    tachoi_unlock(&word);
    tachoi_lock_wait(&word);
    cr_assert(eq(int, tachoi_try_lock(&word, TACHOI_HOLDER_RECORDER), TACHOI_HOLDER_COLLECTOR));
}

Test(try_lock, a_word_of_another_generation_counts_as_free) {
    tachoi_lock_word word =
        tachoi_lock_word_of(tachoi_fork_generation() + 1, TACHOI_HOLDER_RECORDER);
    cr_assert(eq(int, tachoi_try_lock(&word, TACHOI_HOLDER_RECORDER), TACHOI_HOLDER_NONE));
    cr_assert(eq(int, tachoi_try_lock(&word, TACHOI_HOLDER_RECORDER), TACHOI_HOLDER_RECORDER));
}

Test(try_lock, taken_blindly_a_word_stays_held_until_it_is_given_back) {
    tachoi_lock_word word = 0;
    cr_assert(eq(int, tachoi_try_lock(&word, TACHOI_HOLDER_COLLECTOR), TACHOI_HOLDER_NONE));
    cr_assert(not(tachoi_try_lock_blindly(&word)));
    cr_assert(ne(int, tachoi_try_lock(&word, TACHOI_HOLDER_COLLECTOR), TACHOI_HOLDER_NONE));
    tachoi_unlock(&word);
    cr_assert(tachoi_try_lock_blindly(&word));
    cr_assert(not(tachoi_try_lock_blindly(&word)));
    cr_assert(eq(int, tachoi_try_lock(&word, TACHOI_HOLDER_COLLECTOR), TACHOI_HOLDER_RECORDER));
}

Test(try_lock, taken_blindly_a_word_of_another_generation_counts_as_free) {
    tachoi_lock_word word =
        tachoi_lock_word_of(tachoi_fork_generation() + 1, TACHOI_HOLDER_COLLECTOR);
    cr_assert(tachoi_try_lock_blindly(&word));
    cr_assert(not(tachoi_try_lock_blindly(&word)));
}

/* --- cells --- */

/* SDK-19 */
Test(word_cell, integer_sums_wrap) {
    struct tachoi_word_cell cell = {0};
    tachoi_word_cell_add_i64(&cell, INT64_MAX);
    tachoi_word_cell_add_i64(&cell, 1);
    cr_assert(eq(i64, (int64_t)tachoi_word_cell_read(&cell), INT64_MIN));
    tachoi_word_cell_add_i64(&cell, -1);
    cr_assert(eq(i64, (int64_t)tachoi_word_cell_read(&cell), INT64_MAX));
}

Test(word_cell, double_sums_survive_infinities) {
    struct tachoi_word_cell cell = {0};
    cr_assert(tachoi_word_cell_try_add_f64(&cell, 0.5));
    cr_assert(tachoi_word_cell_try_add_f64(&cell, 0.25));
    cr_assert(eq(dbl, tachoi_f64_of_bits(tachoi_word_cell_read(&cell)), 0.75));
    cr_assert(tachoi_word_cell_try_add_f64(&cell, (double)INFINITY));
    cr_assert(tachoi_word_cell_try_add_f64(&cell, -(double)INFINITY));
    cr_assert(isnan(tachoi_f64_of_bits(tachoi_word_cell_read(&cell))));
    cr_assert(tachoi_word_cell_try_add_f64(&cell, 1)); /* a NaN does not make it fail for ever */
}

Test(word_cell, the_detector_counts_switches_between_threads_only) {
    struct tachoi_cell_head head = {0};
    tachoi_cell_note_thread(&head, 7);
    atomic_store(&head.contention, 0);
    for (int i = 0; i < 100; i++) {
        tachoi_cell_note_thread(&head, 7);
    }
    cr_assert(eq(u32, atomic_load(&head.contention), 0));
    for (int i = 0; i < 100; i++) {
        tachoi_cell_note_thread(&head, i % 2 == 0 ? 9 : 7);
    }
    cr_assert(eq(u32, atomic_load(&head.contention), 100));
}

Test(word_cell, taking_leaves_a_zero_that_is_not_negative) {
    struct tachoi_word_cell cell = {0};
    cr_assert(eq(u64, tachoi_word_cell_take(&cell), 0));
    tachoi_word_cell_add_i64(&cell, -3);
    cr_assert(eq(i64, (int64_t)tachoi_word_cell_take(&cell), -3));
    cr_assert(eq(i64, (int64_t)tachoi_word_cell_take(&cell), 0));
    cr_assert(tachoi_word_cell_try_add_f64(&cell, (double)NAN));
    cr_assert(isnan(tachoi_f64_of_bits(tachoi_word_cell_take(&cell))));
    cr_assert(tachoi_word_cell_try_add_f64(&cell, -0.0));
    cr_assert(eq(u64, tachoi_word_cell_take(&cell), tachoi_bits_of_f64(0.0)));
}

static struct tachoi_histogram_cell *make_cell(const struct tachoi_aggregation *aggregation) {
    struct tachoi_histogram_cell *cell = tachoi_calloc(1, tachoi_cell_size(aggregation));
    cr_assert(ne(ptr, cell, NULL));
    tachoi_cell_init(&cell->head, aggregation);
    return cell;
}

static void add_to_cell(struct tachoi_histogram_cell *cell,
                        const struct tachoi_aggregation *aggregation, double value) {
    tachoi_histogram_cell_add_waiting(cell, tachoi_cell_bucket(aggregation, value), value);
    cr_assert(eq(u32, atomic_load(&cell->lock), 0));
}

/* AGG-06, AGG-10 */
Test(histogram_cell, explicit_buckets_are_read_and_taken) {
    struct tachoi_histogram_cell *cell = make_cell(&histogram_aggregation);
    add_to_cell(cell, &histogram_aggregation, 5);
    add_to_cell(cell, &histogram_aggregation, 1);
    for (int takes = 0; takes < 2; takes++) {
        struct tachoi_histogram_totals totals;
        uint64_t buckets[3] = {0};
        tachoi_histogram_totals_init(&totals);
        tachoi_histogram_cell_read(cell, &histogram_aggregation, &totals, buckets, takes == 1);
        cr_assert(eq(dbl, totals.sum, 6));
        cr_assert(eq(dbl, totals.min, 1));
        cr_assert(eq(dbl, totals.max, 5));
        cr_assert(eq(u64, buckets[0], 1));
        cr_assert(eq(u64, buckets[1], 1));
        cr_assert(eq(u64, buckets[2], 0));
    }
    struct tachoi_histogram_cell *fresh = make_cell(&histogram_aggregation);
    cr_assert(memcmp(cell, fresh, tachoi_cell_size(&histogram_aggregation)) == 0);
    tachoi_free(cell);
    tachoi_free(fresh);
}

/* AGG-06, AGG-10, EXPH-13 */
Test(histogram_cell, exponential_buckets_are_merged_and_taken) {
    struct tachoi_histogram_cell *cell = make_cell(&exponential_aggregation);
    struct tachoi_exponential *into = tachoi_calloc(1, tachoi_exponential_size(4));
    cr_assert(ne(ptr, into, NULL));
    add_to_cell(cell, &exponential_aggregation, 0);
    add_to_cell(cell, &exponential_aggregation, 1);
    add_to_cell(cell, &exponential_aggregation, 100);
    for (int takes = 0; takes < 2; takes++) {
        tachoi_exponential_init(into, 4, 20);
        tachoi_histogram_cell_merge(cell, &exponential_aggregation, into, takes == 1);
        cr_assert(eq(u64, tachoi_exponential_count(into), 3));
        cr_assert(eq(u64, into->zero_count, 1));
        cr_assert(eq(i32, into->scale, -2)); /* buckets -1 to 1; at -1 they are -1 to 3 */
        cr_assert(eq(dbl, into->totals.sum, 101));
        tachoi_exponential_reset(into, 20);
    }
    struct tachoi_histogram_cell *fresh = make_cell(&exponential_aggregation);
    cr_assert(memcmp(cell, fresh, tachoi_cell_size(&exponential_aggregation)) == 0);
    tachoi_free(cell);
    tachoi_free(fresh);
    tachoi_free(into);
}

/* --- stripes --- */

Test(stripes, their_number_is_a_power_of_two_above_the_processors) {
    const size_t count = tachoi_stripe_count();
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    cr_assert(eq(sz, count & (count - 1), 0));
    cr_assert(ge(sz, count, 2));
    cr_assert(le(sz, count, TACHOI_STRIPES_MAX));
    cr_assert(count > (size_t)online || count == TACHOI_STRIPES_MAX);
}

Test(stripes, cells_lie_on_cache_lines_of_their_own) {
    struct tachoi_stripes *stripes = tachoi_stripes_create(&sum_aggregation, 4);
    cr_assert(ne(ptr, stripes, NULL));
    for (size_t i = 0; i < 4; i++) {
        const uintptr_t address = (uintptr_t)tachoi_stripes_cell(stripes, i);
        cr_assert(eq(sz, address % TACHOI_CACHE_LINE_BYTES, 0));
        cr_assert(ge(sz, address - (uintptr_t)stripes, (i + 1) * TACHOI_CACHE_LINE_BYTES));
    }
    tachoi_free(stripes);
}

Test(stripes, threads_part_company_and_keep_to_their_stripe) {
    enum { COUNT = 4 };
    struct tachoi_stripes *stripes = tachoi_stripes_create(&sum_aggregation, COUNT);
    cr_assert(ne(ptr, stripes, NULL));
    bool is_taken[COUNT] = {false};
    size_t chosen[COUNT];
    for (uint32_t thread = 0; thread < COUNT; thread++) { /* the same home for all */
        chosen[thread] = tachoi_stripes_choose(stripes, thread * 2 + 1);
        cr_assert(not(is_taken[chosen[thread]]));
        is_taken[chosen[thread]] = true;
    }
    for (uint32_t thread = 0; thread < COUNT; thread++) {
        cr_assert(eq(sz, tachoi_stripes_choose(stripes, thread * 2 + 1), chosen[thread]));
    }
    tachoi_free(stripes);
}

/* Claims of threads that do not run any more are in nobody's way. */
Test(stripes, late_comers_take_claims_over_one_after_the_other) {
    enum { COUNT = 4 };
    struct tachoi_stripes *stripes = tachoi_stripes_create(&sum_aggregation, COUNT);
    cr_assert(ne(ptr, stripes, NULL));
    for (uint32_t thread = 0; thread < COUNT; thread++) {
        (void)tachoi_stripes_choose(stripes, thread * 2 + 1);
    }
    for (int i = 0; i < 100; i++) { /* of one home, never heard of before */
        const uint32_t one = (uint32_t)(101 + i * 4);
        const uint32_t other = one + 2;
        bool is_settled = false;
        for (int turn = 0; turn < 5000 && !is_settled; turn++) { /* both run all the time */
            const size_t ones = tachoi_stripes_choose(stripes, one);
            is_settled = tachoi_stripes_choose(stripes, other) != ones &&
                         tachoi_stripes_choose(stripes, one) == ones;
        }
        cr_assert(is_settled, "pair %d", i);
    }
    tachoi_free(stripes);
}

/* Else all of them would write, each time, what all of them read each time. */
Test(stripes, more_threads_than_stripes_share_instead_of_taking_claims_in_turn) {
    enum { COUNT = 4, THREADS = 7, TURNS = 10000 };
    struct tachoi_stripes *stripes = tachoi_stripes_create(&sum_aggregation, COUNT);
    cr_assert(ne(ptr, stripes, NULL));
    size_t changes = 0;
    size_t used[COUNT] = {0};
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        for (uint32_t thread = 0; thread < THREADS; thread++) { /* all run all the time */
            uint32_t before[COUNT];
            for (size_t i = 0; i < COUNT; i++) {
                before[i] = atomic_load(&stripes->claims[i]);
            }
            used[tachoi_stripes_choose(stripes, thread << 16 | 1)]++;
            for (size_t i = 0; i < COUNT; i++) {
                changes += atomic_load(&stripes->claims[i]) != before[i];
            }
        }
    }
    cr_expect(lt(sz, changes, (size_t)TURNS * THREADS / 500));
    for (size_t i = 0; i < COUNT; i++) {
        cr_expect(gt(sz, used[i], (size_t)TURNS / 2), "stripe %d", (int)i);
    }
    tachoi_free(stripes);
}

Test(stripes, each_is_a_cell_ready_for_its_aggregation) {
    struct tachoi_stripes *stripes = tachoi_stripes_create(&exponential_aggregation, 4);
    cr_assert(ne(ptr, stripes, NULL));
    cr_assert(ge(sz, stripes->stride, tachoi_cell_size(&exponential_aggregation)));
    for (size_t i = 0; i < 4; i++) {
        struct tachoi_histogram_cell *cell =
            tachoi_histogram_cell_of(tachoi_stripes_cell(stripes, i));
        for (int value = 1; value <= 64; value *= 2) {
            add_to_cell(cell, &exponential_aggregation, value);
        }
        cr_assert(eq(u64, tachoi_exponential_count(tachoi_exponential_of(cell)), 7));
    }
    tachoi_free(stripes);
}

Test(stripes, fail_cleanly_without_memory) {
    tachoi_alloc_fail_at(1);
    cr_assert(eq(ptr, tachoi_stripes_create(&histogram_aggregation, 4), NULL));
    tachoi_alloc_fail_at(0);
}

/* --- the ring --- */

static double taken_sum;
static size_t taken_count;

static void note_taken(struct tachoi_series *series, double value) {
    (void)series;
    taken_sum += value;
    taken_count++;
}

Test(overflow_ring, gives_back_what_was_put_and_refuses_when_full) {
    static struct tachoi_overflow_ring ring;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < TACHOI_OVERFLOW_RING_SLOTS; i++) {
            cr_assert(tachoi_overflow_ring_put(&ring, NULL, (double)i));
        }
        cr_assert(not(tachoi_overflow_ring_put(&ring, NULL, 1)));
        taken_sum = 0;
        taken_count = 0;
        tachoi_overflow_ring_take(&ring, note_taken);
        cr_assert(eq(sz, taken_count, TACHOI_OVERFLOW_RING_SLOTS));
        cr_assert(eq(dbl, taken_sum,
                     (double)(TACHOI_OVERFLOW_RING_SLOTS * (TACHOI_OVERFLOW_RING_SLOTS - 1) / 2)));
    }
}

static uint32_t being_written(uint32_t generation) {
    return (generation << 2) | 2;
}

Test(overflow_ring, a_producer_that_stopped_half_way_blocks_its_slot_only) {
    static struct tachoi_overflow_ring ring;
    atomic_store(&ring.slots[0].state, being_written(tachoi_fork_generation()));
    for (size_t i = 1; i < TACHOI_OVERFLOW_RING_SLOTS; i++) {
        cr_assert(tachoi_overflow_ring_put(&ring, NULL, 1));
    }
    cr_assert(not(tachoi_overflow_ring_put(&ring, NULL, 1)));
    taken_count = 0;
    tachoi_overflow_ring_take(&ring, note_taken);
    cr_assert(eq(sz, taken_count, TACHOI_OVERFLOW_RING_SLOTS - 1));
}

Test(overflow_ring, a_slot_that_was_being_written_at_a_fork_is_free) {
    static struct tachoi_overflow_ring ring;
    for (size_t i = 0; i < TACHOI_OVERFLOW_RING_SLOTS; i++) {
        atomic_store(&ring.slots[i].state, being_written(tachoi_fork_generation() + 1));
    }
    cr_assert(tachoi_overflow_ring_put(&ring, NULL, 1));
}
