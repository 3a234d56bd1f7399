/* SPDX-License-Identifier: Apache-2.0 */
/* Owns remote write 1.0 on the wire: a WriteRequest of cached label blocks and patched samples.
 * The bytes are those that protobuf-c would make of the same data. */
#include <string.h>

#include "remote_write/encoder.h"

/* Field numbers of package prometheus: remote_write_v1.proto. */
enum { REQUEST_TIMESERIES = 1, TIMESERIES_SAMPLES = 2, SAMPLE_VALUE = 1, SAMPLE_TIMESTAMP = 2 };

static const char *const headers[] = {"Content-Type: application/x-protobuf",
                                      "Content-Encoding: snappy",
                                      "X-Prometheus-Remote-Write-Version: 0.1.0"};

/* protobuf-c leaves fields out that equal zero, and -0.0 does (P-03). */
static bool is_zero(uint64_t value_bits) {
    return value_bits << 1 == 0;
}

/* --- a sample --- */

enum { VALUE_FIELD = 9, TIME_FIELD_MAX = 11, TIME_FIELD_STEP = 16 };

/* The message, and the field `timestamp` of its samples: as a rule they have one time. */
struct writer {
    struct tachoi_wire *wire;
    int64_t time_ms;
    size_t time_length;
    unsigned char time[TIME_FIELD_STEP];
};

static void set_time(struct writer *writer, int64_t time_ms) {
    unsigned char *end = writer->time;
    writer->time_ms = time_ms;
    if (time_ms != 0) {
        end = tachoi_put_tag(end, SAMPLE_TIMESTAMP, TACHOI_WIRE_VARINT);
        end = tachoi_put_varint(end, (uint64_t)time_ms);
    }
    writer->time_length = (size_t)(end - writer->time);
}

/* The field `samples` of a TimeSeries, with its one sample of less than 128 bytes. */
static unsigned char *put_sample(const struct writer *writer, unsigned char *out,
                                 uint64_t value_bits, size_t sample) {
    out = tachoi_put_tag(out, TIMESERIES_SAMPLES, TACHOI_WIRE_BYTES);
    *out++ = (unsigned char)sample;
    if (!is_zero(value_bits)) {
        out = tachoi_put_tag(out, SAMPLE_VALUE, TACHOI_WIRE_FIXED64);
        out = tachoi_put_fixed64(out, value_bits);
    }
    memcpy(out, writer->time, TIME_FIELD_STEP);
    return out + writer->time_length;
}

/* --- labels --- */

/* Copies in steps of constant length, which are a few instructions each; reads and writes beyond
 * the end, where pieces and the message have room. */
static unsigned char *put_piece(unsigned char *out, const unsigned char *piece, size_t length) {
    for (size_t at = 0; at < length; at += TACHOI_PIECE_STEP) {
        memcpy(out + at, piece + at, TACHOI_PIECE_STEP);
    }
    return out + length;
}

/* The same, but does not read beyond the end: the last step may overlap the one before. */
static unsigned char *put_own(unsigned char *out, const unsigned char *own, size_t length) {
    enum { STEP = 16 };
    if (length < STEP) {
        memcpy(out, own, length);
        return out + length;
    }
    for (size_t at = 0; at < length - STEP; at += STEP) {
        memcpy(out + at, own + at, STEP);
    }
    memcpy(out + length - STEP, own + length - STEP, STEP);
    return out + length;
}

static unsigned char *put_labels(unsigned char *out, const struct tachoi_encoded_series *series,
                                 size_t component) {
    const struct tachoi_series_shape *shape = series->shape;
    const uint32_t *lengths = shape->components[component].lengths;
    const unsigned char *piece = shape->components[component].bytes;
    const unsigned char *own = tachoi_encoded_series_own(series);
    const uint32_t own_count = shape->own_count;
    uint32_t begin = 0;
    for (uint32_t i = 0; i < own_count; i++) {
        const uint32_t end = series->own_ends[i];
        out = put_piece(out, piece, lengths[i]);
        piece += lengths[i];
        out = put_own(out, own + begin, end - begin);
        begin = end;
    }
    return put_piece(out, piece, lengths[own_count]);
}

/* --- a time series --- */

static bool append_time_series(struct writer *writer, const struct tachoi_encoded_series *series,
                               size_t component, uint64_t value_bits) {
    struct tachoi_wire *wire = writer->wire;
    const size_t sample = (is_zero(value_bits) ? 0 : VALUE_FIELD) + writer->time_length;
    const size_t size = tachoi_label_block_length(series, component) + 2 + sample;
    const size_t whole = 1 + tachoi_varint_size(size) + size;
    if (!tachoi_wire_reserve(wire, whole)) {
        return false;
    }
    unsigned char *out = wire->data + wire->length;
    out = tachoi_put_tag(out, REQUEST_TIMESERIES, TACHOI_WIRE_BYTES);
    out = tachoi_put_varint(out, size);
    out = put_labels(out, series, component);
    (void)put_sample(writer, out, value_bits, sample);
    wire->length += whole;
    return true;
}

static uint64_t bits_of_count(uint64_t count) {
    union {
        double f64;
        uint64_t bits;
    } value = {.f64 = (double)count};
    return value.bits;
}

/* Components `from` to before `to`: cumulative buckets (CONV-12), _count, _sum. */
static bool append_histogram(struct writer *writer, const struct tachoi_record *record, size_t from,
                             size_t to) {
    size_t buckets = (size_t)record->series->shape->bound_count + 1;
    uint64_t cumulative = 0;
    bool ok = true;
    for (size_t i = 0; i < to && ok; i++) {
        uint64_t bits;
        if (i < buckets) {
            cumulative += record->words[TACHOI_HISTOGRAM_BUCKETS + i];
            bits = bits_of_count(cumulative);
        } else if (i == buckets) {
            bits = bits_of_count(record->words[TACHOI_HISTOGRAM_COUNT]);
        } else {
            bits = record->words[TACHOI_HISTOGRAM_SUM];
        }
        ok = i < from || append_time_series(writer, record->series, i, bits);
    }
    return ok;
}

/* Records ahead whose labels are asked for: as long as these take to come from memory. */
#define RECORDS_AHEAD 6

/* Asks the processor for the labels of a record further on, if numbers follow in the chunk. If
 * something else does, what is taken for a pointer is none: asking is then of no use and no harm.
 */
static inline void fetch_ahead(const struct tachoi_run_walk *walk) {
    const struct tachoi_chunk *chunk = walk->chunk;
    const size_t at = chunk->begin + walk->passed + RECORDS_AHEAD * TACHOI_NUMBER_RECORD_WORDS;
    if (at < chunk->end) {
        const struct tachoi_record *record = (const void *)(chunk->words + at);
        __builtin_prefetch(record->series);
    }
}

/* Where the record with the sample `begin` begins is found by walking. The length of a record is
 * known from its kind alone where it is a number: so the next ones are looked at before the labels
 * of this one have come from memory. */
static bool append(struct tachoi_encoder *encoder, const struct tachoi_run *run, size_t begin,
                   size_t end) {
    struct writer writer = {.wire = &encoder->message};
    size_t sample = 0; /* the first of the record */
    bool ok = true;
    struct tachoi_run_walk walk = tachoi_run_walk(run);
    while (sample < end && ok) {
        const struct tachoi_record *record = tachoi_run_here(&walk);
        const struct tachoi_series_shape *shape = record->series->shape;
        if (record->time_ms != writer.time_ms) {
            set_time(&writer, record->time_ms);
        }
        if (shape->kind != TACHOI_ENCODED_HISTOGRAM) {
            fetch_ahead(&walk);
            ok = sample < begin ||
                 append_time_series(&writer, record->series, 0, record->words[TACHOI_NUMBER_VALUE]);
            tachoi_run_pass(&walk, TACHOI_NUMBER_RECORD_WORDS + tachoi_record_extra_words(record));
            sample++;
            continue;
        }
        const size_t next = sample + tachoi_record_samples(record);
        ok = next <= begin || append_histogram(&writer, record, begin > sample ? begin - sample : 0,
                                               (end < next ? end : next) - sample);
        tachoi_run_pass(&walk, tachoi_record_words(record));
        sample = next;
    }
    encoder->content.sent.samples = end - begin;
    return ok;
}

const struct tachoi_protocol tachoi_protocol_v1 = {
    .version = 1,
    .headers = headers,
    .header_count = sizeof headers / sizeof headers[0],
    .append = append,
};
