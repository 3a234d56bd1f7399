/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the knowledge of when nobody can hold a pointer any more that was found before: the grace
 * period behind which unlinked series and tables are freed. Knows nothing of series.
 *
 * A visit is the time between looking a series up by its attributes and being done with it. Visits
 * are counted in stripes, each in one of two counters: that of the epoch in which it began. The
 * collector advances the epoch when the other counter, that of the epoch before, is zero in all
 * stripes. What was unlinked in epoch e cannot be held by any visit once the epoch is e + 3. The
 * look that led to e + 1 may have come before the unlinking, which another thread did meanwhile;
 * those that led to e + 2 and e + 3 came after it, and they were at both counters. Both matter: a
 * visit that read the epoch long ago may count in either. So the visits that began before the
 * unlinking have ended, and a later one, whose counting is ordered before its look-up, sees the
 * unlinking (both sides are sequentially consistent). Nobody waits: a visit that takes long delays
 * reclamation and nothing else.
 *
 * Counting costs two atomic additions, so it begins only when something is to be unlinked for the
 * first time. A visit that began uncounted looks again, after each pointer that it loads, whether
 * counting has begun; if so, it begins anew, counted. So an uncounted visit holds only what existed
 * when counting began, and that is never freed before the map is; what comes later is.
 *
 *              enter/leave   start   advance, epoch
 *     enter        yes        yes        yes
 *     start        yes        yes        yes
 *     advance      yes        yes        no (collections are serialised)
 *
 * Bound handles do not visit: they pin their series. Progress: enter and leave are wait-free. In a
 * forked child visits of the parent's threads never end, so nothing is reclaimed there. */
#ifndef TACHOI_STORAGE_VISITS_H
#define TACHOI_STORAGE_VISITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/stripes.h"

/** So many epochs later nobody holds what was unlinked. */
#define TACHOI_GRACE_EPOCHS 3

struct tachoi_visit_stripe {
    _Atomic(uint32_t) running[2];
    unsigned char padding[TACHOI_CACHE_LINE_BYTES - 2 * sizeof(uint32_t)];
};

struct tachoi_visits {
    /* immutable after init */
    struct tachoi_visit_stripe *stripes;
    size_t mask; /* their number, a power of two, less one */
    /* atomic */
    _Atomic(bool) is_counting;
    _Atomic(uint64_t) epoch; /* written by the collector alone */
};

/** False when memory is short. */
bool tachoi_visits_init(struct tachoi_visits *visits);
void tachoi_visits_fini(struct tachoi_visits *visits);

/** Begins to count; true if it had not begun before. Any thread. */
bool tachoi_visits_start(struct tachoi_visits *visits);

static inline bool tachoi_visits_are_counted(const struct tachoi_visits *visits) {
    return atomic_load_explicit(&visits->is_counting, memory_order_seq_cst);
}

/** Begins a visit; what leave takes back. */
static inline _Atomic(uint32_t) *tachoi_visit_enter(struct tachoi_visits *visits) {
    /* acquire; pairs with the exchange in start: a counted visit sees what was set before it */
    if (!atomic_load_explicit(&visits->is_counting, memory_order_acquire)) {
        return NULL;
    }
    const size_t index = (tachoi_thread_hint() >> 16) & visits->mask;
    const uint64_t epoch = atomic_load_explicit(&visits->epoch, memory_order_relaxed);
    _Atomic(uint32_t) *running = &visits->stripes[index].running[epoch & 1U];
    /* seq_cst; before the look-up: see above */
    atomic_fetch_add_explicit(running, 1, memory_order_seq_cst);
    return running;
}

static inline void tachoi_visit_leave(_Atomic(uint32_t) *running) {
    if (running != NULL) {
        /* release; pairs with the load in advance: what the visit did has happened */
        atomic_fetch_sub_explicit(running, 1, memory_order_release);
    }
}

/** The tag of what is unlinked now. */
static inline uint64_t tachoi_visits_epoch(const struct tachoi_visits *visits) {
    return atomic_load_explicit(&visits->epoch, memory_order_seq_cst);
}

/** Advances as far as it can, at most by a grace period. Collector. */
void tachoi_visits_advance(struct tachoi_visits *visits);

/** Whether nobody can hold any more what was unlinked in epoch `tag`. */
static inline bool tachoi_visits_are_over(const struct tachoi_visits *visits, uint64_t tag) {
    return tachoi_visits_epoch(visits) >= tag + TACHOI_GRACE_EPOCHS;
}

#endif
