/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the memory of tables, insertion and erasure. */
#include "storage/series_table.h"

#include "base/alloc.h"

enum { FIRST_CAPACITY = 8 };

/* Tables of this size are worth their own pages. */
enum { PAGES_MIN_BYTES = 1 << 16 };

struct tachoi_series tachoi_series_tombstone;

static bool is_tombstone(const struct tachoi_series *series) {
    return series == &tachoi_series_tombstone;
}

static bool size_of(size_t capacity, size_t *out) {
    return tachoi_size_mul(capacity, sizeof(_Atomic(struct tachoi_series *)), out) &&
           tachoi_size_add(*out, sizeof(struct tachoi_series_table), out);
}

struct tachoi_series_table *tachoi_series_table_create(size_t series_count) {
    size_t capacity = FIRST_CAPACITY;
    while (capacity / 2 < series_count) {
        if (!tachoi_size_mul(capacity, 2, &capacity)) {
            return NULL;
        }
    }
    size_t size = 0;
    if (!size_of(capacity, &size)) {
        return NULL;
    }
    const bool has_pages = size >= PAGES_MIN_BYTES;
    struct tachoi_series_table *table =
        has_pages ? tachoi_pages_alloc(size) : tachoi_calloc(1, size);
    if (table != NULL) {
        table->mask = capacity - 1;
        table->has_pages = has_pages;
    }
    return table;
}

void tachoi_series_table_destroy(struct tachoi_series_table *table) {
    size_t size = 0;
    if (table != NULL && table->has_pages && size_of(table->mask + 1, &size)) {
        tachoi_pages_free(table, size);
    } else {
        tachoi_free(table);
    }
}

void tachoi_series_table_forget(struct tachoi_series_table *table) {
    size_t size = 0;
    if (table->has_pages && size_of(table->mask + 1, &size)) {
        tachoi_pages_forget(table, size, sizeof *table);
    }
}

/* Under the lock nobody else writes, so relaxed loads see every slot as it is. */
static struct tachoi_series *slot(struct tachoi_series_table *table, size_t index) {
    return atomic_load_explicit(&table->slots[index & table->mask], memory_order_relaxed);
}

static void set_slot(struct tachoi_series_table *table, size_t index,
                     struct tachoi_series *series) {
    /* seq_cst; pairs with the load in tachoi_series_table_find */
    atomic_store_explicit(&table->slots[index & table->mask], series, memory_order_seq_cst);
}

void tachoi_series_table_insert(struct tachoi_series_table *table, struct tachoi_series *series) {
    size_t index = series->hash;
    while (slot(table, index) != NULL && !is_tombstone(slot(table, index))) {
        index++;
    }
    table->used += slot(table, index) == NULL;
    set_slot(table, index, series);
}

void tachoi_series_table_erase(struct tachoi_series_table *table,
                               const struct tachoi_series *series) {
    size_t index = series->hash;
    while (slot(table, index) != series) {
        index++;
    }
    if (slot(table, index + 1) != NULL) {
        set_slot(table, index, &tachoi_series_tombstone);
        return;
    }
    /* Nothing lies behind it, so no probe needs it, nor the tombstones right before it. */
    set_slot(table, index, NULL);
    table->used--;
    while (is_tombstone(slot(table, index - 1))) {
        index--;
        set_slot(table, index, NULL);
        table->used--;
    }
}

void tachoi_series_table_insert_all(struct tachoi_series_table *table,
                                    struct tachoi_series_table *from) {
    for (size_t i = 0; i <= from->mask; i++) {
        struct tachoi_series *series = slot(from, i);
        if (series != NULL && !is_tombstone(series)) {
            tachoi_series_table_insert(table, series);
        }
    }
}
