/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the slots' life: empty -> stripes -> taken -> empty, or back to stripes. */
#include "storage/reserve.h"

#include "base/alloc.h"

/* Not an address of any stripes; never followed. */
static struct tachoi_stripes *taken(void) {
    static struct tachoi_stripes mark;
    return &mark;
}

/* A recorder holds the slot meanwhile, so that there is a place to put unused stripes back. */
static bool attach_from(_Atomic(struct tachoi_stripes *) *slot,
                        _Atomic(struct tachoi_stripes *) *where) {
    struct tachoi_stripes *stripes = atomic_load_explicit(slot, memory_order_relaxed);
    /* acquire; pairs with the release in refill: the cells are initialised */
    if (stripes == NULL || stripes == taken() ||
        !atomic_compare_exchange_strong_explicit(slot, &stripes, taken(), memory_order_acquire,
                                                 memory_order_relaxed)) {
        return false;
    }
    struct tachoi_stripes *none = NULL;
    /* seq_cst; as release it pairs with the acquire in tachoi_series_stripes; the collector, which
     * must not miss what a recorder adds to them, reads it in the same order */
    const bool is_used = atomic_compare_exchange_strong_explicit(
        where, &none, stripes, memory_order_seq_cst, memory_order_relaxed);
    /* release; pairs with the acquire above, of the next taker */
    atomic_store_explicit(slot, is_used ? NULL : stripes, memory_order_release);
    return true;
}

bool tachoi_reserve_attach(struct tachoi_reserve *reserve,
                           _Atomic(struct tachoi_stripes *) *where) {
    for (size_t i = 0; i < TACHOI_RESERVE_SLOTS; i++) {
        if (attach_from(&reserve->slots[i], where)) {
            return true;
        }
    }
    return false;
}

bool tachoi_reserve_refill(struct tachoi_reserve *reserve,
                           const struct tachoi_aggregation *aggregation) {
    for (size_t i = 0; i < TACHOI_RESERVE_SLOTS; i++) {
        /* Only the collector fills an empty slot, so what it saw stays true. */
        if (atomic_load_explicit(&reserve->slots[i], memory_order_relaxed) != NULL) {
            continue;
        }
        struct tachoi_stripes *stripes = tachoi_stripes_create(aggregation, tachoi_stripe_count());
        if (stripes == NULL) {
            return false;
        }
        /* release; pairs with the acquire in attach_from */
        atomic_store_explicit(&reserve->slots[i], stripes, memory_order_release);
    }
    return true;
}

void tachoi_reserve_fini(struct tachoi_reserve *reserve) {
    for (size_t i = 0; i < TACHOI_RESERVE_SLOTS; i++) {
        struct tachoi_stripes *stripes =
            atomic_load_explicit(&reserve->slots[i], memory_order_relaxed);
        if (stripes != taken()) {
            tachoi_free(stripes);
        }
    }
}
