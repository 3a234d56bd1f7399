/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a request as text for people. See request_text.h. */
#include "remote_write/request_text.h"

#include <protobuf-c/protobuf-c.h>
#include <snappy-c.h>
#include <string.h>

#include "base/alloc.h"
#include "prometheus/names.h"
#include "remote_write_v1.pb-c.h"
#include "remote_write_v2.pb-c.h"

/* What ends a series (CONV-30). */
#define STALE_BITS UINT64_C(0x7ff0000000000002)

/* Where the text goes, and what references refer to: NULL symbols with 1.0. */
struct writer {
    struct tachoi_text *out;
    const char *const *symbols;
    size_t symbol_count;
    size_t depth;
};

static void append(struct writer *writer, const char *text) {
    tachoi_text_append_string(writer->out, text);
}

static void indent(struct writer *writer) {
    for (size_t i = 0; i < writer->depth; i++) {
        append(writer, "  ");
    }
}

/* --- values --- */

static void append_quoted(struct writer *writer, const char *text) {
    static const char digits[] = "0123456789abcdef";
    append(writer, "\"");
    for (; text != NULL && *text != '\0' && !writer->out->failed; text++) {
        unsigned char character = (unsigned char)*text;
        if (character == '"' || character == '\\') {
            tachoi_text_append_char(writer->out, '\\');
        }
        if (character < 0x20 || character == 0x7f) {
            append(writer, "\\x");
            tachoi_text_append_char(writer->out, digits[character >> 4]);
            tachoi_text_append_char(writer->out, digits[character & 15]);
        } else {
            tachoi_text_append_char(writer->out, *text);
        }
    }
    append(writer, "\"");
}

static void append_reference(struct writer *writer, uint32_t reference) {
    if (reference < writer->symbol_count) {
        append_quoted(writer, writer->symbols[reference]);
    } else {
        append(writer, "(no symbol ");
        tachoi_text_append_u64(writer->out, reference);
        append(writer, ")");
    }
}

static void append_double(struct writer *writer, const void *at) {
    char text[TACHOI_F64_TEXT_MAX];
    uint64_t bits;
    double value;
    memcpy(&bits, at, sizeof bits);
    memcpy(&value, at, sizeof value);
    if (bits == STALE_BITS) {
        append(writer, "stale");
        return;
    }
    tachoi_text_append(writer->out, text, tachoi_f64_to_text(value, text));
}

static void append_enum(struct writer *writer, const ProtobufCEnumDescriptor *values, int value) {
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(values, value);
    if (known != NULL) {
        append(writer, known->name);
    } else {
        tachoi_text_append_i64(writer->out, value);
    }
}

static bool is_reference(const struct writer *writer, const ProtobufCFieldDescriptor *field) {
    size_t length = strlen(field->name);
    return writer->symbols != NULL && length > 4 && strcmp(field->name + length - 4, "_ref") == 0;
}

static void append_message(struct writer *writer, const ProtobufCMessage *message);

static void append_value(struct writer *writer, const ProtobufCFieldDescriptor *field,
                         const void *at) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        tachoi_text_append_i64(writer->out, *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        tachoi_text_append_i64(writer->out, *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        if (is_reference(writer, field)) {
            append_reference(writer, *(const uint32_t *)at);
        } else {
            tachoi_text_append_u64(writer->out, *(const uint32_t *)at);
        }
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        tachoi_text_append_u64(writer->out, *(const uint64_t *)at);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        append_double(writer, at);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        append_enum(writer, field->descriptor, *(const int *)at);
        break;
    case PROTOBUF_C_TYPE_STRING:
        append_quoted(writer, *(const char *const *)at);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        append_message(writer, *(ProtobufCMessage *const *)at);
        break;
    case PROTOBUF_C_TYPE_FLOAT: /* remote write has none of these */
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_BYTES:
        append(writer, "(unknown type)");
        break;
    }
}

/* --- labels --- */

/* As Prometheus writes them: what its old rules do not allow stands in quotes. */
static void append_label_name(struct writer *writer, const char *name) {
    if (tachoi_prometheus_is_legacy_label_name(tacho_string_from(name))) {
        append(writer, name);
    } else {
        append_quoted(writer, name);
    }
}

/* 2.0: name, value, name, value. */
static void append_label_references(struct writer *writer, const uint32_t *references,
                                    size_t count) {
    append(writer, "{");
    for (size_t i = 0; i < count && !writer->out->failed; i++) {
        append(writer, i == 0 ? "" : i % 2 == 0 ? ", " : "=");
        if (i % 2 == 0 && references[i] < writer->symbol_count) {
            append_label_name(writer, writer->symbols[references[i]]);
        } else {
            append_reference(writer, references[i]);
        }
    }
    append(writer, "}");
}

/* 1.0 */
static void append_labels(struct writer *writer, Prometheus__Label *const *labels, size_t count) {
    append(writer, "{");
    for (size_t i = 0; i < count && !writer->out->failed; i++) {
        append(writer, i > 0 ? ", " : "");
        append_label_name(writer, labels[i]->name);
        append(writer, "=");
        append_quoted(writer, labels[i]->value);
    }
    append(writer, "}");
}

/* --- fields --- */

static size_t size_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return sizeof(uint32_t);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return sizeof(void *);
}

/* Whether a single field says nothing: absent, not the one chosen of several, or the default of a
 * number that is not a measurement. */
static bool is_silent(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const char *base = (const char *)message;
    const void *at = base + field->offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return *(const void *const *)at == NULL;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)at;
        return text == NULL || text[0] == '\0';
    }
    static const unsigned char zeros[8];
    return field->type != PROTOBUF_C_TYPE_DOUBLE && memcmp(at, zeros, size_of(field->type)) == 0;
}

static void append_line(struct writer *writer, const ProtobufCFieldDescriptor *field,
                        const void *at) {
    indent(writer);
    append(writer, field->name);
    append(writer, field->type == PROTOBUF_C_TYPE_MESSAGE ? " " : ": ");
    append_value(writer, field, at);
    append(writer, "\n");
}

static void append_numbers(struct writer *writer, const ProtobufCFieldDescriptor *field,
                           const char *items, size_t count) {
    indent(writer);
    append(writer, field->name);
    append(writer, ":");
    for (size_t i = 0; i < count && !writer->out->failed; i++) {
        append(writer, " ");
        append_value(writer, field, items + i * size_of(field->type));
    }
    append(writer, "\n");
}

static void append_repeated(struct writer *writer, const ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *field) {
    const char *base = (const char *)message;
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const void *items = *(const void *const *)(const void *)(base + field->offset);
    bool is_references = writer->symbols != NULL && strcmp(field->name, "labels_refs") == 0;
    bool is_labels = field->descriptor == &prometheus__label__descriptor;
    if (count == 0 || strcmp(field->name, "symbols") == 0) {
        return;
    }
    if (is_references || is_labels) {
        indent(writer);
        append(writer, "labels ");
        if (is_references) {
            append_label_references(writer, items, count);
        } else {
            append_labels(writer, items, count);
        }
        append(writer, "\n");
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        for (size_t i = 0; i < count && !writer->out->failed; i++) {
            append_line(writer, field, (const char *)items + i * sizeof(void *));
        }
    } else {
        append_numbers(writer, field, items, count);
    }
}

static void append_fields(struct writer *writer, const ProtobufCMessage *message) {
    for (unsigned i = 0; i < message->descriptor->n_fields && !writer->out->failed; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            append_repeated(writer, message, field);
        } else if (!is_silent(message, field)) {
            append_line(writer, field, (const char *)message + field->offset);
        }
    }
}

static void append_message(struct writer *writer, const ProtobufCMessage *message) {
    append(writer, "{\n");
    writer->depth++;
    append_fields(writer, message);
    writer->depth--;
    indent(writer);
    append(writer, "}");
}

/* --- the body --- */

static bool append_packed(struct tachoi_text *out, int version, const uint8_t *data,
                          size_t length) {
    const ProtobufCMessageDescriptor *descriptor =
        version == 1 ? &prometheus__write_request__descriptor
                     : &io__prometheus__write__v2__request__descriptor;
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, length, data);
    if (message == NULL) {
        tachoi_text_append_string(out, "(the body is no message of this version)\n");
        return false;
    }
    struct writer writer = {.out = out};
    if (version != 1) {
        const Io__Prometheus__Write__V2__Request *request =
            (const Io__Prometheus__Write__V2__Request *)(const void *)message;
        writer.symbols = (const char *const *)request->symbols;
        writer.symbol_count = request->n_symbols;
    }
    append_fields(&writer, message);
    protobuf_c_message_free_unpacked(message, NULL);
    return true;
}

bool tachoi_request_text_append(struct tachoi_text *out, int version, const void *body,
                                size_t body_length) {
    size_t length = 0;
    if (snappy_uncompressed_length(body, body_length, &length) != SNAPPY_OK ||
        length > TACHOI_REQUEST_TEXT_BODY_MAX) {
        tachoi_text_append_string(out, "(the body is not compressed by snappy, or too large)\n");
        return false;
    }
    char *data = tachoi_malloc(length + 1);
    if (data == NULL) {
        tachoi_text_append_string(out, "(no memory to uncompress the body)\n");
        return false;
    }
    bool is_decoded = false;
    if (snappy_uncompress(body, body_length, data, &length) != SNAPPY_OK) {
        tachoi_text_append_string(out, "(the body is not compressed by snappy)\n");
    } else {
        is_decoded = append_packed(out, version, (const uint8_t *)data, length);
    }
    tachoi_free(data);
    return is_decoded;
}
