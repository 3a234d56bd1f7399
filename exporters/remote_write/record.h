/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the neutral record of one point: what is queued and, later, spooled; no wire format. A
 * record is a sequence of 64-bit words whose length its series tells, so that records lie one
 * behind the other without headers. A number takes 32 bytes. */
#ifndef TACHOI_REMOTE_WRITE_RECORD_H
#define TACHOI_REMOTE_WRITE_RECORD_H

#include <stdalign.h>
#include <string.h>

#include "remote_write/encoded_series.h"

struct tachoi_record {
    alignas(8) struct tachoi_encoded_series *series; /* lives as long as the record */
    int64_t time_ms;
    int64_t start_ms; /* 0 = none; not part of 1.0 */
    uint64_t words[]; /* as below; doubles as their bits, so that no NaN is ever altered (P-06) */
};

enum {
    /* a number */
    TACHOI_NUMBER_VALUE = 0,
    /* a histogram: bound_count + 1 counts, each of its bucket alone, follow */
    TACHOI_HISTOGRAM_COUNT = 0,
    TACHOI_HISTOGRAM_SUM = 1,
    TACHOI_HISTOGRAM_HAS_SUM = 2,
    TACHOI_HISTOGRAM_BUCKETS = 3
};

/** Length of a record of a number, and of a histogram, in words of 8 bytes. */
#define TACHOI_NUMBER_RECORD_WORDS (sizeof(struct tachoi_record) / sizeof(uint64_t) + 1)

static inline size_t tachoi_histogram_record_words(size_t bound_count) {
    return sizeof(struct tachoi_record) / sizeof(uint64_t) + TACHOI_HISTOGRAM_BUCKETS +
           bound_count + 1;
}

/** Length of a record of this series. */
static inline size_t tachoi_record_words(const struct tachoi_encoded_series *series) {
    return series->shape->kind == TACHOI_ENCODED_HISTOGRAM
               ? tachoi_histogram_record_words(series->shape->bound_count)
               : TACHOI_NUMBER_RECORD_WORDS;
}

/** Samples that a record becomes on the wire. */
static inline size_t tachoi_record_samples(const struct tachoi_record *record) {
    const struct tachoi_series_shape *shape = record->series->shape;
    if (shape->kind != TACHOI_ENCODED_HISTOGRAM) {
        return 1;
    }
    return tachoi_histogram_components(shape->bound_count,
                                       record->words[TACHOI_HISTOGRAM_HAS_SUM] != 0);
}

/** The bits of a value: every NaN as a quiet one that is not the stale marker (P-06). */
static inline uint64_t tachoi_value_bits(double value) {
    uint64_t bits = UINT64_C(0x7ff8000000000001);
    if (value == value) {
        memcpy(&bits, &value, sizeof bits);
    }
    return bits;
}

/** Value of a number's record, and of a histogram point's. */
static inline void tachoi_record_set_number(struct tachoi_record *record, double value) {
    record->words[TACHOI_NUMBER_VALUE] = tachoi_value_bits(value);
}
void tachoi_record_fill_histogram(struct tachoi_record *record, const tacho_histogram_point *point);

/** Whether two records of equal label sets are one, and making them one in `into`: sums and
 * histograms are added, of gauges `from` counts. */
bool tachoi_record_can_merge(const struct tachoi_record *into, const struct tachoi_record *from);
void tachoi_record_merge(struct tachoi_record *into, const struct tachoi_record *from);

#endif
