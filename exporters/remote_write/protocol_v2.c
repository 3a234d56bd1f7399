/* SPDX-License-Identifier: Apache-2.0 */
/* Owns remote write 2.0 on the wire: a Request of symbols and time series that refer to them. The
 * bytes are those that protobuf-c would make of the same data: symbols first, in the order in which
 * the time series use them. These are written apart meanwhile, and joined at the end. */
#include <string.h>

#include "remote_write/encoder.h"
#include "remote_write/exemplars.h"
#include "remote_write/record_values.h"

/* Field numbers of package io.prometheus.write.v2: remote_write_v2.proto. */
enum {
    REQUEST_TIMESERIES = 5,
    TIMESERIES_LABELS_REFS = 1,
    TIMESERIES_SAMPLES = 2,
    TIMESERIES_HISTOGRAMS = 3,
    TIMESERIES_EXEMPLARS = 4,
    SAMPLE_VALUE = 1,
    SAMPLE_TIMESTAMP = 2,
    SAMPLE_START_TIMESTAMP = 3,
    EXEMPLAR_LABELS_REFS = 1,
    EXEMPLAR_VALUE = 2,
    EXEMPLAR_TIMESTAMP = 3
};

/* RW2-01: receivers compare the type byte by byte. */
static const char *const headers[] = {
    "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request",
    "Content-Encoding: snappy", "X-Prometheus-Remote-Write-Version: 2.0.0"};

/* protobuf-c leaves fields out that equal zero, and -0.0 does (P-03). */
static bool is_zero(uint64_t value_bits) {
    return value_bits << 1 == 0;
}

/* --- what is being written --- */

enum { VALUE_FIELD = 9, TIME_FIELD_MAX = 11, TIME_FIELD_STEP = 16 };

/* A time as the field of a sample: as a rule neighbours have one. */
struct time_field {
    int64_t time_ms;
    size_t length;
    unsigned char bytes[TIME_FIELD_STEP];
};

struct writer {
    struct tachoi_wire *series;
    struct tachoi_wire *exemplars; /* fields of the time series at hand */
    struct tachoi_label_refs *refs;
    struct tachoi_arena *arena; /* of the record at hand */
    struct tachoi_content *content;
    struct time_field time;
    struct time_field start;
};

static inline void set_time(struct time_field *field, unsigned number, int64_t time_ms) {
    if (field->time_ms == time_ms) {
        return;
    }
    unsigned char *end = field->bytes;
    field->time_ms = time_ms;
    if (time_ms != 0) {
        end = tachoi_put_tag(end, number, TACHOI_WIRE_VARINT);
        end = tachoi_put_varint(end, (uint64_t)time_ms);
    }
    field->length = (size_t)(end - field->bytes);
}

static inline unsigned char *put_time(unsigned char *out, const struct time_field *field) {
    memcpy(out, field->bytes, TIME_FIELD_STEP);
    return out + field->length;
}

static inline unsigned char *put_head(unsigned char *out, unsigned field, size_t length) {
    out = tachoi_put_tag(out, field, TACHOI_WIRE_BYTES);
    return tachoi_put_varint(out, length);
}

/* A field of a message, tag and length included. */
static inline size_t field_size(size_t length) {
    return 1 + tachoi_varint_size(length) + length;
}

/* --- exemplars (RW2-05, RW2-06) --- */

static size_t exemplar_length(const struct tachoi_record_exemplar *exemplar, size_t refs_length) {
    return (refs_length == 0 ? 0 : field_size(refs_length)) +
           (is_zero(exemplar->value_bits) ? 0 : VALUE_FIELD) +
           (exemplar->time_ms == 0 ? 0 : 1 + tachoi_varint_size((uint64_t)exemplar->time_ms));
}

/* Appends one to writer->exemplars. */
static bool append_exemplar(struct writer *writer, const struct tachoi_record_exemplar *exemplar) {
    struct tachoi_wire *out = writer->exemplars;
    struct tachoi_wire *refs = &writer->refs->scratch;
    refs->length = 0;
    if (!tachoi_label_refs_append_block(writer->refs, exemplar->labels, exemplar->labels_length,
                                        refs)) {
        return false;
    }
    const size_t length = exemplar_length(exemplar, refs->length);
    if (!tachoi_wire_reserve(out, field_size(length))) {
        return false;
    }
    unsigned char *at = put_head(out->data + out->length, TIMESERIES_EXEMPLARS, length);
    if (refs->length > 0) {
        at = put_head(at, EXEMPLAR_LABELS_REFS, refs->length);
        memcpy(at, refs->data, refs->length);
        at += refs->length;
    }
    if (!is_zero(exemplar->value_bits)) {
        at = tachoi_put_tag(at, EXEMPLAR_VALUE, TACHOI_WIRE_FIXED64);
        at = tachoi_put_fixed64(at, exemplar->value_bits);
    }
    if (exemplar->time_ms != 0) {
        at = tachoi_put_tag(at, EXEMPLAR_TIMESTAMP, TACHOI_WIRE_VARINT);
        at = tachoi_put_varint(at, (uint64_t)exemplar->time_ms);
    }
    out->length = (size_t)(at - out->data);
    writer->content->sent.exemplars++;
    return true;
}

/* Those of the next component. */
static bool gather_exemplars(struct writer *writer, struct tachoi_component_exemplars *exemplars,
                             size_t component) {
    struct tachoi_record_exemplar exemplar;
    writer->exemplars->length = 0;
    while (tachoi_component_exemplars_next(exemplars, component, &exemplar)) {
        if (!append_exemplar(writer, &exemplar)) {
            return false;
        }
    }
    return true;
}

/* Those of a record that has one time series only. */
static bool gather_all_exemplars(struct writer *writer, const struct tachoi_record *record) {
    size_t count = 0;
    writer->exemplars->length = 0;
    if (!tachoi_record_has(record, TACHOI_RECORD_HAS_EXEMPLARS)) {
        return true;
    }
    tachoi_arena_reset(writer->arena);
    const struct tachoi_record_exemplar *items =
        tachoi_exemplars_by_time(record, &count, writer->arena);
    bool ok = items != NULL;
    for (size_t i = 0; i < count && ok; i++) {
        ok = append_exemplar(writer, &items[i]);
    }
    return ok;
}

/* --- a time series --- */

/* A time series but for its samples or histogram, which are `size` bytes: makes room and begins
 * it. Its labels are ready. NULL when there is no room. */
static inline unsigned char *begin_time_series(struct writer *writer,
                                               const struct tachoi_encoded_series *series,
                                               size_t component, size_t size) {
    struct tachoi_wire *wire = writer->series;
    const struct tachoi_shape_refs *shape = series->shape->refs;
    const size_t refs = shape->components[component].length + writer->refs->own.length;
    const size_t whole =
        field_size(refs) + size + writer->exemplars->length + shape->metadata_length;
    if (!tachoi_wire_reserve(wire, field_size(whole))) {
        return NULL;
    }
    unsigned char *out = put_head(wire->data + wire->length, REQUEST_TIMESERIES, whole);
    out = put_head(out, TIMESERIES_LABELS_REFS, refs);
    return tachoi_label_refs_put(writer->refs, series, component, out);
}

static inline void end_time_series(struct writer *writer,
                                   const struct tachoi_encoded_series *series, unsigned char *out) {
    const struct tachoi_shape_refs *shape = series->shape->refs;
    if (writer->exemplars->length > 0) {
        memcpy(out, writer->exemplars->data, writer->exemplars->length);
        out += writer->exemplars->length;
    }
    memcpy(out, shape->metadata, TACHOI_REFS_STEP);
    writer->series->length = (size_t)(out + shape->metadata_length - writer->series->data);
}

/* A time series of one sample, with writer->exemplars. */
static inline bool append_sample(struct writer *writer, const struct tachoi_encoded_series *series,
                                 size_t component, uint64_t value_bits) {
    const size_t sample =
        (is_zero(value_bits) ? 0 : VALUE_FIELD) + writer->time.length + writer->start.length;
    unsigned char *out = begin_time_series(writer, series, component, 2 + sample);
    if (out == NULL) {
        return false;
    }
    out = tachoi_put_tag(out, TIMESERIES_SAMPLES, TACHOI_WIRE_BYTES);
    *out++ = (unsigned char)sample; /* less than 128 */
    if (!is_zero(value_bits)) {
        out = tachoi_put_tag(out, SAMPLE_VALUE, TACHOI_WIRE_FIXED64);
        out = tachoi_put_fixed64(out, value_bits);
    }
    out = put_time(out, &writer->time);
    out = put_time(out, &writer->start);
    end_time_series(writer, series, out);
    writer->content->sent.samples++;
    return true;
}

/* --- a record --- */

/* RW2-08: of what is counted from a start on. */
static inline int64_t start_of(const struct tachoi_record *record) {
    const enum tachoi_encoded_series_kind kind = record->series->shape->kind;
    return kind == TACHOI_ENCODED_GAUGE || kind == TACHOI_ENCODED_UP_DOWN_COUNTER
               ? 0
               : tachoi_record_start_ms(record);
}

/* Makes ready what all its time series have in common. */
static inline bool begin_record(struct writer *writer, const struct tachoi_record *record) {
    set_time(&writer->time, SAMPLE_TIMESTAMP, record->time_ms);
    set_time(&writer->start, SAMPLE_START_TIMESTAMP, start_of(record));
    return tachoi_label_refs_shape(writer->refs, record->series) != NULL &&
           tachoi_label_refs_own(writer->refs, record->series);
}

static bool append_number(struct writer *writer, const struct tachoi_record *record) {
    const struct tachoi_encoded_series *series = record->series;
    const bool is_stale = tachoi_record_has(record, TACHOI_RECORD_STALE);
    return begin_record(writer, record) &&
           tachoi_label_refs_pieces(writer->refs, series, 0) != NULL &&
           gather_all_exemplars(writer, record) &&
           append_sample(writer, series, 0,
                         is_stale ? TACHOI_STALE_MARKER : record->words[TACHOI_NUMBER_VALUE]);
}

/* Components `from` to before `to` of a classic histogram or a summary. */
static bool append_classic(struct writer *writer, const struct tachoi_record *record, size_t from,
                           size_t to) {
    struct tachoi_classic_values values = {.record = record};
    struct tachoi_component_exemplars exemplars;
    bool ok = begin_record(writer, record);
    tachoi_component_exemplars_init(&exemplars, record);
    for (size_t i = from; i < to && ok; i++) {
        ok = tachoi_label_refs_pieces(writer->refs, record->series, i) != NULL &&
             gather_exemplars(writer, &exemplars, i) &&
             append_sample(writer, record->series, i, tachoi_classic_value(&values, i));
    }
    return ok;
}

/* One native histogram, if relabelling has left it. */
static bool append_native(struct writer *writer, const struct tachoi_record *record) {
    const struct tachoi_encoded_series *series = record->series;
    struct tachoi_native_message message;
    if (!tachoi_has_native(series->shape)) {
        writer->content->unsupported_samples++;
        writer->content->unsupported_exemplars += tachoi_record_exemplar_count(record);
        return true;
    }
    tachoi_arena_reset(writer->arena);
    if (!begin_record(writer, record) ||
        tachoi_label_refs_pieces(writer->refs, series, 0) == NULL ||
        !gather_all_exemplars(writer, record) ||
        !tachoi_native_message_fill(&message, record, start_of(record), writer->arena)) {
        return false;
    }
    const size_t size = message.packed_size;
    unsigned char *out = begin_time_series(writer, series, 0, field_size(size));
    if (out == NULL) {
        return false;
    }
    out = put_head(out, TIMESERIES_HISTOGRAMS, size);
    out += io__prometheus__write__v2__histogram__pack(&message.histogram, out);
    end_time_series(writer, series, out);
    writer->content->sent.histograms++;
    return true;
}

static bool append_other(struct writer *writer, const struct tachoi_record *record, size_t from,
                         size_t to) {
    const enum tachoi_encoded_series_kind kind = record->series->shape->kind;
    return kind == TACHOI_ENCODED_HISTOGRAM || kind == TACHOI_ENCODED_SUMMARY
               ? append_classic(writer, record, from, to)
               : append_native(writer, record);
}

/* --- a request --- */

static inline bool is_number(const struct tachoi_record *record) {
    return record->series->shape->kind <= TACHOI_ENCODED_GAUGE;
}

static bool append_range(struct writer *writer, const struct tachoi_run *run, size_t begin,
                         size_t end) {
    struct tachoi_run_walk walk = tachoi_run_walk(run);
    size_t sample = 0; /* the first of the record */
    bool ok = true;
    while (sample < end && ok) {
        const struct tachoi_record *record = tachoi_run_here(&walk);
        if (is_number(record)) {
            tachoi_run_fetch_ahead(&walk);
            ok = sample < begin || append_number(writer, record);
            tachoi_run_pass(&walk, TACHOI_NUMBER_RECORD_WORDS + tachoi_record_extra_words(record));
            sample++;
            continue;
        }
        const size_t next = sample + tachoi_record_samples(record);
        ok = next <= begin || append_other(writer, record, begin > sample ? begin - sample : 0,
                                           (end < next ? end : next) - sample);
        tachoi_run_pass(&walk, tachoi_record_words(record));
        sample = next;
    }
    return ok;
}

/* The series behind the symbols. */
static bool join(struct tachoi_wire *message, const struct tachoi_wire *series) {
    if (!tachoi_wire_reserve(message, series->length)) {
        return false;
    }
    if (series->length > 0) {
        memcpy(message->data + message->length, series->data, series->length);
        message->length += series->length;
    }
    return true;
}

static bool append(struct tachoi_encoder *encoder, const struct tachoi_run *run, size_t begin,
                   size_t end) {
    struct writer writer = {
        .series = &encoder->series,
        .exemplars = &encoder->exemplars,
        .refs = &encoder->refs,
        .arena = &encoder->scratch,
        .content = &encoder->content,
    };
    encoder->series.length = encoder->exemplars.length = 0;
    encoder->series.max_length = encoder->exemplars.max_length = encoder->message.max_length;
    encoder->series.is_too_long = encoder->exemplars.is_too_long = false;
    tachoi_arena_reset(&encoder->scratch);
    const bool ok = tachoi_label_refs_begin(&encoder->refs, &encoder->message) &&
                    append_range(&writer, run, begin, end) &&
                    join(&encoder->message, &encoder->series);
    if (encoder->series.is_too_long || encoder->exemplars.is_too_long) {
        encoder->message.is_too_long = true;
    }
    return ok;
}

const struct tachoi_protocol tachoi_protocol_v2 = {
    .version = 2,
    .headers = headers,
    .header_count = sizeof headers / sizeof headers[0],
    .append = append,
};
