/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the stripes of a contended or bound series: cells on cache lines of their own, as many as
 * threads can run at once (but at most 64), and the choice of one for a thread. Knows nothing of
 * series.
 *
 * A thread takes the stripe that carries its hint, else it claims one that carries none. So threads
 * that run together part company at once, without any memory of their own (thread-local storage
 * may be allocated lazily, which a signal handler must not do) and without a stripe for each thread
 * that ever was: the collector takes the claims back at each collection, which is how the stripes
 * of dead threads become free. A claim is a hint only: two threads on one stripe are slower, not
 * wrong.
 *
 * All calls are safe from any thread; choosing is async-signal-safe. */
#ifndef TACHOI_STORAGE_STRIPES_H
#define TACHOI_STORAGE_STRIPES_H

#include <stddef.h>
#include <stdint.h>

#include "storage/cell.h"

#define TACHOI_CACHE_LINE_BYTES ((size_t)64)
#define TACHOI_STRIPES_MAX ((size_t)64)

/* immutable after create, but for the cells that follow it from the second cache line on */
struct tachoi_stripes {
    size_t count;  /* a power of two */
    size_t stride; /* bytes from one cell to the next, whole cache lines */
};

/** One more than the processors online, rounded up to a power of two; TACHOI_STRIPES_MAX where that
 * is more. */
size_t tachoi_stripe_count(void);

/** NULL when memory is short. Freed with tachoi_free. */
struct tachoi_stripes *tachoi_stripes_create(const struct tachoi_aggregation *aggregation,
                                             size_t count);

/**
 * A hint of the calling thread, never 0: its thread pointer, mixed (Fibonacci hashing), since
 * thread pointers differ by multiples of the stack size. Reading the register costs 0.2 ns where
 * pthread_self, a call into libc, costs 2.
 */
static inline uint32_t tachoi_thread_hint(void) {
    const uint64_t thread = (uint64_t)(uintptr_t)__builtin_thread_pointer();
    return (uint32_t)((thread * UINT64_C(0x9E3779B97F4A7C15)) >> 32) | 1U;
}

static inline struct tachoi_cell_head *tachoi_stripes_cell(struct tachoi_stripes *stripes,
                                                           size_t index) {
    return (struct tachoi_cell_head *)(void *)((unsigned char *)stripes + TACHOI_CACHE_LINE_BYTES +
                                               index * stripes->stride);
}

/** The index of the stripe that a thread should try first. */
static inline size_t tachoi_stripes_choose(struct tachoi_stripes *stripes, uint32_t thread) {
    enum { PROBES = 8 };
    const size_t mask = stripes->count - 1;
    const size_t home = (thread >> 16) & mask;
    for (size_t i = 0; i < PROBES; i++) {
        const size_t index = (home + i) & mask;
        struct tachoi_cell_head *cell = tachoi_stripes_cell(stripes, index);
        const uint32_t owner = atomic_load_explicit(&cell->owner, memory_order_relaxed);
        if (owner == thread) {
            return index;
        }
        if (owner == 0) {
            atomic_store_explicit(&cell->owner, thread, memory_order_relaxed);
            return index;
        }
    }
    return home;
}

/** Takes all claims back. */
void tachoi_stripes_disown(struct tachoi_stripes *stripes);

#endif
