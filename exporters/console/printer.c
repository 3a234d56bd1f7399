/* SPDX-License-Identifier: Apache-2.0 */
/* Owns strings, attributes, numbers and times as people read them. See printer.h. */
#include "console/printer.h"

#include <stdio.h>
#include <time.h>

#include "prometheus/value_text.h"

void tachoi_printer_init(struct tachoi_printer *printer, struct tachoi_text *out) {
    printer->out = out;
    tachoi_text_init(&printer->value, 0);
    tachoi_text_init(&printer->attributes, 0);
}

void tachoi_printer_fini(struct tachoi_printer *printer) {
    tachoi_text_fini(&printer->value);
    tachoi_text_fini(&printer->attributes);
}

static bool is_control(const char *data, size_t length, size_t index) {
    const unsigned char byte = (unsigned char)data[index];
    if (byte < 0x20 || byte == 0x7f) {
        return true;
    }
    /* U+0080..U+009F: some terminals obey these too */
    return byte == 0xc2 && index + 1 < length && (unsigned char)data[index + 1] < 0xa0;
}

static void append_hex(struct tachoi_text *out, char character) {
    static const char digits[] = "0123456789abcdef";
    const unsigned code = (unsigned char)character;
    tachoi_text_append_string(out, "\\x");
    tachoi_text_append_char(out, digits[code >> 4]);
    tachoi_text_append_char(out, digits[code & 15U]);
}

/* Well-formed UTF-8, with its control characters made visible. */
static void append_visible(struct tachoi_text *out, const struct tachoi_text *text) {
    out->failed = out->failed || text->failed;
    for (size_t i = 0; i < text->length; i++) {
        if (!is_control(text->data, text->length, i)) {
            tachoi_text_append_char(out, text->data[i]);
            continue;
        }
        append_hex(out, text->data[i]);
        if ((unsigned char)text->data[i] == 0xc2) {
            append_hex(out, text->data[++i]);
        }
    }
}

void tachoi_printer_append_string(struct tachoi_printer *printer, struct tachoi_text *out,
                                  tacho_string string) {
    tachoi_text_clear(&printer->value);
    tachoi_utf8_append_repaired(&printer->value, string.data, string.length);
    append_visible(out, &printer->value);
}

static void append_value(struct tachoi_printer *printer, struct tachoi_text *out,
                         const tacho_value *value) {
    tachoi_text_clear(&printer->value);
    tachoi_value_to_text(value, &printer->value);
    append_visible(out, &printer->value);
}

void tachoi_printer_prepare_attributes(struct tachoi_printer *printer,
                                       tacho_attributes attributes) {
    struct tachoi_text *text = &printer->attributes;
    tachoi_text_clear(text);
    tachoi_text_append_char(text, '{');
    for (size_t i = 0; i < attributes.count; i++) {
        if (i > 0) {
            tachoi_text_append_string(text, ", ");
        }
        tachoi_printer_append_string(printer, text, attributes.items[i].key);
        tachoi_text_append_char(text, '=');
        append_value(printer, text, &attributes.items[i].value);
    }
    tachoi_text_append_char(text, '}');
    printer->out->failed = printer->out->failed || text->failed;
}

void tachoi_printer_append_prepared(struct tachoi_printer *printer) {
    tachoi_text_append(printer->out, printer->attributes.data, printer->attributes.length);
}

/* Characters, which is close enough to columns. */
size_t tachoi_printer_prepared_width(const struct tachoi_printer *printer) {
    const struct tachoi_text *text = &printer->attributes;
    size_t width = 0;
    for (size_t i = 0; i < text->length; i++) {
        width += ((unsigned char)text->data[i] & 0xc0U) != 0x80U;
    }
    return width;
}

void tachoi_printer_append_f64(struct tachoi_text *out, double value) {
    char digits[TACHOI_F64_TEXT_MAX];
    tachoi_text_append(out, digits, tachoi_f64_to_text(value, digits));
}

void tachoi_printer_append_named_f64(struct tachoi_text *out, const char *name, double value) {
    tachoi_text_append_string(out, name);
    tachoi_printer_append_f64(out, value);
}

void tachoi_printer_append_time(struct tachoi_text *out, uint64_t unix_ns) {
    const time_t seconds = (time_t)(unix_ns / 1000000000U);
    const unsigned milliseconds = (unsigned)(unix_ns / 1000000U % 1000U);
    struct tm utc;
    char text[96];
    if (gmtime_r(&seconds, &utc) == NULL) {
        return;
    }
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", utc.tm_year + 1900,
                   utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, milliseconds);
    tachoi_text_append_string(out, text);
}
