/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the stripes of a contended or bound series: cells on cache lines of their own, as many as
 * threads can run at once (but at most 64), and the choice of one for a thread. Knows nothing of
 * series.
 *
 * A thread takes the stripe that carries its hint, else it claims one that carries none, else it
 * shares one, and takes a claim over now and then. So threads that run together soon part company,
 * without any memory of their own (thread-local storage may be allocated lazily, which a signal
 * handler must not do) and without a stripe for each thread that ever was: as long as no more
 * threads run at a time than there are stripes, those which do have one each, whatever claims the
 * others left behind. A claim is a hint only: two threads on one stripe are slower, not wrong.
 * Claims lie beside each other, apart from the cells: looking for its own, a thread meets no line
 * that another one keeps writing to.
 *
 * All calls are safe from any thread; choosing is async-signal-safe. */
#ifndef TACHOI_STORAGE_STRIPES_H
#define TACHOI_STORAGE_STRIPES_H

#include <stddef.h>
#include <stdint.h>

#include "storage/cell.h"

#define TACHOI_CACHE_LINE_BYTES ((size_t)64)
#define TACHOI_STRIPES_MAX ((size_t)64)

_Static_assert(sizeof(struct tachoi_word_cell) <= TACHOI_CACHE_LINE_BYTES,
               "the cell of a sum takes one line");

/* The cells follow on the next cache line. */
struct tachoi_stripes {
    /* immutable after create */
    uint32_t mask;   /* their number, a power of two, less one */
    uint32_t stride; /* bytes from one cell to the next, whole cache lines */
    uint32_t offset; /* of the first cell from here */
    /* atomic */
    _Atomic(uint32_t) victim;   /* hint of which claim to take over next */
    _Atomic(uint32_t) claims[]; /* hints of threads, one for each stripe; 0 = free */
};

static inline size_t tachoi_stripes_size(const struct tachoi_stripes *stripes) {
    return (size_t)stripes->mask + 1;
}

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

/** The first cell. */
static inline unsigned char *tachoi_stripes_cells(struct tachoi_stripes *stripes) {
    return (unsigned char *)stripes + stripes->offset;
}

static inline struct tachoi_cell_head *tachoi_stripes_cell(struct tachoi_stripes *stripes,
                                                           size_t index) {
    return (struct tachoi_cell_head *)(void *)(tachoi_stripes_cells(stripes) +
                                               index * stripes->stride);
}

/** The same of a sum, whose cells have one line each; `cells` is the first. */
static inline struct tachoi_word_cell *tachoi_stripes_word_cell(unsigned char *cells,
                                                                size_t index) {
    return (struct tachoi_word_cell *)(void *)(cells + index * TACHOI_CACHE_LINE_BYTES);
}

/** The index of the thread's own stripe, of one that it claims from now on, or, where all are
 * claimed, mostly of one that it shares. */
size_t tachoi_stripes_claim(struct tachoi_stripes *stripes, uint32_t thread);

/** No index of a stripe. */
#define TACHOI_NO_STRIPE SIZE_MAX

/** So many stripes from its home on a thread looks for its claim. */
#define TACHOI_STRIPES_NEAR 4

/** The index of the thread's stripe, if it lies where it does nearly always. `mask` is that of the
 * stripes, for those who have a copy: one load less that another one waits for. */
static inline size_t tachoi_stripes_find_masked(const struct tachoi_stripes *stripes, uint32_t mask,
                                                uint32_t thread) {
    const uint32_t home = (thread >> 16) & mask;
    const uint32_t claim = atomic_load_explicit(&stripes->claims[home], memory_order_relaxed);
    if (__builtin_expect(claim == thread, 1)) {
        return home;
    }
    for (uint32_t i = 1; i < TACHOI_STRIPES_NEAR; i++) {
        const uint32_t index = (home + i) & mask;
        if (atomic_load_explicit(&stripes->claims[index], memory_order_relaxed) == thread) {
            return index;
        }
    }
    return TACHOI_NO_STRIPE;
}

static inline size_t tachoi_stripes_find(const struct tachoi_stripes *stripes, uint32_t thread) {
    return tachoi_stripes_find_masked(stripes, stripes->mask, thread);
}

/** The index of the stripe that a thread should try first. */
static inline size_t tachoi_stripes_choose(struct tachoi_stripes *stripes, uint32_t thread) {
    const size_t found = tachoi_stripes_find(stripes, thread);
    return found != TACHOI_NO_STRIPE ? found : tachoi_stripes_claim(stripes, thread);
}

#endif
