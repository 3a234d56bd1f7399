/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the recording path from a series to a cell. Everything here may run in a signal handler that
 * has interrupted any other line of it. */
#include "storage/series.h"

/* Tries of a histogram's cells. A holder keeps a cell for a few nanoseconds; when it is still busy
 * after a hundred looks, its holder is off its processor, perhaps for milliseconds: time for
 * stripes, where another cell is free at once. Where the reserve has none, the recorder looks on
 * for about 9 microseconds, so that the ring lasts for such a pause. */
enum { INLINE_TRIES = 128, PATIENT_TRIES = 10000, STRIPE_TRIES = 2 * (int)TACHOI_STRIPES_MAX };

/** Behind the measurement: so that no point shows a series before its first value, and so that the
 * collector, where it has missed the measurement, hears of it the next time. */
static void mark_used(struct tachoi_series *series) {
    const uint32_t marks = TACHOI_SERIES_RECORDED | TACHOI_SERIES_TOUCHED;
    /* seq_cst; behind the adding, and with tachoi_series_take_touch: see series.h */
    if ((atomic_load_explicit(&series->use, memory_order_seq_cst) & marks) != marks) {
        /* release; pairs with the acquire in tachoi_series_is */
        atomic_fetch_or_explicit(&series->use, marks, memory_order_release);
    }
}

static void store_last(struct tachoi_series *series, uint64_t bits) {
    struct tachoi_series_family *family = series->family;
    struct tachoi_word_cell *cell = tachoi_word_cell_of(tachoi_series_cell(series));
    if (family->is_delta || atomic_load_explicit(&family->takes_touches, memory_order_relaxed)) {
        tachoi_word_cell_store_ordered(cell, bits);
    } else {
        tachoi_word_cell_store(cell, bits);
    }
}

static void add_i64(struct tachoi_series *series, int64_t value) {
    const uint32_t thread = tachoi_thread_hint();
    struct tachoi_stripes *stripes = tachoi_series_stripes(series);
    if (stripes != NULL) {
        const size_t index = tachoi_stripes_choose(stripes, thread);
        tachoi_word_cell_add_i64(tachoi_word_cell_of(tachoi_stripes_cell(stripes, index)), value);
        return;
    }
    struct tachoi_cell_head *cell = tachoi_series_cell(series);
    tachoi_word_cell_add_i64(tachoi_word_cell_of(cell), value);
    tachoi_cell_note_thread(cell, thread);
}

static void add_f64(struct tachoi_series *series, double value) {
    struct tachoi_stripes *stripes = tachoi_series_stripes(series);
    if (stripes != NULL) {
        size_t index = tachoi_stripes_choose(stripes, tachoi_thread_hint());
        while (!tachoi_word_cell_try_add_f64(
            tachoi_word_cell_of(tachoi_stripes_cell(stripes, index)), value)) {
            index = (index + 1) & (stripes->count - 1);
        }
        return;
    }
    struct tachoi_cell_head *cell = tachoi_series_cell(series);
    while (!tachoi_word_cell_try_add_f64(tachoi_word_cell_of(cell), value)) {
        tachoi_cell_note_contention(cell, 1);
    }
}

/** TACHOI_HOLDER_NONE if the value was added, else who has the cell. */
static inline enum tachoi_lock_holder
try_cell(struct tachoi_series *series, struct tachoi_cell_head *head, size_t bucket, double value) {
    struct tachoi_histogram_cell *cell = tachoi_histogram_cell_of(head);
    const enum tachoi_lock_holder holder = tachoi_try_lock(&cell->lock, TACHOI_HOLDER_RECORDER);
    if (holder == TACHOI_HOLDER_NONE) {
        tachoi_histogram_cell_add(cell, bucket, value);
        mark_used(series);
        tachoi_unlock(&cell->lock);
    }
    return holder;
}

/** The detector of cells that can fail: failing to get the inline cell from another recorder is
 * contention, noted once for a measurement; failing because of the collector is not. */
static bool try_inline_cell(struct tachoi_series *series, size_t bucket, double value, int most,
                            bool *is_contended) {
    struct tachoi_cell_head *cell = tachoi_series_cell(series);
    *is_contended = false;
    for (int tries = 0; tries < most; tries++) {
        const enum tachoi_lock_holder holder = try_cell(series, cell, bucket, value);
        if (holder == TACHOI_HOLDER_NONE) {
            if (*is_contended) {
                tachoi_cell_note_contention(cell, 1);
            }
            return true;
        }
        *is_contended |= holder == TACHOI_HOLDER_RECORDER;
    }
    return false;
}

static bool try_stripes(struct tachoi_series *series, struct tachoi_stripes *stripes, size_t bucket,
                        double value) {
    size_t index = tachoi_stripes_choose(stripes, tachoi_thread_hint());
    for (int tries = 0; tries < STRIPE_TRIES; tries++) {
        if (try_cell(series, tachoi_stripes_cell(stripes, index), bucket, value) ==
            TACHOI_HOLDER_NONE) {
            return true;
        }
        index = (index + 1) & (stripes->count - 1);
    }
    return false;
}

/** Of a series without stripes. */
static bool try_alone(struct tachoi_series *series, size_t bucket, double value) {
    bool is_contended = false;
    if (try_inline_cell(series, bucket, value, INLINE_TRIES, &is_contended)) {
        return true;
    }
    if (is_contended && tachoi_reserve_attach(&series->family->reserve, &series->stripes)) {
        return try_stripes(series, tachoi_series_stripes(series), bucket, value);
    }
    if (try_inline_cell(series, bucket, value, PATIENT_TRIES, &is_contended)) {
        return true;
    }
    if (is_contended) { /* stripes would have spared it the ring */
        tachoi_cell_note_contention(tachoi_series_cell(series), TACHOI_CONTENTION_PROVEN);
    }
    return false;
}

static void add_to_histogram(struct tachoi_series *series, double value) {
    struct tachoi_series_family *family = series->family;
    const size_t bucket = tachoi_cell_bucket(&family->aggregation, value);
    struct tachoi_stripes *stripes = tachoi_series_stripes(series);
    const bool is_added = stripes != NULL ? try_stripes(series, stripes, bucket, value)
                                          : try_alone(series, bucket, value);
    /* What goes into the ring is marked when it comes out. */
    if (!is_added && !tachoi_overflow_ring_put(family->ring, series, value)) {
        atomic_fetch_add_explicit(&family->contended, 1, memory_order_relaxed);
    }
}

void tachoi_series_record_i64(struct tachoi_series *series, int64_t value) {
    if (series->family->aggregation.kind == TACHOI_AGGREGATION_LAST_VALUE) {
        store_last(series, (uint64_t)value);
    } else {
        add_i64(series, value);
    }
    mark_used(series);
}

void tachoi_series_record_f64(struct tachoi_series *series, double value) {
    switch (series->family->aggregation.kind) {
    case TACHOI_AGGREGATION_LAST_VALUE:
        store_last(series, tachoi_bits_of_f64(value));
        mark_used(series);
        break;
    case TACHOI_AGGREGATION_SUM:
        add_f64(series, value);
        mark_used(series);
        break;
    case TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM:
    case TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        add_to_histogram(series, value); /* which marks */
        break;
    }
}
