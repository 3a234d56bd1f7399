/* SPDX-License-Identifier: Apache-2.0 */
/* Owns finding the records that make a receiver fail. A pure state machine: it knows numbers of
 * records and answers, not what is sent.
 *
 * There are receivers that answer 500 to a request because of one record in it, as often as it is
 * sent, and then nothing behind it would ever arrive. An outage looks the same. What tells the two
 * apart is an acceptance: a receiver that takes one part of a request while it fails at another is
 * at work, and it is the other part that it cannot bear. So nothing is given up on the strength of
 * failures alone.
 *
 * A request is left whole until it got 500 so many times in a row (TACHOI_BISECTION_PATIENCE). Then
 * a round begins. It goes through the records of the request time by time, so that in what is
 * divided (a group) no series occurs twice and the order of its parts is free; a later group waits
 * until the one before it is settled. A part that fails is divided, and both halves are sent.
 *
 *   - While nothing has been accepted, the round goes down one path only: of two halves that both
 *     failed it divides one. In an outage it therefore ends after about 2 log2 n requests, at a
 *     single record, and the whole is kept: TACHOI_BISECTION_OUTAGE. The next round, which begins
 *     when the receiver has given another answer than 500 or the patience is over again, takes
 *     another path, so that some round finds any part that can be accepted.
 *   - Once anything was accepted, all failing parts are divided down to single records, and those
 *     that fail are given up.
 *
 * With k bad records of n that is at most about 2 k log2 n requests. An acceptance holds for the
 * rest of the round, also for later groups: a series alone in its group has no other witness. */
#ifndef TACHOI_REMOTE_WRITE_BISECTION_H
#define TACHOI_REMOTE_WRITE_BISECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Answers 500 in a row, to the same request, before a round begins. */
#define TACHOI_BISECTION_PATIENCE 10u

/** Parts that are remembered at once: one more than there are halvings of SIZE_MAX records. */
#define TACHOI_BISECTION_PARTS 65

/** Records `begin` to before `end` of the group. */
struct tachoi_bisection_part {
    size_t begin;
    size_t end;
    bool has_failed; /* when it was sent, or as what it is half of was not: not sent yet */
};

struct tachoi_bisection {
    uint32_t failures;   /* 500s in a row, of the whole request */
    uint32_t outages;    /* rounds in which nothing was accepted: the number of the path */
    bool is_round;       /* under way */
    bool has_accepted;   /* in the round */
    size_t record_count; /* of the group */
    size_t part_count;
    struct tachoi_bisection_part parts[TACHOI_BISECTION_PARTS]; /* the last one is next */
};

enum tachoi_bisection_answer {
    TACHOI_PART_ACCEPTED,
    TACHOI_PART_FAILED, /* 500, or too large */
    TACHOI_PART_REFUSED /* for good */
};

enum tachoi_bisection_next {
    TACHOI_BISECTION_SEND,    /* the part */
    TACHOI_BISECTION_GIVE_UP, /* the part, a single record */
    TACHOI_BISECTION_SETTLED, /* all of the group is; begin the next one, or end the round */
    TACHOI_BISECTION_OUTAGE   /* nothing of the group is settled; the round is over */
};

/** The request is settled, or another one than before. Zero-initialising does the same. */
void tachoi_bisection_reset(struct tachoi_bisection *bisection);

/** The whole request got 500: whether a round is to begin now. */
bool tachoi_bisection_failed(struct tachoi_bisection *bisection);

/** The whole request got another answer, and is to be sent again. */
void tachoi_bisection_answered(struct tachoi_bisection *bisection);

/** Whether a round ended in an outage: the receiver is to be asked at the slowest pace. */
static inline bool tachoi_bisection_is_outage(const struct tachoi_bisection *bisection) {
    return bisection->outages > 0;
}

/** Begins the round, or goes on with it, with a group of so many records (not 0). `has_failed`: as
 * a whole, already. */
void tachoi_bisection_begin_group(struct tachoi_bisection *bisection, size_t record_count,
                                  bool has_failed);

/** What to do next. SEND until the answer is taken; GIVE_UP once for each record. */
enum tachoi_bisection_next tachoi_bisection_next(struct tachoi_bisection *bisection,
                                                 struct tachoi_bisection_part *part);

/** Takes the answer to the part that was sent; whether the part is settled thereby. A refusal does
 * not settle it while nothing was accepted: it does not show that the receiver stores anything. */
bool tachoi_bisection_take(struct tachoi_bisection *bisection, enum tachoi_bisection_answer answer);

/** Ends the round: all of the request is settled, or it is given up. */
void tachoi_bisection_end_round(struct tachoi_bisection *bisection);

#endif
