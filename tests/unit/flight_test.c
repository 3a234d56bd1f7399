/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what a shard has in flight: ranges of its samples, settling them in and out of order, and
 * the account of both. One thread, so the lock that some calls ask for is not needed. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "remote_write/flight.h"

static struct tachoi_queue queue;
static struct tachoi_account account;
static struct tachoi_flight flight;
static struct tachoi_run gathered;
static struct tachoi_series_shape histogram_shape = {
    .kind = TACHOI_ENCODED_HISTOGRAM, .bound_count = 2, .component_count = 5, .record_words = 9};
static struct tachoi_encoded_series gauge; /* its shape has one component, without labels */
static struct tachoi_encoded_series histogram = {.shape = &histogram_shape};

static void begin(void) {
    static const uint32_t no_length = 0;
    gauge.shape = calloc(1, sizeof *gauge.shape + sizeof gauge.shape->components[0]);
    gauge.shape->kind = TACHOI_ENCODED_GAUGE;
    gauge.shape->component_count = 1;
    gauge.shape->record_words = TACHOI_NUMBER_RECORD_WORDS;
    gauge.shape->components[0].lengths = &no_length;
    gauge.shape->components[0].bytes = (const unsigned char *)"";
    cr_assert(eq(int, tachoi_account_init(&account), 0));
    tachoi_queue_init(&queue, 1048576);
}

static void end(void) {
    (void)tachoi_flight_clear_locked(&flight, &queue);
    (void)tachoi_queue_clear_locked(&queue);
    cr_expect(eq(u64, queue.bytes, 0)); /* whatever happened */
    tachoi_queue_fini(&queue);
    tachoi_run_fini(&gathered);
    tachoi_run_fini(&flight.run);
    tachoi_account_fini(&account);
    free(gauge.shape);
}

TestSuite(flight, .init = begin, .fini = end);

/* With exemplars of components 0 and on. */
static void gather(struct tachoi_encoded_series *series, int64_t time_ms, uint32_t exemplars) {
    const size_t words = series->shape->record_words + exemplars * tachoi_record_exemplar_words(0);
    struct tachoi_record *record = tachoi_run_prepare(&gathered, words);
    cr_assert(ne(ptr, record, NULL));
    tachoi_record_set_head(record, series, time_ms, 0);
    record->words[0] = 0;
    if (series == &histogram) {
        record->words[TACHOI_HISTOGRAM_HAS_SUM] = 1;
    }
    for (uint32_t i = 0; i < exemplars; i++) {
        tachoi_record_add_exemplar(record, &(struct tachoi_record_exemplar){.component = i});
    }
    tachoi_run_commit(&gathered, words, tachoi_record_samples(record));
    account.accepted += tachoi_record_samples(record);
    account.exemplars_accepted += exemplars;
}

/* Samples 0 to 2: gauges at 10; 3 to 7: a histogram at 10; 8: a gauge at 10; 9 and 10: at 20. */
static void take_mixture(void) {
    for (size_t i = 0; i < 3; i++) {
        gather(&gauge, 10, 0);
    }
    gather(&histogram, 10, 3);
    gather(&gauge, 10, 1);
    gather(&gauge, 20, 1);
    gather(&gauge, 20, 0);
    tachoi_queue_append_locked(&queue, &gathered);
    cr_assert(tachoi_flight_take_locked(&flight, &queue, 1000));
    cr_assert(eq(sz, flight.run.sample_count, 11));
    cr_assert(eq(sz, flight.unsettled, 11));
}

static void check_balance(void) {
    cr_assert(
        eq(u64, account.accepted,
           account.acknowledged + account.failed + account.dropped_too_old + flight.unsettled));
}

Test(flight, knows_times_and_where_they_end) {
    take_mixture();
    cr_assert(eq(i64, tachoi_flight_time_ms(&flight, 0), 10));
    cr_assert(eq(i64, tachoi_flight_time_ms(&flight, 8), 10));
    cr_assert(eq(i64, tachoi_flight_time_ms(&flight, 9), 20));
    cr_assert(eq(sz, tachoi_flight_same_time(&flight, 0, 11), 9));
    cr_assert(eq(sz, tachoi_flight_same_time(&flight, 5, 11), 9));
    cr_assert(eq(sz, tachoi_flight_same_time(&flight, 0, 6), 6));
    cr_assert(eq(sz, tachoi_flight_same_time(&flight, 9, 11), 11));
}

Test(flight, knows_the_records_of_a_range) {
    take_mixture();
    static const struct {
        size_t begin, end, records, firsts[7];
    } cases[] = {
        {0, 11, 7, {0, 1, 2, 3, 8, 9, 10}},
        {0, 9, 5, {0, 1, 2, 3, 8}},
        {4, 9, 2, {4, 8}}, /* begins and ends inside of the histogram */
        {1, 5, 3, {1, 2, 3}},
        {5, 6, 1, {5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t begin = cases[i].begin;
        const size_t end = cases[i].end;
        cr_assert(eq(sz, tachoi_flight_records(&flight, begin, end), cases[i].records));
        for (size_t n = 0; n < cases[i].records; n++) {
            cr_assert(eq(sz, tachoi_flight_record(&flight, begin, end, n), cases[i].firsts[n]),
                      "case %zu, record %zu", i, n);
        }
        cr_assert(eq(sz, tachoi_flight_record(&flight, begin, end, cases[i].records), end));
    }
}

Test(flight, finds_its_way_across_chunks) {
    enum { RECORDS = 3000 };
    for (int64_t i = 0; i < RECORDS; i++) {
        gather(&gauge, i, 0);
    }
    tachoi_queue_append_locked(&queue, &gathered);
    cr_assert(tachoi_flight_take_locked(&flight, &queue, RECORDS));
    cr_assert(gt(sz, flight.run.chunk_count, 2));
    for (size_t i = 0; i < RECORDS; i++) {
        cr_assert(eq(i64, tachoi_flight_time_ms(&flight, i), (int64_t)i));
    }
}

/* An exemplar belongs to the time series of its bucket. */
Test(flight, counts_the_exemplars_of_a_range) {
    take_mixture();
    cr_assert(eq(sz, tachoi_flight_exemplars(&flight, 0, 11), 5));
    cr_assert(eq(sz, tachoi_flight_exemplars(&flight, 0, 3), 0));
    cr_assert(eq(sz, tachoi_flight_exemplars(&flight, 0, 4), 1));
    cr_assert(eq(sz, tachoi_flight_exemplars(&flight, 4, 8), 2));
    cr_assert(eq(sz, tachoi_flight_exemplars(&flight, 6, 9), 1));
}

Test(flight, settles_requests_one_after_the_other) {
    take_mixture();
    flight.request_end = 8;
    tachoi_flight_settle_request(
        &flight, &queue, &account,
        &(struct tachoi_settlement){.acknowledged = 5, .failed = 3, .newest_ms = 10});
    check_balance();
    cr_assert(eq(sz, flight.begin, 8));
    cr_assert(eq(sz, tachoi_flight_request_samples(&flight), 0));
    cr_assert(eq(i64, account.highest_sent_timestamp_ms, 10));
    flight.request_end = 11;
    tachoi_flight_settle_request(&flight, &queue, &account,
                                 &(struct tachoi_settlement){.acknowledged = 3});
    check_balance();
    cr_assert(eq(sz, flight.run.sample_count, 0)); /* released */
    cr_assert(eq(u64, queue.bytes, 0));
}

/* 8 is settled, 3 to 7 too, then all of the time becomes too old: 0 to 2 are left to drop. */
Test(flight, what_is_settled_out_of_order_is_not_dropped_again) {
    take_mixture();
    flight.request_begin = 8;
    flight.request_end = 9;
    tachoi_flight_settle_part(
        &flight, &queue, &account,
        &(struct tachoi_settlement){.acknowledged = 1, .exemplars_acknowledged = 1});
    flight.request_begin = 3;
    flight.request_end = 8;
    tachoi_flight_settle_part(&flight, &queue, &account,
                              &(struct tachoi_settlement){.failed = 5, .exemplars_failed = 3});
    check_balance();
    cr_assert(eq(sz, flight.begin, 0));
    char example[32];
    cr_assert(eq(
        sz, tachoi_flight_drop_before(&flight, &queue, &account, 15, example, sizeof example), 3));
    check_balance();
    cr_assert(eq(u64, account.dropped_too_old, 3));
    cr_assert(eq(u64, account.exemplars_dropped, 0));
    cr_assert(eq(sz, flight.begin, 9));
    cr_assert(eq(u64, tachoi_account_exemplars_pending_locked(&account), 1));
    cr_assert(eq(
        sz, tachoi_flight_drop_before(&flight, &queue, &account, 21, example, sizeof example), 2));
    cr_assert(eq(u64, account.exemplars_dropped, 1));
    check_balance();
    cr_assert(eq(sz, flight.run.sample_count, 0));
}

Test(flight, drops_nothing_that_is_young_enough) {
    take_mixture();
    char example[32];
    flight.request_end = 5;
    cr_assert(eq(
        sz, tachoi_flight_drop_before(&flight, &queue, &account, 10, example, sizeof example), 0));
    cr_assert(eq(sz, tachoi_flight_request_samples(&flight), 5));
}

Test(flight, is_given_up_as_far_as_it_is_not_settled) {
    take_mixture();
    flight.request_begin = 1;
    flight.request_end = 3;
    tachoi_flight_settle_part(&flight, &queue, &account,
                              &(struct tachoi_settlement){.acknowledged = 2});
    cr_assert(eq(sz, tachoi_flight_clear_locked(&flight, &queue), 9));
    cr_assert(eq(sz, flight.unsettled, 0));
}
