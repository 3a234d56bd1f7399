/* SPDX-License-Identifier: Apache-2.0 */
/* Owns deep copies of attributes and their comparison. A list without memory counts as empty. */
#include "attributes_copy.h"

static tacho_attribute *copy_list(struct tachoi_block *block, const tacho_attribute *items,
                                  size_t count, unsigned depth);

static const void *copy_array(struct tachoi_block *block, const void *items, size_t count,
                              size_t size, size_t alignment) {
    void *copy = tachoi_block_take(block, count, size, alignment);
    if (copy != NULL && items != NULL) {
        memcpy(copy, items, count * size);
    }
    return copy;
}

static tacho_string copy_string(struct tachoi_block *block, tacho_string string) {
    tacho_string copy = {NULL, string.data != NULL ? string.length : 0};
    copy.data = tachoi_block_copy(block, string.data, copy.length, 1);
    return copy;
}

static const tacho_string *copy_strings(struct tachoi_block *block, const tacho_string *items,
                                        size_t count) {
    tacho_string *copy =
        tachoi_block_take(block, count, sizeof(tacho_string), _Alignof(tacho_string));
    for (size_t i = 0; i < count && !block->failed; i++) {
        tacho_string string = copy_string(block, items[i]);
        if (copy != NULL) {
            copy[i] = string;
        }
    }
    return copy;
}

static tacho_value copy_value(struct tachoi_block *block, const tacho_value *value,
                              unsigned depth) {
    tacho_value copy = {.type = value->type};
    if (depth > TACHOI_ATTRIBUTES_DEPTH_MAX) {
        block->failed = true;
        return copy;
    }
    switch (value->type) {
    case TACHO_VALUE_EMPTY:
        break;
    case TACHO_VALUE_STRING:
    case TACHO_VALUE_BYTES:
        copy.as.string = copy_string(block, value->as.string);
        break;
    case TACHO_VALUE_BOOL:
        copy.as.boolean = value->as.boolean;
        break;
    case TACHO_VALUE_I64:
        copy.as.i64 = value->as.i64;
        break;
    case TACHO_VALUE_F64:
        copy.as.f64 = value->as.f64;
        break;
    case TACHO_VALUE_STRING_ARRAY:
        copy.as.strings.count = value->as.strings.items != NULL ? value->as.strings.count : 0;
        copy.as.strings.items = copy_strings(block, value->as.strings.items, copy.as.strings.count);
        break;
    case TACHO_VALUE_BOOL_ARRAY:
        copy.as.booleans.count = value->as.booleans.items != NULL ? value->as.booleans.count : 0;
        copy.as.booleans.items = copy_array(block, value->as.booleans.items, copy.as.booleans.count,
                                            sizeof(bool), _Alignof(bool));
        break;
    case TACHO_VALUE_I64_ARRAY:
        copy.as.i64s.count = value->as.i64s.items != NULL ? value->as.i64s.count : 0;
        copy.as.i64s.items = copy_array(block, value->as.i64s.items, copy.as.i64s.count,
                                        sizeof(int64_t), _Alignof(int64_t));
        break;
    case TACHO_VALUE_F64_ARRAY:
        copy.as.f64s.count = value->as.f64s.items != NULL ? value->as.f64s.count : 0;
        copy.as.f64s.items = copy_array(block, value->as.f64s.items, copy.as.f64s.count,
                                        sizeof(double), _Alignof(double));
        break;
    case TACHO_VALUE_ARRAY: {
        size_t count = value->as.values.items != NULL ? value->as.values.count : 0;
        tacho_value *items =
            tachoi_block_take(block, count, sizeof(tacho_value), _Alignof(tacho_value));
        for (size_t i = 0; i < count && !block->failed; i++) {
            tacho_value item = copy_value(block, &value->as.values.items[i], depth + 1);
            if (items != NULL) {
                items[i] = item;
            }
        }
        copy.as.values.items = items;
        copy.as.values.count = count;
        break;
    }
    case TACHO_VALUE_MAP:
        copy.as.map.count = value->as.map.items != NULL ? value->as.map.count : 0;
        copy.as.map.items = copy_list(block, value->as.map.items, copy.as.map.count, depth + 1);
        break;
    }
    return copy;
}

static tacho_attribute *copy_list(struct tachoi_block *block, const tacho_attribute *items,
                                  size_t count, unsigned depth) {
    tacho_attribute *copy =
        tachoi_block_take(block, count, sizeof(tacho_attribute), _Alignof(tacho_attribute));
    for (size_t i = 0; i < count && !block->failed; i++) {
        tacho_attribute item;
        item.key = copy_string(block, items[i].key);
        item.value = copy_value(block, &items[i].value, depth);
        if (copy != NULL) {
            copy[i] = item;
        }
    }
    return copy;
}

tacho_attributes tachoi_api_attributes_copy(struct tachoi_block *block,
                                            tacho_attributes attributes) {
    size_t count = attributes.items != NULL ? attributes.count : 0;
    return tacho_attributes_from(copy_list(block, attributes.items, count, 0), count);
}

static bool lists_equal(const tacho_attribute *a, size_t a_count, const tacho_attribute *b,
                        size_t b_count);

static bool bytes_equal(const void *a, size_t a_count, const void *b, size_t b_count, size_t size) {
    a_count = a != NULL ? a_count : 0;
    b_count = b != NULL ? b_count : 0;
    return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * size) == 0);
}

static bool strings_equal(tacho_string a, tacho_string b) {
    return bytes_equal(a.data, a.length, b.data, b.length, 1);
}

static bool values_equal(const tacho_value *a, const tacho_value *b);

static bool string_arrays_equal(const tacho_value *a, const tacho_value *b) {
    size_t count = b->as.strings.items != NULL ? b->as.strings.count : 0;
    bool equal = a->as.strings.count == count;
    for (size_t i = 0; i < count && equal; i++) {
        equal = strings_equal(a->as.strings.items[i], b->as.strings.items[i]);
    }
    return equal;
}

static bool arrays_equal(const tacho_value *a, const tacho_value *b) {
    size_t count = b->as.values.items != NULL ? b->as.values.count : 0;
    bool equal = a->as.values.count == count;
    for (size_t i = 0; i < count && equal; i++) {
        equal = values_equal(&a->as.values.items[i], &b->as.values.items[i]);
    }
    return equal;
}

static bool values_equal(const tacho_value *a, const tacho_value *b) {
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case TACHO_VALUE_EMPTY:
        return true;
    case TACHO_VALUE_STRING:
    case TACHO_VALUE_BYTES:
        return strings_equal(a->as.string, b->as.string);
    case TACHO_VALUE_BOOL:
        return a->as.boolean == b->as.boolean;
    case TACHO_VALUE_I64:
        return a->as.i64 == b->as.i64;
    case TACHO_VALUE_F64:
        return bytes_equal(&a->as.f64, 1, &b->as.f64, 1, sizeof(double));
    case TACHO_VALUE_STRING_ARRAY:
        return string_arrays_equal(a, b);
    case TACHO_VALUE_BOOL_ARRAY:
        return bytes_equal(a->as.booleans.items, a->as.booleans.count, b->as.booleans.items,
                           b->as.booleans.count, sizeof(bool));
    case TACHO_VALUE_I64_ARRAY:
        return bytes_equal(a->as.i64s.items, a->as.i64s.count, b->as.i64s.items, b->as.i64s.count,
                           sizeof(int64_t));
    case TACHO_VALUE_F64_ARRAY:
        return bytes_equal(a->as.f64s.items, a->as.f64s.count, b->as.f64s.items, b->as.f64s.count,
                           sizeof(double));
    case TACHO_VALUE_ARRAY:
        return arrays_equal(a, b);
    case TACHO_VALUE_MAP:
        return lists_equal(a->as.map.items, a->as.map.count, b->as.map.items, b->as.map.count);
    }
    return false; /* a type of a later version: never equal */
}

/* The pair that counts for the key: the last one. */
static const tacho_attribute *find_last(const tacho_attribute *items, size_t count,
                                        tacho_string key) {
    while (count > 0) {
        count--;
        if (strings_equal(items[count].key, key)) {
            return &items[count];
        }
    }
    return NULL;
}

/* Equal values for all of a's keys, and no key of b that a lacks. Values are compared in one
 * direction only: comparing in both would double the work with each level of nesting. */
static bool lists_equal(const tacho_attribute *a, size_t a_count, const tacho_attribute *b,
                        size_t b_count) {
    a_count = a != NULL ? a_count : 0;
    b_count = b != NULL ? b_count : 0;
    for (size_t i = 0; i < a_count; i++) {
        const tacho_attribute *other = find_last(b, b_count, a[i].key);
        if (other == NULL) {
            return false;
        }
        if (find_last(a, a_count, a[i].key) == &a[i] && !values_equal(&a[i].value, &other->value)) {
            return false;
        }
    }
    for (size_t i = 0; i < b_count; i++) {
        if (find_last(a, a_count, b[i].key) == NULL) {
            return false;
        }
    }
    return true;
}

bool tachoi_api_attributes_equal(tacho_attributes stored, tacho_attributes other) {
    return lists_equal(stored.items, stored.count, other.items, other.count);
}
