/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the neutral record of one point: what is queued and, later, spooled; no wire format. A
 * record is a sequence of 64-bit words whose length its series' shape tells, and its own head for
 * what varies from point to point, so that records lie one behind the other without more. A number
 * takes 32 bytes.
 *
 *   head | words of the kind | counts of an exponential histogram | exemplars
 *
 * All but head and words of the kind are the "extra" words, at most 65535. Doubles are kept as
 * their bits, so that no NaN is ever altered (P-06). */
#ifndef TACHOI_REMOTE_WRITE_RECORD_H
#define TACHOI_REMOTE_WRITE_RECORD_H

#include <stdalign.h>
#include <string.h>

#include "remote_write/encoded_series.h"

struct tachoi_record {
    alignas(8) struct tachoi_encoded_series *series; /* lives as long as the record */
    int64_t time_ms;
    uint64_t more; /* how long before time_ms it began (40 bits), flags (8), extra words (16) */
    uint64_t words[];
};

enum {
    /* a number */
    TACHOI_NUMBER_VALUE = 0,
    /* a histogram, classic or custom: bound_count + 1 counts, each of its bucket alone, follow */
    TACHOI_HISTOGRAM_COUNT = 0,
    TACHOI_HISTOGRAM_SUM = 1,
    TACHOI_HISTOGRAM_HAS_SUM = 2,
    TACHOI_HISTOGRAM_BUCKETS = 3,
    /* a summary: bound_count values follow, one for each quantile */
    TACHOI_SUMMARY_COUNT = 0,
    TACHOI_SUMMARY_SUM = 1,
    TACHOI_SUMMARY_VALUES = 2,
    /* an exponential histogram: the counts are extra words, positive ones first */
    TACHOI_EXPONENTIAL_COUNT = 0,
    TACHOI_EXPONENTIAL_SUM = 1,
    TACHOI_EXPONENTIAL_ZERO_COUNT = 2,
    TACHOI_EXPONENTIAL_ZERO_THRESHOLD = 3,
    TACHOI_EXPONENTIAL_SCHEMA = 4,   /* int64_t */
    TACHOI_EXPONENTIAL_POSITIVE = 5, /* offset (int32_t) << 32 | number of counts */
    TACHOI_EXPONENTIAL_NEGATIVE = 6,
    TACHOI_EXPONENTIAL_WORDS = 7
};

/** Shards of an exporter at most (QUEUE-01). */
#define TACHOI_SHARDS_MAX 64

#define TACHOI_RECORD_HEAD_WORDS (sizeof(struct tachoi_record) / sizeof(uint64_t))
#define TACHOI_NUMBER_RECORD_WORDS (TACHOI_RECORD_HEAD_WORDS + 1)
static inline size_t tachoi_histogram_record_words(size_t bound_count) {
    return TACHOI_RECORD_HEAD_WORDS + TACHOI_HISTOGRAM_BUCKETS + bound_count + 1;
}
#define TACHOI_RECORD_EXTRA_MAX ((size_t)UINT16_MAX)

/* Flags of a record. */
enum {
    TACHOI_RECORD_STALE = 1,        /* the series ends: all its values are the stale marker */
    TACHOI_RECORD_HAS_EXEMPLARS = 2 /* behind the other extra words */
};

/** Fills the head. `start_ms` (0 = none) is before `time_ms`; more than 34 years count as 34. */
static inline void tachoi_record_set_head(struct tachoi_record *record,
                                          struct tachoi_encoded_series *series, int64_t time_ms,
                                          int64_t start_ms) {
    const uint64_t most = (UINT64_C(1) << 40) - 1;
    uint64_t age_ms =
        start_ms != 0 && start_ms < time_ms ? (uint64_t)time_ms - (uint64_t)start_ms : 0;
    record->series = series;
    record->time_ms = time_ms;
    record->more = (age_ms < most ? age_ms : most) << 24;
}

/** When the interval began that the value tells of; 0 = unknown. */
static inline int64_t tachoi_record_start_ms(const struct tachoi_record *record) {
    const uint64_t age_ms = record->more >> 24;
    return age_ms == 0 ? 0 : record->time_ms - (int64_t)age_ms;
}

static inline bool tachoi_record_has(const struct tachoi_record *record, unsigned flag) {
    return (record->more >> 16 & flag) != 0;
}

static inline void tachoi_record_set_flag(struct tachoi_record *record, unsigned flag) {
    record->more |= (uint64_t)flag << 16;
}

static inline size_t tachoi_record_extra_words(const struct tachoi_record *record) {
    return (size_t)(record->more & UINT16_MAX);
}

/** Adds to the extra words; together at most TACHOI_RECORD_EXTRA_MAX. */
static inline void tachoi_record_add_extra_words(struct tachoi_record *record, size_t words) {
    record->more += (uint64_t)words;
}

/** Length of a record in words of 8 bytes, all of it. */
static inline size_t tachoi_record_words(const struct tachoi_record *record) {
    return record->series->shape->record_words + tachoi_record_extra_words(record);
}

/** The extra words. */
static inline const uint64_t *tachoi_record_extra(const struct tachoi_record *record) {
    return (const uint64_t *)(const void *)record + record->series->shape->record_words;
}

/** Samples that a record counts as: what 1.0 makes of it; 1 for what is to be a native histogram.
 */
static inline size_t tachoi_record_samples(const struct tachoi_record *record) {
    const struct tachoi_series_shape *shape = record->series->shape;
    if (shape->kind == TACHOI_ENCODED_HISTOGRAM) {
        const bool lacks_sum = record->words[TACHOI_HISTOGRAM_HAS_SUM] == 0;
        return shape->component_count - (lacks_sum && shape->ends_with_sum ? 1 : 0);
    }
    return shape->kind == TACHOI_ENCODED_SUMMARY ? shape->component_count : 1;
}

/* --- values --- */

/** What ends a series (P-06, PROM-41). It must never pass through floating-point arithmetic. */
#define TACHOI_STALE_MARKER UINT64_C(0x7ff0000000000002)

/** The bits of a value: every NaN as a quiet one that is not the stale marker (P-06). */
static inline uint64_t tachoi_value_bits(double value) {
    uint64_t bits = UINT64_C(0x7ff8000000000001);
    if (value == value) {
        memcpy(&bits, &value, sizeof bits);
    }
    return bits;
}

/** Value of a number's record, and of the others. */
static inline void tachoi_record_set_number(struct tachoi_record *record, double value) {
    record->words[TACHOI_NUMBER_VALUE] = tachoi_value_bits(value);
}
void tachoi_record_fill_histogram(struct tachoi_record *record, const tacho_histogram_point *point);
void tachoi_record_fill_summary(struct tachoi_record *record, const tacho_summary_point *point);

/** Makes it the end of its series: the words of its kind are zeros, but for has_sum,
 * and a number is the marker. */
void tachoi_record_fill_stale(struct tachoi_record *record, bool has_sum);

/** Buckets of one sign in an exponential histogram's record; `counts` is in the record. */
static inline tacho_exponential_buckets tachoi_record_buckets(const struct tachoi_record *record,
                                                              bool is_negative) {
    const uint64_t positive = record->words[TACHOI_EXPONENTIAL_POSITIVE];
    const uint64_t word = is_negative ? record->words[TACHOI_EXPONENTIAL_NEGATIVE] : positive;
    const uint64_t *counts = tachoi_record_extra(record);
    return (tacho_exponential_buckets){
        .offset = (int32_t)(uint32_t)(word >> 32),
        .counts = is_negative ? counts + (uint32_t)positive : counts,
        .count = (uint32_t)word,
    };
}

/** Whether two records of equal label sets are one, and making them one in `into`: sums and
 * histograms are added, of gauges `from` counts. Exemplars of `from` are lost. */
bool tachoi_record_can_merge(const struct tachoi_record *into, const struct tachoi_record *from);
void tachoi_record_merge(struct tachoi_record *into, const struct tachoi_record *from);

/* --- exemplars --- */

/** An exemplar in a record. `labels` is a label block as a series has it, maybe empty. */
struct tachoi_record_exemplar {
    uint64_t value_bits;
    int64_t time_ms;
    uint32_t component; /* of the series: the bucket; 0 where there is one component only */
    uint32_t labels_length;
    const unsigned char *labels;
};

/** Words that one takes. */
static inline size_t tachoi_record_exemplar_words(size_t labels_length) {
    return 3 + (labels_length + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

/** Appends one to the extra words, for which there must be room, and counts them. In the order of
 * components, and of times in each. */
void tachoi_record_add_exemplar(struct tachoi_record *record,
                                const struct tachoi_record_exemplar *exemplar);

/** A walk over the exemplars of a record. */
struct tachoi_exemplar_walk {
    const uint64_t *at;
    const uint64_t *end;
};

struct tachoi_exemplar_walk tachoi_record_exemplars(const struct tachoi_record *record);
bool tachoi_exemplar_next(struct tachoi_exemplar_walk *walk, struct tachoi_record_exemplar *out);

/** How many there are. */
size_t tachoi_record_exemplar_count(const struct tachoi_record *record);

#endif
