/* SPDX-License-Identifier: Apache-2.0 */
/* Owns remote write 1.0 on the wire: a WriteRequest of cached label blocks and patched samples.
 * The bytes are those that protobuf-c would make of the same data. */
#include <string.h>

#include "remote_write/encoder.h"
#include "remote_write/escaped_labels.h"
#include "remote_write/exemplars.h"
#include "remote_write/record_values.h"

/* Field numbers of package prometheus: remote_write_v1.proto. */
enum {
    REQUEST_TIMESERIES = 1,
    TIMESERIES_SAMPLES = 2,
    TIMESERIES_EXEMPLARS = 3,
    TIMESERIES_HISTOGRAMS = 4,
    SAMPLE_VALUE = 1,
    SAMPLE_TIMESTAMP = 2,
    EXEMPLAR_VALUE = 2,
    EXEMPLAR_TIMESTAMP = 3
};

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
    struct tachoi_encoder *encoder;
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

/* --- a time series with what is out of the ordinary --- */

/* What a time series may have beside a sample. */
struct extras {
    const struct tachoi_wire *labels;            /* escaped ones; NULL = the series' */
    const struct tachoi_wire *exemplars;         /* fields */
    const struct tachoi_native_message *message; /* instead of a sample */
};

static unsigned char *put_head(unsigned char *out, unsigned field, size_t length) {
    out = tachoi_put_tag(out, field, TACHOI_WIRE_BYTES);
    return tachoi_put_varint(out, length);
}

static size_t field_size(size_t length) {
    return 1 + tachoi_varint_size(length) + length;
}

static unsigned char *put_bytes(unsigned char *out, const void *bytes, size_t length) {
    if (length > 0) {
        memcpy(out, bytes, length);
    }
    return out + length;
}

static bool append_with_extras(struct writer *writer, const struct tachoi_encoded_series *series,
                               size_t component, uint64_t value_bits, const struct extras *extras) {
    struct tachoi_wire *wire = writer->wire;
    const struct tachoi_native_message *message = extras->message;
    const size_t labels = extras->labels != NULL ? extras->labels->length
                                                 : tachoi_label_block_length(series, component);
    const size_t sample = (is_zero(value_bits) ? 0 : VALUE_FIELD) + writer->time_length;
    const size_t size = labels + extras->exemplars->length +
                        (message == NULL ? 2 + sample : field_size(message->packed_size));
    if (!tachoi_wire_reserve(wire, field_size(size))) {
        return false;
    }
    unsigned char *out = put_head(wire->data + wire->length, REQUEST_TIMESERIES, size);
    out = extras->labels != NULL ? put_bytes(out, extras->labels->data, labels)
                                 : put_labels(out, series, component);
    if (message == NULL) {
        out = put_sample(writer, out, value_bits, sample);
    }
    out = put_bytes(out, extras->exemplars->data, extras->exemplars->length);
    if (message != NULL) {
        out = put_head(out, TIMESERIES_HISTOGRAMS, message->packed_size);
        (void)io__prometheus__write__v2__histogram__pack(&message->histogram, out);
    }
    wire->length += field_size(size);
    return true;
}

/* --- exemplars --- */

/* A label block has the labels of an exemplar as those of a time series. */
static bool append_exemplar(struct tachoi_wire *out,
                            const struct tachoi_record_exemplar *exemplar) {
    const size_t size =
        exemplar->labels_length + (is_zero(exemplar->value_bits) ? 0 : VALUE_FIELD) +
        (exemplar->time_ms == 0 ? 0 : 1 + tachoi_varint_size((uint64_t)exemplar->time_ms));
    if (!tachoi_wire_reserve(out, field_size(size))) {
        return false;
    }
    unsigned char *at = put_head(out->data + out->length, TIMESERIES_EXEMPLARS, size);
    at = put_bytes(at, exemplar->labels, exemplar->labels_length);
    if (!is_zero(exemplar->value_bits)) {
        at = tachoi_put_tag(at, EXEMPLAR_VALUE, TACHOI_WIRE_FIXED64);
        at = tachoi_put_fixed64(at, exemplar->value_bits);
    }
    if (exemplar->time_ms != 0) {
        at = tachoi_put_tag(at, EXEMPLAR_TIMESTAMP, TACHOI_WIRE_VARINT);
        (void)tachoi_put_varint(at, (uint64_t)exemplar->time_ms);
    }
    out->length += field_size(size);
    return true;
}

/* Puts one with the time series at hand, or counts it, if it may not be sent. */
static bool take_exemplar(struct writer *writer, const struct tachoi_record_exemplar *exemplar,
                          bool is_sayable) {
    struct tachoi_encoder *encoder = writer->encoder;
    if (!is_sayable || !encoder->options.exemplars_with_v1) {
        encoder->content.unsupported_exemplars++;
        return true;
    }
    encoder->content.sent.exemplars++;
    return append_exemplar(&encoder->exemplars, exemplar);
}

static bool take_exemplars(struct writer *writer, struct tachoi_component_exemplars *exemplars,
                           size_t component, bool is_sayable) {
    struct tachoi_record_exemplar exemplar;
    bool ok = true;
    while (ok && tachoi_component_exemplars_next(exemplars, component, &exemplar)) {
        ok = take_exemplar(writer, &exemplar, is_sayable);
    }
    return ok;
}

static bool take_all_exemplars(struct writer *writer, const struct tachoi_record *record,
                               bool is_sayable) {
    size_t count = 0;
    const struct tachoi_record_exemplar *items =
        tachoi_exemplars_by_time(record, &count, &writer->encoder->scratch);
    bool ok = items != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        ok = take_exemplar(writer, &items[i], is_sayable);
    }
    return ok;
}

/* --- a record --- */

/* Begins a time series with extras: its labels escaped, where they must be. */
static enum tachoi_escape_result begin_extras(struct writer *writer,
                                              const struct tachoi_encoded_series *series,
                                              size_t component, struct extras *extras) {
    struct tachoi_encoder *encoder = writer->encoder;
    encoder->exemplars.length = 0;
    *extras = (struct extras){.exemplars = &encoder->exemplars};
    if (!series->shape->is_utf8) {
        return TACHOI_ESCAPE_OK;
    }
    extras->labels = &encoder->series;
    return tachoi_escape_labels(series, component, &encoder->scratch, &encoder->series);
}

/* A time series of one sample, with the exemplars of its component. `is_sayable` becomes false if
 * it cannot be said. */
static bool append_extended(struct writer *writer, const struct tachoi_record *record,
                            size_t component, uint64_t value_bits,
                            struct tachoi_component_exemplars *exemplars, bool *is_sayable) {
    struct extras extras;
    tachoi_arena_reset(&writer->encoder->scratch);
    const enum tachoi_escape_result result =
        begin_extras(writer, record->series, component, &extras);
    *is_sayable = result == TACHOI_ESCAPE_OK;
    if (result == TACHOI_ESCAPE_NO_MEMORY ||
        !take_exemplars(writer, exemplars, component, *is_sayable)) {
        return false;
    }
    if (*is_sayable) {
        writer->encoder->content.sent.samples++;
        return append_with_extras(writer, record->series, component, value_bits, &extras);
    }
    return true;
}

static bool append_number(struct writer *writer, const struct tachoi_record *record) {
    const bool is_stale = tachoi_record_has(record, TACHOI_RECORD_STALE);
    struct tachoi_component_exemplars exemplars;
    bool is_sayable = true;
    tachoi_component_exemplars_init(&exemplars, record);
    const bool ok = append_extended(
        writer, record, 0, is_stale ? TACHOI_STALE_MARKER : record->words[TACHOI_NUMBER_VALUE],
        &exemplars, &is_sayable);
    writer->encoder->content.unsupported_samples += is_sayable ? 0 : 1;
    return ok;
}

/* Whether all its time series are said in the short way. */
static bool is_plain(const struct tachoi_record *record) {
    return !record->series->shape->is_utf8 &&
           !tachoi_record_has(record, TACHOI_RECORD_HAS_EXEMPLARS);
}

/* Classic time series, the components `from` to before `to`; of a custom histogram, which is one
 * sample of the account, all. */
static bool append_classic(struct writer *writer, const struct tachoi_record *record, size_t from,
                           size_t to) {
    struct tachoi_content *content = &writer->encoder->content;
    const bool is_custom = record->series->shape->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM;
    const bool is_short = is_plain(record);
    struct tachoi_classic_values values = {.record = record};
    struct tachoi_component_exemplars exemplars;
    bool are_sayable = from < to;
    bool ok = true;
    tachoi_component_exemplars_init(&exemplars, record);
    for (size_t i = from; i < to && ok; i++) {
        const uint64_t bits = tachoi_classic_value(&values, i);
        bool is_sayable = true;
        if (is_short) {
            ok = append_time_series(writer, record->series, i, bits);
            content->sent.samples++;
        } else {
            ok = append_extended(writer, record, i, bits, &exemplars, &is_sayable);
            content->unsupported_samples += is_sayable || is_custom ? 0 : 1;
        }
        are_sayable = are_sayable && is_sayable;
    }
    content->unsupported_samples += is_custom && !are_sayable ? 1 : 0;
    return ok;
}

/* A native histogram, if those are wanted and its names can be said. */
static bool append_native(struct writer *writer, const struct tachoi_record *record) {
    struct tachoi_encoder *encoder = writer->encoder;
    struct extras extras;
    struct tachoi_native_message message;
    tachoi_arena_reset(&encoder->scratch);
    const enum tachoi_escape_result result = encoder->options.native_histograms_with_v1
                                                 ? begin_extras(writer, record->series, 0, &extras)
                                                 : TACHOI_ESCAPE_IMPOSSIBLE;
    const bool is_sayable = result == TACHOI_ESCAPE_OK;
    if (result == TACHOI_ESCAPE_NO_MEMORY || !take_all_exemplars(writer, record, is_sayable)) {
        return false;
    }
    if (!is_sayable) {
        encoder->content.unsupported_samples++;
        return true;
    }
    extras.message = &message;
    encoder->content.sent.histograms++;
    return tachoi_native_message_fill(&message, record, 0, &encoder->scratch) &&
           append_with_extras(writer, record->series, 0, 0, &extras);
}

/* The samples `from` to before `to` of a record. */
static bool append_other(struct writer *writer, const struct tachoi_record *record, size_t from,
                         size_t to) {
    switch (record->series->shape->kind) {
    case TACHOI_ENCODED_HISTOGRAM:
    case TACHOI_ENCODED_SUMMARY:
        return append_classic(writer, record, from, to);
    case TACHOI_ENCODED_CUSTOM_HISTOGRAM:
        return append_classic(writer, record, tachoi_classic_begin(record->series->shape),
                              tachoi_classic_end(record));
    case TACHOI_ENCODED_EXPONENTIAL:
        return append_native(writer, record);
    case TACHOI_ENCODED_COUNTER:
    case TACHOI_ENCODED_UP_DOWN_COUNTER:
    case TACHOI_ENCODED_GAUGE:
        break;
    }
    return append_number(writer, record);
}

/* --- a request --- */

/* Flags and extra words. */
#define OUT_OF_THE_ORDINARY ((UINT64_C(1) << 24) - 1)

static inline bool is_plain_number(const struct tachoi_record *record) {
    const struct tachoi_series_shape *shape = record->series->shape;
    return shape->kind <= TACHOI_ENCODED_GAUGE && !shape->is_utf8 &&
           (record->more & OUT_OF_THE_ORDINARY) == 0;
}

/* Where the record with the sample `begin` begins is found by walking. The length of a record is
 * known from its kind alone where it is a number: so the next ones are looked at before the labels
 * of this one have come from memory. */
static bool append(struct tachoi_encoder *encoder, const struct tachoi_run *run, size_t begin,
                   size_t end) {
    struct writer writer = {.encoder = encoder, .wire = &encoder->message};
    struct tachoi_run_walk walk = tachoi_run_walk(run);
    size_t sample = 0; /* the first of the record */
    size_t plain = 0;  /* numbers sent */
    bool ok = true;
    while (sample < end && ok) {
        const struct tachoi_record *record = tachoi_run_here(&walk);
        if (record->time_ms != writer.time_ms) {
            set_time(&writer, record->time_ms);
        }
        if (is_plain_number(record)) {
            tachoi_run_fetch_ahead(&walk);
            if (sample >= begin) {
                ok = append_time_series(&writer, record->series, 0,
                                        record->words[TACHOI_NUMBER_VALUE]);
                plain++;
            }
            tachoi_run_pass(&walk, TACHOI_NUMBER_RECORD_WORDS);
            sample++;
            continue;
        }
        const size_t next = sample + tachoi_record_samples(record);
        ok = next <= begin || append_other(&writer, record, begin > sample ? begin - sample : 0,
                                           (end < next ? end : next) - sample);
        tachoi_run_pass(&walk, tachoi_record_words(record));
        sample = next;
    }
    encoder->content.sent.samples += plain;
    return ok;
}

const struct tachoi_protocol tachoi_protocol_v1 = {
    .version = 1,
    .headers = headers,
    .header_count = sizeof headers / sizeof headers[0],
    .append = append,
};
