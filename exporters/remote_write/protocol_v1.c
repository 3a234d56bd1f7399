/* SPDX-License-Identifier: Apache-2.0 */
/* Owns remote write 1.0 on the wire: a WriteRequest of cached label blocks and patched samples.
 * The bytes are those that protobuf-c would make of the same data. */
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

static size_t sample_size(uint64_t value_bits, int64_t time_ms) {
    size_t size = is_zero(value_bits) ? 0 : 1 + sizeof value_bits;
    return size + (time_ms == 0 ? 0 : 1 + tachoi_varint_size((uint64_t)time_ms));
}

static bool append_time_series(struct tachoi_wire *wire, const struct tachoi_encoded_series *series,
                               size_t component, uint64_t value_bits, int64_t time_ms) {
    const struct tachoi_label_block *block = &series->blocks[component];
    size_t sample = sample_size(value_bits, time_ms);
    size_t size = block->length + 1 + tachoi_varint_size(sample) + sample;
    if (!tachoi_wire_reserve(wire, 1 + tachoi_varint_size(size) + size)) {
        return false;
    }
    tachoi_wire_tag(wire, REQUEST_TIMESERIES, TACHOI_WIRE_BYTES);
    tachoi_wire_varint(wire, size);
    tachoi_wire_raw(wire, tachoi_label_block_bytes(series, block), block->length);
    tachoi_wire_tag(wire, TIMESERIES_SAMPLES, TACHOI_WIRE_BYTES);
    tachoi_wire_varint(wire, sample);
    if (!is_zero(value_bits)) {
        tachoi_wire_tag(wire, SAMPLE_VALUE, TACHOI_WIRE_FIXED64);
        tachoi_wire_fixed64(wire, value_bits);
    }
    if (time_ms != 0) {
        tachoi_wire_tag(wire, SAMPLE_TIMESTAMP, TACHOI_WIRE_VARINT);
        tachoi_wire_varint(wire, (uint64_t)time_ms);
    }
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
static bool append_histogram(struct tachoi_wire *wire, const struct tachoi_record *record,
                             size_t from, size_t to) {
    size_t buckets = (size_t)record->series->bound_count + 1;
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
        ok = i < from || append_time_series(wire, record->series, i, bits, record->time_ms);
    }
    return ok;
}

static bool append_record(struct tachoi_wire *wire, const struct tachoi_record *record, size_t from,
                          size_t to) {
    if (record->series->kind == TACHOI_ENCODED_HISTOGRAM) {
        return append_histogram(wire, record, from, to);
    }
    return append_time_series(wire, record->series, 0, record->words[TACHOI_NUMBER_VALUE],
                              record->time_ms);
}

static bool append(struct tachoi_wire *wire, const struct tachoi_run *run, size_t begin,
                   size_t end) {
    size_t sample = 0; /* the first of the record */
    size_t at = 0;
    for (const struct tachoi_record *record = tachoi_run_at(run, at);
         record != NULL && sample < end; record = tachoi_run_at(run, at)) {
        size_t next = sample + tachoi_record_samples(record);
        if (next > begin) {
            size_t from = begin > sample ? begin - sample : 0;
            size_t to = end < next ? end - sample : next - sample;
            if (!append_record(wire, record, from, to)) {
                return false;
            }
        }
        sample = next;
        at += tachoi_record_words(record->series);
    }
    return true;
}

const struct tachoi_protocol tachoi_protocol_v1 = {
    .headers = headers,
    .header_count = sizeof headers / sizeof headers[0],
    .append = append,
};
