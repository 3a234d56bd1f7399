/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the grace period: what is unlinked in an epoch is safe to free only when every visit that
 * could have seen it is over. */
#include "storage_fixture.h"

#include "storage/visits.h"

static struct tachoi_visits visits;

static void start(void) {
    cr_assert(tachoi_visits_init(&visits));
    (void)tachoi_visits_start(&visits);
}

static void stop(void) {
    tachoi_visits_fini(&visits);
}

Test(visits, are_not_counted_before_the_start, .fini = stop) {
    cr_assert(tachoi_visits_init(&visits));
    cr_assert(not(tachoi_visits_are_counted(&visits)));
    cr_assert(eq(ptr, (void *)tachoi_visit_enter(&visits), NULL));
    tachoi_visit_leave(NULL);
    cr_assert(tachoi_visits_start(&visits));
    cr_assert(not(tachoi_visits_start(&visits))); /* once */
    cr_assert(tachoi_visits_are_counted(&visits));
    _Atomic(uint32_t) *visit = tachoi_visit_enter(&visits);
    cr_assert(ne(ptr, (void *)visit, NULL));
    cr_assert(eq(u32, atomic_load(visit), 1));
    tachoi_visit_leave(visit);
    cr_assert(eq(u32, atomic_load(visit), 0));
}

Test(visits, without_a_visit_one_advance_ends_the_grace_period, .init = start, .fini = stop) {
    const uint64_t tag = tachoi_visits_epoch(&visits);
    cr_assert(not(tachoi_visits_are_over(&visits, tag)));
    tachoi_visits_advance(&visits);
    cr_assert(tachoi_visits_are_over(&visits, tag));
    cr_assert(not(tachoi_visits_are_over(&visits, tachoi_visits_epoch(&visits))));
}

Test(visits, a_visit_of_the_epoch_holds_the_grace_period_up, .init = start, .fini = stop) {
    _Atomic(uint32_t) *visit = tachoi_visit_enter(&visits);
    const uint64_t tag = tachoi_visits_epoch(&visits);
    for (int i = 0; i < 5; i++) {
        tachoi_visits_advance(&visits);
        cr_assert(not(tachoi_visits_are_over(&visits, tag)));
    }
    tachoi_visit_leave(visit);
    tachoi_visits_advance(&visits);
    cr_assert(tachoi_visits_are_over(&visits, tag));
}

/* Each new visit is counted in the epoch that has come meanwhile, so there is always a moment at
 * which the older counter is empty. */
Test(visits, a_chain_of_overlapping_visits_does_not_hold_it_up, .init = start, .fini = stop) {
    const uint64_t tag = tachoi_visits_epoch(&visits);
    _Atomic(uint32_t) *older = tachoi_visit_enter(&visits);
    for (int i = 0; i < 4; i++) {
        tachoi_visits_advance(&visits);
        _Atomic(uint32_t) *newer = tachoi_visit_enter(&visits);
        tachoi_visit_leave(older);
        older = newer;
    }
    cr_assert(tachoi_visits_are_over(&visits, tag));
    tachoi_visit_leave(older);
}

/* A visit that read the epoch before it was advanced twice counts in the right parity, but of an
 * epoch long gone: it still holds up what is unlinked from then on. */
Test(visits, a_visit_with_a_stale_epoch_is_waited_for, .init = start, .fini = stop) {
    for (uint64_t stale = 0; stale < 2; stale++) {
        _Atomic(uint32_t) *running = &visits.stripes[0].running[stale];
        tachoi_visits_advance(&visits);
        atomic_fetch_add(running, 1);
        const uint64_t tag = tachoi_visits_epoch(&visits);
        tachoi_visits_advance(&visits);
        tachoi_visits_advance(&visits);
        cr_assert(not(tachoi_visits_are_over(&visits, tag)));
        tachoi_visit_leave(running);
        tachoi_visits_advance(&visits);
        tachoi_visits_advance(&visits);
        cr_assert(tachoi_visits_are_over(&visits, tag));
    }
}

/* What another thread unlinks while the collector advances: the look at one counter was over, then
 * a visit began there (its epoch read before), found what was to be unlinked, and the epoch moved
 * on after the unlinking had read it. */
Test(visits, unlinking_while_the_epoch_advances_waits_for_both_counters, .init = start,
     .fini = stop) {
    for (uint64_t i = 0; i < 4; i++) {
        const uint64_t tag = tachoi_visits_epoch(&visits);
        _Atomic(uint32_t) *running = &visits.stripes[0].running[(tag + 1) & 1];
        atomic_fetch_add(running, 1);
        atomic_store(&visits.epoch, tag + 1);
        for (int j = 0; j < 3; j++) {
            tachoi_visits_advance(&visits);
            cr_assert(not(tachoi_visits_are_over(&visits, tag)));
        }
        tachoi_visit_leave(running);
        tachoi_visits_advance(&visits);
        cr_assert(tachoi_visits_are_over(&visits, tag));
    }
}

Test(visits, every_stripe_is_looked_at, .init = start, .fini = stop) {
    for (size_t i = 0; i <= visits.mask; i++) {
        const uint64_t tag = tachoi_visits_epoch(&visits);
        _Atomic(uint32_t) *running = &visits.stripes[i].running[tag & 1];
        atomic_fetch_add(running, 1);
        tachoi_visits_advance(&visits);
        cr_assert(not(tachoi_visits_are_over(&visits, tag)));
        tachoi_visit_leave(running);
        tachoi_visits_advance(&visits);
    }
}

Test(visits, without_memory_there_are_none, .fini = stop) {
    tachoi_alloc_fail_at(1);
    cr_assert(not(tachoi_visits_init(&visits)));
    cr_assert(not(tachoi_alloc_fail_pending()));
}
