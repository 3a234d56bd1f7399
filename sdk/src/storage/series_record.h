/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the steps of a measurement from a series to a cell that are short enough to be part of their
 * caller: what recording through a bound instrument consists of. Everything here may run in a
 * signal handler that has interrupted any other line of it. */
#ifndef TACHOI_STORAGE_SERIES_RECORD_H
#define TACHOI_STORAGE_SERIES_RECORD_H

#include "storage/series.h"
#include "storage/storage.h"

/** The series that a handle of a storage is bound to. It is the handle, under a name that recorders
 * by attributes cannot confuse with it. One of a sum or a histogram has stripes. */
static inline struct tachoi_series *tachoi_bound_series_unwrap(struct tachoi_bound_series *bound) {
    return (struct tachoi_series *)(void *)bound;
}

/** Behind the measurement: so that no point shows a series before its first value, and so that the
 * collector, where it has missed the measurement, hears of it the next time. */
static inline void tachoi_series_mark_used(struct tachoi_series *series) {
    /* seq_cst; behind the adding, and with tachoi_series_take_touch: see series.h */
    if ((atomic_load_explicit(&series->use, memory_order_seq_cst) & TACHOI_SERIES_TOUCHED) == 0) {
        /* release; pairs with the acquire in tachoi_series_is */
        atomic_fetch_or_explicit(&series->use, TACHOI_SERIES_RECORDED | TACHOI_SERIES_TOUCHED,
                                 memory_order_release);
    }
}

/** A last value; `bits` are those of the number. */
static inline void tachoi_series_record_last(struct tachoi_series *series, uint64_t bits) {
    struct tachoi_series_family *family = series->family;
    struct tachoi_word_cell *cell = tachoi_word_cell_of(tachoi_series_cell(series));
    if (family->is_delta || atomic_load_explicit(&family->takes_touches, memory_order_relaxed)) {
        tachoi_word_cell_store_ordered(cell, bits);
    } else {
        tachoi_word_cell_store(cell, bits);
    }
    tachoi_series_mark_used(series);
}

/* --- into the series' own cell --- */

/** Where it has no stripes. */
static inline void tachoi_series_add_i64_alone(struct tachoi_series *series, int64_t value) {
    struct tachoi_cell_head *cell = tachoi_series_cell(series);
    tachoi_word_cell_add_i64(tachoi_word_cell_of(cell), value);
    tachoi_cell_note_thread(cell, tachoi_thread_hint());
    tachoi_series_mark_used(series);
}

/* --- into stripes --- */

/* `cells` are those of the series' stripes. */

static inline void tachoi_series_add_i64_to_cell(struct tachoi_series *series, unsigned char *cells,
                                                 size_t index, int64_t value) {
    tachoi_word_cell_add_i64(tachoi_stripes_word_cell(cells, index), value);
    tachoi_series_mark_used(series);
}

/** False if another recorder was faster, or the collector came in between. */
static inline bool tachoi_series_try_add_f64_to_cell(struct tachoi_series *series,
                                                     unsigned char *cells, size_t index,
                                                     double value) {
    if (!tachoi_word_cell_try_add_f64(tachoi_stripes_word_cell(cells, index), value)) {
        return false;
    }
    tachoi_series_mark_used(series);
    return true;
}

/** TACHOI_HOLDER_NONE if the value was added to the histogram cell, else who has it. */
static inline enum tachoi_lock_holder tachoi_series_try_cell(struct tachoi_series *series,
                                                             struct tachoi_cell_head *head,
                                                             size_t bucket, double value) {
    struct tachoi_histogram_cell *cell = tachoi_histogram_cell_of(head);
    const enum tachoi_lock_holder holder = tachoi_try_lock(&cell->lock, TACHOI_HOLDER_RECORDER);
    if (holder == TACHOI_HOLDER_NONE) {
        tachoi_histogram_cell_add(cell, bucket, value);
        tachoi_series_mark_used(series);
        tachoi_unlock(&cell->lock);
    }
    return holder;
}

/** Goes on where the stripe before `index` was held: tries the others, then the ring. */
void tachoi_series_record_contended(struct tachoi_series *series, struct tachoi_stripes *stripes,
                                    size_t index, size_t bucket, double value);

/** As tachoi_series_try_cell, of explicit buckets and a cell that nearly nobody else tries. */
static inline bool tachoi_series_try_explicit_cell(struct tachoi_series *series,
                                                   struct tachoi_cell_head *head, size_t bucket,
                                                   double value) {
    struct tachoi_histogram_cell *cell = tachoi_histogram_cell_of(head);
    if (!tachoi_try_lock_blindly(&cell->lock)) {
        return false;
    }
    tachoi_histogram_cell_add_explicit(cell, bucket, value);
    tachoi_series_mark_used(series);
    tachoi_unlock(&cell->lock);
    return true;
}

/** The same of exponential ones. */
static inline bool tachoi_series_try_exponential_cell(struct tachoi_series *series,
                                                      struct tachoi_cell_head *head, double value) {
    struct tachoi_histogram_cell *cell = tachoi_histogram_cell_of(head);
    if (!tachoi_try_lock_blindly(&cell->lock)) {
        return false;
    }
    tachoi_exponential_update(tachoi_exponential_of(cell), value);
    tachoi_series_mark_used(series);
    tachoi_unlock(&cell->lock);
    return true;
}

#endif
