/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a record says on the wire. See record_values.h. */
#include "remote_write/record_values.h"

#include <string.h>

#include "prometheus/native_histogram.h"

typedef Io__Prometheus__Write__V2__Histogram histogram_message;
typedef Io__Prometheus__Write__V2__BucketSpan span_message;

/* --- classic time series --- */

static bool is_summary(const struct tachoi_series_shape *shape) {
    return shape->kind == TACHOI_ENCODED_SUMMARY;
}

/* A component's place among the classic time series, had none been dropped. */
static size_t classic_part(const struct tachoi_series_shape *shape, size_t component) {
    const size_t native = shape->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM ? 1 : 0;
    return shape->components[component].part - native;
}

size_t tachoi_classic_end(const struct tachoi_record *record) {
    const struct tachoi_series_shape *shape = record->series->shape;
    const bool lacks_sum = shape->ends_with_sum && record->words[TACHOI_HISTOGRAM_HAS_SUM] == 0;
    return shape->component_count - (lacks_sum ? 1 : 0);
}

static uint64_t bits_of_count(uint64_t count) {
    union {
        double f64;
        uint64_t bits;
    } value = {.f64 = (double)count};
    return value.bits;
}

/* Buckets cumulated, _count, _sum. */
static uint64_t histogram_value(struct tachoi_classic_values *values, size_t part) {
    const uint64_t *words = values->record->words;
    const size_t buckets = (size_t)values->record->series->shape->bound_count + 1;
    if (part >= buckets) {
        return part == buckets ? bits_of_count(words[TACHOI_HISTOGRAM_COUNT])
                               : words[TACHOI_HISTOGRAM_SUM];
    }
    for (; values->summed <= part; values->summed++) {
        values->cumulative += words[TACHOI_HISTOGRAM_BUCKETS + values->summed];
    }
    return bits_of_count(values->cumulative);
}

/* Quantiles, _count, _sum. */
static uint64_t summary_value(const struct tachoi_record *record, size_t part) {
    const size_t quantiles = record->series->shape->bound_count;
    if (part < quantiles) {
        return record->words[TACHOI_SUMMARY_VALUES + part];
    }
    return part == quantiles ? bits_of_count(record->words[TACHOI_SUMMARY_COUNT])
                             : record->words[TACHOI_SUMMARY_SUM];
}

uint64_t tachoi_classic_value(struct tachoi_classic_values *values, size_t component) {
    const struct tachoi_series_shape *shape = values->record->series->shape;
    const size_t part = classic_part(shape, component);
    if (tachoi_record_has(values->record, TACHOI_RECORD_STALE)) {
        return TACHOI_STALE_MARKER;
    }
    return is_summary(shape) ? summary_value(values->record, part) : histogram_value(values, part);
}

/* --- native histograms --- */

/* Spans and deltas of one sign, where the message has them. */
struct side {
    size_t *span_count;
    span_message ***spans;
    size_t *delta_count;
    int64_t **deltas;
};

static bool copy_spans(const struct tachoi_native_spans *from, const struct side *out,
                       struct tachoi_arena *arena) {
    span_message *spans = tachoi_arena_alloc(arena, from->span_count, sizeof *spans);
    span_message **pointers = tachoi_arena_alloc(arena, from->span_count, sizeof(span_message *));
    if (spans == NULL || pointers == NULL) {
        return false;
    }
    for (size_t i = 0; i < from->span_count; i++) {
        io__prometheus__write__v2__bucket_span__init(&spans[i]);
        spans[i].offset = from->spans[i].offset;
        spans[i].length = from->spans[i].length;
        pointers[i] = &spans[i];
    }
    *out->span_count = from->span_count;
    *out->spans = pointers;
    *out->delta_count = from->delta_count;
    *out->deltas = from->deltas;
    return true;
}

static bool fill_side(const uint64_t *counts, size_t count, int32_t offset, int32_t index_shift,
                      const struct side *out, struct tachoi_arena *arena) {
    if (count == 0) {
        return true;
    }
    const size_t room = tachoi_native_spans_room(count);
    struct tachoi_native_spans spans = {0};
    spans.spans = tachoi_arena_alloc(arena, room, sizeof *spans.spans);
    spans.deltas = tachoi_arena_alloc(arena, room, sizeof *spans.deltas);
    if (spans.spans == NULL || spans.deltas == NULL) {
        return false;
    }
    tachoi_native_spans_of(counts, count, offset, index_shift, &spans);
    return spans.span_count == 0 || copy_spans(&spans, out, arena);
}

static struct side positive_of(histogram_message *message) {
    return (struct side){&message->n_positive_spans, &message->positive_spans,
                         &message->n_positive_deltas, &message->positive_deltas};
}

static struct side negative_of(histogram_message *message) {
    return (struct side){&message->n_negative_spans, &message->negative_spans,
                         &message->n_negative_deltas, &message->negative_deltas};
}

/* The bounds are custom_values; the bucket to +Inf has the index behind them (RW2-20). */
static bool fill_custom(histogram_message *message, const struct tachoi_record *record,
                        struct tachoi_arena *arena) {
    const struct tachoi_series_shape *shape = record->series->shape;
    const struct side positive = positive_of(message);
    message->schema = TACHOI_NATIVE_SCHEMA_CUSTOM;
    message->n_custom_values = shape->bound_count;
    message->custom_values = (double *)shape->bounds; /* packing only reads */
    message->count_int = record->words[TACHOI_HISTOGRAM_COUNT];
    memcpy(&message->sum, &record->words[TACHOI_HISTOGRAM_SUM], sizeof message->sum);
    return fill_side(&record->words[TACHOI_HISTOGRAM_BUCKETS], (size_t)shape->bound_count + 1, 0, 0,
                     &positive, arena);
}

static bool fill_exponential(histogram_message *message, const struct tachoi_record *record,
                             struct tachoi_arena *arena) {
    const struct side positive = positive_of(message);
    const struct side negative = negative_of(message);
    const tacho_exponential_buckets up = tachoi_record_buckets(record, false);
    const tacho_exponential_buckets down = tachoi_record_buckets(record, true);
    message->schema = (int32_t)record->words[TACHOI_EXPONENTIAL_SCHEMA];
    message->count_int = record->words[TACHOI_EXPONENTIAL_COUNT];
    memcpy(&message->sum, &record->words[TACHOI_EXPONENTIAL_SUM], sizeof message->sum);
    memcpy(&message->zero_threshold, &record->words[TACHOI_EXPONENTIAL_ZERO_THRESHOLD],
           sizeof message->zero_threshold);
    message->zero_count_case = IO__PROMETHEUS__WRITE__V2__HISTOGRAM__ZERO_COUNT_ZERO_COUNT_INT;
    message->zero_count_int = record->words[TACHOI_EXPONENTIAL_ZERO_COUNT];
    return fill_side(up.counts, up.count, up.offset, 1, &positive, arena) &&
           fill_side(down.counts, down.count, down.offset, 1, &negative, arena);
}

/* The marker is a signalling NaN: it is copied as bytes (P-06). */
static void fill_stale(histogram_message *message) {
    const uint64_t marker = TACHOI_STALE_MARKER;
    memcpy(&message->sum, &marker, sizeof message->sum);
}

bool tachoi_native_message_fill(struct tachoi_native_message *message,
                                const struct tachoi_record *record, int64_t start_ms,
                                struct tachoi_arena *arena) {
    histogram_message *histogram = &message->histogram;
    io__prometheus__write__v2__histogram__init(histogram);
    histogram->count_case = IO__PROMETHEUS__WRITE__V2__HISTOGRAM__COUNT_COUNT_INT;
    histogram->timestamp = record->time_ms;
    histogram->start_timestamp = start_ms;
    /* All words of a stale record are zeros, so that it has no buckets. */
    const bool ok = record->series->shape->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM
                        ? fill_custom(histogram, record, arena)
                        : fill_exponential(histogram, record, arena);
    if (tachoi_record_has(record, TACHOI_RECORD_STALE)) {
        fill_stale(histogram);
    }
    message->packed_size =
        ok ? io__prometheus__write__v2__histogram__get_packed_size(histogram) : 0;
    return ok;
}
