/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the memory that measurements are added to, and each single step that recording takes on it.
 * Knows nothing of series or stripes.
 *
 *   word cell       last values and sums. A last value is one store, an integer sum one atomic
 *                   add, a double sum one attempt of a compare-and-swap: it fails only where
 *                   another recorder has just succeeded.
 *   histogram cell  sum, min, max and buckets, which must move together, behind a try-lock: an
 *                   explicit or an exponential histogram, as the aggregation says.
 *
 * Both begin with the same head: hints of how threads share the cell. A hint may be wrong or lost
 * without harm; nothing but speed depends on it.
 *
 * Adding and taking are sequentially consistent: recorders look at a word of their series behind
 * the adding, the collector changes that word before the taking, and one of the two must see the
 * other (series.h). Adding costs nothing for that on x86, where every atomic addition is.
 *
 * Recording is async-signal-safe; any thread. tachoi_histogram_cell_add_waiting, _read and _merge
 * wait for a recorder that holds the cell, so they are for the collector. */
#ifndef TACHOI_STORAGE_CELL_H
#define TACHOI_STORAGE_CELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "aggregation/aggregation.h"
#include "aggregation/explicit_histogram.h"
#include "aggregation/exponential_histogram.h"
#include "storage/try_lock.h"

struct tachoi_cell_head {
    /* atomic */
    _Atomic(uint32_t) owner;      /* hint of the thread that used it last; not in stripes */
    _Atomic(uint32_t) contention; /* signs of contention since the collector looked; in stripes:
                                     how often threads came that had no stripe */
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
    uint64_t content[]; /* a struct tachoi_explicit or a struct tachoi_exponential */
};

struct tachoi_explicit {
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
static inline struct tachoi_explicit *tachoi_explicit_of(struct tachoi_histogram_cell *cell) {
    return (struct tachoi_explicit *)(void *)cell->content;
}
static inline struct tachoi_exponential *tachoi_exponential_of(struct tachoi_histogram_cell *cell) {
    return (struct tachoi_exponential *)(void *)cell->content;
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
    /* seq_cst; with the adding: see above */
    return atomic_load_explicit(&cell->bits, memory_order_seq_cst);
}

/** Reads and leaves zero, which is the integer 0 and the double 0.0. A cell that nobody has added
 * to is not written: its line may belong to another processor. */
static inline uint64_t tachoi_word_cell_take(struct tachoi_word_cell *cell) {
    /* seq_cst; with the adding: see above */
    return tachoi_word_cell_read(cell) == 0
               ? 0
               : atomic_exchange_explicit(&cell->bits, 0, memory_order_seq_cst);
}

/** A last value of which nobody asks when it came. */
static inline void tachoi_word_cell_store(struct tachoi_word_cell *cell, uint64_t bits) {
    atomic_store_explicit(&cell->bits, bits, memory_order_relaxed);
}

/** As tachoi_word_cell_store, in one order with the taking of touches. */
static inline void tachoi_word_cell_store_ordered(struct tachoi_word_cell *cell, uint64_t bits) {
    /* seq_cst; with tachoi_word_cell_read. An exchange, since a store may be done first and be seen
     * last. */
    (void)atomic_exchange_explicit(&cell->bits, bits, memory_order_seq_cst);
}

/** Unsigned, so that it wraps. */
static inline void tachoi_word_cell_add_i64(struct tachoi_word_cell *cell, int64_t value) {
    /* seq_cst; with tachoi_word_cell_read and _take */
    atomic_fetch_add_explicit(&cell->bits, (uint64_t)value, memory_order_seq_cst);
}

/** False if another recorder, or the collector, came in between. */
static inline bool tachoi_word_cell_try_add_f64(struct tachoi_word_cell *cell, double value) {
    uint64_t bits = atomic_load_explicit(&cell->bits, memory_order_relaxed);
    /* seq_cst; with tachoi_word_cell_read and _take */
    return atomic_compare_exchange_strong_explicit(
        &cell->bits, &bits, tachoi_bits_of_f64(tachoi_f64_of_bits(bits) + value),
        memory_order_seq_cst, memory_order_relaxed);
}

/** In place of a bucket, which an exponential histogram can tell only when its scale stands still.
 */
#define TACHOI_BUCKET_BY_SCALE SIZE_MAX

/** The bucket to hand to a cell of the aggregation. */
static inline size_t tachoi_cell_bucket(const struct tachoi_aggregation *aggregation,
                                        double value) {
    return aggregation->kind == TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM
               ? tachoi_histogram_bucket(aggregation->bounds, aggregation->bound_count, value)
               : TACHOI_BUCKET_BY_SCALE;
}

/** Adds a value to explicit buckets; the caller holds the lock. */
static inline void tachoi_histogram_cell_add_explicit(struct tachoi_histogram_cell *cell,
                                                      size_t bucket, double value) {
    struct tachoi_explicit *content = tachoi_explicit_of(cell);
    tachoi_histogram_update(&content->totals, content->buckets, bucket, value);
}

/** Adds a value; the caller holds the lock. */
static inline void tachoi_histogram_cell_add(struct tachoi_histogram_cell *cell, size_t bucket,
                                             double value) {
    if (bucket == TACHOI_BUCKET_BY_SCALE) {
        tachoi_exponential_update(tachoi_exponential_of(cell), value);
    } else {
        tachoi_histogram_cell_add_explicit(cell, bucket, value);
    }
}

/** Adds a value for the collector. */
void tachoi_histogram_cell_add_waiting(struct tachoi_histogram_cell *cell, size_t bucket,
                                       double value);

/** Adds what a cell of explicit buckets holds, consistent in itself, to `totals` and `buckets`;
 * empties the cell if it `takes`. */
void tachoi_histogram_cell_read(struct tachoi_histogram_cell *cell,
                                const struct tachoi_aggregation *aggregation,
                                struct tachoi_histogram_totals *totals, uint64_t *buckets,
                                bool takes);

/** The same for an exponential histogram. */
void tachoi_histogram_cell_merge(struct tachoi_histogram_cell *cell,
                                 const struct tachoi_aggregation *aggregation,
                                 struct tachoi_exponential *into, bool takes);

#endif
