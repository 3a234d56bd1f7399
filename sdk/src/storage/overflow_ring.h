/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the place of last resort: measurements whose cells were all busy wait here for the next
 * collection. Made once, bounded. Knows nothing of what a series is.
 *
 *             put    take
 *     put     yes    yes
 *     take    yes    no (collections are serialised)
 *
 * Each slot has a state of its own, and a producer takes the first free one from a moving start on
 * round the ring: so a producer that is preempted (or interrupted by a signal handler that puts
 * too) while it writes blocks its one slot, not its fellows, and not the collector, who takes full
 * slots only. Order is not kept; sums and histograms need none. A slot that was being written when
 * the process forked is free in the child.
 * Progress: put is bounded by the number of slots; async-signal-safe. take is wait-free. */
#ifndef TACHOI_STORAGE_OVERFLOW_RING_H
#define TACHOI_STORAGE_OVERFLOW_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TACHOI_OVERFLOW_RING_SLOTS ((size_t)256)

struct tachoi_series;

struct tachoi_overflow_slot {
    /* atomic: 0 = free, 1 = full, else (fork generation << 2 | 2) = being written */
    _Atomic(uint32_t) state;
    /* guarded by state: written before it becomes 1, read before it becomes 0 */
    struct tachoi_series *series;
    double value;
};

struct tachoi_overflow_ring {
    /* atomic */
    _Atomic(size_t) start; /* where the next search begins */
    struct tachoi_overflow_slot slots[TACHOI_OVERFLOW_RING_SLOTS];
};

/** False if there is no free slot. */
bool tachoi_overflow_ring_put(struct tachoi_overflow_ring *ring, struct tachoi_series *series,
                              double value);

/** Calls `each` for every measurement that is completely there and takes it out. */
void tachoi_overflow_ring_take(struct tachoi_overflow_ring *ring,
                               void (*each)(struct tachoi_series *series, double value));

#endif
