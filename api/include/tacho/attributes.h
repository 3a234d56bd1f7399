/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the caller's view of attributes: tagged pairs in the caller's memory, passed by value and
 * borrowed for the call. Nothing here allocates. Order does not matter: {a,b} and {b,a} are one
 * series; types do: 1, 1.0 and "1" are three. A key given twice counts once, the last one wins.
 * Source: OpenTelemetry specification, common/README.md (ATTR-01..08). */
#ifndef TACHO_ATTRIBUTES_H
#define TACHO_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tacho/export.h"

TACHO_BEGIN_DECLS

/** Text or bytes with a length; need not end in NUL. Text is UTF-8. {NULL, 0} is empty. */
typedef struct tacho_string {
    const char *data;
    size_t length;
} tacho_string;

/** The value types of OpenTelemetry's AnyValue. */
typedef enum tacho_value_type {
    TACHO_VALUE_EMPTY = 0,
    TACHO_VALUE_STRING = 1,
    TACHO_VALUE_BOOL = 2,
    TACHO_VALUE_I64 = 3,
    TACHO_VALUE_F64 = 4,
    TACHO_VALUE_BYTES = 5,
    TACHO_VALUE_STRING_ARRAY = 6,
    TACHO_VALUE_BOOL_ARRAY = 7,
    TACHO_VALUE_I64_ARRAY = 8,
    TACHO_VALUE_F64_ARRAY = 9,
    TACHO_VALUE_ARRAY = 10, /**< of any values */
    TACHO_VALUE_MAP = 11    /**< of attributes: unique keys, order does not matter */
} tacho_value_type;

struct tacho_value;
struct tacho_attribute;

/** A value: `type` tells which member of `as` is set. Arrays and maps may nest, 64 levels deep;
 * they cost more than other values, as each record call walks them, and each series keeps a copy.
 */
typedef struct tacho_value {
    tacho_value_type type;
    union {
        tacho_string string; /**< STRING, BYTES */
        bool boolean;
        int64_t i64;
        double f64;
        struct {
            const tacho_string *items;
            size_t count;
        } strings;
        struct {
            const bool *items;
            size_t count;
        } booleans;
        struct {
            const int64_t *items;
            size_t count;
        } i64s;
        struct {
            const double *items;
            size_t count;
        } f64s;
        struct {
            const struct tacho_value *items;
            size_t count;
        } values; /**< ARRAY */
        struct {
            const struct tacho_attribute *items;
            size_t count;
        } map;
    } as;
} tacho_value;

/** A key and its value. Keys are case-sensitive and not empty; a pair with an empty key is ignored.
 */
typedef struct tacho_attribute {
    tacho_string key;
    tacho_value value;
} tacho_attribute;

/** A list of attributes in somebody else's memory. */
typedef struct tacho_attributes {
    const tacho_attribute *items;
    size_t count;
} tacho_attributes;

/** A string over a C string; NULL gives the empty string. */
static inline tacho_string tacho_string_from(const char *text) {
    tacho_string string;
    string.data = text;
    string.length = text != NULL ? strlen(text) : 0;
    return string;
}

/* The constructors assign plain members instead of zeroing the pair first: with gcc 12 the
 * zeroing costs tens of nanoseconds on the recording path. */

/** A pair with a text value of the given length. */
static inline tacho_attribute tacho_attribute_string(const char *key, const char *data,
                                                     size_t length) {
    tacho_attribute attr;
    attr.key = tacho_string_from(key);
    attr.value.type = TACHO_VALUE_STRING;
    attr.value.as.string.data = data;
    attr.value.as.string.length = length;
    return attr;
}

/** A pair with a text value that ends in NUL. */
static inline tacho_attribute tacho_attribute_text(const char *key, const char *text) {
    return tacho_attribute_string(key, text, text != NULL ? strlen(text) : 0);
}

static inline tacho_attribute tacho_attribute_bool(const char *key, bool value) {
    tacho_attribute attr;
    attr.key = tacho_string_from(key);
    attr.value.type = TACHO_VALUE_BOOL;
    attr.value.as.boolean = value;
    return attr;
}

static inline tacho_attribute tacho_attribute_i64(const char *key, int64_t value) {
    tacho_attribute attr;
    attr.key = tacho_string_from(key);
    attr.value.type = TACHO_VALUE_I64;
    attr.value.as.i64 = value;
    return attr;
}

static inline tacho_attribute tacho_attribute_f64(const char *key, double value) {
    tacho_attribute attr;
    attr.key = tacho_string_from(key);
    attr.value.type = TACHO_VALUE_F64;
    attr.value.as.f64 = value;
    return attr;
}

static inline tacho_attribute tacho_attribute_bytes(const char *key, const void *data,
                                                    size_t length) {
    tacho_attribute attr;
    attr.key = tacho_string_from(key);
    attr.value.type = TACHO_VALUE_BYTES;
    attr.value.as.string.data = (const char *)data;
    attr.value.as.string.length = length;
    return attr;
}

/** A pair with a value built by the caller: arrays, maps, the empty value. */
static inline tacho_attribute tacho_attribute_value(const char *key, tacho_value value) {
    tacho_attribute attr;
    attr.key = tacho_string_from(key);
    attr.value = value;
    return attr;
}

static inline tacho_attributes tacho_attributes_from(const tacho_attribute *items, size_t count) {
    tacho_attributes attrs;
    attrs.items = items;
    attrs.count = count;
    return attrs;
}

/** One pair for TACHO_ATTRS; the key is a C string, the strings are borrowed. */
#define TACHO_STR(key, text) tacho_attribute_text((key), (text))
#define TACHO_STRN(key, data, length) tacho_attribute_string((key), (data), (length))
#define TACHO_BOOL(key, value) tacho_attribute_bool((key), (value))
#define TACHO_I64(key, value) tacho_attribute_i64((key), (value))
#define TACHO_F64(key, value) tacho_attribute_f64((key), (value))
#define TACHO_BYTES(key, data, length) tacho_attribute_bytes((key), (data), (length))
#define TACHO_VALUE(key, value) tacho_attribute_value((key), (value))

/** No attributes: one series for the instrument. */
#define TACHO_NO_ATTRS tacho_attributes_from(NULL, 0)

TACHO_END_DECLS

/**
 * TACHO_ATTRS(TACHO_STR("method", m), TACHO_I64("status", 200)): attributes on the stack, at least
 * one pair. In C they live to the end of the enclosing block, in C++ to the end of the full
 * expression.
 */
#ifdef __cplusplus
#include <initializer_list>
static inline tacho_attributes tacho_attributes_of(std::initializer_list<tacho_attribute> list) {
    return tacho_attributes_from(list.begin(), list.size());
}
#define TACHO_ATTRS(...) tacho_attributes_of({__VA_ARGS__})
#else
#define TACHO_ATTRS(...)                                                                           \
    tacho_attributes_from((const tacho_attribute[]){__VA_ARGS__},                                  \
                          sizeof((const tacho_attribute[]){__VA_ARGS__}) /                         \
                              sizeof(tacho_attribute))
#endif

#endif
