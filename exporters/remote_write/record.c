/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the values of records: filling them from points, adding up two, exemplars. See record.h. */
#include "remote_write/record.h"

#include <string.h>

static double value_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* --- filling --- */

void tachoi_record_fill_histogram(struct tachoi_record *record,
                                  const tacho_histogram_point *point) {
    record->words[TACHOI_HISTOGRAM_COUNT] = point->count;
    record->words[TACHOI_HISTOGRAM_SUM] = point->has_sum ? tachoi_value_bits(point->sum) : 0;
    record->words[TACHOI_HISTOGRAM_HAS_SUM] = point->has_sum ? 1 : 0;
    memcpy(&record->words[TACHOI_HISTOGRAM_BUCKETS], point->bucket_counts,
           (point->bound_count + 1) * sizeof point->bucket_counts[0]);
}

void tachoi_record_fill_summary(struct tachoi_record *record, const tacho_summary_point *point) {
    record->words[TACHOI_SUMMARY_COUNT] = point->count;
    record->words[TACHOI_SUMMARY_SUM] = tachoi_value_bits(point->sum);
    for (size_t i = 0; i < point->quantile_count; i++) {
        record->words[TACHOI_SUMMARY_VALUES + i] = tachoi_value_bits(point->quantiles[i].value);
    }
}

void tachoi_record_fill_stale(struct tachoi_record *record, bool has_sum) {
    const struct tachoi_series_shape *shape = record->series->shape;
    memset(record->words, 0,
           (shape->record_words - TACHOI_RECORD_HEAD_WORDS) * sizeof record->words[0]);
    if (shape->kind == TACHOI_ENCODED_HISTOGRAM || shape->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM) {
        record->words[TACHOI_HISTOGRAM_HAS_SUM] = has_sum ? 1 : 0;
    } else if (shape->record_words == TACHOI_NUMBER_RECORD_WORDS) {
        record->words[TACHOI_NUMBER_VALUE] = TACHOI_STALE_MARKER;
    }
    tachoi_record_set_flag(record, TACHOI_RECORD_STALE);
}

/* --- merging --- */

static void merge_histogram(struct tachoi_record *into, const struct tachoi_record *from) {
    size_t buckets = (size_t)into->series->shape->bound_count + 1;
    into->words[TACHOI_HISTOGRAM_COUNT] += from->words[TACHOI_HISTOGRAM_COUNT];
    into->words[TACHOI_HISTOGRAM_SUM] = tachoi_value_bits(
        value_of(into->words[TACHOI_HISTOGRAM_SUM]) + value_of(from->words[TACHOI_HISTOGRAM_SUM]));
    for (size_t i = 0; i < buckets; i++) {
        into->words[TACHOI_HISTOGRAM_BUCKETS + i] += from->words[TACHOI_HISTOGRAM_BUCKETS + i];
    }
}

/* The earlier start counts: the greater age. */
static void merge_starts(struct tachoi_record *into, const struct tachoi_record *from) {
    const unsigned shift = 24;
    if (from->more >> shift > into->more >> shift) {
        into->more = (from->more >> shift << shift) | (into->more & ((UINT64_C(1) << shift) - 1));
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
    case TACHOI_ENCODED_CUSTOM_HISTOGRAM:
        merge_histogram(into, from);
        break;
    case TACHOI_ENCODED_SUMMARY:
    case TACHOI_ENCODED_EXPONENTIAL:
        break; /* never one */
    }
    merge_starts(into, from);
}

static bool is_mergeable(enum tachoi_encoded_series_kind kind) {
    return kind != TACHOI_ENCODED_SUMMARY && kind != TACHOI_ENCODED_EXPONENTIAL;
}

static bool is_histogram(enum tachoi_encoded_series_kind kind) {
    return kind == TACHOI_ENCODED_HISTOGRAM || kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM;
}

/* Equal labels are not enough: relabelling may have dropped those that tell the bounds. */
static bool can_add_buckets(const struct tachoi_record *into, const struct tachoi_record *from) {
    const struct tachoi_series_shape *shape = from->series->shape;
    return tachoi_series_shape_has_bounds(into->series->shape, shape->bounds, shape->bound_count) &&
           into->words[TACHOI_HISTOGRAM_HAS_SUM] == from->words[TACHOI_HISTOGRAM_HAS_SUM];
}

bool tachoi_record_can_merge(const struct tachoi_record *into, const struct tachoi_record *from) {
    const enum tachoi_encoded_series_kind kind = into->series->shape->kind;
    return kind == from->series->shape->kind && is_mergeable(kind) &&
           tachoi_record_has(into, TACHOI_RECORD_STALE) ==
               tachoi_record_has(from, TACHOI_RECORD_STALE) &&
           tachoi_encoded_series_has_equal_labels(into->series, from->series) &&
           (!is_histogram(kind) || can_add_buckets(into, from));
}

/* --- exemplars --- */

void tachoi_record_add_exemplar(struct tachoi_record *record,
                                const struct tachoi_record_exemplar *exemplar) {
    uint64_t *out = (uint64_t *)(void *)record + tachoi_record_words(record);
    const size_t words = tachoi_record_exemplar_words(exemplar->labels_length);
    out[words - 1] = 0; /* what the labels leave of the last word */
    out[0] = exemplar->value_bits;
    out[1] = (uint64_t)exemplar->time_ms;
    out[2] = (uint64_t)exemplar->component << 32 | exemplar->labels_length;
    if (exemplar->labels_length > 0) {
        memcpy(out + 3, exemplar->labels, exemplar->labels_length);
    }
    tachoi_record_add_extra_words(record, words);
    tachoi_record_set_flag(record, TACHOI_RECORD_HAS_EXEMPLARS);
}

struct tachoi_exemplar_walk tachoi_record_exemplars(const struct tachoi_record *record) {
    struct tachoi_exemplar_walk walk = {NULL, NULL};
    if (tachoi_record_has(record, TACHOI_RECORD_HAS_EXEMPLARS)) {
        size_t counts = 0;
        if (record->series->shape->kind == TACHOI_ENCODED_EXPONENTIAL) {
            counts = (uint32_t)record->words[TACHOI_EXPONENTIAL_POSITIVE];
            counts += (uint32_t)record->words[TACHOI_EXPONENTIAL_NEGATIVE];
        }
        walk.at = tachoi_record_extra(record) + counts;
        walk.end = tachoi_record_extra(record) + tachoi_record_extra_words(record);
    }
    return walk;
}

bool tachoi_exemplar_next(struct tachoi_exemplar_walk *walk, struct tachoi_record_exemplar *out) {
    if (walk->at == walk->end) {
        return false;
    }
    *out = (struct tachoi_record_exemplar){
        .value_bits = walk->at[0],
        .time_ms = (int64_t)walk->at[1],
        .component = (uint32_t)(walk->at[2] >> 32),
        .labels_length = (uint32_t)walk->at[2],
        .labels = (const unsigned char *)(walk->at + 3),
    };
    walk->at += tachoi_record_exemplar_words(out->labels_length);
    return true;
}

size_t tachoi_record_exemplar_count(const struct tachoi_record *record) {
    struct tachoi_exemplar_walk walk = tachoi_record_exemplars(record);
    struct tachoi_record_exemplar exemplar;
    size_t count = 0;
    while (tachoi_exemplar_next(&walk, &exemplar)) {
        count++;
    }
    return count;
}
