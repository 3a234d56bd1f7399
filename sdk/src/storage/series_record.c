/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rest of the recording path from a series to a cell: where cells are held. Everything
 * here may run in a signal handler that has interrupted any other line of it. */
#include "storage/series_record.h"

/* Tries of a histogram's cells. A holder keeps a cell for a few nanoseconds; when it is still busy
 * after a hundred looks, its holder is off its processor, perhaps for milliseconds: time for
 * stripes, where another cell is free at once. Where the reserve has none, the recorder looks on
 * for about 9 microseconds, so that the ring lasts for such a pause. */
enum { INLINE_TRIES = 128, PATIENT_TRIES = 10000, STRIPE_TRIES = 2 * (int)TACHOI_STRIPES_MAX };

/* Apart, so that what is more often run saves no registers for what is not. */
#define NOINLINE __attribute__((noinline))

static void add_i64(struct tachoi_series *series, int64_t value) {
    struct tachoi_stripes *stripes = tachoi_series_stripes(series);
    if (stripes != NULL) {
        const size_t index = tachoi_stripes_choose(stripes, tachoi_thread_hint());
        tachoi_series_add_i64_to_cell(series, tachoi_stripes_cells(stripes), index, value);
        return;
    }
    tachoi_series_add_i64_alone(series, value);
}

static void add_f64(struct tachoi_series *series, double value) {
    struct tachoi_stripes *stripes = tachoi_series_stripes(series);
    if (stripes != NULL) {
        size_t index = tachoi_stripes_choose(stripes, tachoi_thread_hint());
        unsigned char *cells = tachoi_stripes_cells(stripes);
        while (!tachoi_series_try_add_f64_to_cell(series, cells, index, value)) {
            index = (index + 1) & stripes->mask;
        }
        return;
    }
    struct tachoi_cell_head *cell = tachoi_series_cell(series);
    while (!tachoi_word_cell_try_add_f64(tachoi_word_cell_of(cell), value)) {
        tachoi_cell_note_contention(cell, 1);
    }
    tachoi_series_mark_used(series);
}

/** The detector of cells that can fail: failing to get the inline cell from another recorder is
 * contention, noted once for a measurement; failing because of the collector is not. */
static bool try_inline_cell(struct tachoi_series *series, size_t bucket, double value, int most,
                            bool *is_contended) {
    struct tachoi_cell_head *cell = tachoi_series_cell(series);
    for (int tries = 0; tries < most; tries++) {
        const enum tachoi_lock_holder holder = tachoi_series_try_cell(series, cell, bucket, value);
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

/** Tries the stripes from `index` on. */
static bool try_stripes(struct tachoi_series *series, struct tachoi_stripes *stripes, size_t index,
                        size_t bucket, double value) {
    for (int tries = 0; tries < STRIPE_TRIES; tries++) {
        index &= stripes->mask;
        if (tachoi_series_try_cell(series, tachoi_stripes_cell(stripes, index), bucket, value) ==
            TACHOI_HOLDER_NONE) {
            return true;
        }
        index++;
    }
    return false;
}

/** Of a series without stripes, whose cell was `holder`'s. */
static NOINLINE bool try_alone(struct tachoi_series *series, size_t bucket, double value,
                               enum tachoi_lock_holder holder) {
    bool is_contended = holder == TACHOI_HOLDER_RECORDER;
    if (try_inline_cell(series, bucket, value, INLINE_TRIES, &is_contended)) {
        return true;
    }
    if (is_contended && tachoi_reserve_attach(&series->family->reserve, &series->stripes)) {
        struct tachoi_stripes *stripes = tachoi_series_stripes(series);
        const size_t index = tachoi_stripes_choose(stripes, tachoi_thread_hint());
        return try_stripes(series, stripes, index, bucket, value);
    }
    if (try_inline_cell(series, bucket, value, PATIENT_TRIES, &is_contended)) {
        return true;
    }
    if (is_contended) { /* stripes would have spared it the ring */
        tachoi_cell_note_contention(tachoi_series_cell(series), TACHOI_CONTENTION_PROVEN);
    }
    return false;
}

/** What goes into the ring is marked when it comes out. */
static NOINLINE void put_into_ring(struct tachoi_series *series, double value) {
    struct tachoi_series_family *family = series->family;
    if (!tachoi_overflow_ring_put(family->ring, series, value)) {
        atomic_fetch_add_explicit(&family->contended, 1, memory_order_relaxed);
    }
}

NOINLINE void tachoi_series_record_contended(struct tachoi_series *series,
                                             struct tachoi_stripes *stripes, size_t index,
                                             size_t bucket, double value) {
    if (!try_stripes(series, stripes, index, bucket, value)) {
        put_into_ring(series, value);
    }
}

static NOINLINE void add_to_histogram(struct tachoi_series *series, double value) {
    const size_t bucket = tachoi_cell_bucket(&series->family->aggregation, value);
    struct tachoi_stripes *stripes = tachoi_series_stripes(series);
    if (stripes != NULL) {
        const size_t index = tachoi_stripes_choose(stripes, tachoi_thread_hint());
        if (tachoi_series_try_cell(series, tachoi_stripes_cell(stripes, index), bucket, value) !=
            TACHOI_HOLDER_NONE) {
            tachoi_series_record_contended(series, stripes, index + 1, bucket, value);
        }
        return;
    }
    const enum tachoi_lock_holder holder =
        tachoi_series_try_cell(series, tachoi_series_cell(series), bucket, value);
    if (holder != TACHOI_HOLDER_NONE && !try_alone(series, bucket, value, holder)) {
        put_into_ring(series, value);
    }
}

void tachoi_series_record_i64(struct tachoi_series *series, int64_t value) {
    if (series->family->aggregation.kind == TACHOI_AGGREGATION_LAST_VALUE) {
        tachoi_series_record_last(series, (uint64_t)value);
    } else {
        add_i64(series, value);
    }
}

void tachoi_series_record_f64(struct tachoi_series *series, double value) {
    switch (series->family->aggregation.kind) {
    case TACHOI_AGGREGATION_LAST_VALUE:
        tachoi_series_record_last(series, tachoi_bits_of_f64(value));
        break;
    case TACHOI_AGGREGATION_SUM:
        add_f64(series, value);
        break;
    case TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM:
    case TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        add_to_histogram(series, value);
        break;
    }
}
