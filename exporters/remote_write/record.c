/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the values of records: filling them from points, and adding up two. See record.h. */
#include "remote_write/record.h"

#include <string.h>

static double value_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void tachoi_record_fill_histogram(struct tachoi_record *record,
                                  const tacho_histogram_point *point) {
    record->words[TACHOI_HISTOGRAM_COUNT] = point->count;
    record->words[TACHOI_HISTOGRAM_SUM] = point->has_sum ? tachoi_value_bits(point->sum) : 0;
    record->words[TACHOI_HISTOGRAM_HAS_SUM] = point->has_sum ? 1 : 0;
    memcpy(&record->words[TACHOI_HISTOGRAM_BUCKETS], point->bucket_counts,
           (point->bound_count + 1) * sizeof point->bucket_counts[0]);
}

static void merge_histogram(struct tachoi_record *into, const struct tachoi_record *from) {
    size_t buckets = (size_t)into->series->shape->bound_count + 1;
    into->words[TACHOI_HISTOGRAM_COUNT] += from->words[TACHOI_HISTOGRAM_COUNT];
    into->words[TACHOI_HISTOGRAM_SUM] = tachoi_value_bits(
        value_of(into->words[TACHOI_HISTOGRAM_SUM]) + value_of(from->words[TACHOI_HISTOGRAM_SUM]));
    for (size_t i = 0; i < buckets; i++) {
        into->words[TACHOI_HISTOGRAM_BUCKETS + i] += from->words[TACHOI_HISTOGRAM_BUCKETS + i];
    }
}

void tachoi_record_merge(struct tachoi_record *into, const struct tachoi_record *from) {
    switch (into->series->shape->kind) {
    case TACHOI_ENCODED_COUNTER:
    case TACHOI_ENCODED_UP_DOWN_COUNTER:
        into->words[TACHOI_NUMBER_VALUE] =
            tachoi_value_bits(value_of(into->words[TACHOI_NUMBER_VALUE]) +
                              value_of(from->words[TACHOI_NUMBER_VALUE]));
        break;
    case TACHOI_ENCODED_GAUGE:
        into->words[TACHOI_NUMBER_VALUE] = from->words[TACHOI_NUMBER_VALUE];
        break;
    case TACHOI_ENCODED_HISTOGRAM:
        merge_histogram(into, from);
        break;
    }
    into->start_ms = into->start_ms < from->start_ms ? into->start_ms : from->start_ms;
}

bool tachoi_record_can_merge(const struct tachoi_record *into, const struct tachoi_record *from) {
    return into->series->shape->kind == from->series->shape->kind &&
           tachoi_encoded_series_has_equal_labels(into->series, from->series) &&
           (into->series->shape->kind != TACHOI_ENCODED_HISTOGRAM ||
            into->words[TACHOI_HISTOGRAM_HAS_SUM] == from->words[TACHOI_HISTOGRAM_HAS_SUM]);
}
