/* SPDX-License-Identifier: Apache-2.0 */
/* Owns reading labels back from pieces and own texts. See encoded_series.h. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "http/response.h"
#include "remote_write/encoded_series.h"
#include "remote_write/wire.h"

static bool next_text(const unsigned char **at, const unsigned char *end, unsigned char tag,
                      tacho_string *out) {
    uint64_t length = 0;
    if (*at >= end || **at != tag) {
        return false;
    }
    (*at)++;
    if (!tachoi_wire_read_varint(at, end, &length) || length > (uint64_t)(end - *at)) {
        return false;
    }
    out->data = (const char *)*at;
    out->length = (size_t)length;
    *at += length;
    return true;
}

bool tachoi_label_next(const unsigned char **at, const unsigned char *end, tacho_string *name,
                       tacho_string *value) {
    tacho_string label;
    if (!next_text(at, end, 0x0a, &label)) { /* TimeSeries.labels */
        return false;
    }
    const unsigned char *inner = (const unsigned char *)label.data;
    const unsigned char *inner_end = inner + label.length;
    *value = (tacho_string){"", 0}; /* as a text that begins with NUL is packed */
    return next_text(&inner, inner_end, 0x0a, name) &&
           (inner == inner_end || next_text(&inner, inner_end, 0x12, value));
}

void tachoi_label_reader_init(struct tachoi_label_reader *reader,
                              const struct tachoi_encoded_series *series, size_t component) {
    *reader = (struct tachoi_label_reader){.series = series, .component = component};
    reader->piece_begin = series->shape->components[component].bytes;
}

/* Goes on with the next piece or own text; false at the end. */
static bool next_part(struct tachoi_label_reader *reader) {
    const struct tachoi_encoded_series *series = reader->series;
    const size_t own_count = series->shape->own_count;
    if (reader->is_own) {
        const size_t own = reader->piece - 1;
        const uint32_t begin = own > 0 ? series->own_ends[own - 1] : 0;
        reader->at = tachoi_encoded_series_own(series) + begin;
        reader->end = tachoi_encoded_series_own(series) + series->own_ends[own];
        reader->is_own = false;
        return true;
    }
    if (reader->piece > own_count) {
        return false;
    }
    const uint32_t *lengths = series->shape->components[reader->component].lengths;
    reader->at = reader->piece_begin;
    reader->end = reader->piece_begin += lengths[reader->piece];
    reader->is_own = reader->piece < own_count;
    reader->piece++;
    return true;
}

bool tachoi_label_reader_next(struct tachoi_label_reader *reader, tacho_string *name,
                              tacho_string *value) {
    while (reader->at == reader->end) {
        if (!next_part(reader)) {
            return false;
        }
    }
    return tachoi_label_next(&reader->at, reader->end, name, value);
}

/* --- as people write it --- */

static bool is_name(tacho_string name) {
    return name.length == 8 && memcmp(name.data, "__name__", 8) == 0;
}

static void append_name(struct tachoi_text *text, const struct tachoi_encoded_series *series,
                        size_t component) {
    struct tachoi_label_reader reader;
    tacho_string name;
    tacho_string value;
    tachoi_label_reader_init(&reader, series, component);
    while (tachoi_label_reader_next(&reader, &name, &value)) {
        if (is_name(name)) {
            tachoi_text_append(text, value.data, value.length);
        }
    }
}

static void append_others(struct tachoi_text *text, const struct tachoi_encoded_series *series,
                          size_t component) {
    struct tachoi_label_reader reader;
    tacho_string name;
    tacho_string value;
    const char *before = "{";
    tachoi_label_reader_init(&reader, series, component);
    while (tachoi_label_reader_next(&reader, &name, &value)) {
        if (is_name(name)) {
            continue;
        }
        tachoi_text_append_string(text, before);
        tachoi_text_append(text, name.data, name.length);
        tachoi_text_append_string(text, "=\"");
        tachoi_text_append(text, value.data, value.length);
        tachoi_text_append_char(text, '"');
        before = ",";
    }
    if (before[0] == ',') {
        tachoi_text_append_char(text, '}');
    }
}

void tachoi_encoded_series_describe(const struct tachoi_encoded_series *series, size_t component,
                                    char *out, size_t out_size) {
    out[0] = '\0';
    if (component >= series->shape->component_count) {
        return;
    }
    struct tachoi_text text;
    tachoi_text_init(&text, out_size - 1);
    append_name(&text, series, component);
    append_others(&text, series, component);
    (void)snprintf(out, out_size, "%s", text.data != NULL ? text.data : "");
    (void)tachoi_http_clean_text(out, strlen(out));
    tachoi_text_fini(&text);
}
