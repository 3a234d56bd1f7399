/* SPDX-License-Identifier: Apache-2.0 */
/* Owns finding the records that make a receiver fail. See bisection.h. */
#include "remote_write/bisection.h"

#include <assert.h>

void tachoi_bisection_reset(struct tachoi_bisection *bisection) {
    *bisection = (struct tachoi_bisection){0};
}

bool tachoi_bisection_failed(struct tachoi_bisection *bisection) {
    bisection->failures++;
    return bisection->failures >= TACHOI_BISECTION_PATIENCE;
}

void tachoi_bisection_answered(struct tachoi_bisection *bisection) {
    /* After an outage the next 500 begins another round; before, counting begins again. */
    bisection->failures = tachoi_bisection_is_outage(bisection) ? TACHOI_BISECTION_PATIENCE - 1 : 0;
}

void tachoi_bisection_begin_group(struct tachoi_bisection *bisection, size_t record_count,
                                  bool has_failed) {
    bisection->has_accepted = bisection->is_round && bisection->has_accepted;
    bisection->is_round = true;
    bisection->record_count = record_count;
    bisection->part_count = 1;
    bisection->parts[0] =
        (struct tachoi_bisection_part){.end = record_count, .has_failed = has_failed};
}

void tachoi_bisection_end_round(struct tachoi_bisection *bisection) {
    bisection->is_round = false;
    bisection->has_accepted = false;
    bisection->failures = 0;
    bisection->part_count = 0;
}

static struct tachoi_bisection_part *last_but(struct tachoi_bisection *bisection, size_t back) {
    return &bisection->parts[bisection->part_count - 1 - back];
}

static void swap_last_two(struct tachoi_bisection *bisection) {
    const struct tachoi_bisection_part part = *last_but(bisection, 0);
    *last_but(bisection, 0) = *last_but(bisection, 1);
    *last_but(bisection, 1) = part;
}

/* Replaces the last part by its halves. */
static void divide(struct tachoi_bisection *bisection) {
    const struct tachoi_bisection_part whole = *last_but(bisection, 0);
    const size_t middle = whole.begin + (whole.end - whole.begin) / 2;
    assert(bisection->part_count < TACHOI_BISECTION_PARTS);
    *last_but(bisection, 0) = (struct tachoi_bisection_part){.begin = middle, .end = whole.end};
    bisection->parts[bisection->part_count++] =
        (struct tachoi_bisection_part){.begin = whole.begin, .end = middle};
}

/* The record that the round's path leads to: 0 at first, then spread evenly over the group, as
 * multiples of the golden ratio are over a circle. */
static size_t destination(const struct tachoi_bisection *bisection) {
    const uint32_t turn = bisection->outages * UINT32_C(2654435769);
    return (size_t)((double)turn / 4294967296.0 * (double)bisection->record_count);
}

/* While nothing was accepted: puts the part last with which the path goes on. The last two are the
 * halves of one, unless there is only one. */
static void follow_path(struct tachoi_bisection *bisection) {
    const size_t goal = destination(bisection);
    if (bisection->part_count < 2) {
        return;
    }
    const struct tachoi_bisection_part *last = last_but(bisection, 0);
    const bool is_on_path = goal >= last->begin && goal < last->end;
    if (!last_but(bisection, 1)->has_failed || !is_on_path) {
        swap_last_two(bisection);
    }
}

static enum tachoi_bisection_next stop(struct tachoi_bisection *bisection) {
    bisection->outages++;
    tachoi_bisection_end_round(bisection);
    return TACHOI_BISECTION_OUTAGE;
}

enum tachoi_bisection_next tachoi_bisection_next(struct tachoi_bisection *bisection,
                                                 struct tachoi_bisection_part *part) {
    while (bisection->part_count > 0) {
        if (last_but(bisection, 0)->has_failed && !bisection->has_accepted) {
            follow_path(bisection);
        }
        *part = *last_but(bisection, 0);
        if (!part->has_failed) {
            return TACHOI_BISECTION_SEND;
        }
        if (part->end - part->begin > 1) {
            divide(bisection);
        } else if (bisection->has_accepted) {
            bisection->part_count--;
            return TACHOI_BISECTION_GIVE_UP;
        } else {
            return stop(bisection);
        }
    }
    return TACHOI_BISECTION_SETTLED;
}

bool tachoi_bisection_take(struct tachoi_bisection *bisection,
                           enum tachoi_bisection_answer answer) {
    assert(bisection->part_count > 0 && !last_but(bisection, 0)->has_failed);
    bisection->has_accepted = bisection->has_accepted || answer == TACHOI_PART_ACCEPTED;
    if (answer == TACHOI_PART_FAILED || !bisection->has_accepted) {
        last_but(bisection, 0)->has_failed = true;
        return false;
    }
    bisection->part_count--;
    return true;
}
