/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the values of records: filling them from points, and adding up two. See record.h. */
#include "remote_write/record.h"

#include <string.h>

/* A quiet NaN that is not the stale marker (P-06). */
#define ORDINARY_NAN_BITS UINT64_C(0x7ff8000000000001)

static uint64_t bits_of(double value) {
    uint64_t bits = ORDINARY_NAN_BITS;
    if (value == value) {
        memcpy(&bits, &value, sizeof bits);
    }
    return bits;
}

static double value_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void tachoi_record_set_number(struct tachoi_record *record, double value) {
    record->words[TACHOI_NUMBER_VALUE] = bits_of(value);
}

void tachoi_record_fill_number(struct tachoi_record *record, const tacho_metric *metric,
                               const tacho_number_point *point) {
    tachoi_record_set_number(record, metric->number_type == TACHO_NUMBER_I64
                                         ? (double)point->value.i64
                                         : point->value.f64);
}

void tachoi_record_fill_histogram(struct tachoi_record *record,
                                  const tacho_histogram_point *point) {
    record->words[TACHOI_HISTOGRAM_COUNT] = point->count;
    record->words[TACHOI_HISTOGRAM_SUM] = point->has_sum ? bits_of(point->sum) : 0;
    record->words[TACHOI_HISTOGRAM_HAS_SUM] = point->has_sum ? 1 : 0;
    memcpy(&record->words[TACHOI_HISTOGRAM_BUCKETS], point->bucket_counts,
           (point->bound_count + 1) * sizeof point->bucket_counts[0]);
}

static void merge_histogram(struct tachoi_record *into, const struct tachoi_record *from) {
    size_t buckets = (size_t)into->series->bound_count + 1;
    into->words[TACHOI_HISTOGRAM_COUNT] += from->words[TACHOI_HISTOGRAM_COUNT];
    into->words[TACHOI_HISTOGRAM_SUM] = bits_of(value_of(into->words[TACHOI_HISTOGRAM_SUM]) +
                                                value_of(from->words[TACHOI_HISTOGRAM_SUM]));
    for (size_t i = 0; i < buckets; i++) {
        into->words[TACHOI_HISTOGRAM_BUCKETS + i] += from->words[TACHOI_HISTOGRAM_BUCKETS + i];
    }
}

void tachoi_record_merge(struct tachoi_record *into, const struct tachoi_record *from) {
    switch (into->series->kind) {
    case TACHOI_ENCODED_COUNTER:
    case TACHOI_ENCODED_UP_DOWN_COUNTER:
        into->words[TACHOI_NUMBER_VALUE] = bits_of(value_of(into->words[TACHOI_NUMBER_VALUE]) +
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
    return into->series->kind == from->series->kind &&
           tachoi_encoded_series_has_equal_labels(into->series, from->series) &&
           (into->series->kind != TACHOI_ENCODED_HISTOGRAM ||
            into->words[TACHOI_HISTOGRAM_HAS_SUM] == from->words[TACHOI_HISTOGRAM_HAS_SUM]);
}
