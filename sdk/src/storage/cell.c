/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the cells' layout and the collector's side of them. */
#include "storage/cell.h"

size_t tachoi_cell_size(const struct tachoi_aggregation *aggregation) {
    if (aggregation->kind != TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM) {
        return sizeof(struct tachoi_word_cell);
    }
    return sizeof(struct tachoi_histogram_cell) + (aggregation->bound_count + 1) * sizeof(uint64_t);
}

void tachoi_cell_init(struct tachoi_cell_head *cell, const struct tachoi_aggregation *aggregation) {
    if (aggregation->kind == TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM) {
        tachoi_histogram_totals_init(&tachoi_histogram_cell_of(cell)->totals);
    }
}

void tachoi_histogram_cell_add_waiting(struct tachoi_histogram_cell *cell, size_t bucket,
                                       double value) {
    tachoi_lock_wait(&cell->lock);
    tachoi_histogram_update(&cell->totals, cell->buckets, bucket, value);
    tachoi_unlock(&cell->lock);
}

void tachoi_histogram_cell_read(struct tachoi_histogram_cell *cell,
                                struct tachoi_histogram_totals *totals, uint64_t *buckets,
                                size_t bucket_count) {
    tachoi_lock_wait(&cell->lock);
    tachoi_histogram_merge(totals, buckets, &cell->totals, cell->buckets, bucket_count);
    tachoi_unlock(&cell->lock);
}
