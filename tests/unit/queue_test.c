/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the queue of records and the runs that are taken from it. One thread, so the lock that the
 * calls ask for is not needed. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/alloc.h"
#include "remote_write/queue.h"

static struct tachoi_queue queue;
static struct tachoi_run run;
static struct tachoi_run gathered;
static struct tachoi_series_shape gauge_shape = {
    .kind = TACHOI_ENCODED_GAUGE, .component_count = 1, .record_words = TACHOI_NUMBER_RECORD_WORDS};
static struct tachoi_series_shape histogram_shape = {.kind = TACHOI_ENCODED_HISTOGRAM,
                                                     .bound_count = 2,
                                                     .component_count = 5,
                                                     .record_words = 9,
                                                     .ends_with_sum = true,
                                                     .is_private = true,
                                                     .size_bytes = 1000};
static struct tachoi_encoded_series gauge = {.shape = &gauge_shape};
static struct tachoi_encoded_series histogram = {.shape = &histogram_shape};

static void begin(void) {
    tachoi_queue_init(&queue, 1048576);
}

static void end(void) {
    tachoi_queue_release_locked(&queue, &run);
    (void)tachoi_queue_clear_locked(&queue);
    cr_expect(eq(u64, queue.bytes, 0)); /* whatever happened */
    tachoi_queue_fini(&queue);
    tachoi_run_fini(&gathered);
    tachoi_run_fini(&run);
}

TestSuite(queue, .init = begin, .fini = end);

static void gather(struct tachoi_encoded_series *series, int64_t time_ms) {
    const size_t words = series->shape->record_words;
    struct tachoi_record *record = tachoi_run_prepare(&gathered, words);
    cr_assert(ne(ptr, record, NULL));
    tachoi_record_set_head(record, series, time_ms, 0);
    record->words[0] = (uint64_t)time_ms * 10;
    if (series != &gauge) {
        record->words[TACHOI_HISTOGRAM_HAS_SUM] = 1;
    }
    tachoi_run_commit(&gathered, words, tachoi_record_samples(record));
}

static void append(struct tachoi_encoded_series *series, int64_t time_ms) {
    gather(series, time_ms);
    tachoi_queue_append_locked(&queue, &gathered);
    cr_assert(eq(sz, gathered.record_count, 0));
}

static void append_gauges(int64_t first_ms, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        append(&gauge, first_ms + i);
    }
}

static void expect_times(int64_t first_ms, size_t count) {
    struct tachoi_run_walk walk = tachoi_run_walk(&run);
    for (size_t i = 0; i < count; i++) {
        const struct tachoi_record *record = tachoi_run_next(&walk);
        cr_assert(ne(ptr, (void *)record, NULL));
        cr_assert(eq(i64, record->time_ms, first_ms + (int64_t)i));
        cr_assert(eq(u64, record->words[0], (uint64_t)record->time_ms * 10));
    }
    cr_assert(eq(ptr, (void *)tachoi_run_next(&walk), NULL));
}

Test(queue, a_number_takes_32_bytes) {
    append(&gauge, 1);
    cr_assert(eq(u64, queue.bytes, 32));
}

Test(queue, gives_back_what_was_appended_in_order) {
    append_gauges(1, 5000); /* over several chunks */
    cr_assert(eq(sz, queue.waiting.sample_count, 5000));
    cr_assert(tachoi_queue_take_locked(&queue, 3000, &run));
    expect_times(1, 3000);
    cr_assert(eq(sz, queue.waiting.sample_count, 2000));
    cr_assert(eq(u64, queue.head_sequence, 3000));
    cr_assert(eq(u64, queue.bytes, 160000)); /* taken is not released */
    tachoi_queue_release_locked(&queue, &run);
    cr_assert(eq(u64, queue.bytes, 64000));
    append_gauges(5001, 10);
    cr_assert(tachoi_queue_take_locked(&queue, 10000, &run));
    expect_times(3001, 2010);
    cr_assert(not(tachoi_queue_take_locked(&queue, 1, &run)));
    cr_assert(eq(u64, queue.head_sequence, queue.tail_sequence));
}

/* QUEUE-04 */
Test(queue, takes_whole_records_but_at_least_one) {
    append_gauges(1, 2);
    append(&histogram, 3); /* 5 samples */
    append(&histogram, 4);
    cr_assert(tachoi_queue_take_locked(&queue, 6, &run));
    cr_assert(eq(sz, run.sample_count, 2));
    tachoi_queue_release_locked(&queue, &run);
    cr_assert(tachoi_queue_take_locked(&queue, 4, &run)); /* less than one has */
    cr_assert(eq(sz, run.sample_count, 5));
}

/* QUEUE-05 */
Test(queue, drops_the_oldest_when_it_holds_too_much) {
    queue.max_bytes = 3200;
    append_gauges(1, 130);
    cr_assert(eq(sz, tachoi_queue_trim_locked(&queue), 30));
    cr_assert(eq(sz, tachoi_queue_trim_locked(&queue), 0));
    cr_assert(tachoi_queue_take_locked(&queue, 1000, &run));
    expect_times(31, 25); /* at most a quarter is taken at once */
    cr_assert(eq(sz, queue.waiting.sample_count, 75));
}

Test(queue, what_was_taken_counts_but_is_not_dropped) {
    queue.max_bytes = 3200;
    append_gauges(1, 60);
    cr_assert(tachoi_queue_take_locked(&queue, 1000, &run));
    append_gauges(61, 60);
    cr_assert(eq(sz, tachoi_queue_trim_locked(&queue), 20));
    expect_times(1, 25);
    tachoi_queue_release_locked(&queue, &run);
    cr_assert(tachoi_queue_take_locked(&queue, 1000, &run));
    expect_times(46, 25);
}

Test(queue, a_large_collection_is_not_copied) {
    append_gauges(1, 3); /* leaves room */
    for (int64_t i = 4; i <= 9000; i++) {
        gather(&gauge, i);
    }
    const struct tachoi_record *record = tachoi_run_first(&gathered);
    tachoi_queue_append_locked(&queue, &gathered);
    append_gauges(9001, 10);
    cr_assert(eq(sz, tachoi_queue_drop_before_locked(&queue, 4), 3));
    cr_assert(eq(ptr, (void *)tachoi_run_first(&queue.waiting), (void *)record));
    queue.max_bytes = UINT64_MAX;
    cr_assert(tachoi_queue_take_locked(&queue, 3000, &run));
    expect_times(4, 3000);
    tachoi_queue_release_locked(&queue, &run);
    cr_assert(tachoi_queue_take_locked(&queue, SIZE_MAX, &run));
    expect_times(3004, 6007);
}

Test(queue, a_chunk_that_was_not_used_gives_way_to_a_longer_one) {
    for (int64_t i = 1; i <= (int64_t)TACHOI_CHUNK_WORDS / 4; i++) { /* just full */
        gather(&gauge, i);
    }
    cr_assert(ne(ptr, tachoi_run_prepare(&gathered, 4), NULL)); /* not committed */
    struct tachoi_series_shape long_shape = histogram_shape;
    struct tachoi_encoded_series long_series = {.shape = &long_shape};
    long_shape.bound_count = 3000;
    long_shape.record_words = (uint32_t)tachoi_histogram_record_words(3000);
    gather(&long_series, 1000);
    cr_assert(eq(sz, gathered.chunk_count, 2));
    gather(&gauge, 1001);
    tachoi_queue_append_locked(&queue, &gathered);
    cr_assert(eq(sz, tachoi_queue_drop_before_locked(&queue, 1000), TACHOI_CHUNK_WORDS / 4));
    cr_assert(eq(sz, queue.waiting.record_count, 2));
    (void)tachoi_queue_clear_locked(&queue);
}

Test(queue, small_collections_fill_chunks) {
    for (int64_t i = 0; i < 100; i++) {
        for (int64_t k = 0; k < 600; k++) { /* a little more than a chunk */
            gather(&gauge, i);
        }
        tachoi_queue_append_locked(&queue, &gathered);
    }
    cr_assert(lt(sz, queue.waiting.chunk_count, 60000 / 510 + 2));
}

Test(queue, chunks_are_used_again_but_not_hoarded) {
    for (int64_t i = 0; i < 10; i++) {
        tachoi_alloc_fail_at(i == 0 ? 0 : 1);
        tachoi_queue_lend_locked(&queue, &gathered);
        for (int64_t k = 0; k < 5100; k++) { /* ten chunks */
            gather(&gauge, i);
        }
        tachoi_queue_append_locked(&queue, &gathered);
        if (i == 0) { /* the one that takes parts of chunks */
            cr_assert(tachoi_queue_take_locked(&queue, 5, &run));
            tachoi_queue_release_locked(&queue, &run);
        }
        while (tachoi_queue_take_locked(&queue, 2000, &run)) {
            tachoi_queue_release_locked(&queue, &run);
        }
    }
    tachoi_alloc_fail_at(0);
    append_gauges(1, 1);
    cr_assert(le(sz, gathered.spare_count + queue.waiting.spare_count, 1));
}

static void expect_gone(struct tachoi_encoded_series *series) {
    cr_assert(eq(ptr, (void *)tachoi_queue_take_gone_locked(&queue), (void *)series));
}

Test(queue, a_series_no_longer_measured_counts_as_its_memory_until_its_last_record_is_gone) {
    append(&histogram, 1);
    append(&histogram, 2);
    const uint64_t bytes = queue.bytes;
    tachoi_queue_retire_locked(&queue, &histogram, 2);
    cr_assert(eq(u64, queue.bytes, bytes + tachoi_encoded_series_size(&histogram)));
    cr_assert(tachoi_queue_take_locked(&queue, 5, &run));
    tachoi_queue_release_locked(&queue, &run);
    expect_gone(NULL);
    queue.max_bytes = bytes / 2;
    cr_assert(eq(sz, tachoi_queue_trim_locked(&queue), 5)); /* the last one takes it along */
    cr_assert(eq(u64, queue.bytes, 0));
    expect_gone(&histogram);
    expect_gone(NULL);
    struct tachoi_encoded_series never = {.shape = &gauge_shape};
    tachoi_queue_retire_locked(&queue, &never, 0);
    expect_gone(&never);
}

/* RETRY-03 */
Test(queue, drops_what_is_older_than_a_time) {
    append_gauges(1, 10);
    cr_assert(eq(sz, tachoi_queue_drop_before_locked(&queue, 5), 4));
    cr_assert(eq(sz, tachoi_queue_drop_before_locked(&queue, 5), 0));
    cr_assert(tachoi_queue_take_locked(&queue, 100, &run));
    expect_times(5, 6);
    cr_assert(eq(sz, tachoi_queue_drop_before_locked(&queue, INT64_MAX), 0));
}

Test(queue, without_memory_nothing_moves) {
    append_gauges(1, 10);
    tachoi_run_trim_spare(&queue.waiting, 0);
    tachoi_alloc_fail_at(1);
    cr_assert(not(tachoi_queue_take_locked(&queue, 9, &run))); /* part of a chunk */
    cr_assert(not(tachoi_alloc_fail_pending()));
    cr_assert(eq(sz, queue.waiting.sample_count, 10));
    cr_assert(eq(u64, queue.head_sequence, 0));
    cr_assert(tachoi_queue_take_locked(&queue, 9, &run));
    expect_times(1, 9);
}

/* --- runs --- */

Test(queue, ranges_of_a_run_keep_histograms_whole_where_they_fit) {
    append_gauges(1, 2);
    append(&histogram, 3);
    append_gauges(4, 2);
    cr_assert(tachoi_queue_take_locked(&queue, 100, &run)); /* samples 0 1 | 2-6 | 7 8 */
    cr_assert(eq(sz, tachoi_run_range_end(&run, 0, 100), 9));
    cr_assert(eq(sz, tachoi_run_range_end(&run, 0, 7), 7));
    cr_assert(eq(sz, tachoi_run_range_end(&run, 0, 6), 2));
    cr_assert(eq(sz, tachoi_run_range_end(&run, 0, 1), 1));
    cr_assert(eq(sz, tachoi_run_range_end(&run, 2, 4), 6)); /* too large alone: cut */
    cr_assert(eq(sz, tachoi_run_range_end(&run, 6, 4), 9)); /* its rest goes with others */
    cr_assert(eq(sz, tachoi_run_range_end(&run, 8, 1), 9));
}

Test(queue, the_first_sample_since_a_time_is_found_from_anywhere) {
    append_gauges(1, 2);
    append(&histogram, 3);
    append_gauges(4, 2);
    cr_assert(tachoi_queue_take_locked(&queue, 100, &run));
    cr_assert(eq(sz, tachoi_run_first_since(&run, 0, 0), 0));
    cr_assert(eq(sz, tachoi_run_first_since(&run, 0, 3), 2));
    cr_assert(eq(sz, tachoi_run_first_since(&run, 4, 3), 4)); /* inside the histogram */
    cr_assert(eq(sz, tachoi_run_first_since(&run, 4, 4), 7));
    cr_assert(eq(sz, tachoi_run_first_since(&run, 4, 100), 9));
}

/* QUEUE-05: the oldest go, also while a large request waits out an outage. */
Test(queue, what_is_taken_leaves_room_for_what_comes) {
    tachoi_queue_init(&queue, 65536);
    append_gauges(1, 2000);
    cr_assert(tachoi_queue_take_locked(&queue, 2000, &run));
    cr_assert(eq(sz, run.sample_count, 65536 / 4 / 32));
    append_gauges(2001, 1000);
    (void)tachoi_queue_trim_locked(&queue);
    cr_assert(eq(sz, queue.waiting.sample_count, 65536 / 4 * 3 / 32));
    tachoi_queue_release_locked(&queue, &run);
    (void)tachoi_queue_take_locked(&queue, 1, &run);
    expect_times(3000 - 65536 / 4 * 3 / 32 + 1, 1); /* of those waiting the newest are kept */
}
