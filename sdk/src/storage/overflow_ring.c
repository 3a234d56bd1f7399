/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the slots' life: free -> being written -> full -> free. */
#include "storage/overflow_ring.h"

#include "base/fork.h"

enum { FREE = 0, FULL = 1, WRITING = 2 };

static bool claim(struct tachoi_overflow_slot *slot) {
    const uint32_t mine = (tachoi_fork_generation() << 2) | WRITING;
    uint32_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);
    if (state == FULL || state == mine) {
        return false;
    }
    /* acquire; pairs with the release of FREE below: the last taker has read its fields */
    return atomic_compare_exchange_strong_explicit(&slot->state, &state, mine, memory_order_acquire,
                                                   memory_order_relaxed);
}

bool tachoi_overflow_ring_put(struct tachoi_overflow_ring *ring, struct tachoi_series *series,
                              double value) {
    const size_t start = atomic_fetch_add_explicit(&ring->start, 1, memory_order_relaxed);
    for (size_t i = 0; i < TACHOI_OVERFLOW_RING_SLOTS; i++) {
        struct tachoi_overflow_slot *slot = &ring->slots[(start + i) % TACHOI_OVERFLOW_RING_SLOTS];
        if (claim(slot)) {
            slot->series = series;
            slot->value = value;
            /* release; pairs with the acquire in take */
            atomic_store_explicit(&slot->state, FULL, memory_order_release);
            return true;
        }
    }
    return false;
}

void tachoi_overflow_ring_take(struct tachoi_overflow_ring *ring,
                               void (*each)(struct tachoi_series *series, double value)) {
    for (size_t i = 0; i < TACHOI_OVERFLOW_RING_SLOTS; i++) {
        struct tachoi_overflow_slot *slot = &ring->slots[i];
        /* acquire; pairs with the release in put */
        if (atomic_load_explicit(&slot->state, memory_order_acquire) == FULL) {
            each(slot->series, slot->value);
            /* release; pairs with the acquire in claim */
            atomic_store_explicit(&slot->state, FREE, memory_order_release);
        }
    }
}
