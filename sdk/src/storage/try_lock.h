/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the one-word lock of a histogram cell. Recorders only ever try it; a collector waits. Knows
 * nothing of what it guards.
 *
 * The word is 0 when free, else the fork generation of the holder and which kind it is. A word of
 * another generation was held by a thread of the parent, which does not exist in this process, so
 * it counts as free. Recorders learn who was in their way, since a collector at work is no sign of
 * contention.
 *
 * Async-signal-safe but for tachoi_lock_wait. */
#ifndef TACHOI_STORAGE_TRY_LOCK_H
#define TACHOI_STORAGE_TRY_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fork.h"

typedef _Atomic(uint32_t) tachoi_lock_word;

enum tachoi_lock_holder {
    TACHOI_HOLDER_NONE = 0,
    TACHOI_HOLDER_RECORDER = 1,
    TACHOI_HOLDER_COLLECTOR = 2
};

/** The word of a lock that `holder` took in the generation `generation`. */
static inline uint32_t tachoi_lock_word_of(uint32_t generation, enum tachoi_lock_holder holder) {
    return (generation << 2) | (uint32_t)holder;
}

/** Takes the lock for `me` and returns TACHOI_HOLDER_NONE, or returns who has it. Looks before it
 * exchanges, so that those who try do not slow the holder down. */
static inline enum tachoi_lock_holder tachoi_try_lock(tachoi_lock_word *word,
                                                      enum tachoi_lock_holder me) {
    const uint32_t mine = tachoi_lock_word_of(tachoi_fork_generation(), me);
    uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
    if (seen != 0 && (seen >> 2) == (mine >> 2)) {
        return (enum tachoi_lock_holder)(seen & 3U);
    }
    /* acquire; pairs with the release in tachoi_unlock: what the last holder wrote is visible */
    if (atomic_compare_exchange_strong_explicit(word, &seen, mine, memory_order_acquire,
                                                memory_order_relaxed)) {
        return TACHOI_HOLDER_NONE;
    }
    return seen != 0 ? (enum tachoi_lock_holder)(seen & 3U) : TACHOI_HOLDER_RECORDER;
}

/**
 * Takes the lock for a recorder; false if somebody has it. For cells that nearly nobody else tries:
 * an exchange, which neither looks first nor has to be told what it finds. Where it fails it has
 * written over who the holder is, which is a hint; that the lock is held, and the generation, stay
 * what they are until the holder gives it back.
 */
static inline bool tachoi_try_lock_blindly(tachoi_lock_word *word) {
    const uint32_t mine = tachoi_lock_word_of(tachoi_fork_generation(), TACHOI_HOLDER_RECORDER);
    /* acquire; as in tachoi_try_lock */
    const uint32_t seen = atomic_exchange_explicit(word, mine, memory_order_acquire);
    return __builtin_expect(seen == 0, 1) || (seen >> 2) != (mine >> 2);
}

static inline void tachoi_unlock(tachoi_lock_word *word) {
    atomic_store_explicit(word, 0, memory_order_release); /* pairs with tachoi_try_lock */
}

/** Takes the lock for the collector, however long that takes: holders keep it for nanoseconds, but
 * one may have been preempted. Polls, then yields, then sleeps (a holder of lower priority must get
 * the processor). */
void tachoi_lock_wait(tachoi_lock_word *word);

#endif
