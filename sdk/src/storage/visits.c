/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the epochs' advance, and the memory of the visits' counters. */
#include "storage/visits.h"

#include <string.h>

#include "base/alloc.h"

/* Looks at a stripe that is in use: visits last tens of nanoseconds, so most are over by then, and
 * who is off its processor is not worth waiting for. */
enum { POLLS = 100 };

/* Nothing tells two threads of one stripe apart, so there are more of them than cells have: two
 * threads share one in 1 of 16 cases on two processors, instead of in 1 of 4. */
enum { SPREAD = 4 };

bool tachoi_visits_init(struct tachoi_visits *visits) {
    memset(visits, 0, sizeof *visits);
    const size_t count = SPREAD * tachoi_stripe_count();
    visits->stripes = tachoi_calloc_aligned(count, sizeof visits->stripes[0]);
    visits->mask = count - 1;
    return visits->stripes != NULL;
}

void tachoi_visits_fini(struct tachoi_visits *visits) {
    tachoi_free(visits->stripes);
    memset(visits, 0, sizeof *visits);
}

bool tachoi_visits_start(struct tachoi_visits *visits) {
    /* seq_cst; pairs with the load in tachoi_visits_are_counted */
    return !atomic_exchange_explicit(&visits->is_counting, true, memory_order_seq_cst);
}

/** Whether no visit runs in this counter. Stripe by stripe is enough: a visit that a stripe shows
 * no more has ended, and one that begins after the look sees what was unlinked before it. */
static bool is_empty(const struct tachoi_visits *visits, uint64_t epoch) {
    int polls = POLLS;
    for (size_t i = 0; i <= visits->mask; i++) {
        /* seq_cst; pairs with both sides of a visit */
        while (atomic_load_explicit(&visits->stripes[i].running[epoch & 1U],
                                    memory_order_seq_cst) != 0) {
            if (polls-- == 0) {
                return false;
            }
        }
    }
    return true;
}

void tachoi_visits_advance(struct tachoi_visits *visits) {
    for (int i = 0; i < TACHOI_GRACE_EPOCHS; i++) {
        const uint64_t epoch = atomic_load_explicit(&visits->epoch, memory_order_relaxed);
        if (!is_empty(visits, epoch + 1)) { /* the parity of the epoch before */
            return;
        }
        /* seq_cst; pairs with tachoi_visits_epoch */
        atomic_store_explicit(&visits->epoch, epoch + 1, memory_order_seq_cst);
    }
}
