/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the cells' layout and the collector's side of them. */
#include "storage/cell.h"

static size_t content_size(const struct tachoi_aggregation *aggregation) {
    return aggregation->kind == TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM
               ? tachoi_exponential_size(aggregation->max_size)
               : sizeof(struct tachoi_explicit) + (aggregation->bound_count + 1) * sizeof(uint64_t);
}

size_t tachoi_cell_size(const struct tachoi_aggregation *aggregation) {
    return tachoi_aggregation_is_histogram(aggregation)
               ? sizeof(struct tachoi_histogram_cell) + content_size(aggregation)
               : sizeof(struct tachoi_word_cell);
}

void tachoi_cell_init(struct tachoi_cell_head *cell, const struct tachoi_aggregation *aggregation) {
    struct tachoi_histogram_cell *histogram_cell = tachoi_histogram_cell_of(cell);
    switch (aggregation->kind) {
    case TACHOI_AGGREGATION_SUM:
    case TACHOI_AGGREGATION_LAST_VALUE:
        break;
    case TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM:
        tachoi_histogram_totals_init(&tachoi_explicit_of(histogram_cell)->totals);
        break;
    case TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        tachoi_exponential_init(tachoi_exponential_of(histogram_cell), aggregation->max_size,
                                aggregation->max_scale);
        break;
    }
}

void tachoi_histogram_cell_add_waiting(struct tachoi_histogram_cell *cell, size_t bucket,
                                       double value) {
    tachoi_lock_wait(&cell->lock);
    tachoi_histogram_cell_add(cell, bucket, value);
    tachoi_unlock(&cell->lock);
}

void tachoi_histogram_cell_read(struct tachoi_histogram_cell *cell,
                                const struct tachoi_aggregation *aggregation,
                                struct tachoi_histogram_totals *totals, uint64_t *buckets,
                                bool takes) {
    const size_t bucket_count = aggregation->bound_count + 1;
    struct tachoi_explicit *histogram = tachoi_explicit_of(cell);
    tachoi_lock_wait(&cell->lock);
    tachoi_histogram_merge(totals, buckets, &histogram->totals, histogram->buckets, bucket_count);
    if (takes) {
        tachoi_histogram_totals_init(&histogram->totals);
        memset(histogram->buckets, 0, bucket_count * sizeof *histogram->buckets);
    }
    tachoi_unlock(&cell->lock);
}

void tachoi_histogram_cell_merge(struct tachoi_histogram_cell *cell,
                                 const struct tachoi_aggregation *aggregation,
                                 struct tachoi_exponential *into, bool takes) {
    tachoi_lock_wait(&cell->lock);
    tachoi_exponential_merge(into, tachoi_exponential_of(cell));
    if (takes) {
        tachoi_exponential_reset(tachoi_exponential_of(cell), aggregation->max_scale);
    }
    tachoi_unlock(&cell->lock);
}
