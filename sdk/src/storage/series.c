/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a series' memory, its promotion to stripes, and reading it. Recording is in
 * series_record.c. */
#include "storage/series.h"

#include "base/alloc.h"

enum { CONTENTION_MINIMUM = 64, CONTENTION_PER_MS = 1 };

uint64_t tachoi_series_next_id(void) {
    static _Atomic(uint64_t) last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

static bool size_of(const struct tachoi_series_family *family, uint32_t attributes_size,
                    size_t *out) {
    if (!family->is_watched) { /* the last word needs not be whole */
        return tachoi_size_add(sizeof(struct tachoi_series) + family->cell_size, attributes_size,
                               out);
    }
    return tachoi_size_add(sizeof(struct tachoi_series) + sizeof(uint64_t),
                           tachoi_series_storage_size(family, attributes_size), out);
}

struct tachoi_series *tachoi_series_create(struct tachoi_series_family *family,
                                           const struct tachoi_attribute_key *key,
                                           uint64_t start_time_unix_nano) {
    const size_t attributes_size = tachoi_attribute_key_size(key);
    size_t size = 0;
    if (attributes_size > UINT32_MAX || !size_of(family, (uint32_t)attributes_size, &size)) {
        return NULL;
    }
    struct tachoi_series *series = tachoi_calloc(1, size);
    if (series == NULL) {
        return NULL;
    }
    series->hash = key->hash;
    series->id = tachoi_series_next_id();
    series->start_time_unix_nano = start_time_unix_nano;
    series->family = family;
    series->attributes_size = (uint32_t)attributes_size;
    tachoi_cell_init(tachoi_series_cell(series), &family->aggregation);
    tachoi_attribute_key_write(key, (unsigned char *)series->storage + family->cell_size);
    return series;
}

void tachoi_series_destroy(struct tachoi_series *series) {
    if (series != NULL) {
        if (series->family->exemplars != NULL) {
            tachoi_exemplars_fini(series->family->exemplars, &series->exemplars);
        }
        tachoi_free(atomic_load_explicit(&series->stripes, memory_order_relaxed));
        tachoi_free(series);
    }
}

bool tachoi_series_promote(struct tachoi_series *series) {
    const struct tachoi_aggregation *aggregation = &series->family->aggregation;
    if (aggregation->kind == TACHOI_AGGREGATION_LAST_VALUE ||
        tachoi_series_stripes(series) != NULL) {
        return true;
    }
    struct tachoi_stripes *stripes = tachoi_stripes_create(aggregation, tachoi_stripe_count());
    if (stripes == NULL) {
        return false;
    }
    struct tachoi_stripes *expected = NULL;
    /* seq_cst; as release it pairs with the acquire loads of recorders, and with stripes_to_read */
    if (!atomic_compare_exchange_strong_explicit(&series->stripes, &expected, stripes,
                                                 memory_order_seq_cst, memory_order_relaxed)) {
        tachoi_free(stripes); /* another thread was faster */
    }
    return true;
}

void tachoi_series_drain(struct tachoi_series *series, double value) {
    tachoi_histogram_cell_add_waiting(tachoi_histogram_cell_of(tachoi_series_cell(series)),
                                      tachoi_cell_bucket(&series->family->aggregation, value),
                                      value);
    /* relaxed: the collector itself has added, and it itself will read */
    atomic_fetch_or_explicit(&series->use, TACHOI_SERIES_RECORDED | TACHOI_SERIES_TOUCHED,
                             memory_order_relaxed);
}

bool tachoi_series_take_touch(struct tachoi_series *series) {
    /* seq_cst, both; with the adding and the look at `use` behind it: see series.h. A series that
     * nobody touched is not written: its line may belong to another processor. */
    return (atomic_load_explicit(&series->use, memory_order_seq_cst) & TACHOI_SERIES_TOUCHED) !=
               0 &&
           (atomic_fetch_and_explicit(&series->use, ~TACHOI_SERIES_TOUCHED, memory_order_seq_cst) &
            TACHOI_SERIES_TOUCHED) != 0;
}

void tachoi_series_tend(struct tachoi_series *series, uint64_t elapsed_ms) {
    if (tachoi_series_stripes(series) != NULL) {
        return;
    }
    struct tachoi_cell_head *head = tachoi_series_cell(series);
    const uint32_t contention = atomic_load_explicit(&head->contention, memory_order_relaxed);
    if (contention == 0) {
        return; /* leaves the recorders' cache line alone */
    }
    atomic_store_explicit(&head->contention, 0, memory_order_relaxed);
    if (contention >= CONTENTION_MINIMUM && contention >= elapsed_ms * CONTENTION_PER_MS) {
        (void)tachoi_series_promote(series); /* without memory it stays as it is */
    }
}

/** Whether reading empties the cells. */
static bool takes(const struct tachoi_series *series) {
    return series->family->is_delta &&
           series->family->aggregation.kind != TACHOI_AGGREGATION_LAST_VALUE;
}

/** Behind the taking of the touch: a recorder that found stripes, added to one of them and saw
 * TOUCHED still set is not missed. */
static struct tachoi_stripes *stripes_to_read(struct tachoi_series *series) {
    /* seq_cst; with the setting of stripes, the adding and the taking of touches: see series.h */
    return atomic_load_explicit(&series->stripes, memory_order_seq_cst);
}

static uint64_t read_word(struct tachoi_cell_head *head, bool is_taken) {
    struct tachoi_word_cell *cell = tachoi_word_cell_of(head);
    return is_taken ? tachoi_word_cell_take(cell) : tachoi_word_cell_read(cell);
}

int64_t tachoi_series_read_i64(struct tachoi_series *series) {
    const bool is_taken = takes(series);
    uint64_t bits = read_word(tachoi_series_cell(series), is_taken);
    struct tachoi_stripes *stripes = stripes_to_read(series);
    for (size_t i = 0; stripes != NULL && i < tachoi_stripes_size(stripes); i++) {
        bits += read_word(tachoi_stripes_cell(stripes, i), is_taken);
    }
    return (int64_t)bits;
}

double tachoi_series_read_f64(struct tachoi_series *series) {
    const bool is_taken = takes(series);
    double value = tachoi_f64_of_bits(read_word(tachoi_series_cell(series), is_taken));
    struct tachoi_stripes *stripes = stripes_to_read(series);
    for (size_t i = 0; stripes != NULL && i < tachoi_stripes_size(stripes); i++) {
        value += tachoi_f64_of_bits(read_word(tachoi_stripes_cell(stripes, i), is_taken));
    }
    return value;
}

void tachoi_series_read_histogram(struct tachoi_series *series,
                                  struct tachoi_histogram_totals *totals, uint64_t *buckets) {
    const struct tachoi_aggregation *aggregation = &series->family->aggregation;
    const bool is_taken = takes(series);
    tachoi_histogram_cell_read(tachoi_histogram_cell_of(tachoi_series_cell(series)), aggregation,
                               totals, buckets, is_taken);
    struct tachoi_stripes *stripes = stripes_to_read(series);
    for (size_t i = 0; stripes != NULL && i < tachoi_stripes_size(stripes); i++) {
        tachoi_histogram_cell_read(tachoi_histogram_cell_of(tachoi_stripes_cell(stripes, i)),
                                   aggregation, totals, buckets, is_taken);
    }
}

void tachoi_series_read_exponential(struct tachoi_series *series, struct tachoi_exponential *into) {
    const struct tachoi_aggregation *aggregation = &series->family->aggregation;
    const bool is_taken = takes(series);
    tachoi_histogram_cell_merge(tachoi_histogram_cell_of(tachoi_series_cell(series)), aggregation,
                                into, is_taken);
    struct tachoi_stripes *stripes = stripes_to_read(series);
    for (size_t i = 0; stripes != NULL && i < tachoi_stripes_size(stripes); i++) {
        tachoi_histogram_cell_merge(tachoi_histogram_cell_of(tachoi_stripes_cell(stripes, i)),
                                    aggregation, into, is_taken);
    }
}
