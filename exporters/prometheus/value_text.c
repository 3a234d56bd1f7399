/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the text of attribute values. A value alone is written plainly; inside an array or a map it
 * is JSON, where NaN, the infinities and Base64 are strings and the empty value is null. Must not
 * know labels or names. Several exporters compile this file: it defines one function. */
#include "prometheus/value_text.h"

/* As deep as attributes may nest; what lies below is the empty value. */
#define DEPTH_MAX 64

static void append_base64(struct tachoi_text *out, tacho_string bytes) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    const unsigned padding = 64;
    const unsigned char *data = (const unsigned char *)bytes.data;
    for (size_t i = 0; i < bytes.length; i += 3) {
        const size_t left = bytes.length - i;
        const unsigned first = data[i];
        const unsigned second = left > 1 ? data[i + 1] : 0;
        const unsigned third = left > 2 ? data[i + 2] : 0;
        const char quartet[4] = {
            digits[first >> 2],
            digits[(first & 3U) << 4 | second >> 4],
            digits[left > 1 ? ((second & 15U) << 2 | third >> 6) : padding],
            digits[left > 2 ? (third & 63U) : padding],
        };
        tachoi_text_append(out, quartet, sizeof(quartet));
    }
}

static void append_json_escape(struct tachoi_text *out, char character) {
    static const char digits[] = "0123456789abcdef";
    const unsigned code = (unsigned char)character;
    if (character == '"' || character == '\\') {
        tachoi_text_append_char(out, '\\');
        tachoi_text_append_char(out, character);
    } else if (character == '\n') {
        tachoi_text_append_string(out, "\\n");
    } else if (character == '\t') {
        tachoi_text_append_string(out, "\\t");
    } else if (character == '\r') {
        tachoi_text_append_string(out, "\\r");
    } else {
        tachoi_text_append_string(out, "\\u00");
        tachoi_text_append_char(out, digits[code >> 4]);
        tachoi_text_append_char(out, digits[code & 15U]);
    }
}

/* Escaped characters are ASCII, so that the runs between them can be repaired on their own. */
static void append_json_string(struct tachoi_text *out, tacho_string string) {
    size_t run = 0;
    tachoi_text_append_char(out, '"');
    for (size_t i = 0; i < string.length; i++) {
        const char character = string.data[i];
        if (character == '"' || character == '\\' || (unsigned char)character < 0x20) {
            tachoi_utf8_append_repaired(out, string.data + run, i - run);
            append_json_escape(out, character);
            run = i + 1;
        }
    }
    if (run < string.length) {
        tachoi_utf8_append_repaired(out, string.data + run, string.length - run);
    }
    tachoi_text_append_char(out, '"');
}

static void append_bool(struct tachoi_text *out, bool value) {
    tachoi_text_append_string(out, value ? "true" : "false");
}

static void append_f64(struct tachoi_text *out, double value) {
    char digits[TACHOI_F64_TEXT_MAX];
    tachoi_text_append(out, digits, tachoi_f64_to_json(value, digits));
}

/* JSON numbers are finite: what is not becomes a string. */
static void append_json_f64(struct tachoi_text *out, double value) {
    const bool is_finite = value - value == 0;
    if (!is_finite) {
        tachoi_text_append_char(out, '"');
    }
    append_f64(out, value);
    if (!is_finite) {
        tachoi_text_append_char(out, '"');
    }
}

static void append_separator(struct tachoi_text *out, size_t index) {
    if (index > 0) {
        tachoi_text_append_char(out, ',');
    }
}

static void append_json(struct tachoi_text *out, const tacho_value *value, unsigned depth);

static void append_json_array(struct tachoi_text *out, const tacho_value *value, unsigned depth) {
    tachoi_text_append_char(out, '[');
    for (size_t i = 0; i < value->as.values.count; i++) {
        append_separator(out, i);
        append_json(out, &value->as.values.items[i], depth + 1);
    }
    tachoi_text_append_char(out, ']');
}

static void append_json_map(struct tachoi_text *out, const tacho_value *value, unsigned depth) {
    tachoi_text_append_char(out, '{');
    for (size_t i = 0; i < value->as.map.count; i++) {
        const tacho_attribute *attr = &value->as.map.items[i];
        append_separator(out, i);
        append_json_string(out, attr->key);
        tachoi_text_append_char(out, ':');
        append_json(out, &attr->value, depth + 1);
    }
    tachoi_text_append_char(out, '}');
}

static void append_json_strings(struct tachoi_text *out, const tacho_value *value) {
    tachoi_text_append_char(out, '[');
    for (size_t i = 0; i < value->as.strings.count; i++) {
        append_separator(out, i);
        append_json_string(out, value->as.strings.items[i]);
    }
    tachoi_text_append_char(out, ']');
}

static void append_json_booleans(struct tachoi_text *out, const tacho_value *value) {
    tachoi_text_append_char(out, '[');
    for (size_t i = 0; i < value->as.booleans.count; i++) {
        append_separator(out, i);
        append_bool(out, value->as.booleans.items[i]);
    }
    tachoi_text_append_char(out, ']');
}

static void append_json_i64s(struct tachoi_text *out, const tacho_value *value) {
    tachoi_text_append_char(out, '[');
    for (size_t i = 0; i < value->as.i64s.count; i++) {
        append_separator(out, i);
        tachoi_text_append_i64(out, value->as.i64s.items[i]);
    }
    tachoi_text_append_char(out, ']');
}

static void append_json_f64s(struct tachoi_text *out, const tacho_value *value) {
    tachoi_text_append_char(out, '[');
    for (size_t i = 0; i < value->as.f64s.count; i++) {
        append_separator(out, i);
        append_json_f64(out, value->as.f64s.items[i]);
    }
    tachoi_text_append_char(out, ']');
}

static void append_json_base64(struct tachoi_text *out, tacho_string bytes) {
    tachoi_text_append_char(out, '"');
    append_base64(out, bytes);
    tachoi_text_append_char(out, '"');
}

static void append_json(struct tachoi_text *out, const tacho_value *value, unsigned depth) {
    switch (depth <= DEPTH_MAX ? value->type : TACHO_VALUE_EMPTY) {
    case TACHO_VALUE_STRING:
        append_json_string(out, value->as.string);
        break;
    case TACHO_VALUE_BOOL:
        append_bool(out, value->as.boolean);
        break;
    case TACHO_VALUE_I64:
        tachoi_text_append_i64(out, value->as.i64);
        break;
    case TACHO_VALUE_F64:
        append_json_f64(out, value->as.f64);
        break;
    case TACHO_VALUE_BYTES:
        append_json_base64(out, value->as.string);
        break;
    case TACHO_VALUE_STRING_ARRAY:
        append_json_strings(out, value);
        break;
    case TACHO_VALUE_BOOL_ARRAY:
        append_json_booleans(out, value);
        break;
    case TACHO_VALUE_I64_ARRAY:
        append_json_i64s(out, value);
        break;
    case TACHO_VALUE_F64_ARRAY:
        append_json_f64s(out, value);
        break;
    case TACHO_VALUE_ARRAY:
        append_json_array(out, value, depth);
        break;
    case TACHO_VALUE_MAP:
        append_json_map(out, value, depth);
        break;
    case TACHO_VALUE_EMPTY:
    default:
        tachoi_text_append_string(out, "null");
        break;
    }
}

void tachoi_value_to_text(const tacho_value *value, struct tachoi_text *out) {
    /* only what differs from its form inside an array */
    if (value->type == TACHO_VALUE_STRING) {
        tachoi_utf8_append_repaired(out, value->as.string.data, value->as.string.length);
    } else if (value->type == TACHO_VALUE_F64) {
        append_f64(out, value->as.f64);
    } else if (value->type == TACHO_VALUE_BYTES) {
        append_base64(out, value->as.string);
    } else if (value->type != TACHO_VALUE_EMPTY) {
        append_json(out, value, 0);
    }
}
