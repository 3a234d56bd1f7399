/* SPDX-License-Identifier: Apache-2.0 */
/* Tests bisection against a receiver that is a set of records it cannot bear: all such sets of
 * small groups, and outages in place of any of its answers. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "remote_write/bisection.h"

enum { MOST = 64 };

/* What a receiver has, and what was given up. */
struct ledger {
    uint32_t poison; /* a bit for each record */
    unsigned received[MOST];
    unsigned given_up[MOST];
    size_t requests;
    size_t answers_left; /* before it answers 500 to all; SIZE_MAX = it never does */
};

static bool accepts(struct ledger *ledger, const struct tachoi_bisection_part *part) {
    const uint64_t mask = (UINT64_C(1) << part->end) - (UINT64_C(1) << part->begin);
    ledger->requests++;
    if (ledger->answers_left == 0) {
        return false;
    }
    ledger->answers_left -= ledger->answers_left == SIZE_MAX ? 0 : 1;
    return (ledger->poison & mask) == 0;
}

static void count(unsigned *counts, const struct tachoi_bisection_part *part) {
    for (size_t i = part->begin; i < part->end; i++) {
        counts[i]++;
    }
}

/* Carries a group out. */
static enum tachoi_bisection_next carry_out(struct tachoi_bisection *bisection,
                                            struct ledger *ledger) {
    for (;;) {
        struct tachoi_bisection_part part;
        const enum tachoi_bisection_next next = tachoi_bisection_next(bisection, &part);
        if (next == TACHOI_BISECTION_GIVE_UP) {
            cr_assert(eq(sz, part.end - part.begin, 1));
            count(ledger->given_up, &part);
        } else if (next == TACHOI_BISECTION_SEND) {
            const bool is_accepted = accepts(ledger, &part);
            const bool is_settled = tachoi_bisection_take(
                bisection, is_accepted ? TACHOI_PART_ACCEPTED : TACHOI_PART_FAILED);
            cr_assert(eq(int, is_settled, is_accepted));
            if (is_accepted) {
                count(ledger->received, &part);
            }
        } else {
            return next;
        }
    }
}

/* Rounds until one is not an outage; how many it took, 0 if it were more than `most`. */
static size_t resolve(struct ledger *ledger, size_t records, size_t most) {
    struct tachoi_bisection bisection = {0};
    for (size_t round = 1; round <= most; round++) {
        tachoi_bisection_begin_group(&bisection, records, true);
        if (carry_out(&bisection, ledger) == TACHOI_BISECTION_SETTLED) {
            return round;
        }
    }
    return 0;
}

static size_t halvings(size_t records) {
    size_t count = 0;
    for (size_t size = 1; size < records; size *= 2) {
        count++;
    }
    return count;
}

Test(bisection, gives_up_exactly_the_records_that_are_not_borne) {
    for (size_t records = 2; records <= 9; records++) {
        for (uint32_t poison = 1; poison < (UINT32_C(1) << records) - 1; poison++) {
            struct ledger ledger = {.poison = poison, .answers_left = SIZE_MAX};
            cr_assert(gt(sz, resolve(&ledger, records, 4 * records), 0), "%zu records, %x", records,
                      poison);
            for (size_t i = 0; i < records; i++) {
                const unsigned is_bad = poison >> i & 1;
                cr_assert(eq(uint, ledger.given_up[i], is_bad), "%zu of %zu, %x", i, records,
                          poison);
                cr_assert(eq(uint, ledger.received[i], 1 - is_bad), "%zu of %zu, %x", i, records,
                          poison);
            }
        }
    }
}

Test(bisection, one_bad_record_is_found_in_the_first_round_and_few_requests) {
    for (size_t records = 2; records <= 32; records++) {
        for (size_t bad = 0; bad < records; bad++) {
            struct ledger ledger = {.poison = UINT32_C(1) << bad, .answers_left = SIZE_MAX};
            cr_assert(eq(sz, resolve(&ledger, records, 1), 1), "%zu of %zu", bad, records);
            cr_assert(le(sz, ledger.requests, 2 * halvings(records)), "%zu of %zu", bad, records);
        }
    }
}

Test(bisection, nothing_is_given_up_in_an_outage) {
    for (size_t records = 1; records <= 32; records++) {
        struct ledger ledger = {.answers_left = 0};
        struct tachoi_bisection bisection = {0};
        for (size_t round = 0; round < 40; round++) {
            ledger.requests = 0;
            tachoi_bisection_begin_group(&bisection, records, true);
            cr_assert(eq(int, carry_out(&bisection, &ledger), TACHOI_BISECTION_OUTAGE));
            cr_assert(not(bisection.is_round));
            cr_assert(tachoi_bisection_is_outage(&bisection));
            cr_assert(le(sz, ledger.requests, 2 * halvings(records)), "%zu records", records);
        }
        for (size_t i = 0; i < records; i++) {
            cr_assert(eq(uint, ledger.given_up[i], 0), "%zu of %zu", i, records);
        }
    }
}

/* Whenever the receiver begins to fail, what it had not accepted by then is not also received: each
 * record is received once, given up once, or all that is left is kept. */
Test(bisection, an_outage_in_the_middle_settles_no_record_twice) {
    enum { RECORDS = 7 };
    for (uint32_t poison = 1; poison < (UINT32_C(1) << RECORDS) - 1; poison++) {
        for (size_t answers = 0; answers < 20; answers++) {
            struct ledger ledger = {.poison = poison, .answers_left = answers};
            const bool is_settled = resolve(&ledger, RECORDS, 1) == 1;
            for (size_t i = 0; i < RECORDS; i++) {
                cr_assert(eq(uint, ledger.given_up[i] + ledger.received[i], is_settled ? 1U : 0U),
                          "%zu, %x, %zu answers", i, poison, answers);
            }
        }
    }
}

/* The path of a round leads to another record than that of the round before, so that every record
 * comes to be sent alone. */
Test(bisection, rounds_in_vain_go_down_to_all_records) {
    for (size_t good = 0; good < 8; good++) {
        struct ledger ledger = {.poison = 0xffU & ~(UINT32_C(1) << good), .answers_left = SIZE_MAX};
        cr_assert(gt(sz, resolve(&ledger, 8, 24), 0), "%zu", good);
        cr_assert(eq(uint, ledger.received[good], 1), "%zu", good);
    }
}

Test(bisection, a_large_group_needs_no_more_parts_than_there_are) {
    struct tachoi_bisection bisection = {0};
    tachoi_bisection_begin_group(&bisection, SIZE_MAX, true);
    struct tachoi_bisection_part part;
    size_t requests = 0;
    while (tachoi_bisection_next(&bisection, &part) == TACHOI_BISECTION_SEND) {
        cr_assert(le(sz, bisection.part_count, TACHOI_BISECTION_PARTS));
        cr_assert(not(tachoi_bisection_take(&bisection, TACHOI_PART_FAILED)));
        requests++;
    }
    cr_assert(ge(sz, requests, 126));
    cr_assert(le(sz, requests, 128));
}

/* --- groups --- */

Test(bisection, a_group_that_has_not_failed_is_sent_as_a_whole_first) {
    struct tachoi_bisection bisection = {0};
    struct tachoi_bisection_part part;
    tachoi_bisection_begin_group(&bisection, 5, false);
    cr_assert(eq(int, tachoi_bisection_next(&bisection, &part), TACHOI_BISECTION_SEND));
    cr_assert(eq(sz, part.begin, 0));
    cr_assert(eq(sz, part.end, 5));
    cr_assert(tachoi_bisection_take(&bisection, TACHOI_PART_ACCEPTED));
    cr_assert(eq(int, tachoi_bisection_next(&bisection, &part), TACHOI_BISECTION_SETTLED));
}

Test(bisection, an_acceptance_holds_for_later_groups_of_the_round_only) {
    struct tachoi_bisection bisection = {0};
    struct ledger good = {.answers_left = SIZE_MAX};
    struct ledger bad = {.poison = 1, .answers_left = SIZE_MAX};
    tachoi_bisection_begin_group(&bisection, 1, false);
    cr_assert(eq(int, carry_out(&bisection, &good), TACHOI_BISECTION_SETTLED));
    tachoi_bisection_begin_group(&bisection, 1, false);
    cr_assert(eq(int, carry_out(&bisection, &bad), TACHOI_BISECTION_SETTLED));
    cr_assert(eq(uint, bad.given_up[0], 1));
    tachoi_bisection_end_round(&bisection);
    tachoi_bisection_begin_group(&bisection, 1, false);
    cr_assert(eq(int, carry_out(&bisection, &bad), TACHOI_BISECTION_OUTAGE));
    cr_assert(eq(uint, bad.given_up[0], 1));
}

/* --- answers that are neither --- */

Test(bisection, a_refusal_settles_a_part_only_once_something_was_accepted) {
    struct tachoi_bisection bisection = {0};
    struct tachoi_bisection_part part;
    tachoi_bisection_begin_group(&bisection, 2, true);
    cr_assert(eq(int, tachoi_bisection_next(&bisection, &part), TACHOI_BISECTION_SEND));
    cr_assert(not(tachoi_bisection_take(&bisection, TACHOI_PART_REFUSED)));
    cr_assert(eq(int, tachoi_bisection_next(&bisection, &part), TACHOI_BISECTION_SEND));
    cr_assert(tachoi_bisection_take(&bisection, TACHOI_PART_ACCEPTED));
    cr_assert(eq(int, tachoi_bisection_next(&bisection, &part), TACHOI_BISECTION_GIVE_UP));
    cr_assert(eq(int, tachoi_bisection_next(&bisection, &part), TACHOI_BISECTION_SETTLED));
    tachoi_bisection_begin_group(&bisection, 2, false);
    cr_assert(eq(int, tachoi_bisection_next(&bisection, &part), TACHOI_BISECTION_SEND));
    cr_assert(tachoi_bisection_take(&bisection, TACHOI_PART_REFUSED));
    cr_assert(eq(int, tachoi_bisection_next(&bisection, &part), TACHOI_BISECTION_SETTLED));
}

/* --- patience --- */

static size_t failures_until_round(struct tachoi_bisection *bisection) {
    size_t failures = 1;
    while (!tachoi_bisection_failed(bisection)) {
        failures++;
    }
    return failures;
}

Test(bisection, a_round_begins_after_ten_failures_in_a_row) {
    struct tachoi_bisection bisection = {0};
    cr_assert(eq(sz, failures_until_round(&bisection), 10));
    tachoi_bisection_reset(&bisection);
    for (size_t i = 0; i < 9; i++) {
        cr_assert(not(tachoi_bisection_failed(&bisection)));
    }
    tachoi_bisection_answered(&bisection);
    cr_assert(eq(sz, failures_until_round(&bisection), 10));
}

Test(bisection, after_an_outage_another_answer_or_ten_failures_begin_a_round) {
    struct tachoi_bisection bisection = {0};
    struct ledger nothing = {.answers_left = 0};
    tachoi_bisection_begin_group(&bisection, 4, true);
    cr_assert(eq(int, carry_out(&bisection, &nothing), TACHOI_BISECTION_OUTAGE));
    cr_assert(eq(sz, failures_until_round(&bisection), 10));
    tachoi_bisection_begin_group(&bisection, 4, true);
    cr_assert(eq(int, carry_out(&bisection, &nothing), TACHOI_BISECTION_OUTAGE));
    tachoi_bisection_answered(&bisection);
    cr_assert(eq(sz, failures_until_round(&bisection), 1));
}
