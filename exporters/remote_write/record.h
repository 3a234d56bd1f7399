/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the neutral record of one point: what is queued and, later, spooled; no wire format. A
 * record is a sequence of 64-bit words whose length its series tells, so that records lie one
 * behind the other without headers. A number takes 32 bytes. */
#ifndef TACHOI_REMOTE_WRITE_RECORD_H
#define TACHOI_REMOTE_WRITE_RECORD_H

#include <stdalign.h>

#include "remote_write/encoded_series.h"

struct tachoi_record {
    alignas(8) struct tachoi_encoded_series *series; /* pinned while the record is queued or sent */
    int64_t time_ms;
    int64_t start_ms; /* 0 = none; not part of 1.0 */
    uint64_t words[]; /* as below; doubles as their bits, so that no NaN is ever altered (P-06) */
};

enum {
    /* a number */
    TACHOI_NUMBER_VALUE = 0,
    TACHOI_NUMBER_WORDS = 1,
    /* a histogram: bound_count + 1 counts, each of its bucket alone, follow */
    TACHOI_HISTOGRAM_COUNT = 0,
    TACHOI_HISTOGRAM_SUM = 1,
    TACHOI_HISTOGRAM_HAS_SUM = 2,
    TACHOI_HISTOGRAM_BUCKETS = 3
};

/** Length of a record of this series, in words of 8 bytes. */
static inline size_t tachoi_record_words(const struct tachoi_encoded_series *series) {
    size_t words = series->kind == TACHOI_ENCODED_HISTOGRAM
                       ? (size_t)TACHOI_HISTOGRAM_BUCKETS + series->bound_count + 1
                       : (size_t)TACHOI_NUMBER_WORDS;
    return words + sizeof(struct tachoi_record) / sizeof(uint64_t);
}

/** Samples that a record becomes on the wire. */
static inline size_t tachoi_record_samples(const struct tachoi_record *record) {
    if (record->series->kind != TACHOI_ENCODED_HISTOGRAM) {
        return 1;
    }
    return tachoi_histogram_components(record->series->bound_count,
                                       record->words[TACHOI_HISTOGRAM_HAS_SUM] != 0);
}

/** Value of a number's record, and of either kind of point's. */
void tachoi_record_set_number(struct tachoi_record *record, double value);
void tachoi_record_fill_number(struct tachoi_record *record, const tacho_metric *metric,
                               const tacho_number_point *point);
void tachoi_record_fill_histogram(struct tachoi_record *record, const tacho_histogram_point *point);

/** Whether two records of equal label sets are one, and making them one in `into`: sums and
 * histograms are added, of gauges `from` counts. */
bool tachoi_record_can_merge(const struct tachoi_record *into, const struct tachoi_record *from);
void tachoi_record_merge(struct tachoi_record *into, const struct tachoi_record *from);

#endif
