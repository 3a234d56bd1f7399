/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the memory that measurements are added to, and each single step that recording takes on it.
 * Knows nothing of series or stripes.
 *
 *   word cell       last values and sums. A last value is one store, an integer sum one atomic
 *                   add, a double sum one attempt of a compare-and-swap: it fails only where
 *                   another recorder has just succeeded.
 *   histogram cell  sum, min, max and buckets, which must move together, behind a try-lock.
 *
 * Both begin with the same head: hints of how threads share the cell. A hint may be wrong or lost
 * without harm; nothing but speed depends on it.
 *
 * Recording is async-signal-safe; any thread. tachoi_histogram_cell_add_waiting and _read wait for
 * a recorder that holds the cell, so they are for the collector. */
#ifndef TACHOI_STORAGE_CELL_H
#define TACHOI_STORAGE_CELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "aggregation/aggregation.h"
#include "aggregation/explicit_histogram.h"
#include "storage/try_lock.h"

struct tachoi_cell_head {
    /* atomic */
    _Atomic(uint32_t) owner;      /* hint of the thread that used it last, or that claimed it */
    _Atomic(uint32_t) contention; /* signs of contention since the collector looked */
};

struct tachoi_word_cell {
    struct tachoi_cell_head head;
    /* atomic */
    _Atomic(uint64_t) bits; /* an int64_t or a double */
};

struct tachoi_histogram_cell {
    struct tachoi_cell_head head;
    tachoi_lock_word lock;
    /* guarded by lock */
    struct tachoi_histogram_totals totals;
    uint64_t buckets[];
};

/** The cell that a head belongs to, where the aggregation says which it is. */
static inline struct tachoi_word_cell *tachoi_word_cell_of(struct tachoi_cell_head *head) {
    return (struct tachoi_word_cell *)(void *)head;
}
static inline struct tachoi_histogram_cell *
tachoi_histogram_cell_of(struct tachoi_cell_head *head) {
    return (struct tachoi_histogram_cell *)(void *)head;
}

/** Bytes of a cell, a multiple of 8. */
size_t tachoi_cell_size(const struct tachoi_aggregation *aggregation);

/** Makes zeroed memory a cell without measurements. */
void tachoi_cell_init(struct tachoi_cell_head *cell, const struct tachoi_aggregation *aggregation);

/** Contention that needs no further signs. */
#define TACHOI_CONTENTION_PROVEN UINT32_MAX

/** Counts a sign of contention, or all that can be. Two threads at once may count one of them. */
static inline void tachoi_cell_note_contention(struct tachoi_cell_head *head, uint32_t weight) {
    const uint32_t noted = atomic_load_explicit(&head->contention, memory_order_relaxed);
    const uint32_t room = TACHOI_CONTENTION_PROVEN - noted;
    atomic_store_explicit(&head->contention, noted + (weight < room ? weight : room),
                          memory_order_relaxed);
}

/**
 * The detector of cells that never fail: a recorder which finds the hint of another thread leaves
 * its own and counts the switch. Called behind the atomic add, when this processor has the cache
 * line anyway, it costs a load and a compare (measured: 0.2 ns).
 */
static inline void tachoi_cell_note_thread(struct tachoi_cell_head *head, uint32_t thread) {
    if (atomic_load_explicit(&head->owner, memory_order_relaxed) != thread) {
        atomic_store_explicit(&head->owner, thread, memory_order_relaxed);
        tachoi_cell_note_contention(head, 1);
    }
}

static inline uint64_t tachoi_bits_of_f64(double value) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline double tachoi_f64_of_bits(uint64_t bits) {
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t tachoi_word_cell_read(const struct tachoi_word_cell *cell) {
    return atomic_load_explicit(&cell->bits, memory_order_relaxed);
}

static inline void tachoi_word_cell_store(struct tachoi_word_cell *cell, uint64_t bits) {
    atomic_store_explicit(&cell->bits, bits, memory_order_relaxed);
}

/** Unsigned, so that it wraps. */
static inline void tachoi_word_cell_add_i64(struct tachoi_word_cell *cell, int64_t value) {
    atomic_fetch_add_explicit(&cell->bits, (uint64_t)value, memory_order_relaxed);
}

/** False if another recorder came in between. */
static inline bool tachoi_word_cell_try_add_f64(struct tachoi_word_cell *cell, double value) {
    uint64_t bits = atomic_load_explicit(&cell->bits, memory_order_relaxed);
    return atomic_compare_exchange_strong_explicit(
        &cell->bits, &bits, tachoi_bits_of_f64(tachoi_f64_of_bits(bits) + value),
        memory_order_relaxed, memory_order_relaxed);
}

/** TACHOI_HOLDER_NONE if the value was added, else who has the cell. */
static inline enum tachoi_lock_holder
tachoi_histogram_cell_try_add(struct tachoi_histogram_cell *cell, size_t bucket, double value) {
    const enum tachoi_lock_holder holder = tachoi_try_lock(&cell->lock, TACHOI_HOLDER_RECORDER);
    if (holder == TACHOI_HOLDER_NONE) {
        tachoi_histogram_update(&cell->totals, cell->buckets, bucket, value);
        tachoi_unlock(&cell->lock);
    }
    return holder;
}

/** Adds a value for the collector. */
void tachoi_histogram_cell_add_waiting(struct tachoi_histogram_cell *cell, size_t bucket,
                                       double value);

/** Adds what the cell holds, consistent in itself, to `totals` and `buckets`. */
void tachoi_histogram_cell_read(struct tachoi_histogram_cell *cell,
                                struct tachoi_histogram_totals *totals, uint64_t *buckets,
                                size_t bucket_count);

#endif
